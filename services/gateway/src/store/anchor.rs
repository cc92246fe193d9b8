//! SQL of the event log's beginning: what is no longer kept, and the hash that the rest of the chain begins with.

use tongguan_storage::{Instant, execute, on, transaction};
use tongguan_vocabulary::Tenant;

use super::Store;
use super::log::lock_head;
use crate::Error;
use crate::domain::{GENESIS, Head, Kept};

/// Events of one transaction: the log stays free for what comes in.
const AT_ONCE: i64 = 5_000;

impl Store {
    /// The newest event that is no longer kept; what the first event names where the log is whole.
    pub(crate) async fn anchor(&self, tenant: &Tenant) -> Result<Head, Error> {
        const SQL: &str =
            "select anchor_sequence, anchor_sha256 from event_logs where tenant_id = $1";
        let row: Option<(i64, String)> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .fetch_optional(pool)
            .await)?;
        let (sequence, sha256) = row.unwrap_or_else(|| (0, GENESIS.to_owned()));
        Ok(Head {
            sequence: sequence as u64,
            sha256,
        })
    }

    /// Lets go of the oldest events that need not be kept, some thousands at once, and moves the anchor behind them in
    /// the same transaction; says how many. Only what lies before every kept event goes: the log has no holes.
    pub(crate) async fn prune_events(&self, tenant: &Tenant, kept: Kept) -> Result<u64, Error> {
        const ANCHOR: &str = "select anchor_sequence from event_logs where tenant_id = $1";
        const YOUNG: &str = "select sequence from events where tenant_id = $1 and recorded_at >= $2 \
                             order by sequence limit 1";
        const HASH: &str = "select sha256 from events where tenant_id = $1 and sequence = $2";
        const MOVE: &str =
            "update event_logs set anchor_sequence = $2, anchor_sha256 = $3 where tenant_id = $1";
        const DELETE: &str = "delete from events where tenant_id = $1 and sequence <= $2";
        transaction!(self.db, Error, |tx| {
            let last = lock_head(tx, tenant).await?.sequence as i64;
            let anchor: i64 = on!(&mut *tx, |c| sqlx::query_scalar(ANCHOR)
                .bind(tenant.as_str())
                .fetch_one(&mut **c)
                .await)?;
            let mut through = anchor;
            if let Some(newest) = kept.newest {
                through = through.max(last - i64::try_from(newest).unwrap_or(i64::MAX));
            }
            if let Some(since) = kept.since {
                let young: Option<i64> = on!(&mut *tx, |c| sqlx::query_scalar(YOUNG)
                    .bind(tenant.as_str())
                    .bind(Instant(since))
                    .fetch_optional(&mut **c)
                    .await)?;
                through = through.max(young.map_or(last, |young| young - 1));
            }
            through = through.min(anchor + AT_ONCE);
            if through <= anchor {
                return Ok(0);
            }
            let sha256: String = on!(&mut *tx, |c| sqlx::query_scalar(HASH)
                .bind(tenant.as_str())
                .bind(through)
                .fetch_one(&mut **c)
                .await)?;
            execute!(&mut *tx, |c| sqlx::query(MOVE)
                .bind(tenant.as_str())
                .bind(through)
                .bind(&sha256)
                .execute(&mut **c))?;
            let gone = execute!(&mut *tx, |c| sqlx::query(DELETE)
                .bind(tenant.as_str())
                .bind(through)
                .execute(&mut **c))?;
            Ok(gone)
        })
    }
}
