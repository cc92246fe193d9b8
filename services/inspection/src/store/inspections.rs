//! Inspections: stored with their anomalies, evidence and event in one commit; withdrawn and superseded.

use serde_json::json;
use sqlx::QueryBuilder;
use sqlx::types::Json;
use tongguan_storage::{self as storage, Instant, On, Once, Tx, begin, execute, on, transaction};
use tongguan_vocabulary::{Odometer, PartialDate, Tenant, Vin};
use uuid::Uuid;

use super::{Entry, Store, anomalies, evidence, surroundings, tell};
use crate::domain::anomaly::{Seen, Thresholds, detect};
use crate::domain::assess::Verdict;
use crate::domain::inspection::{Inspection, NotCurrent, State};
use crate::error::Error;

/// A judged report that is to be stored.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// The inspection with its fresh id.
    pub(crate) inspection: Inspection,
    /// Version of the body whose accreditation was checked.
    pub(crate) body_version: i64,
    /// Patterns seen while it was judged.
    pub(crate) seen: Vec<Seen>,
    /// The registry's odometer readings.
    pub(crate) readings: Vec<(PartialDate, Odometer)>,
    /// Figures beyond which a pattern is an anomaly.
    pub(crate) thresholds: Thresholds,
    /// Why the superseded one is superseded.
    pub(crate) reason: String,
}

/// What a list is filtered by.
#[derive(Debug, Clone, Default)]
pub(crate) struct InspectionFilter {
    pub(crate) vin: Option<Vin>,
    pub(crate) body: Option<Uuid>,
    pub(crate) state: Option<State>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) tested_from: String,
    pub(crate) tested_until: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    document: Json<Inspection>,
    state: String,
    superseded_by: Option<Uuid>,
    reason: String,
    under_review: bool,
    version: i64,
    updated_at: Instant,
}

const SELECT: &str = "select document, state, superseded_by, reason, under_review, version, updated_at \
                      from inspections where tenant_id = ";

impl TryFrom<Row> for Inspection {
    type Error = storage::Error;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        let state = State::named(&row.state)
            .ok_or_else(|| storage::Error::corrupt("inspections.state", &row.state))?;
        Ok(Self {
            state,
            superseded_by: row.superseded_by,
            reason: row.reason,
            under_review: row.under_review,
            version: row.version,
            updated_at: row.updated_at.0,
            ..row.document.0
        })
    }
}

impl Store {
    /// What the first request with this key was answered, where there was one.
    pub(crate) async fn replayed(&self, once: &Once) -> storage::Result<Option<Inspection>> {
        // The claim made here is rolled back with the transaction: only the answer is wanted.
        let mut tx = begin(&self.db).await?;
        once.replay(&mut tx).await
    }

    /// Stores a judged report; with `supersedes` set, the one it replaces leaves in the same commit.
    pub(crate) async fn submit(
        &self,
        once: &Once,
        entry: &Entry,
        draft: &Draft,
    ) -> Result<Inspection, Error> {
        transaction!(self.db, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok::<_, Error>(answer);
            }
            let inspection = &draft.inspection;
            let run = count_pass(tx, entry, draft).await?;
            if let Some(old) = inspection.supersedes {
                leave(tx, entry, old, |before| {
                    before.supersede(inspection.id, &draft.reason, entry.at)
                })
                .await?;
                let payload = json!({ "inspection": old, "superseded_by": inspection.id, "vin": inspection.report.vehicle.vin });
                tell(tx, entry, old, "INSPECTION_SUPERSEDED", payload).await?;
            }
            let mut around = surroundings::of(tx, entry, &inspection.report).await?;
            around.passes_in_a_row = u32::try_from(run).unwrap_or(0);
            around.readings.extend(
                draft
                    .readings
                    .iter()
                    .map(|(day, reading)| (*day, *reading, None)),
            );
            let patterns = detect(&inspection.report, &around, &draft.thresholds);
            let vin = inspection.report.vehicle.vin.to_string();
            let found: Vec<_> = draft
                .seen
                .iter()
                .cloned()
                .chain(patterns)
                .map(|seen| (inspection.id, vin.clone(), seen))
                .collect();
            insert(tx, entry, inspection).await?;
            evidence::use_all(tx, entry, inspection.id, &inspection.report).await?;
            anomalies::insert(tx, entry, inspection.report.body, &found).await?;
            let payload = json!({
                "inspection": inspection.id,
                "vin": inspection.report.vehicle.vin,
                "body": inspection.report.body,
                "verdict": inspection.verdict,
                "date": inspection.report.date,
                "report_sha256": inspection.report_sha256,
                "anomalies": found.len(),
            });
            tell(tx, entry, inspection.id, "INSPECTION_SUBMITTED", payload).await?;
            once.remember(tx, inspection).await?;
            Ok::<_, Error>(inspection.clone())
        })
    }

    /// Withdraws a current inspection.
    pub(crate) async fn withdraw(
        &self,
        once: &Once,
        entry: &Entry,
        id: Uuid,
        reason: &str,
    ) -> Result<Inspection, Error> {
        transaction!(self.db, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok::<_, Error>(answer);
            }
            let after = leave(tx, entry, id, |before| before.withdraw(reason, entry.at)).await?;
            let payload = json!({ "inspection": id, "vin": after.report.vehicle.vin });
            tell(tx, entry, id, "INSPECTION_WITHDRAWN", payload).await?;
            once.remember(tx, &after).await?;
            Ok::<_, Error>(after)
        })
    }

    /// An inspection of the tenant.
    pub(crate) async fn find(
        &self,
        tenant: &Tenant,
        id: Uuid,
    ) -> storage::Result<Option<Inspection>> {
        const READ: &str = "select document, state, superseded_by, reason, under_review, version, updated_at \
                            from inspections where tenant_id = $1 and id = $2";
        let row: Option<Row> = on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(pool)
            .await)?;
        row.map(Inspection::try_from).transpose()
    }

    /// Inspections that pass the filter, the latest stored first, before one.
    pub(crate) async fn list(
        &self,
        tenant: &Tenant,
        filter: &InspectionFilter,
        before: Option<Uuid>,
        limit: u32,
    ) -> storage::Result<Vec<Inspection>> {
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
        rows.into_iter().map(Inspection::try_from).collect()
    }
}

fn select<DB>(
    tenant: &Tenant,
    filter: &InspectionFilter,
    before: Option<Uuid>,
    limit: u32,
) -> QueryBuilder<DB>
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    Uuid: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    i64: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
{
    let mut query = QueryBuilder::new(SELECT);
    query.push_bind(tenant.as_str().to_owned());
    for (clause, id) in [(" and id < ", before), (" and body_id = ", filter.body)] {
        if let Some(id) = id {
            query.push(clause).push_bind(id);
        }
    }
    let texts = [
        (" and vin = ", filter.vin.map(|vin| vin.to_string())),
        (
            " and state = ",
            filter.state.map(|state| state.as_str().to_owned()),
        ),
        (
            " and verdict = ",
            filter.verdict.map(|verdict| verdict.as_str().to_owned()),
        ),
        (" and performed >= ", Some(filter.tested_from.clone())),
        (" and performed <= ", Some(filter.tested_until.clone())),
    ];
    for (clause, text) in texts {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            query.push(clause).push_bind(text);
        }
    }
    query
        .push(" order by id desc limit ")
        .push_bind(i64::from(limit));
    query
}

/// Counts the body's run of passes under its row's lock; refuses where the body changed since it was checked.
async fn count_pass(tx: &mut Tx, entry: &Entry, draft: &Draft) -> Result<i64, Error> {
    const PASSED: &str = "update bodies set pass_run = pass_run + 1 where tenant_id = $1 and id = $2 and version = $3 returning pass_run";
    const STOPPED: &str = "update bodies set pass_run = 0 where tenant_id = $1 and id = $2 and version = $3 returning pass_run";
    let statement = if draft.inspection.verdict.is_pass() {
        PASSED
    } else {
        STOPPED
    };
    let run: Option<i64> = on!(&mut *tx, |c| sqlx::query_scalar(statement)
        .bind(entry.tenant.as_str())
        .bind(draft.inspection.report.body)
        .bind(draft.body_version)
        .fetch_optional(&mut **c)
        .await)?;
    run.ok_or(Error::BodyChanged)
}

/// Takes an inspection out of use under its row's lock.
async fn leave(
    tx: &mut Tx,
    entry: &Entry,
    id: Uuid,
    step: impl FnOnce(&mut Inspection) -> Result<(), NotCurrent>,
) -> Result<Inspection, Error> {
    const LOCK: &str = "update inspections set version = version where tenant_id = $1 and id = $2 \
                        returning document, state, superseded_by, reason, under_review, version, updated_at";
    const SAVE: &str = "update inspections set state = $3, superseded_by = $4, reason = $5, version = $6, updated_at = $7 \
                        where tenant_id = $1 and id = $2";
    let row: Option<Row> = on!(&mut *tx, |c| sqlx::query_as(LOCK)
        .bind(entry.tenant.as_str())
        .bind(id)
        .fetch_optional(&mut **c)
        .await)?;
    let mut inspection = row
        .map(Inspection::try_from)
        .transpose()?
        .ok_or(Error::InspectionNotFound { id })?;
    step(&mut inspection).map_err(|NotCurrent(state)| Error::NotCurrent {
        id,
        state: state.as_str(),
        legal: state.legal(),
    })?;
    execute!(&mut *tx, |c| sqlx::query(SAVE)
        .bind(entry.tenant.as_str())
        .bind(id)
        .bind(inspection.state.as_str())
        .bind(inspection.superseded_by)
        .bind(&inspection.reason)
        .bind(inspection.version)
        .bind(Instant(inspection.updated_at))
        .execute(&mut **c))?;
    Ok(inspection)
}

async fn insert(tx: &mut Tx, entry: &Entry, inspection: &Inspection) -> Result<(), Error> {
    const INSERT: &str = "insert into inspections (tenant_id, id, body_id, report_number, vin, performed, inspector, started_at, \
                          odometer_km, verdict, fingerprint, state, superseded_by, reason, under_review, version, document, updated_at) \
                          values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'current', null, '', $12, 1, $13, $14) \
                          on conflict (tenant_id, body_id, report_number) do nothing";
    let report = &inspection.report;
    let inserted = execute!(&mut *tx, |c| sqlx::query(INSERT)
        .bind(entry.tenant.as_str())
        .bind(inspection.id)
        .bind(report.body)
        .bind(&report.report_number)
        .bind(report.vehicle.vin.as_str())
        .bind(report.date.to_string())
        .bind(&report.inspector)
        .bind(report.times.map(|(start, _)| Instant(start)))
        .bind(
            report
                .vehicle
                .odometer
                .map(|odometer| i64::from(odometer.to_km()))
        )
        .bind(inspection.verdict.as_str())
        .bind(report.fingerprint())
        .bind(false)
        .bind(Json(inspection))
        .bind(Instant(entry.at))
        .execute(&mut **c))?;
    if inserted == 0 {
        let number = report.report_number.clone();
        return Err(Error::ReportTaken { number });
    }
    Ok(())
}
