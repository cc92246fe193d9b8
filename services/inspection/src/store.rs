//! SQL of the inspection intake: bodies, inspections, evidence, anomalies.

mod anomalies;
mod bodies;
mod evidence;
mod inspections;
mod surroundings;

use time::OffsetDateTime;
use tongguan_storage::{Database, Tx, outbox};
use tongguan_vocabulary::{Ids, Tenant};
use uuid::Uuid;

use crate::error::Error;

pub(crate) use anomalies::AnomalyFilter;
pub(crate) use bodies::BodyChange;
pub(crate) use evidence::Stored;
pub(crate) use inspections::{Draft, InspectionFilter};

/// The stream of all inspections' and bodies' events.
pub(crate) const STREAM: &str = "inspections";

/// Whose data changes, by whom, when, and where fresh ids come from.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) tenant: Tenant,
    pub(crate) actor: String,
    pub(crate) at: OffsetDateTime,
    pub(crate) ids: Ids,
}

/// The tables of the inspection intake.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
}

impl Store {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}

/// Tells the outbox, in the transaction of the change.
async fn tell(
    tx: &mut Tx,
    entry: &Entry,
    aggregate: Uuid,
    kind: &str,
    payload: serde_json::Value,
) -> Result<(), Error> {
    let event = outbox::Event {
        id: entry.ids.next(),
        tenant: entry.tenant.clone(),
        stream: STREAM,
        aggregate: aggregate.to_string(),
        kind: kind.to_owned(),
        payload,
        at: entry.at,
    };
    outbox::append(tx, &event).await?;
    Ok(())
}
