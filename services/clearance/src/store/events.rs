//! What happened to cases, in the order of commits.

use tongguan_storage::{self as storage, Instant, on, outbox};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{STREAM, Store};

/// One line of a case's history.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct EventRow {
    pub(crate) case_id: Uuid,
    pub(crate) version: i64,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) actor: String,
    pub(crate) reason: String,
    pub(crate) recorded_at: Instant,
    /// The certificate it is about; empty where none.
    #[sqlx(default)]
    pub(crate) certificate: String,
}

impl Store {
    /// Events of all cases after a number of the stream, each with that number.
    pub(crate) async fn stream(
        &self,
        tenant: &Tenant,
        after: i64,
        limit: u32,
    ) -> Result<Vec<(i64, EventRow)>, storage::Error> {
        const READ: &str = "select case_id, version, kind, state, actor, reason, recorded_at from case_events \
                            where tenant_id = $1 and case_id = $2 and version = $3";
        let mut events = Vec::new();
        for stored in outbox::after(&self.db, tenant, STREAM, after, limit).await? {
            let version = stored.payload["version"].as_i64().unwrap_or_default();
            let id = Uuid::try_parse(&stored.aggregate)
                .map_err(|error| storage::Error::corrupt("outbox.aggregate", error))?;
            let mut row: EventRow = on!(&self.db, |pool| sqlx::query_as(READ)
                .bind(tenant.as_str())
                .bind(id)
                .bind(version)
                .fetch_one(pool)
                .await)?;
            let about = stored.payload["certificate"].as_str();
            about.unwrap_or_default().clone_into(&mut row.certificate);
            events.push((stored.seq, row));
        }
        Ok(events)
    }
}
