//! SQL of clearance: cases, their events and journal, batches, certificates, the log.

mod batches;
mod certificates;
mod events;
mod figures;
mod follow;
mod invariants;
pub(crate) mod log;
#[cfg(test)]
mod tests;
mod work;

use sqlx::QueryBuilder;
use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_storage::{
    self as storage, Database, Instant, On, Once, Tx, execute, on, outbox, transaction,
};
use tongguan_vocabulary::{Tenant, Vin};
use uuid::Uuid;

use crate::domain::decision::Weight;
use crate::domain::{Case, State};
use crate::error::Error;
use crate::fail;

pub(crate) use certificates::{Draft, Held};
pub(crate) use events::EventRow;
pub(crate) use figures::{Figures, Movement};
pub(crate) use invariants::Counted;
pub(crate) use work::{Claim, Pinned};

/// The stream of all cases' events.
pub(crate) const STREAM: &str = "cases";

/// Who changes something, and when.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) tenant: Tenant,
    pub(crate) actor: String,
    pub(crate) at: OffsetDateTime,
}

/// What happened, for the audit and the event.
#[derive(Debug, Clone)]
pub(crate) struct Happened {
    pub(crate) kind: &'static str,
    pub(crate) reason: String,
    /// The certificate it is about, where the case itself does not name it any more.
    pub(crate) certificate: Option<Uuid>,
}

impl Happened {
    pub(crate) fn new(kind: &'static str) -> Self {
        Self::because(kind, "")
    }

    pub(crate) fn because(kind: &'static str, reason: &str) -> Self {
        Self {
            kind,
            reason: reason.to_owned(),
            certificate: None,
        }
    }

    /// About a certificate: whoever holds it is told.
    pub(crate) fn about(self, certificate: Uuid) -> Self {
        Self {
            certificate: Some(certificate),
            ..self
        }
    }
}

/// A change to a case: pure, and run again where another writer was in the way.
pub(crate) type Change<'a> = &'a (dyn Fn(&mut Case) -> Result<Happened, Error> + Send + Sync);

/// What a list is filtered by; empty means any.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) state: Option<State>,
    pub(crate) destination: String,
    pub(crate) exporter: String,
    pub(crate) vin: String,
}

#[derive(sqlx::FromRow)]
struct BodyRow {
    body: Json<Case>,
}

/// The tables of clearance.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
}

impl Store {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }

    /// Stores a new case with its first event; refuses a second open case for the VIN (I1).
    pub(crate) async fn open(
        &self,
        once: &Once,
        entry: &Entry,
        case: &Case,
    ) -> Result<Case, Error> {
        const INSERT: &str = "insert into cases (tenant_id, id, vin, destination, exporter, state, open_case, version, body, created_at, \
                              updated_at, due_at, lease_owner, lease_until, epoch, month, category, powertrain, value_usd) \
                              values ($1, $2, $3, $4, $5, 'DRAFT', $6, 0, $7, $8, $8, null, null, null, 0, $9, '', '', 0)";
        let opened = transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let mut case = case.clone();
            execute!(&mut *tx, |c| sqlx::query(INSERT)
                .bind(entry.tenant.as_str())
                .bind(case.id)
                .bind(case.vin.as_str())
                .bind(case.destination.as_str())
                .bind(&case.exporter.code)
                .bind(true)
                .bind(Json(&case))
                .bind(Instant(case.created_at))
                .bind(month_of(case.created_at))
                .execute(&mut **c))?;
            write(tx, entry, &mut case, &Happened::new("OPENED"), None).await?;
            follow::join(tx, &entry.tenant).await?;
            once.remember(tx, &case).await?;
            fail::point("open.before");
            Ok(case)
        });
        fail::point("open.after");
        match opened {
            Err(Error::Storage(taken)) if taken.is_unique() => {
                Err(Error::CaseOpen { vin: case.vin })
            }
            other => other,
        }
    }

    /// Changes a case under its row's lock: one audit line and one event with it (I5).
    pub(crate) async fn change(
        &self,
        once: &Once,
        entry: &Entry,
        id: Uuid,
        etag: &str,
        change: Change<'_>,
    ) -> Result<Case, Error> {
        let changed = transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let mut case = locked(tx, &entry.tenant, id)
                .await?
                .ok_or(Error::CaseNotFound { id })?;
            if !etag.is_empty() && etag != case.version.to_string() {
                return Err(Error::EtagMismatch {
                    asked: etag.to_owned(),
                    now: case.version.to_string(),
                });
            }
            let happened = change(&mut case)?;
            write(tx, entry, &mut case, &happened, None).await?;
            once.remember(tx, &case).await?;
            fail::point("change.before");
            Ok(case)
        });
        fail::point("change.after");
        changed
    }

    /// A case.
    pub(crate) async fn find(
        &self,
        tenant: &Tenant,
        id: Uuid,
    ) -> Result<Option<Case>, storage::Error> {
        const READ: &str = "select body from cases where tenant_id = $1 and id = $2";
        let row: Option<BodyRow> = on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(pool)
            .await)?;
        Ok(row.map(|row| row.body.0))
    }

    /// The open case of a VIN.
    pub(crate) async fn find_open(
        &self,
        tenant: &Tenant,
        vin: Vin,
    ) -> Result<Option<Uuid>, storage::Error> {
        const READ: &str = "select id from cases where tenant_id = $1 and vin = $2 and open_case";
        on!(&self.db, |pool| sqlx::query_scalar(READ)
            .bind(tenant.as_str())
            .bind(vin.as_str())
            .fetch_optional(pool)
            .await)
    }

    /// Cases that pass the filter, newest first, before an id.
    pub(crate) async fn list(
        &self,
        tenant: &Tenant,
        filter: &Filter,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Case>, storage::Error> {
        let rows: Vec<BodyRow> = match &self.db {
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
        Ok(rows.into_iter().map(|row| row.body.0).collect())
    }
}

fn select<'a, D>(
    tenant: &Tenant,
    filter: &Filter,
    before: Option<Uuid>,
    limit: u32,
) -> QueryBuilder<D>
where
    D: sqlx::Database,
    String: sqlx::Encode<'a, D> + sqlx::Type<D>,
    Uuid: sqlx::Encode<'a, D> + sqlx::Type<D>,
    i64: sqlx::Encode<'a, D> + sqlx::Type<D>,
{
    let mut query = QueryBuilder::new("select body from cases where tenant_id = ");
    query.push_bind(tenant.as_str().to_owned());
    let texts = [
        (
            " and state = ",
            filter
                .state
                .map(|state| state.as_str().to_owned())
                .unwrap_or_default(),
        ),
        (" and destination = ", filter.destination.clone()),
        (" and exporter = ", filter.exporter.clone()),
        (" and vin = ", filter.vin.clone()),
    ];
    for (condition, value) in texts {
        if !value.is_empty() {
            query.push(condition).push_bind(value);
        }
    }
    if let Some(before) = before {
        query.push(" and id < ").push_bind(before);
    }
    query
        .push(" order by id desc limit ")
        .push_bind(i64::from(limit));
    query
}

/// Month of opening in China, `YYYY-MM`.
fn month_of(at: OffsetDateTime) -> String {
    let day = at.to_offset(time::macros::offset!(+8)).date();
    format!("{:04}-{:02}", day.year(), u8::from(day.month()))
}

/// Of two statements that read the same row, the one that leaves it locked. On SQLite the transaction itself is the
/// lock: touching the row would write its pages anew.
fn locking(tx: &Tx, read: &'static str, for_update: &'static str) -> &'static str {
    match tx {
        On::Sqlite(_) => read,
        On::Postgres(_) => for_update,
    }
}

/// Locks a case's row and reads it.
async fn locked(tx: &mut Tx, tenant: &Tenant, id: Uuid) -> Result<Option<Case>, storage::Error> {
    const READ: &str = "select body from cases where tenant_id = $1 and id = $2";
    const LOCK: &str = "select body from cases where tenant_id = $1 and id = $2 for update";
    let read = locking(tx, READ, LOCK);
    let row: Option<BodyRow> = on!(&mut *tx, |c| sqlx::query_as(read)
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.map(|row| row.body.0))
}

/// Writes a changed case: the row, its audit line, its event and its reasons for refusal. With an
/// epoch, only while that epoch is the latest (I7).
async fn write(
    tx: &mut Tx,
    entry: &Entry,
    case: &mut Case,
    happened: &Happened,
    epoch: Option<i64>,
) -> Result<(), Error> {
    const UPDATE: &str = "update cases set exporter = $3, state = $4, open_case = $5, version = $6, body = $7, updated_at = $8, due_at = $9, \
                          category = $10, powertrain = $11, value_usd = $12, days_registered = $13, clearing_seconds = $14, \
                          exited = $15, deregister_by = $16, deregistered = $17 \
                          where tenant_id = $1 and id = $2 and version = $18 and epoch = coalesce($19, epoch)";
    const EVENT: &str = "insert into case_events (tenant_id, case_id, version, kind, state, actor, reason, recorded_at) \
                         values ($1, $2, $3, $4, $5, $6, $7, $8)";
    case.version += 1;
    case.updated_at = entry.at;
    let version = case.version as i64;
    let vehicle = case.vehicle.as_ref();
    let clearing = match (case.submitted_at, case.certified_at) {
        (Some(from), Some(to)) => Some((to - from).whole_seconds()),
        _ => None,
    };
    let rows = execute!(&mut *tx, |c| sqlx::query(UPDATE)
        .bind(entry.tenant.as_str())
        .bind(case.id)
        .bind(&case.exporter.code)
        .bind(case.state.as_str())
        .bind(case.state.is_open())
        .bind(version)
        .bind(Json(&*case))
        .bind(Instant(case.updated_at))
        .bind(case.due_at().map(Instant))
        .bind(vehicle.map_or("", |vehicle| vehicle.category.as_str()))
        .bind(vehicle.map_or("", |vehicle| vehicle.powertrain.as_str()))
        .bind(case.trip.value_usd as i64)
        .bind(case.days_registered())
        .bind(clearing)
        .bind(case.exit.as_ref().map(|exit| exit.date.to_string()))
        .bind(case.deregister_by.map(|day| day.to_string()))
        .bind(case.deregistered.map(|day| day.to_string()))
        .bind(version - 1)
        .bind(epoch)
        .execute(&mut **c))?;
    if rows != 1 {
        return Err(Error::LeaseLost { id: case.id });
    }
    execute!(&mut *tx, |c| sqlx::query(EVENT)
        .bind(entry.tenant.as_str())
        .bind(case.id)
        .bind(version)
        .bind(happened.kind)
        .bind(case.state.as_str())
        .bind(&entry.actor)
        .bind(&happened.reason)
        .bind(Instant(entry.at))
        .execute(&mut **c))?;
    let event = outbox::Event {
        // One event a version: its identity follows from the case and the version.
        id: Uuid::from_u128(case.id.as_u128().wrapping_add(case.version.into())),
        tenant: entry.tenant.clone(),
        stream: STREAM,
        aggregate: case.id.to_string(),
        kind: happened.kind.to_owned(),
        payload: serde_json::json!({
            "case": case.id,
            "version": case.version,
            "state": case.state,
            "destination": case.destination,
            "certificate": happened.certificate.or(case.certificate),
        }),
        at: entry.at,
    };
    outbox::append(tx, &event).await?;
    refusals(tx, &entry.tenant, case).await?;
    Ok(())
}

async fn refusals(tx: &mut Tx, tenant: &Tenant, case: &Case) -> Result<(), storage::Error> {
    const CLEAR: &str = "delete from case_refusals where tenant_id = $1 and case_id = $2";
    const ADD: &str = "insert into case_refusals (tenant_id, case_id, rule_id) values ($1, $2, $3) on conflict (tenant_id, case_id, rule_id) do nothing";
    execute!(&mut *tx, |c| sqlx::query(CLEAR)
        .bind(tenant.as_str())
        .bind(case.id)
        .execute(&mut **c))?;
    let refused = case
        .decision
        .as_ref()
        .filter(|_| case.state == State::Refused);
    let reasons = refused.into_iter().flat_map(|decision| &decision.reasons);
    for reason in reasons.filter(|reason| reason.weight == Weight::Refuses) {
        execute!(&mut *tx, |c| sqlx::query(ADD)
            .bind(tenant.as_str())
            .bind(case.id)
            .bind(&reason.rule.rule)
            .execute(&mut **c))?;
    }
    Ok(())
}
