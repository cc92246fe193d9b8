//! The issuer's own tables: the transparency log, its checkpoints, trust bundles, counters.
//!
//! They belong to the issuer and not to a tenant: rows carry the tenant of the certificate where there
//! is one, and `issuer` elsewhere. Entries are ids and digests; no VIN stands here.

use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, Tx, execute, on};
use uuid::Uuid;

use super::Store;

/// The owner of rows that are the issuer's.
const ISSUER: &str = "issuer";

const KEEP: &str = "insert into log_checkpoints (tenant_id, size, note) values ($1, $2, $3) on conflict (size) do nothing";

/// A row of the log.
#[derive(sqlx::FromRow)]
pub(crate) struct EntryRow {
    pub(crate) log_index: i64,
    pub(crate) certificate_id: Uuid,
    pub(crate) entry: Vec<u8>,
    pub(crate) leaf_hash: Vec<u8>,
}

/// A certificate as its row has it.
#[derive(sqlx::FromRow)]
pub(crate) struct CertificateRow {
    pub(crate) id: Uuid,
    pub(crate) state: String,
    pub(crate) cose: Option<Vec<u8>>,
    pub(crate) status_index: i64,
}

impl Store {
    /// The last index of the status list that was drawn.
    pub(crate) async fn last_status_index(&self) -> Result<Option<u32>, storage::Error> {
        const READ: &str =
            "select next - 1 from counters where tenant_id = $1 and name = 'status_index'";
        let last: Option<i64> = on!(&self.db, |pool| sqlx::query_scalar(READ)
            .bind(ISSUER)
            .fetch_optional(pool)
            .await)?;
        last.map(|last| {
            u32::try_from(last).map_err(|error| storage::Error::corrupt("counters.next", error))
        })
        .transpose()
    }

    /// Leaf hashes from an index on, in order.
    pub(crate) async fn leaves(
        &self,
        from: u64,
        limit: u32,
    ) -> Result<Vec<Vec<u8>>, storage::Error> {
        const READ: &str =
            "select leaf_hash from log_entries where log_index >= $1 order by log_index limit $2";
        on!(&self.db, |pool| sqlx::query_scalar(READ)
            .bind(from as i64)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)
    }

    /// Entries from an index on, in order.
    pub(crate) async fn entries(
        &self,
        from: u64,
        limit: u32,
    ) -> Result<Vec<Vec<u8>>, storage::Error> {
        const READ: &str =
            "select entry from log_entries where log_index >= $1 order by log_index limit $2";
        on!(&self.db, |pool| sqlx::query_scalar(READ)
            .bind(from as i64)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)
    }

    /// Stores a signed checkpoint, unless there is one of its size; answers the one that stands.
    pub(crate) async fn store_checkpoint(
        &self,
        size: u64,
        note: &str,
    ) -> Result<String, storage::Error> {
        const READ: &str = "select note from log_checkpoints where size = $1";
        execute!(&self.db, |pool| sqlx::query(KEEP)
            .bind(ISSUER)
            .bind(size as i64)
            .bind(note)
            .execute(pool))?;
        on!(&self.db, |pool| sqlx::query_scalar(READ)
            .bind(size as i64)
            .fetch_one(pool)
            .await)
    }

    /// Rows of the log from an index on, in order.
    pub(crate) async fn entry_rows(
        &self,
        from: u64,
        limit: u32,
    ) -> Result<Vec<EntryRow>, storage::Error> {
        const READ: &str = "select log_index, certificate_id, entry, leaf_hash from log_entries where log_index >= $1 order by log_index limit $2";
        on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(from as i64)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)
    }

    /// Every signed checkpoint with its size, smallest first.
    pub(crate) async fn checkpoints(&self) -> Result<Vec<(u64, String)>, storage::Error> {
        const READ: &str = "select size, note from log_checkpoints order by size";
        let rows: Vec<(i64, String)> =
            on!(&self.db, |pool| sqlx::query_as(READ).fetch_all(pool).await)?;
        let unsigned = |(size, note): (i64, String)| (size.unsigned_abs(), note);
        Ok(rows.into_iter().map(unsigned).collect())
    }

    /// Every edition of the trust bundle, first one first.
    pub(crate) async fn bundles(&self) -> Result<Vec<(u64, Vec<u8>)>, storage::Error> {
        const READ: &str = "select version, bundle from trust_bundles order by version";
        let rows: Vec<(i64, Vec<u8>)> =
            on!(&self.db, |pool| sqlx::query_as(READ).fetch_all(pool).await)?;
        let unsigned = |(version, bundle): (i64, Vec<u8>)| (version.unsigned_abs(), bundle);
        Ok(rows.into_iter().map(unsigned).collect())
    }

    /// What every tenant's certificates must agree on with the log, after an id, in order.
    pub(crate) async fn certificate_rows(
        &self,
        after: Uuid,
        limit: u32,
    ) -> Result<Vec<CertificateRow>, storage::Error> {
        const READ: &str = "select id, state, cose, status_index from certificates where id > $1 order by id limit $2";
        on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)
    }

    /// The largest checkpoint.
    pub(crate) async fn last_checkpoint(&self) -> Result<Option<String>, storage::Error> {
        const READ: &str = "select note from log_checkpoints order by size desc limit 1";
        on!(&self.db, |pool| sqlx::query_scalar(READ)
            .fetch_optional(pool)
            .await)
    }

    /// The newest trust bundle.
    pub(crate) async fn last_bundle(&self) -> Result<Option<Vec<u8>>, storage::Error> {
        const READ: &str = "select bundle from trust_bundles order by version desc limit 1";
        on!(&self.db, |pool| sqlx::query_scalar(READ)
            .fetch_optional(pool)
            .await)
    }

    /// Stores an edition of the trust bundle; an edition that stands already is left alone.
    pub(crate) async fn store_bundle(
        &self,
        version: u64,
        bundle: &[u8],
        expires_at: OffsetDateTime,
    ) -> Result<(), storage::Error> {
        const INSERT: &str = "insert into trust_bundles (tenant_id, version, bundle, expires_at) values ($1, $2, $3, $4) on conflict (version) do nothing";
        execute!(&self.db, |pool| sqlx::query(INSERT)
            .bind(ISSUER)
            .bind(version as i64)
            .bind(bundle)
            .bind(Instant(expires_at))
            .execute(pool))?;
        Ok(())
    }
}

/// Locks a counter until the commit.
pub(super) async fn touch(tx: &mut Tx, name: &str) -> Result<(), storage::Error> {
    const LOCK: &str = "insert into counters (tenant_id, name, next) values ($1, $2, 0) on conflict (tenant_id, name) do update set next = counters.next";
    execute!(&mut *tx, |c| sqlx::query(LOCK)
        .bind(ISSUER)
        .bind(name)
        .execute(&mut **c))?;
    Ok(())
}

/// Draws `count` numbers; answers the first. The counter's row stays locked until the commit, so there are no gaps and
/// a reader never meets a late one.
pub(super) async fn draw(tx: &mut Tx, name: &str, count: u32) -> Result<i64, storage::Error> {
    const DRAW: &str = "insert into counters (tenant_id, name, next) values ($1, $2, $3) \
                        on conflict (tenant_id, name) do update set next = counters.next + excluded.next returning next - $3";
    on!(&mut *tx, |c| sqlx::query_scalar(DRAW)
        .bind(ISSUER)
        .bind(name)
        .bind(i64::from(count))
        .fetch_one(&mut **c)
        .await)
}

/// Stores a signed checkpoint, unless there is one of its size.
pub(super) async fn keep_checkpoint(
    tx: &mut Tx,
    size: u64,
    note: &str,
) -> Result<(), storage::Error> {
    execute!(&mut *tx, |c| sqlx::query(KEEP)
        .bind(ISSUER)
        .bind(size as i64)
        .bind(note)
        .execute(&mut **c))?;
    Ok(())
}
