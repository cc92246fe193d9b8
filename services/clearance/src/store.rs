//! SQL of clearance: cases, their events and journal, batches, certificates, the log.

mod batches;
mod case;
mod certificates;
mod events;
mod figures;
mod follow;
mod fsck;
mod invariants;
mod issue;
pub(crate) mod log;
mod record;
#[cfg(test)]
mod tests;
mod work;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::QueryBuilder;
use time::OffsetDateTime;
use tongguan_storage::{self as storage, Database, On, Once, Tx, on, transaction};
use tongguan_vocabulary::{Tenant, Vin};
use uuid::Uuid;

use crate::domain::{Case, State};
use crate::error::Error;
use crate::fail;

use case::{CaseRow, Fence, locked, write};

pub(crate) use case::{Line, Loaded};
pub(crate) use certificates::{Draft, Held};
pub(crate) use events::EventRow;
pub(crate) use figures::{Figures, Movement};
pub(crate) use invariants::Counted;
pub(crate) use issue::{Issuing, Signed};
pub(crate) use work::{Claim, End, Pinned};

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
        let opened = transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let case = case::insert(tx, entry, case.clone()).await?;
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
        self.change_to(once, entry, id, etag, change, Case::clone)
            .await
    }

    /// As [`Store::change`], where the answer is less than the case: only that is kept for a repeated request.
    pub(crate) async fn change_to<T>(
        &self,
        once: &Once,
        entry: &Entry,
        id: Uuid,
        etag: &str,
        change: Change<'_>,
        answer: fn(&Case) -> T,
    ) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned,
    {
        let changed = transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let mut loaded = locked(tx, &entry.tenant, id)
                .await?
                .ok_or(Error::CaseNotFound { id })?;
            let version = loaded.case.version.to_string();
            if !etag.is_empty() && etag != version {
                return Err(Error::EtagMismatch {
                    asked: etag.to_owned(),
                    now: version,
                });
            }
            let happened = change(&mut loaded.case)?;
            write(tx, entry, &mut loaded, happened, Fence::Open).await?;
            let answer = answer(&loaded.case);
            once.remember(tx, &answer).await?;
            fail::point("change.before");
            Ok(answer)
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
        case::read(&self.db, tenant, id).await
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
        let rows: Vec<CaseRow> = match &self.db {
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
        Ok(rows.into_iter().map(CaseRow::case).collect())
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
    let mut query = QueryBuilder::new(case::READ);
    query.push("c.tenant_id = ");
    query.push_bind(tenant.as_str().to_owned());
    let texts = [
        (
            " and c.state = ",
            filter
                .state
                .map(|state| state.as_str().to_owned())
                .unwrap_or_default(),
        ),
        (" and c.destination = ", filter.destination.clone()),
        (" and c.exporter = ", filter.exporter.clone()),
        (" and c.vin = ", filter.vin.clone()),
    ];
    for (condition, value) in texts {
        if !value.is_empty() {
            query.push(condition).push_bind(value);
        }
    }
    if let Some(before) = before {
        query.push(" and c.id < ").push_bind(before);
    }
    query
        .push(" order by c.id desc limit ")
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
