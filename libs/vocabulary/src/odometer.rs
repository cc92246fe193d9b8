//! Odometer readings: a number is meaningless without its unit.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The unit a meter counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OdometerUnit {
    /// Kilometres.
    Km,
    /// Statute miles of 1.609344 km.
    Mile,
}

/// What a meter shows, in its own unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Odometer {
    /// The number shown, 0 to 9,999,999.
    pub value: u32,
    /// The unit it is shown in.
    pub unit: OdometerUnit,
}

impl Odometer {
    /// The largest number a meter of seven digits shows.
    pub const MAX: u32 = 9_999_999;

    /// A reading in kilometres.
    pub fn km(value: u32) -> Self {
        Self {
            value,
            unit: OdometerUnit::Km,
        }
    }

    /// The distance in whole kilometres, rounded down.
    pub fn to_km(self) -> u32 {
        match self.unit {
            OdometerUnit::Km => self.value,
            OdometerUnit::Mile => (u64::from(self.value) * 1_609_344 / 1_000_000) as u32,
        }
    }
}

impl fmt::Display for Odometer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            OdometerUnit::Km => write!(f, "{} km", self.value),
            OdometerUnit::Mile => write!(f, "{} mi", self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mile_is_1609_metres() {
        let meter = Odometer {
            value: 1_000,
            unit: OdometerUnit::Mile,
        };
        assert_eq!(meter.to_km(), 1_609);
    }
}
