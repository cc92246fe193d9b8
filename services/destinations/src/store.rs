//! SQL of destination rules: packs by digest, publications, impact reports, decisions.

mod publications;

use std::collections::HashMap;

use sqlx::QueryBuilder;
use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_rules::Record;
use tongguan_storage::{self as storage, Database, Instant, Tx, execute, on, transaction};
use tongguan_vocabulary::Tenant;

use crate::domain::Impact;

/// Packs in force belong to the house, whoever published them.
pub(crate) const HOUSE: &str = "house";
/// Rows of one statement; eight columns stay far below SQLite's 32,766 binds.
const CHUNK: usize = 500;

/// A pack's text with the digests of the layers it was compiled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredPack {
    pub(crate) digest: String,
    pub(crate) market: String,
    pub(crate) version: String,
    pub(crate) yaml: String,
    pub(crate) layers: Vec<String>,
}

/// A decision as recorded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decision {
    pub(crate) id: String,
    pub(crate) record: Record,
    pub(crate) answer_digest: String,
    pub(crate) decided_at: OffsetDateTime,
}

#[derive(sqlx::FromRow)]
struct PackRow {
    digest: String,
    market: String,
    version: String,
    yaml: String,
    layers: Json<Vec<String>>,
}

#[derive(sqlx::FromRow)]
struct DecisionRow {
    id: String,
    market: String,
    digest: String,
    engine: String,
    facts: Json<serde_json::Value>,
    answer_digest: String,
    decided_at: Instant,
}

impl From<DecisionRow> for Decision {
    fn from(row: DecisionRow) -> Self {
        Self {
            id: row.id,
            record: Record {
                engine: row.engine,
                market: row.market,
                digest: row.digest,
                facts: row.facts.0,
            },
            answer_digest: row.answer_digest,
            decided_at: row.decided_at.0,
        }
    }
}

/// The tables of destination rules.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
}

impl Store {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }

    /// Keeps packs that are not kept yet.
    pub(crate) async fn keep_packs(
        &self,
        packs: &[StoredPack],
        at: OffsetDateTime,
    ) -> Result<(), storage::Error> {
        for chunk in packs.chunks(CHUNK) {
            let kept: Result<(), storage::Error> =
                transaction!(self.db, |tx| { insert_packs(tx, chunk, at).await });
            kept?;
        }
        Ok(())
    }

    /// A pack's text, whatever its age.
    pub(crate) async fn find_pack(
        &self,
        digest: &str,
    ) -> Result<Option<StoredPack>, storage::Error> {
        const SQL: &str =
            "select digest, market, version, yaml, layers from packs where digest = $1";
        let row: Option<PackRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(digest)
            .fetch_optional(pool)
            .await)?;
        Ok(row.map(|row| StoredPack {
            digest: row.digest,
            market: row.market,
            version: row.version,
            yaml: row.yaml,
            layers: row.layers.0,
        }))
    }

    /// Records decisions in one commit; those recorded before keep their first instant. Answers each one's instant, in order.
    pub(crate) async fn record(
        &self,
        tenant: &Tenant,
        decisions: &[Decision],
    ) -> Result<Vec<OffsetDateTime>, storage::Error> {
        let known: Result<HashMap<String, OffsetDateTime>, storage::Error> =
            transaction!(self.db, |tx| {
                let mut known = HashMap::with_capacity(decisions.len());
                for chunk in decisions.chunks(CHUNK) {
                    insert_decisions(tx, tenant, chunk).await?;
                    known.extend(first_instants(tx, tenant, chunk).await?);
                }
                Ok::<_, storage::Error>(known)
            });
        let known = known?;
        Ok(decisions
            .iter()
            .map(|decision| {
                known
                    .get(&decision.id)
                    .copied()
                    .unwrap_or(decision.decided_at)
            })
            .collect())
    }

    /// A decision of the tenant.
    pub(crate) async fn find_decision(
        &self,
        tenant: &Tenant,
        id: &str,
    ) -> Result<Option<Decision>, storage::Error> {
        const SQL: &str = "select id, market, digest, engine, facts, answer_digest, decided_at from decisions \
                           where tenant_id = $1 and id = $2";
        let row: Option<DecisionRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(pool)
            .await)?;
        Ok(row.map(Decision::from))
    }

    /// The tenant's latest decisions about a market, newest first.
    pub(crate) async fn latest_decisions(
        &self,
        tenant: &Tenant,
        market: &str,
        limit: u32,
    ) -> Result<Vec<Decision>, storage::Error> {
        const SQL: &str = "select id, market, digest, engine, facts, answer_digest, decided_at from decisions \
                           where tenant_id = $1 and market = $2 order by decided_at desc, id limit $3";
        let rows: Vec<DecisionRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .bind(market)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)?;
        Ok(rows.into_iter().map(Decision::from).collect())
    }

    /// Keeps an impact report under its content's name.
    pub(crate) async fn keep_report(
        &self,
        tenant: &Tenant,
        report: &Impact,
        at: OffsetDateTime,
    ) -> Result<(), storage::Error> {
        const SQL: &str = "insert into impact_reports (tenant_id, id, market, digest, report, created_at) \
                           values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, id) do nothing";
        execute!(&self.db, |pool| sqlx::query(SQL)
            .bind(tenant.as_str())
            .bind(report.id())
            .bind(&report.after.market)
            .bind(&report.after.digest)
            .bind(Json(report))
            .bind(Instant(at))
            .execute(pool))?;
        Ok(())
    }

    /// The digest of the pack an impact report is about.
    pub(crate) async fn report_digest(
        &self,
        tenant: &Tenant,
        id: &str,
    ) -> Result<Option<String>, storage::Error> {
        const SQL: &str = "select digest from impact_reports where tenant_id = $1 and id = $2";
        on!(&self.db, |pool| sqlx::query_scalar(SQL)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(pool)
            .await)
    }
}

async fn insert_packs(
    tx: &mut Tx,
    packs: &[StoredPack],
    at: OffsetDateTime,
) -> Result<(), storage::Error> {
    on!(&mut *tx, |c| {
        let mut insert = QueryBuilder::new(
            "insert into packs (digest, tenant_id, market, version, yaml, layers, stored_at) ",
        );
        insert.push_values(packs, |mut row, pack| {
            row.push_bind(&pack.digest)
                .push_bind(HOUSE)
                .push_bind(&pack.market)
                .push_bind(&pack.version)
                .push_bind(&pack.yaml)
                .push_bind(Json(&pack.layers))
                .push_bind(Instant(at));
        });
        insert.push(" on conflict (digest) do nothing");
        insert.build().execute(&mut **c).await.map(|_| ())
    })
}

async fn insert_decisions(
    tx: &mut Tx,
    tenant: &Tenant,
    decisions: &[Decision],
) -> Result<(), storage::Error> {
    on!(&mut *tx, |c| {
        let mut insert = QueryBuilder::new(
            "insert into decisions (tenant_id, id, market, digest, engine, facts, answer_digest, decided_at) ",
        );
        insert.push_values(decisions, |mut row, decision| {
            row.push_bind(tenant.as_str())
                .push_bind(&decision.id)
                .push_bind(&decision.record.market)
                .push_bind(&decision.record.digest)
                .push_bind(&decision.record.engine)
                .push_bind(Json(&decision.record.facts))
                .push_bind(&decision.answer_digest)
                .push_bind(Instant(decision.decided_at));
        });
        insert.push(" on conflict (tenant_id, id) do nothing");
        insert.build().execute(&mut **c).await.map(|_| ())
    })
}

async fn first_instants(
    tx: &mut Tx,
    tenant: &Tenant,
    decisions: &[Decision],
) -> Result<Vec<(String, OffsetDateTime)>, storage::Error> {
    let rows: Vec<(String, Instant)> = on!(&mut *tx, |c| {
        let mut select =
            QueryBuilder::new("select id, decided_at from decisions where tenant_id = ");
        select.push_bind(tenant.as_str()).push(" and id in (");
        let mut ids = select.separated(", ");
        for decision in decisions {
            ids.push_bind(&decision.id);
        }
        select.push(")");
        select.build_query_as().fetch_all(&mut **c).await
    })?;
    Ok(rows.into_iter().map(|(id, at)| (id, at.0)).collect())
}
