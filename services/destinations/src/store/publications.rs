//! SQL of publications: the proposal of one person, the confirmation of another.

use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, Once, Tx, execute, on, outbox, transaction};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{HOUSE, Store, StoredPack};
use crate::domain::Publication;
use crate::error::Error;

/// The stream of all publications.
const STREAM: &str = "packs";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    market: String,
    version: String,
    digest: String,
    yaml: String,
    proposed_by: String,
    confirmed_by: String,
    effective_at: Instant,
    emergency: bool,
    reason: String,
    impact_report: String,
    created_at: Instant,
}

impl From<Row> for Publication {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            market: row.market,
            version: row.version,
            digest: row.digest,
            yaml: row.yaml,
            proposed_by: row.proposed_by,
            confirmed_by: row.confirmed_by,
            effective_at: row.effective_at.0,
            emergency: row.emergency,
            reason: row.reason,
            impact_report: row.impact_report,
            created_at: row.created_at.0,
        }
    }
}

impl Store {
    /// Every publication, oldest effect first.
    pub(crate) async fn publications(&self) -> Result<Vec<Publication>, storage::Error> {
        const SQL: &str = "select id, market, version, digest, yaml, proposed_by, confirmed_by, effective_at, emergency, reason, \
                           impact_report, created_at from publications order by effective_at, created_at";
        let rows: Vec<Row> = on!(&self.db, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(Publication::from).collect())
    }

    /// Proposes a publication, or confirms the one that another person proposed.
    ///
    /// `next` is the publication as the caller would have it; `pack` its text. A second signature under
    /// the same digest keeps the first one's identity and takes the later effective time.
    pub(crate) async fn sign(
        &self,
        tenant: &Tenant,
        once: &Once,
        next: &Publication,
        pack: &StoredPack,
        event: Uuid,
    ) -> Result<Publication, Error> {
        let at = next.created_at;
        transaction!(self.db, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let signed = match by_digest(tx, &next.digest).await? {
                None => {
                    insert(tx, tenant, next).await?;
                    next.clone()
                }
                Some(standing) if !standing.confirmed_by.is_empty() => standing,
                Some(standing) if standing.proposed_by == next.proposed_by => {
                    return Err(Error::SecondPersonRequired {
                        subject: standing.proposed_by,
                    });
                }
                Some(standing) => confirm(tx, standing, next).await?,
            };
            keep(tx, pack, at).await?;
            let kind = if signed.confirmed_by.is_empty() {
                "PACK_PROPOSED"
            } else {
                "PACK_CONFIRMED"
            };
            announce(tx, tenant, &signed, kind, event, at).await?;
            once.remember(tx, &signed).await?;
            Ok(signed)
        })
    }
}

async fn by_digest(tx: &mut Tx, digest: &str) -> Result<Option<Publication>, storage::Error> {
    const SQL: &str = "select id, market, version, digest, yaml, proposed_by, confirmed_by, effective_at, emergency, reason, \
                       impact_report, created_at from publications where digest = $1";
    let row: Option<Row> = on!(&mut *tx, |c| sqlx::query_as(SQL)
        .bind(digest)
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.map(Publication::from))
}

async fn insert(tx: &mut Tx, tenant: &Tenant, next: &Publication) -> Result<(), storage::Error> {
    const SQL: &str = "insert into publications (id, tenant_id, market, version, digest, yaml, proposed_by, confirmed_by, \
                       effective_at, emergency, reason, impact_report, created_at) \
                       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    execute!(&mut *tx, |c| sqlx::query(SQL)
        .bind(next.id)
        .bind(tenant.as_str())
        .bind(&next.market)
        .bind(&next.version)
        .bind(&next.digest)
        .bind(&next.yaml)
        .bind(&next.proposed_by)
        .bind(&next.confirmed_by)
        .bind(Instant(next.effective_at))
        .bind(next.emergency)
        .bind(&next.reason)
        .bind(&next.impact_report)
        .bind(Instant(next.created_at))
        .execute(&mut **c))?;
    Ok(())
}

async fn confirm(
    tx: &mut Tx,
    standing: Publication,
    next: &Publication,
) -> Result<Publication, storage::Error> {
    const SQL: &str = "update publications set confirmed_by = $2, effective_at = $3, emergency = $4 where id = $1 and confirmed_by = ''";
    let confirmed = Publication {
        confirmed_by: next.proposed_by.clone(),
        effective_at: standing.effective_at.max(next.effective_at),
        // Only two people together can skip the notice period.
        emergency: standing.emergency && next.emergency,
        ..standing
    };
    execute!(&mut *tx, |c| sqlx::query(SQL)
        .bind(confirmed.id)
        .bind(&confirmed.confirmed_by)
        .bind(Instant(confirmed.effective_at))
        .bind(confirmed.emergency)
        .execute(&mut **c))?;
    Ok(confirmed)
}

async fn keep(tx: &mut Tx, pack: &StoredPack, at: OffsetDateTime) -> Result<(), storage::Error> {
    const SQL: &str = "insert into packs (digest, tenant_id, market, version, yaml, layers, stored_at) \
                       values ($1, $2, $3, $4, $5, $6, $7) on conflict (digest) do nothing";
    execute!(&mut *tx, |c| sqlx::query(SQL)
        .bind(&pack.digest)
        .bind(HOUSE)
        .bind(&pack.market)
        .bind(&pack.version)
        .bind(&pack.yaml)
        .bind(sqlx::types::Json(&pack.layers))
        .bind(Instant(at))
        .execute(&mut **c))?;
    Ok(())
}

async fn announce(
    tx: &mut Tx,
    tenant: &Tenant,
    signed: &Publication,
    kind: &str,
    event: Uuid,
    at: OffsetDateTime,
) -> Result<(), storage::Error> {
    let payload = serde_json::json!({
        "market": signed.market,
        "version": signed.version,
        "digest": signed.digest,
        "effective_at": signed.effective_at.unix_timestamp(),
        "emergency": signed.emergency,
    });
    let event = outbox::Event {
        id: event,
        tenant: tenant.clone(),
        stream: STREAM,
        aggregate: signed.market.clone(),
        kind: kind.to_owned(),
        payload,
        at,
    };
    outbox::append(tx, &event).await?;
    Ok(())
}
