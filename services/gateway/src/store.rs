//! SQL of the gateway: readiness jobs, their cars and answers; the event log.

mod anchor;
mod audit;
mod deliveries;
mod hooks;
mod log;
mod measures;
mod sandbox;

pub(crate) use log::{EventPage, Messages};

use serde_json::Value;
use sqlx::QueryBuilder;
use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_storage::lease::{Lease, holds};
use tongguan_storage::{self as storage, Database, Instant, Once, Tx, execute, on, transaction};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use crate::Error;
use crate::domain::{Job, JobState, Part};

/// Rows of one statement: four binds each, below SQLite's limit.
const AT_ONCE: usize = 500;

#[derive(sqlx::FromRow)]
struct JobRow {
    tenant_id: String,
    id: Uuid,
    markets: Json<Vec<String>>,
    state: String,
    open: bool,
    row_count: i64,
    done_count: i64,
    refused_count: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl TryFrom<JobRow> for Job {
    type Error = storage::Error;

    fn try_from(row: JobRow) -> Result<Self, storage::Error> {
        let state = match row.state.as_str() {
            "running" => JobState::Running,
            "succeeded" => JobState::Succeeded,
            "cancelled" => JobState::Cancelled,
            other => return Err(storage::Error::corrupt("readiness_jobs.state", other)),
        };
        Ok(Self {
            id: row.id,
            markets: row.markets.0,
            state,
            open: row.open,
            rows: row.row_count as u64,
            done: row.done_count as u64,
            refused: row.refused_count as u64,
            created: row.created_at.0,
            updated: row.updated_at.0,
        })
    }
}

/// The gateway's tables.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
}

impl Store {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }

    /// The database, for the worker's lease.
    pub(crate) fn database(&self) -> &Database {
        &self.db
    }

    /// Stores a new job with its first cars.
    pub(crate) async fn start(
        &self,
        once: &Once,
        tenant: &Tenant,
        job: &Job,
        rows: &[Value],
    ) -> Result<Job, Error> {
        const INSERT: &str = "insert into readiness_jobs (tenant_id, id, markets, state, open, row_count, done_count, refused_count, \
                              created_at, updated_at) values ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8)";
        transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            execute!(&mut *tx, |c| sqlx::query(INSERT)
                .bind(tenant.as_str())
                .bind(job.id)
                .bind(Json(&job.markets))
                .bind(job.state.as_str())
                .bind(job.open)
                .bind(job.rows as i64)
                .bind(Instant(job.created))
                .bind(Instant(job.updated))
                .execute(&mut **c))?;
            insert_rows(tx, tenant, job.id, 0, rows).await?;
            once.remember(tx, job).await?;
            Ok(job.clone())
        })
    }

    /// Adds the cars of a part that are not there yet.
    pub(crate) async fn add(
        &self,
        once: &Once,
        tenant: &Tenant,
        part: &Part,
        now: OffsetDateTime,
    ) -> Result<Job, Error> {
        transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let before = lock(tx, tenant, part.job)
                .await?
                .ok_or(Error::JobNotFound { job: part.job })?;
            let (job, there) = before.add(part.first, part.rows.len() as u64, part.open, now)?;
            insert_rows(
                tx,
                tenant,
                part.job,
                part.first + there,
                part.rows.get(there as usize..).unwrap_or_default(),
            )
            .await?;
            update(tx, tenant, &job).await?;
            once.remember(tx, &job).await?;
            Ok(job)
        })
    }

    /// The job, where the tenant has it.
    pub(crate) async fn find(&self, tenant: &Tenant, id: Uuid) -> Result<Option<Job>, Error> {
        const SQL: &str = "select * from readiness_jobs where tenant_id = $1 and id = $2";
        let row: Option<JobRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(pool)
            .await)?;
        Ok(row.map(Job::try_from).transpose()?)
    }

    /// Ends a job.
    pub(crate) async fn cancel(
        &self,
        tenant: &Tenant,
        id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Job, Error> {
        transaction!(self.db, Error, |tx| {
            let job = lock(tx, tenant, id)
                .await?
                .ok_or(Error::JobNotFound { job: id })?
                .cancel(now);
            update(tx, tenant, &job).await?;
            Ok(job)
        })
    }

    /// Answers from a row on, in order, at most `limit`.
    pub(crate) async fn answers(
        &self,
        tenant: &Tenant,
        id: Uuid,
        from: u64,
        limit: u32,
    ) -> Result<Vec<Value>, Error> {
        const SQL: &str = "select answer from readiness_rows where tenant_id = $1 and job_id = $2 and row_number >= $3 \
                           and answer is not null order by row_number limit $4";
        let rows: Vec<Json<Value>> = on!(&self.db, |pool| sqlx::query_scalar(SQL)
            .bind(tenant.as_str())
            .bind(id)
            .bind(from as i64)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    /// The oldest job with cars to check, of whichever tenant: for the worker alone.
    pub(crate) async fn next(&self) -> Result<Option<(Tenant, Job)>, Error> {
        const SQL: &str = "select * from readiness_jobs where state = 'running' and done_count < row_count order by updated_at limit 1";
        let row: Option<JobRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .fetch_optional(pool)
            .await)?;
        let Some(row) = row else { return Ok(None) };
        let tenant = row
            .tenant_id
            .parse()
            .map_err(|error| storage::Error::corrupt("readiness_jobs.tenant_id", error))?;
        Ok(Some((tenant, row.try_into()?)))
    }

    /// The next cars of a job, at most `limit`.
    pub(crate) async fn pending(
        &self,
        tenant: &Tenant,
        job: &Job,
        limit: u32,
    ) -> Result<Vec<Value>, Error> {
        const SQL: &str = "select listing from readiness_rows where tenant_id = $1 and job_id = $2 and row_number >= $3 \
                           order by row_number limit $4";
        let rows: Vec<Json<Value>> = on!(&self.db, |pool| sqlx::query_scalar(SQL)
            .bind(tenant.as_str())
            .bind(job.id)
            .bind(job.done as i64)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    /// Stores the answers of the next rows, unless the lease is stale or the job ended meanwhile.
    pub(crate) async fn progress(
        &self,
        lease: &Lease,
        tenant: &Tenant,
        job: &Job,
        answers: &[(Value, bool)],
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        const STORE: &str = "update readiness_rows set answer = $4 where tenant_id = $1 and job_id = $2 and row_number = $3";
        transaction!(self.db, Error, |tx| {
            let held = holds(tx, lease).await?;
            let current = lock(tx, tenant, job.id).await?;
            let Some(current) = current.filter(|current| {
                held && current.state == JobState::Running && current.done == job.done
            }) else {
                return Ok(());
            };
            for (number, (answer, _)) in (job.done..).zip(answers) {
                execute!(&mut *tx, |c| sqlx::query(STORE)
                    .bind(tenant.as_str())
                    .bind(job.id)
                    .bind(number as i64)
                    .bind(Json(answer))
                    .execute(&mut **c))?;
            }
            let refused = answers.iter().filter(|(_, refused)| *refused).count() as u64;
            update(
                tx,
                tenant,
                &current.progress(answers.len() as u64, refused, now),
            )
            .await?;
            Ok(())
        })
    }
}

/// Reads a job under its row's lock: the write before the read is what both engines lock by.
async fn lock(tx: &mut Tx, tenant: &Tenant, id: Uuid) -> Result<Option<Job>, storage::Error> {
    const LOCK: &str = "update readiness_jobs set state = state where tenant_id = $1 and id = $2";
    const READ: &str = "select * from readiness_jobs where tenant_id = $1 and id = $2";
    execute!(&mut *tx, |c| sqlx::query(LOCK)
        .bind(tenant.as_str())
        .bind(id)
        .execute(&mut **c))?;
    let row: Option<JobRow> = on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(&mut **c)
        .await)?;
    row.map(Job::try_from).transpose()
}

async fn update(tx: &mut Tx, tenant: &Tenant, job: &Job) -> Result<(), storage::Error> {
    const SQL: &str = "update readiness_jobs set state = $3, open = $4, row_count = $5, done_count = $6, refused_count = $7, updated_at = $8 \
                       where tenant_id = $1 and id = $2";
    execute!(&mut *tx, |c| sqlx::query(SQL)
        .bind(tenant.as_str())
        .bind(job.id)
        .bind(job.state.as_str())
        .bind(job.open)
        .bind(job.rows as i64)
        .bind(job.done as i64)
        .bind(job.refused as i64)
        .bind(Instant(job.updated))
        .execute(&mut **c))?;
    Ok(())
}

async fn insert_rows(
    tx: &mut Tx,
    tenant: &Tenant,
    job: Uuid,
    first: u64,
    rows: &[Value],
) -> Result<(), storage::Error> {
    for (chunk, rows) in rows.chunks(AT_ONCE).enumerate() {
        let start = first + (chunk * AT_ONCE) as u64;
        on!(&mut *tx, |c| {
            let mut insert = QueryBuilder::new(
                "insert into readiness_rows (tenant_id, job_id, row_number, listing) ",
            );
            insert.push_values((start..).zip(rows), |mut row, (number, listing)| {
                row.push_bind(tenant.as_str())
                    .push_bind(job)
                    .push_bind(number as i64)
                    .push_bind(Json(listing));
            });
            insert.build().execute(&mut **c).await.map(|_| ())
        })?;
    }
    Ok(())
}
