//! The six roles a process can play.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A role of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Which vehicle is this.
    Registry,
    /// What did an accredited body measure.
    Inspection,
    /// What do the national health records say.
    Maintenance,
    /// May it enter that market.
    Destinations,
    /// May it leave.
    Clearance,
    /// The door.
    Gateway,
}

/// The text names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no role: registry, inspection, maintenance, destinations, clearance, gateway")]
pub struct UnknownRole(pub String);

impl Role {
    /// All roles, in the order they are built: no role asks one that comes after it.
    pub const ALL: [Self; 6] = [
        Self::Registry,
        Self::Maintenance,
        Self::Destinations,
        Self::Inspection,
        Self::Clearance,
        Self::Gateway,
    ];

    /// Its name in configuration and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Inspection => "inspection",
            Self::Maintenance => "maintenance",
            Self::Destinations => "destinations",
            Self::Clearance => "clearance",
            Self::Gateway => "gateway",
        }
    }

    /// The proto services it answers.
    pub const fn services(self) -> &'static [&'static str] {
        match self {
            Self::Registry => &["tongguan.registry.v1.VehicleRegistry"],
            Self::Inspection => &["tongguan.inspection.v1.InspectionIntake"],
            Self::Maintenance => &["tongguan.maintenance.v1.MaintenanceLookup"],
            Self::Destinations => &["tongguan.destinations.v1.DestinationRules"],
            Self::Clearance => &["tongguan.clearance.v1.ExportClearance"],
            Self::Gateway => &[
                "tongguan.gateway.v1.ExportReadiness",
                "tongguan.gateway.v1.Webhooks",
                "tongguan.gateway.v1.Events",
                "tongguan.gateway.v1.Sandbox",
                "tongguan.gateway.v1.Audit",
            ],
        }
    }

    /// The roles it asks.
    pub const fn asks(self) -> &'static [Self] {
        match self {
            Self::Registry | Self::Maintenance | Self::Destinations => &[],
            Self::Inspection => &[Self::Registry],
            Self::Clearance => &[
                Self::Registry,
                Self::Inspection,
                Self::Maintenance,
                Self::Destinations,
            ],
            Self::Gateway => &[
                Self::Registry,
                Self::Inspection,
                Self::Maintenance,
                Self::Destinations,
                Self::Clearance,
            ],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|role| role.name() == text);
        known.ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_role_asks_one_that_is_built_after_it() {
        for (place, role) in Role::ALL.iter().enumerate() {
            for asked in role.asks() {
                assert!(Role::ALL[..place].contains(asked), "{role} asks {asked}");
            }
        }
    }
}
