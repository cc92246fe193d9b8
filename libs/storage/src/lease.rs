//! Leases with fences: at most one worker holds a name, and a worker that was paused past its lease
//! finds that its epoch is stale.

use time::{Duration, OffsetDateTime};

use crate::{Database, Instant, Result, Tx, execute, on};

/// A held lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is held.
    pub name: String,
    /// Rises with every claim; every guarded write checks it.
    pub epoch: i64,
}

/// Claims `name` for `owner` until `now + time`, unless another owner holds it still.
pub async fn claim(
    database: &Database,
    name: &str,
    owner: &str,
    now: OffsetDateTime,
    time: Duration,
) -> Result<Option<Lease>> {
    const CLAIM: &str = "insert into leases (name, owner, epoch, until_at) values ($1, $2, 1, $3) \
                         on conflict (name) do update set owner = excluded.owner, epoch = leases.epoch + 1, until_at = excluded.until_at \
                         where leases.until_at < $4 or leases.owner = excluded.owner returning epoch";
    let epoch: Option<i64> = on!(database, |pool| sqlx::query_scalar(CLAIM)
        .bind(name)
        .bind(owner)
        .bind(Instant(now + time))
        .bind(Instant(now))
        .fetch_optional(pool)
        .await)?;
    Ok(epoch.map(|epoch| Lease {
        name: name.to_owned(),
        epoch,
    }))
}

/// Whether the lease is still the latest, checked inside the transaction of the write it guards.
pub async fn holds(tx: &mut Tx, lease: &Lease) -> Result<bool> {
    const CHECK: &str = "update leases set epoch = epoch where name = $1 and epoch = $2";
    let rows = execute!(&mut *tx, |c| sqlx::query(CHECK)
        .bind(&lease.name)
        .bind(lease.epoch)
        .execute(&mut **c))?;
    Ok(rows == 1)
}

/// Gives the lease up, so that another worker need not wait for its end.
pub async fn release(database: &Database, lease: &Lease, now: OffsetDateTime) -> Result<()> {
    const RELEASE: &str = "update leases set until_at = $3 where name = $1 and epoch = $2";
    execute!(database, |pool| sqlx::query(RELEASE)
        .bind(&lease.name)
        .bind(lease.epoch)
        .bind(Instant(now - Duration::SECOND))
        .execute(pool))?;
    Ok(())
}
