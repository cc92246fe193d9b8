//! The four outcomes in their order, and what came of asking a service.

use time::{Duration, OffsetDateTime};

/// What rules say altogether, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Permitted,
    Conditional,
    Undetermined,
    Prohibited,
}

impl Outcome {
    /// The stricter of two: forbidden on known facts beats not known, which beats conditions.
    pub(crate) fn stricter(self, other: Self) -> Self {
        self.max(other)
    }
}

/// A service that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Registry,
    Inspection,
    Maintenance,
    Destinations,
}

impl Source {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Inspection => "inspection",
            Self::Maintenance => "maintenance",
            Self::Destinations => "destinations",
        }
    }
}

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Answered,
    NoRecord,
    NotAsked,
    Unreachable,
    Refused,
}

/// One service with what came of asking it and how fresh its data is.
#[derive(Debug, Clone)]
pub(crate) struct SourceState {
    pub(crate) source: Source,
    pub(crate) state: State,
    pub(crate) as_of: Option<OffsetDateTime>,
    pub(crate) age: Option<Duration>,
    pub(crate) simulated: bool,
    pub(crate) detail: String,
}

impl SourceState {
    /// A state without data.
    pub(crate) fn bare(source: Source, state: State, detail: impl Into<String>) -> Self {
        Self {
            source,
            state,
            as_of: None,
            age: None,
            simulated: false,
            detail: detail.into(),
        }
    }

    /// An answer from a register of our own: as fresh as the moment.
    pub(crate) fn fresh(source: Source, state: State, now: OffsetDateTime) -> Self {
        Self {
            as_of: Some(now),
            age: Some(Duration::ZERO),
            ..Self::bare(source, state, "")
        }
    }
}
