//! What was told of inspections and bodies, read back from the outbox.

use time::OffsetDateTime;
use tongguan_storage::{self as storage, outbox};
use tongguan_vocabulary::Tenant;

use super::{STREAM, Store};

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) seq: i64,
    pub(crate) kind: String,
    /// The inspection or body.
    pub(crate) subject: String,
    /// The inspected vehicle; empty where it is about a body.
    pub(crate) vin: String,
    pub(crate) at: OffsetDateTime,
}

impl Store {
    /// Events of the tenant after a number of its stream.
    pub(crate) async fn told(
        &self,
        tenant: &Tenant,
        after: i64,
        limit: u32,
    ) -> storage::Result<Vec<Told>> {
        let stored = outbox::after(&self.db, tenant, STREAM, after, limit).await?;
        Ok(stored
            .into_iter()
            .map(|event| Told {
                seq: event.seq,
                kind: event.kind,
                subject: event.aggregate,
                vin: event.payload["vin"].as_str().unwrap_or_default().to_owned(),
                at: event.at,
            })
            .collect())
    }
}
