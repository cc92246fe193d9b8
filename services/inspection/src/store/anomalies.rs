//! Anomalies: found in the transaction of what shows them, listed for review.

use sqlx::QueryBuilder;
use sqlx::types::Json;
use tongguan_storage::{self as storage, Instant, On, Tx};
use tongguan_vocabulary::{Tenant, Vin};
use uuid::Uuid;

use super::{Entry, Store};
use crate::domain::anomaly::{Anomaly, Kind, Seen};

/// What a list is filtered by.
#[derive(Debug, Clone, Default)]
pub(crate) struct AnomalyFilter {
    pub(crate) kind: Option<Kind>,
    pub(crate) inspection: Option<Uuid>,
    pub(crate) body: Option<Uuid>,
    pub(crate) vin: Option<Vin>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    inspection_id: Uuid,
    body_id: Uuid,
    vin: String,
    related: Json<Vec<Uuid>>,
    explanation: String,
    found_at: Instant,
}

impl TryFrom<Row> for Anomaly {
    type Error = storage::Error;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        let kind = Kind::named(&row.kind)
            .ok_or_else(|| storage::Error::corrupt("anomalies.kind", &row.kind))?;
        Ok(Self {
            id: row.id,
            seen: Seen {
                kind,
                related: row.related.0,
                explanation: row.explanation,
            },
            inspection: row.inspection_id,
            vin: row
                .vin
                .parse()
                .map_err(|error| storage::Error::corrupt("anomalies.vin", error))?,
            body: row.body_id,
            at: row.found_at.0,
        })
    }
}

impl Store {
    /// Anomalies that pass the filter, the latest first, before one.
    pub(crate) async fn list_anomalies(
        &self,
        tenant: &Tenant,
        filter: &AnomalyFilter,
        before: Option<Uuid>,
        limit: u32,
    ) -> storage::Result<Vec<Anomaly>> {
        let rows: Vec<Row> = match &self.db {
            // The builder is typed by the engine: the same calls, written once in `select`.
            On::Sqlite(pool) => {
                select(tenant, filter, before, limit)
                    .build_query_as()
                    .fetch_all(pool)
                    .await?
            }
            On::Postgres(pool) => {
                select(tenant, filter, before, limit)
                    .build_query_as()
                    .fetch_all(pool)
                    .await?
            }
        };
        rows.into_iter().map(Anomaly::try_from).collect()
    }
}

fn select<DB>(
    tenant: &Tenant,
    filter: &AnomalyFilter,
    before: Option<Uuid>,
    limit: u32,
) -> QueryBuilder<DB>
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    Uuid: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    i64: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
{
    let mut query = QueryBuilder::new("select * from anomalies where tenant_id = ");
    query.push_bind(tenant.as_str().to_owned());
    let ids = [
        (" and id < ", before),
        (" and inspection_id = ", filter.inspection),
        (" and body_id = ", filter.body),
    ];
    for (clause, id) in ids {
        if let Some(id) = id {
            query.push(clause).push_bind(id);
        }
    }
    if let Some(kind) = filter.kind {
        query
            .push(" and kind = ")
            .push_bind(kind.as_str().to_owned());
    }
    if let Some(vin) = filter.vin {
        query.push(" and vin = ").push_bind(vin.to_string());
    }
    query
        .push(" order by id desc limit ")
        .push_bind(i64::from(limit));
    query
}

/// Stores what was seen, each with the inspection that showed it and its VIN.
pub(super) async fn insert(
    tx: &mut Tx,
    entry: &Entry,
    body: Uuid,
    found: &[(Uuid, String, Seen)],
) -> storage::Result<()> {
    // Nine values a row stay far below SQLite's 32,766 binds.
    for chunk in found.chunks(1_000) {
        match tx {
            On::Sqlite(c) => values(entry, body, chunk)
                .build()
                .execute(&mut **c)
                .await
                .map(drop)?,
            On::Postgres(c) => values(entry, body, chunk)
                .build()
                .execute(&mut **c)
                .await
                .map(drop)?,
        }
    }
    Ok(())
}

fn values<DB>(entry: &Entry, body: Uuid, found: &[(Uuid, String, Seen)]) -> QueryBuilder<DB>
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    Uuid: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    Instant: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    Json<Vec<Uuid>>: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
{
    let mut query = QueryBuilder::new(
        "insert into anomalies (tenant_id, id, kind, inspection_id, body_id, vin, related, explanation, found_at) ",
    );
    query.push_values(found, |mut row, (inspection, vin, seen)| {
        row.push_bind(entry.tenant.as_str().to_owned())
            .push_bind(entry.ids.next())
            .push_bind(seen.kind.as_str().to_owned())
            .push_bind(*inspection)
            .push_bind(body)
            .push_bind(vin.clone())
            .push_bind(Json(seen.related.clone()))
            .push_bind(seen.explanation.clone())
            .push_bind(Instant(entry.at));
    });
    query
}
