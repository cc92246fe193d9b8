//! What reviewers made of an anomaly: reviews are only ever added, and the latest counts.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Who reviews where the ground of an anomaly goes away or comes back by itself.
pub(crate) const SYSTEM: &str = "system";

/// Where a review stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Nobody reviewed it, or it was opened again.
    Open,
    /// It is what it looks like.
    Confirmed,
    /// It has an innocent explanation.
    Dismissed,
}

impl Standing {
    const ALL: [Self; 3] = [Self::Open, Self::Confirmed, Self::Dismissed];

    /// The word in tables and events.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Confirmed => "confirmed",
            Self::Dismissed => "dismissed",
        }
    }

    /// Reads the word of [`Standing::as_str`].
    pub(crate) fn named(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|standing| standing.as_str() == text)
    }

    /// Where a review may put it from here: anywhere else.
    pub(crate) fn legal(self) -> Vec<String> {
        let others = Self::ALL.into_iter().filter(|other| *other != self);
        others.map(|other| other.as_str().to_owned()).collect()
    }
}

/// One review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Review {
    /// Where the anomaly stands after it.
    pub(crate) verdict: Standing,
    /// Subject of the reviewer's token, or [`SYSTEM`].
    pub(crate) reviewer: String,
    /// Why.
    pub(crate) reason: String,
    /// When.
    pub(crate) at: OffsetDateTime,
}
