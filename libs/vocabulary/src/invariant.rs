//! What must hold whatever is killed: the invariants that models, tests and checks of a database name alike.

use std::fmt;

/// One of the eleven promises of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// At most one live certificate per case and one open case per VIN and tenant.
    I1,
    /// No certificate without every evidence its rules require, pinned before signing.
    I2,
    /// Every acknowledged request reaches one terminal outcome.
    I3,
    /// The log is append-only and every certificate is included.
    I4,
    /// One audit line and one event per state change.
    I5,
    /// Revoked is never valid again.
    I6,
    /// A stale epoch never changes state.
    I7,
    /// The same key answers the same bytes.
    I8,
    /// No personal data outside the vault.
    I9,
    /// No read or write across tenants.
    I10,
    /// Every parked case has a timer.
    I11,
}

impl Invariant {
    /// All of them, in order.
    pub const ALL: [Self; 11] = [
        Self::I1,
        Self::I2,
        Self::I3,
        Self::I4,
        Self::I5,
        Self::I6,
        Self::I7,
        Self::I8,
        Self::I9,
        Self::I10,
        Self::I11,
    ];

    /// What it says, in one sentence without a full stop.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::I1 => "one live certificate a case, one open case a VIN and tenant",
            Self::I2 => "no certificate without its evidence, pinned before signing",
            Self::I3 => "every acknowledged request reaches one end",
            Self::I4 => "the log is append-only and holds every certificate",
            Self::I5 => "one audit line and one event a change",
            Self::I6 => "revoked is never valid again",
            Self::I7 => "a stale epoch changes nothing",
            Self::I8 => "the same key answers the same bytes",
            Self::I9 => "no personal data outside the vault",
            Self::I10 => "no read or write across tenants",
            Self::I11 => "every parked case has a timer",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// An invariant that does not hold, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Which.
    pub invariant: Invariant,
    /// What was found; ids, never a VIN or a person.
    pub found: String,
}

impl Breach {
    /// A breach of `invariant`.
    pub fn of(invariant: Invariant, found: impl Into<String>) -> Self {
        Self {
            invariant,
            found: found.into(),
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invariant, found } = self;
        write!(f, "{invariant} ({}): {found}", invariant.sentence())
    }
}
