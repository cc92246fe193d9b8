//! SQL of what waits to be sent.

use time::OffsetDateTime;
use tongguan_storage::{Instant, on};

use super::Store;
use crate::Error;

/// Messages to endpoints, of all tenants.
pub(crate) struct Waiting {
    /// Due and not sent yet.
    pub(crate) due: u64,
    /// Events of a log from the oldest that waits for an endpoint to the last: the largest of all logs.
    pub(crate) lag: u64,
}

impl Store {
    /// What waits to be sent.
    pub(crate) async fn waiting(&self, now: OffsetDateTime) -> Result<Waiting, Error> {
        const DUE: &str = "select count(id) from webhook_deliveries where state = 'pending' and next_attempt_at <= $1";
        // A test event stands in no log.
        const LAG: &str = "select max(l.last_sequence - d.event_sequence + 1) from webhook_deliveries d \
                           join event_logs l on l.tenant_id = d.tenant_id where d.state = 'pending' and d.event_sequence > 0";
        let due: i64 = on!(&self.db, |pool| sqlx::query_scalar(DUE)
            .bind(Instant(now))
            .fetch_one(pool)
            .await)?;
        let lag: Option<i64> = on!(&self.db, |pool| sqlx::query_scalar(LAG)
            .fetch_one(pool)
            .await)?;
        Ok(Waiting {
            due: due as u64,
            lag: lag.unwrap_or_default() as u64,
        })
    }
}
