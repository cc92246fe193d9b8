//! The journal of gathering: which steps there are, and what each came to.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// What a step of gathering did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StepKind {
    /// The vehicle was read.
    Registry,
    /// The inspections were read.
    Inspection,
    /// The maintenance history was looked up.
    Maintenance,
    /// The documents were compared.
    Reconciliation,
    /// The packs were evaluated.
    Rules,
}

impl StepKind {
    /// The steps of one submission, in order.
    pub const ALL: [Self; 5] = [
        Self::Registry,
        Self::Inspection,
        Self::Maintenance,
        Self::Reconciliation,
        Self::Rules,
    ];

    /// The word in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registry => "REGISTRY",
            Self::Inspection => "INSPECTION",
            Self::Maintenance => "MAINTENANCE",
            Self::Reconciliation => "RECONCILIATION",
            Self::Rules => "RULES",
        }
    }
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StepOutcome {
    /// Answered and pinned.
    Answered,
    /// The peer has nothing.
    NothingFound,
    /// The peer did not answer.
    Unreachable,
    /// The peer refused the question.
    Refused,
}

impl StepOutcome {
    /// The word in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "ANSWERED",
            Self::NothingFound => "NOTHING_FOUND",
            Self::Unreachable => "UNREACHABLE",
            Self::Refused => "REFUSED",
        }
    }
}

/// A journaled step, without its output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepNote {
    /// Number in the case, from 1.
    pub number: u32,
    /// Which submission, from 1.
    pub round: u32,
    /// What it did.
    pub kind: StepKind,
    /// What it came to.
    pub outcome: StepOutcome,
    /// SHA-256 of the input, hex.
    pub input_sha256: String,
    /// SHA-256 of the output, hex.
    pub output_sha256: String,
    /// The pinned version.
    pub pinned: String,
    /// When it was stored.
    pub at: OffsetDateTime,
}
