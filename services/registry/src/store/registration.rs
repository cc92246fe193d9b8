//! What is registered at once, and what it comes to.

use serde::{Deserialize, Serialize};
use sqlx::types::JsonRawValue;
use tongguan_storage::{self as storage, Once};
use uuid::Uuid;

use super::{Entry, Owned};
use crate::domain::{Details, Vehicle};

/// New vehicles of one request.
pub(crate) struct Registration {
    pub(crate) entry: Entry,
    pub(crate) key: Key,
    pub(crate) rows: Vec<Row>,
}

/// What makes a registration happen once.
pub(crate) enum Key {
    /// A request for one vehicle; a refusal is not remembered.
    One(Once),
    /// A request for many; the outcome of each row is remembered.
    Batch(Once),
    /// A message of an import: rows before the import's position are answered already.
    Import {
        id: String,
        first_row: u64,
        end: u64,
    },
}

/// One new vehicle.
pub(crate) struct Row {
    pub(super) number: u64,
    pub(super) event: Uuid,
    pub(super) details: Details,
    pub(super) snapshot: Box<JsonRawValue>,
    pub(super) owner: Option<Owned>,
}

impl Row {
    /// A vehicle to be stored, its text made before the writer's turn.
    pub(crate) fn new(
        number: u64,
        event: Uuid,
        vehicle: Vehicle,
        owner: Option<Owned>,
    ) -> Result<Self, storage::Error> {
        let snapshot = serde_json::value::to_raw_value(&vehicle)
            .map_err(|error| storage::Error::corrupt("vehicles.snapshot", error))?;
        Ok(Self {
            number,
            event,
            details: vehicle.details,
            snapshot,
            owner,
        })
    }
}

/// What a row came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// It is stored now.
    Stored,
    /// The same row was stored by an earlier attempt of the same import.
    Known,
    /// The tenant has the VIN already.
    Taken,
}

/// What a registration came to.
pub(crate) struct Registered {
    /// One per row, in order.
    pub(crate) outcomes: Vec<Outcome>,
    /// Whether an earlier request with the same key was answered so.
    pub(crate) replayed: bool,
    /// The first row of the import that is not answered.
    pub(crate) next_row: u64,
    /// The version that answers a command for one vehicle: beyond 1 where it was alarmed in the same commit.
    pub(crate) version: i64,
}

/// What `Once` remembers.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Remembered {
    Outcomes(Vec<Outcome>),
    /// One stored vehicle, answered as of a later version than its first.
    Version(i64),
    /// As one stored vehicle was remembered before outcomes were.
    Whole(serde_json::Value),
}
