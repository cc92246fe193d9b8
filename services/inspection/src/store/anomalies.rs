//! Anomalies: found in the transaction of what shows them, listed for review with what reviewers made of them.

use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, Tx, built, chunks};
use tongguan_vocabulary::{Tenant, Vin};
use uuid::Uuid;

use super::{Entry, Store, reviews};
use crate::domain::anomaly::{Anomaly, Figure, Kind, Seen};
use crate::domain::review::Standing;

/// What a list is filtered by.
#[derive(Debug, Clone, Default)]
pub(crate) struct AnomalyFilter {
    pub(crate) kind: Option<Kind>,
    pub(crate) inspection: Option<Uuid>,
    pub(crate) body: Option<Uuid>,
    pub(crate) vin: Option<Vin>,
    pub(crate) standing: Option<Standing>,
    pub(crate) found_from: Option<OffsetDateTime>,
    pub(crate) found_until: Option<OffsetDateTime>,
}

/// An anomaly as its table has it; the tenant is known to whoever asks.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: Uuid,
    kind: String,
    inspection_id: Uuid,
    body_id: Uuid,
    vin: String,
    related: Json<Vec<Uuid>>,
    explanation: String,
    found_at: Instant,
    figures: Json<Vec<Figure>>,
    evidence: Json<Vec<String>>,
    standing: String,
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
                figures: row.figures.0,
                evidence: row.evidence.0,
            },
            inspection: row.inspection_id,
            vin: row
                .vin
                .parse()
                .map_err(|error| storage::Error::corrupt("anomalies.vin", error))?,
            body: row.body_id,
            at: row.found_at.0,
            standing: Standing::named(&row.standing)
                .ok_or_else(|| storage::Error::corrupt("anomalies.standing", &row.standing))?,
            reviews: Vec::new(),
        })
    }
}

impl Store {
    /// Anomalies that pass the filter, the latest first, before one; each with its reviews.
    pub(crate) async fn list_anomalies(
        &self,
        tenant: &Tenant,
        filter: &AnomalyFilter,
        before: Option<Uuid>,
        limit: u32,
    ) -> storage::Result<Vec<Anomaly>> {
        let ids = [
            (" and id < ", before),
            (" and inspection_id = ", filter.inspection),
            (" and body_id = ", filter.body),
        ];
        let texts = [
            (
                " and kind = ",
                filter.kind.map(|kind| kind.as_str().to_owned()),
            ),
            (" and vin = ", filter.vin.map(|vin| vin.to_string())),
            (
                " and standing = ",
                filter.standing.map(|standing| standing.as_str().to_owned()),
            ),
        ];
        let instants = [
            (" and found_at >= ", filter.found_from),
            (" and found_at < ", filter.found_until),
        ];
        let rows: Vec<Row> = built!(
            &self.db,
            "select * from anomalies where tenant_id = ",
            |query| {
                query.push_bind(tenant.as_str());
                for (clause, id) in ids {
                    if let Some(id) = id {
                        query.push(clause).push_bind(id);
                    }
                }
                for (clause, text) in texts {
                    if let Some(text) = text {
                        query.push(clause).push_bind(text);
                    }
                }
                for (clause, at) in instants {
                    if let Some(at) = at {
                        query.push(clause).push_bind(Instant(at));
                    }
                }
                query
                    .push(" order by id desc limit ")
                    .push_bind(i64::from(limit));
            },
            |pool| query.build_query_as().fetch_all(pool).await
        )?;
        let mut anomalies = rows
            .into_iter()
            .map(Anomaly::try_from)
            .collect::<storage::Result<Vec<_>>>()?;
        reviews::attach(&self.db, tenant, &mut anomalies).await?;
        Ok(anomalies)
    }
}

/// Stores what was seen, each with the inspection that showed it and its VIN.
pub(super) async fn insert(
    tx: &mut Tx,
    entry: &Entry,
    body: Uuid,
    found: &[(Uuid, String, Seen)],
) -> storage::Result<()> {
    for chunk in chunks(found) {
        built!(
            &mut *tx,
            "insert into anomalies (tenant_id, id, kind, inspection_id, body_id, vin, related, explanation, found_at, \
             figures, evidence, standing) ",
            |query| {
                query.push_values(chunk, |mut row, (inspection, vin, seen)| {
                    row.push_bind(entry.tenant.as_str())
                        .push_bind(entry.ids.next())
                        .push_bind(seen.kind.as_str())
                        .push_bind(*inspection)
                        .push_bind(body)
                        .push_bind(vin.as_str())
                        .push_bind(Json(&seen.related))
                        .push_bind(seen.explanation.as_str())
                        .push_bind(Instant(entry.at))
                        .push_bind(Json(&seen.figures))
                        .push_bind(Json(&seen.evidence))
                        .push_bind(Standing::Open.as_str());
                });
            }
        )?;
    }
    Ok(())
}
