//! The rows of a case: itself, beside it what is large and seldom changes, and what workers contend for.

use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, On, Tx, execute, on};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::record::{record, refusals};
use super::{Entry, Happened, month_of};
use crate::domain::decision::Decision;
use crate::domain::{Case, Document, State};
use crate::error::Error;

/// Reads whole cases; conditions follow.
pub(super) const READ: &str = "select c.body, p.body as papers, d.body as decision from cases c \
     left join case_papers p on p.tenant_id = c.tenant_id and p.case_id = c.id \
     left join case_decisions d on d.tenant_id = c.tenant_id and d.case_id = c.id where ";
const READ_ONE: &str = "select c.body, p.body as papers, d.body as decision from cases c \
     left join case_papers p on p.tenant_id = c.tenant_id and p.case_id = c.id \
     left join case_decisions d on d.tenant_id = c.tenant_id and d.case_id = c.id where c.tenant_id = $1 and c.id = $2";

/// A case as its rows have it. A body written before 0103 holds papers and decision itself.
#[derive(sqlx::FromRow)]
pub(super) struct CaseRow {
    body: Json<Case>,
    papers: Option<Json<Vec<Document>>>,
    decision: Option<Json<Option<Decision>>>,
}

impl CaseRow {
    pub(super) fn case(self) -> Case {
        let mut case = self.body.0;
        if let Some(papers) = self.papers {
            case.documents = papers.0;
        }
        if let Some(decision) = self.decision {
            case.decision = decision.0;
        }
        case
    }

    pub(super) fn loaded(self) -> Loaded {
        let rows = Rows {
            papers: self.papers.as_ref().map(|papers| papers.0.clone()),
            decision: self.decision.as_ref().map(|decision| decision.0.clone()),
        };
        Loaded::of(self.case(), rows)
    }
}

/// A case that is to be written, with what its rows hold.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) case: Case,
    was: Was,
}

#[derive(Debug, Clone)]
struct Was {
    version: u64,
    state: State,
    due: Option<OffsetDateTime>,
    rows: Rows,
}

/// What stands in rows of its own; `None` where there is no such row.
#[derive(Debug, Clone, Default)]
struct Rows {
    papers: Option<Vec<Document>>,
    #[expect(
        clippy::option_option,
        reason = "a row may say that there is no decision"
    )]
    decision: Option<Option<Decision>>,
}

impl Loaded {
    fn of(case: Case, rows: Rows) -> Self {
        let was = Was {
            version: case.version,
            state: case.state,
            due: case.due_at(),
            rows,
        };
        Self { case, was }
    }

    /// As it stands once its change is stored, for the next one.
    pub(crate) fn stored(self) -> Self {
        let rows = Rows {
            papers: Some(self.case.documents.clone()),
            decision: Some(self.case.decision.clone()),
        };
        Self::of(self.case, rows)
    }

    /// The version the rows have.
    pub(super) fn version(&self) -> u64 {
        self.was.version
    }

    pub(super) fn papers_changed(&self) -> bool {
        match &self.was.rows.papers {
            Some(papers) => *papers != self.case.documents,
            None => !self.case.documents.is_empty(),
        }
    }

    pub(super) fn decision_changed(&self) -> bool {
        match &self.was.rows.decision {
            Some(decision) => *decision != self.case.decision,
            None => self.case.decision.is_some(),
        }
    }

    fn refused(&self) -> bool {
        self.was.state == State::Refused || self.case.state == State::Refused
    }

    /// Its number after so many changes; the same however often a transaction is tried.
    pub(super) fn advance(&mut self, lines: usize, entry: &Entry) -> i64 {
        self.case.version = self.was.version + lines as u64;
        self.case.updated_at = entry.at;
        self.case.version as i64
    }
}

/// One change for the audit: what happened, and the state the case came to by it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) happened: Happened,
    pub(crate) state: State,
}

impl Line {
    pub(crate) fn of(case: &Case, happened: Happened) -> Self {
        Self {
            happened,
            state: case.state,
        }
    }
}

/// Under whose claim a case is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fence {
    /// Anybody's who may.
    Open,
    /// A worker's, only while its epoch is the latest (I7); it goes on.
    Held(i64),
    /// A worker's, which is done with it; what was told up to a number has been looked at.
    Done(i64, Option<i64>),
}

/// A case, for whoever only looks.
pub(super) async fn read(
    db: &storage::Database,
    tenant: &Tenant,
    id: Uuid,
) -> Result<Option<Case>, storage::Error> {
    let row: Option<CaseRow> = on!(db, |pool| sqlx::query_as(READ_ONE)
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(pool)
        .await)?;
    Ok(row.map(CaseRow::case))
}

/// Locks a case's row and reads it. The lock comes first: on PostgreSQL the rows beside it are then read as the last
/// writer left them. On SQLite the transaction is the lock.
pub(super) async fn locked(
    tx: &mut Tx,
    tenant: &Tenant,
    id: Uuid,
) -> Result<Option<Loaded>, storage::Error> {
    const LOCK: &str = "select version from cases where tenant_id = $1 and id = $2 for update";
    if let On::Postgres(c) = &mut *tx {
        let _version: Option<i64> = sqlx::query_scalar(LOCK)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(&mut **c)
            .await?;
    }
    let row: Option<CaseRow> = on!(&mut *tx, |c| sqlx::query_as(READ_ONE)
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.map(CaseRow::loaded))
}

/// Stores a new case.
pub(super) async fn insert(tx: &mut Tx, entry: &Entry, case: Case) -> Result<Case, Error> {
    const INSERT: &str = "insert into cases (tenant_id, id, vin, destination, exporter, state, open_case, version, body, created_at, \
                          updated_at, month, category, powertrain, value_usd) \
                          values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', '', $13)";
    const WORK: &str =
        "insert into case_work (tenant_id, case_id, epoch, asked, looked) values ($1, $2, 0, 0, 0)";
    let mut loaded = Loaded::of(case, Rows::default());
    let version = loaded.advance(1, entry);
    let parts = Parts::take(&mut loaded.case);
    let case = &loaded.case;
    let inserted = execute!(&mut *tx, |c| sqlx::query(INSERT)
        .bind(entry.tenant.as_str())
        .bind(case.id)
        .bind(case.vin.as_str())
        .bind(case.destination.as_str())
        .bind(&case.exporter.code)
        .bind(case.state.as_str())
        .bind(case.state.is_open())
        .bind(version)
        .bind(Json(case))
        .bind(Instant(case.created_at))
        .bind(Instant(case.updated_at))
        .bind(month_of(case.created_at))
        .bind(case.trip.value_usd as i64)
        .execute(&mut **c));
    parts.put_back(&mut loaded.case);
    inserted?;
    execute!(&mut *tx, |c| sqlx::query(WORK)
        .bind(entry.tenant.as_str())
        .bind(loaded.case.id)
        .execute(&mut **c))?;
    beside(tx, entry, &loaded).await?;
    let line = Line::of(&loaded.case, Happened::new("OPENED"));
    record(tx, entry, &loaded, &[line]).await?;
    Ok(loaded.case)
}

/// Writes a changed case: its rows, an audit line and an event.
pub(super) async fn write(
    tx: &mut Tx,
    entry: &Entry,
    loaded: &mut Loaded,
    happened: Happened,
    fence: Fence,
) -> Result<(), Error> {
    let line = Line::of(&loaded.case, happened);
    write_lines(tx, entry, loaded, &[line], fence).await
}

/// Writes several changes of a case at once: its rows as they are after the last, an audit line and an event each.
pub(super) async fn write_lines(
    tx: &mut Tx,
    entry: &Entry,
    loaded: &mut Loaded,
    lines: &[Line],
    fence: Fence,
) -> Result<(), Error> {
    const UPDATE: &str = "update cases set exporter = $3, state = $4, open_case = $5, version = $6, body = $7, updated_at = $8, \
                          category = $9, powertrain = $10, value_usd = $11, days_registered = $12, clearing_seconds = $13, \
                          exited = $14, deregister_by = $15, deregistered = $16 \
                          where tenant_id = $1 and id = $2 and version = $17";
    let version = loaded.advance(lines.len(), entry);
    let was = loaded.version() as i64;
    let parts = Parts::take(&mut loaded.case);
    let case = &loaded.case;
    let vehicle = case.vehicle.as_ref();
    let updated = execute!(&mut *tx, |c| sqlx::query(UPDATE)
        .bind(entry.tenant.as_str())
        .bind(case.id)
        .bind(&case.exporter.code)
        .bind(case.state.as_str())
        .bind(case.state.is_open())
        .bind(version)
        .bind(Json(case))
        .bind(Instant(case.updated_at))
        .bind(vehicle.map_or("", |vehicle| vehicle.category.as_str()))
        .bind(vehicle.map_or("", |vehicle| vehicle.powertrain.as_str()))
        .bind(case.trip.value_usd as i64)
        .bind(case.days_registered())
        .bind(clearing_seconds(case))
        .bind(case.exit.as_ref().map(|exit| exit.date.to_string()))
        .bind(case.deregister_by.map(|day| day.to_string()))
        .bind(case.deregistered.map(|day| day.to_string()))
        .bind(was)
        .execute(&mut **c));
    parts.put_back(&mut loaded.case);
    if updated? != 1 {
        return Err(Error::LeaseLost { id: loaded.case.id });
    }
    work(tx, entry, loaded, fence).await?;
    beside(tx, entry, loaded).await?;
    record(tx, entry, loaded, lines).await?;
    if loaded.refused() {
        refusals(tx, &entry.tenant, &loaded.case).await?;
    }
    Ok(())
}

pub(super) fn clearing_seconds(case: &Case) -> Option<i64> {
    let (from, to) = case.submitted_at.zip(case.certified_at)?;
    Some((to - from).whole_seconds())
}

/// What stands in rows of its own is taken out of a case while its body is written.
pub(super) struct Parts(Vec<Document>, Option<Decision>);

impl Parts {
    pub(super) fn take(case: &mut Case) -> Self {
        Self(std::mem::take(&mut case.documents), case.decision.take())
    }

    pub(super) fn put_back(self, case: &mut Case) {
        (case.documents, case.decision) = (self.0, self.1);
    }
}

/// When the worker must look next, under the fence.
async fn work(tx: &mut Tx, entry: &Entry, loaded: &Loaded, fence: Fence) -> Result<(), Error> {
    const OPEN: &str = "update case_work set due_at = $3 where tenant_id = $1 and case_id = $2";
    const HELD: &str =
        "update case_work set due_at = $3 where tenant_id = $1 and case_id = $2 and epoch = $4";
    const DONE: &str = "update case_work set due_at = $3, lease_owner = null, lease_until = null, \
                        looked = case when looked < $5 then $5 else looked end \
                        where tenant_id = $1 and case_id = $2 and epoch = $4";
    let case = &loaded.case;
    let due = case.due_at();
    let rows = match fence {
        Fence::Open if due == loaded.was.due => return Ok(()),
        Fence::Open => execute!(&mut *tx, |c| sqlx::query(OPEN)
            .bind(entry.tenant.as_str())
            .bind(case.id)
            .bind(due.map(Instant))
            .execute(&mut **c))?,
        Fence::Held(epoch) => execute!(&mut *tx, |c| sqlx::query(HELD)
            .bind(entry.tenant.as_str())
            .bind(case.id)
            .bind(due.map(Instant))
            .bind(epoch)
            .execute(&mut **c))?,
        Fence::Done(epoch, looked) => execute!(&mut *tx, |c| sqlx::query(DONE)
            .bind(entry.tenant.as_str())
            .bind(case.id)
            .bind(due.map(Instant))
            .bind(epoch)
            .bind(looked.unwrap_or(0))
            .execute(&mut **c))?,
    };
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::LeaseLost { id: case.id })
    }
}

/// Papers and decision, where they changed.
pub(super) async fn beside(
    tx: &mut Tx,
    entry: &Entry,
    loaded: &Loaded,
) -> Result<(), storage::Error> {
    const PAPERS: &str = "insert into case_papers (tenant_id, case_id, body) values ($1, $2, $3) \
                          on conflict (tenant_id, case_id) do update set body = excluded.body";
    const DECISION: &str = "insert into case_decisions (tenant_id, case_id, body) values ($1, $2, $3) \
                            on conflict (tenant_id, case_id) do update set body = excluded.body";
    let case = &loaded.case;
    if loaded.papers_changed() {
        execute!(&mut *tx, |c| sqlx::query(PAPERS)
            .bind(entry.tenant.as_str())
            .bind(case.id)
            .bind(Json(&case.documents))
            .execute(&mut **c))?;
    }
    if loaded.decision_changed() {
        execute!(&mut *tx, |c| sqlx::query(DECISION)
            .bind(entry.tenant.as_str())
            .bind(case.id)
            .bind(Json(&case.decision))
            .execute(&mut **c))?;
    }
    Ok(())
}
