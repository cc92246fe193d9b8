//! Inspections as rows: stored in a group with others, read, listed, withdrawn and superseded.

use serde_json::json;
use sqlx::types::Json;
use tongguan_storage::{
    self as storage, Instant, Once, Tx, begin, built, execute, locking, on, transaction,
};
use tongguan_vocabulary::{Odometer, PartialDate, Tenant, Vin};
use uuid::Uuid;

use super::intake::Submission;
use super::{Entry, Store, tell};
use crate::domain::anomaly::{Seen, Thresholds};
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
    pub(crate) tested_from: Option<PartialDate>,
    pub(crate) tested_until: Option<PartialDate>,
    pub(crate) under_review: bool,
    pub(crate) usable_on: Option<PartialDate>,
}

/// Dates of four-digit years sort as text.
fn day(date: Option<PartialDate>) -> Option<String> {
    date.map(|date| date.to_string())
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
        const KNOWN: &str =
            "select 1 from idempotency where tenant_id = $1 and method = $2 and key = $3";
        let Some((tenant, method, key)) = once.key() else {
            return Ok(None);
        };
        let known: Option<i32> = on!(&self.db, |pool| sqlx::query_scalar(KNOWN)
            .bind(tenant)
            .bind(method)
            .bind(key)
            .fetch_optional(pool)
            .await)?;
        if known.is_none() {
            return Ok(None);
        }
        // A claim made here is rolled back with the transaction: only the answer is wanted.
        let mut tx = begin(&self.db).await?;
        once.replay(&mut tx).await
    }

    /// Stores a judged report; with `supersedes` set, the one it replaces leaves in the same commit. Once queued it is
    /// done even if the caller goes away.
    pub(crate) async fn submit(
        &self,
        once: Once,
        entry: Entry,
        draft: Draft,
    ) -> Result<Inspection, Error> {
        let submission = Submission { once, entry, draft };
        self.writer.run(submission).await
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
        let ids = [(" and id < ", before), (" and body_id = ", filter.body)];
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
            (" and performed >= ", day(filter.tested_from)),
            (" and performed <= ", day(filter.tested_until)),
            (" and performed <= ", day(filter.usable_on)),
            (" and usable_until >= ", day(filter.usable_on)),
        ];
        let rows: Vec<Row> = built!(
            &self.db,
            SELECT,
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
                if filter.under_review {
                    query.push(" and under_review = ").push_bind(true);
                }
                query
                    .push(" order by id desc limit ")
                    .push_bind(i64::from(limit));
            },
            |pool| query.build_query_as().fetch_all(pool).await
        )?;
        rows.into_iter().map(Inspection::try_from).collect()
    }
}

/// Takes an inspection out of use under its row's lock.
pub(super) async fn leave(
    tx: &mut Tx,
    entry: &Entry,
    id: Uuid,
    step: impl FnOnce(&mut Inspection) -> Result<(), NotCurrent>,
) -> Result<Inspection, Error> {
    let read = locking!(
        tx,
        "select document, state, superseded_by, reason, under_review, version, updated_at \
         from inspections where tenant_id = $1 and id = $2"
    );
    const SAVE: &str = "update inspections set state = $3, superseded_by = $4, reason = $5, version = $6, updated_at = $7 \
                        where tenant_id = $1 and id = $2";
    let row: Option<Row> = on!(&mut *tx, |c| sqlx::query_as(read)
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
