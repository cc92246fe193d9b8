//! Licence batches and the cases in them, changed together.

use std::collections::BTreeSet;

use sqlx::types::Json;
use tongguan_storage::{self as storage, Instant, Once, Tx, execute, on, transaction};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{Entry, Fence, Happened, Store, locked, locking, write};
use crate::domain::{Batch, Case};
use crate::error::Error;
use crate::fail;

const READ: &str = "select body from licence_batches where tenant_id = $1 and id = $2";

#[derive(sqlx::FromRow)]
struct BatchRow {
    body: Json<Batch>,
}

/// A change to a batch and its cases; answers what happened to each case, `None` where it stays as it is.
pub(crate) type BatchChange<'a> =
    &'a (dyn Fn(&mut Batch, &mut [Case]) -> Result<Option<Happened>, Error> + Send + Sync);

impl Store {
    /// Stores a new batch with its first cases.
    pub(crate) async fn create_batch(
        &self,
        once: &Once,
        entry: &Entry,
        batch: &Batch,
        cases: &[Uuid],
        change: BatchChange<'_>,
    ) -> Result<Batch, Error> {
        const INSERT: &str = "insert into licence_batches (tenant_id, id, exporter, state, licence_number, version, body, created_at, updated_at) \
                              values ($1, $2, $3, 'OPEN', '', 0, $4, $5, $5)";
        let created = transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            execute!(&mut *tx, |c| sqlx::query(INSERT)
                .bind(entry.tenant.as_str())
                .bind(batch.id)
                .bind(&batch.exporter)
                .bind(Json(batch))
                .bind(Instant(entry.at))
                .execute(&mut **c))?;
            let mut batch = batch.clone();
            apply(tx, entry, &mut batch, cases, change).await?;
            once.remember(tx, &batch).await?;
            Ok(batch)
        });
        created
    }

    /// Changes a batch with the cases it holds and those named.
    pub(crate) async fn change_batch(
        &self,
        once: &Once,
        entry: &Entry,
        id: Uuid,
        cases: &[Uuid],
        change: BatchChange<'_>,
    ) -> Result<Batch, Error> {
        let changed = transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let mut batch = locked_batch(tx, &entry.tenant, id)
                .await?
                .ok_or(Error::BatchNotFound { id })?;
            apply(tx, entry, &mut batch, cases, change).await?;
            once.remember(tx, &batch).await?;
            fail::point("batch.before");
            Ok(batch)
        });
        fail::point("batch.after");
        match changed {
            Err(Error::Storage(taken)) if taken.is_unique() => Err(Error::LicenceRule {
                problems: vec!["the licence number is recorded for another batch".to_owned()],
            }),
            other => other,
        }
    }

    /// A batch.
    pub(crate) async fn find_batch(
        &self,
        tenant: &Tenant,
        id: Uuid,
    ) -> Result<Option<Batch>, storage::Error> {
        let row: Option<BatchRow> = on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(pool)
            .await)?;
        Ok(row.map(|row| row.body.0))
    }
}

/// Locks a batch's row and reads it.
async fn locked_batch(
    tx: &mut Tx,
    tenant: &Tenant,
    id: Uuid,
) -> Result<Option<Batch>, storage::Error> {
    const LOCK: &str =
        "select body from licence_batches where tenant_id = $1 and id = $2 for update";
    let read = locking(tx, READ, LOCK);
    let row: Option<BatchRow> = on!(&mut *tx, |c| sqlx::query_as(read)
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.map(|row| row.body.0))
}

async fn apply(
    tx: &mut Tx,
    entry: &Entry,
    batch: &mut Batch,
    named: &[Uuid],
    change: BatchChange<'_>,
) -> Result<(), Error> {
    const UPDATE: &str = "update licence_batches set state = $3, licence_number = $4, version = $5, body = $6, updated_at = $7 \
                          where tenant_id = $1 and id = $2";
    // Rows are locked in the order of ids, so that two batches never wait for each other.
    let ids: BTreeSet<Uuid> = named
        .iter()
        .copied()
        .chain(batch.lines.iter().map(|line| line.case))
        .collect();
    let mut cases = Vec::with_capacity(ids.len());
    for id in ids {
        cases.push(
            locked(tx, &entry.tenant, id)
                .await?
                .ok_or(Error::CaseNotFound { id })?,
        );
    }
    let mut changed: Vec<Case> = cases.iter().map(|loaded| loaded.case.clone()).collect();
    let happened = change(batch, &mut changed)?;
    for (loaded, case) in cases.iter_mut().zip(changed) {
        if let Some(happened) = happened.as_ref().filter(|_| loaded.case != case) {
            loaded.case = case;
            write(tx, entry, loaded, happened.clone(), Fence::Open).await?;
        }
    }
    batch.version += 1;
    batch.updated_at = entry.at;
    execute!(&mut *tx, |c| sqlx::query(UPDATE)
        .bind(entry.tenant.as_str())
        .bind(batch.id)
        .bind(batch.state.as_str())
        .bind(
            batch
                .licence
                .as_ref()
                .map_or("", |licence| licence.number.as_str())
        )
        .bind(batch.version as i64)
        .bind(Json(&*batch))
        .bind(Instant(batch.updated_at))
        .execute(&mut **c))?;
    Ok(())
}
