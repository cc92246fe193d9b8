//! SQL of the inspection intake: bodies, inspections, evidence, anomalies.

mod anomalies;
mod bodies;
mod evidence;
mod inspections;
mod intake;
mod reviews;
mod surroundings;
mod told;

use time::OffsetDateTime;
use tongguan_storage::{Committer, Database, Tx, Writer, outbox};
use tongguan_vocabulary::{Ids, Tenant};
use uuid::Uuid;

use crate::error::Error;

use intake::Intake;

pub(crate) use anomalies::AnomalyFilter;
pub(crate) use bodies::BodyChange;
pub(crate) use evidence::Stored;
pub(crate) use inspections::{Draft, InspectionFilter};
pub(crate) use told::Told;

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
    writer: Writer<Intake>,
}

impl Store {
    /// The store, and what commits reports for it.
    pub(crate) fn new(db: Database) -> (Self, Committer<Intake>) {
        let (writer, committer) = Writer::new(&db, Intake);
        (Self { db, writer }, committer)
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
    outbox::append(tx, &told(entry, aggregate, kind, payload)).await?;
    Ok(())
}

/// What the outbox is told.
fn told(entry: &Entry, aggregate: Uuid, kind: &str, payload: serde_json::Value) -> outbox::Event {
    outbox::Event {
        id: entry.ids.next(),
        tenant: entry.tenant.clone(),
        stream: STREAM,
        aggregate: aggregate.to_string(),
        kind: kind.to_owned(),
        payload,
        at: entry.at,
    }
}
