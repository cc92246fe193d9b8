//! SQL of the registry: vehicles as they are, their history, imports, owners.

mod change;
mod group;
mod owners;
mod read;
mod register;
mod registration;
mod shared;

use sqlx::types::{Json, JsonRawValue};
use time::OffsetDateTime;
use tongguan_storage::{self as storage, Committer, Database, Instant, Once, Vault, Writer};
use tongguan_vocabulary::{Ids, Tenant};
use uuid::Uuid;

use crate::domain::{Owner, State, Vehicle};
use crate::error::Error;

pub(crate) use change::Alteration;
pub(crate) use group::Commands;
pub(crate) use owners::Owned;
pub(crate) use registration::{Key, Outcome, Registered, Registration, Row};
pub(crate) use storage::vault::{Look, Looked};

use group::{Answer, Command};

/// The stream of all vehicles' events.
pub(crate) const STREAM: &str = "vehicles";

/// Who changes a vehicle, and on what ground.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) tenant: Tenant,
    pub(crate) actor: String,
    pub(crate) reason: String,
    pub(crate) document: String,
    pub(crate) at: OffsetDateTime,
    /// Identity of the outbox event.
    pub(crate) event: Uuid,
}

/// What a list is filtered by; empty means any.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) state: Option<State>,
    pub(crate) exporter: String,
    pub(crate) category: String,
    pub(crate) plate: String,
    /// The day, its month and its year; empty means any.
    pub(crate) registered_from: Vec<String>,
    pub(crate) registered_until: String,
}

/// One line of a vehicle's history.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) vin: String,
    pub(crate) version: i64,
    pub(crate) kind: String,
    pub(crate) actor: String,
    pub(crate) reason: String,
    pub(crate) document: String,
    /// What changed; all details where the vehicle was registered.
    pub(crate) change: serde_json::Value,
    pub(crate) recorded_at: OffsetDateTime,
}

#[derive(sqlx::FromRow)]
struct EventRow {
    vin: String,
    version: i64,
    kind: String,
    actor: String,
    reason: String,
    document: String,
    change: Json<serde_json::Value>,
    snapshot: Json<Box<JsonRawValue>>,
    recorded_at: Instant,
}

#[derive(sqlx::FromRow)]
struct SnapshotRow {
    snapshot: Json<Vehicle>,
}

impl TryFrom<EventRow> for Event {
    type Error = storage::Error;

    fn try_from(row: EventRow) -> Result<Self, storage::Error> {
        #[derive(serde::Deserialize)]
        struct Registered {
            details: serde_json::Value,
        }
        // A registration says what its snapshot says, so that it is not written twice.
        let change = if row.change.0.is_null() {
            let snapshot: Registered = serde_json::from_str(row.snapshot.0.get())
                .map_err(|error| storage::Error::corrupt("vehicles.snapshot", error))?;
            snapshot.details
        } else {
            row.change.0
        };
        Ok(Self {
            vin: row.vin,
            version: row.version,
            kind: row.kind,
            actor: row.actor,
            reason: row.reason,
            document: row.document,
            change,
            recorded_at: row.recorded_at.0,
        })
    }
}

/// The registry's tables.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
    vault: Vault,
    writer: Writer<Commands>,
}

impl Store {
    /// The store, and what commits for it.
    pub(crate) fn new(db: Database, vault: Vault, ids: Ids) -> (Self, Committer<Commands>) {
        let (writer, committer) = Writer::new(&db, Commands::new(vault.clone(), ids));
        (Self { db, vault, writer }, committer)
    }

    /// Stores new vehicles, one or thousands, each answered by itself; a VIN the tenant has is not stored again.
    pub(crate) async fn register(&self, registration: Registration) -> Result<Registered, Error> {
        match self.writer.run(Command::Register(registration)).await? {
            Answer::Registered(registered) => Ok(registered),
            Answer::Changed(_) => Err(storage::Error::corrupt("writer", "another answer").into()),
        }
    }

    /// Applies a change to the latest version.
    pub(crate) async fn change(&self, alteration: Alteration) -> Result<Vehicle, Error> {
        match self.writer.run(Command::Change(alteration)).await? {
            Answer::Changed(vehicle) => Ok(*vehicle),
            Answer::Registered(_) => {
                Err(storage::Error::corrupt("writer", "another answer").into())
            }
        }
    }

    /// The owner as it goes into the vault, under the identity of the person.
    pub(crate) async fn owned(
        &self,
        tenant: &Tenant,
        owner: Option<&Owner>,
        fresh: Uuid,
    ) -> Result<Option<Owned>, storage::Error> {
        match owner {
            Some(owner) => Owned::new(&self.vault, tenant, owner, fresh)
                .await
                .map(Some),
            None => Ok(None),
        }
    }
}

/// A registration's idempotency, which must not hold personal data but must notice another owner.
pub(crate) fn fingerprint(owned: Option<&Owned>) -> &[u8] {
    owned.map_or(&[], |owned| owned.fingerprint.as_slice())
}

impl Vehicle {
    /// The opaque version callers send back.
    pub(crate) fn etag(&self) -> String {
        format!("v{}", self.version)
    }
}

/// What `Once` remembers of a change: which version answered it.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum Remembered {
    Version(i64),
    /// As answers were remembered before versions were.
    Whole(Box<Vehicle>),
}

/// The name of a state in its column.
fn column(state: State) -> &'static str {
    match state {
        State::Registered => "Registered",
        State::TransferPendingExport => "TransferPendingExport",
        State::Deregistered => "Deregistered",
    }
}

/// Whether two requests with idempotency keys are the same one.
fn same(one: &Once, other: &Once) -> bool {
    one.key().is_some() && one.key() == other.key()
}
