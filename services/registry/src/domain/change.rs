//! What can happen to a registered vehicle, what is then told, and what can not be.

use serde::Serialize;
use time::Date;
use tongguan_vocabulary::Odometer;
use uuid::Uuid;

use super::identity::{Mark, MarkKind};
use super::shared::Shared;
use super::vehicle::{Details, Encumbrance, Reading, Transfer};

/// What can happen to a registered vehicle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Change {
    /// Its certificate was amended; the fields named changed.
    Amend {
        /// The new details.
        details: Box<Details>,
        /// Names of the changed fields.
        fields: Vec<String>,
    },
    /// It was annotated 转让待出口.
    TransferPendingExport(Transfer),
    /// A burden was recorded.
    Encumber(Encumbrance),
    /// A burden was lifted.
    Lift {
        /// Which.
        id: Uuid,
        /// When.
        date: Date,
    },
    /// The police status was read.
    Status(Vec<char>),
    /// A meter was read.
    Odometer {
        /// The reading.
        reading: Reading,
        /// Why it may be lower than an earlier one.
        lower_because: String,
    },
    /// A mark of its identity changed.
    Identify {
        /// The mark.
        mark: Mark,
        /// What ends with it; empty where nothing does.
        replaces: String,
    },
    /// Something that claims to be the same vehicle shows other living marks.
    Contradict {
        /// The marks it shows.
        marks: Vec<Mark>,
    },
    /// Another living vehicle shows one of its marks too.
    Share(Shared),
    /// The mark stands on no other living vehicle any more.
    Unshare {
        /// What kind.
        kind: MarkKind,
        /// What it reads.
        value: String,
    },
    /// It was deregistered.
    Deregister {
        /// When.
        date: Date,
        /// `EXPORTED`, `SCRAPPED` or `OTHER`.
        reason: String,
    },
}

impl Change {
    /// The change with `id` for whatever it creates; drawn after the request was hashed, so that a replay hashes alike.
    #[must_use]
    pub fn identified(mut self, id: Uuid) -> Self {
        if let Self::Encumber(burden) = &mut self {
            burden.id = id;
        }
        self
    }
}

/// What happened, for the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happened(pub &'static str);

/// Why a change can not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It takes no more changes.
    #[error("the vehicle is deregistered and takes no more changes")]
    Deregistered,
    /// It is annotated already; nothing but leaving is open to it.
    #[error("the vehicle is annotated 转让待出口 already, since {since}")]
    TransferPending {
        /// Date of the annotation.
        since: Date,
    },
    /// The exporter's filing was not valid on the day of the annotation.
    #[error("the exporter's filing ended on {until}, before the annotation of {date}")]
    FilingEnded {
        /// Last day of the filing.
        until: Date,
        /// Date of the annotation.
        date: Date,
    },
    /// The temporary plate outlives its 60 days.
    #[error("a temporary plate is valid for at most 60 days, this one from {from} until {until}")]
    PlateTooLong {
        /// Date of the annotation.
        from: Date,
        /// Last day asked for.
        until: Date,
    },
    /// No burden has this id.
    #[error("the vehicle has no encumbrance {id}")]
    NoEncumbrance {
        /// As asked.
        id: Uuid,
    },
    /// The burden is lifted already.
    #[error("the encumbrance was lifted on {date}")]
    Lifted {
        /// When.
        date: Date,
    },
    /// The reading is lower than an earlier one.
    #[error("the odometer showed {before} on {on} and shows {now} now")]
    OdometerWentBack {
        /// The higher earlier reading.
        before: Odometer,
        /// Its date.
        on: Date,
        /// The reading refused.
        now: Odometer,
    },
    /// The mark that is said to be replaced is not living.
    #[error("what is replaced is not one of the living {}", .kind.words())]
    IdentityNotLiving {
        /// What kind.
        kind: MarkKind,
    },
    /// The vehicle kind is outside the definition of a used car (No. 6 of 2024, definition).
    #[error(
        "vehicle type {code} is a three-wheeler or low-speed goods vehicle, outside the definition of a used car for export"
    )]
    NotAUsedCar {
        /// GA 802 code.
        code: String,
    },
}
