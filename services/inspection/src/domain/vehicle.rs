//! The words for what kind of vehicle it is: category, powertrain, fuel and battery chemistry.

use serde::{Deserialize, Serialize};

/// Categories of UNECE R.E.3 and GB/T 15089.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Category {
    M1,
    M2,
    M3,
    N1,
    N2,
    N3,
    O1,
    O2,
    O3,
    O4,
}

impl Category {
    /// Whether it has no engine of its own.
    pub(crate) fn is_trailer(self) -> bool {
        matches!(self, Self::O1 | Self::O2 | Self::O3 | Self::O4)
    }

    /// The greatest gross mass in kilograms of the category and the one it must exceed, where the definition has them.
    pub(crate) fn gross_mass(self) -> (Option<u32>, Option<u32>) {
        match self {
            Self::M1 => (None, None),
            Self::M2 => (None, Some(5_000)),
            Self::M3 => (Some(5_000), None),
            Self::N1 => (None, Some(3_500)),
            Self::N2 => (Some(3_500), Some(12_000)),
            Self::N3 => (Some(12_000), None),
            Self::O1 => (None, Some(750)),
            Self::O2 => (Some(750), Some(3_500)),
            Self::O3 => (Some(3_500), Some(10_000)),
            Self::O4 => (Some(10_000), None),
        }
    }
}

impl std::fmt::Display for Category {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

/// What moves a vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Powertrain {
    /// Combustion engine only.
    Ice,
    /// Hybrid without a plug.
    Hev,
    /// Plug-in hybrid.
    Phev,
    /// Range-extended electric.
    Erev,
    /// Battery-electric.
    Bev,
    /// Fuel-cell electric.
    Fcev,
    /// None: trailers.
    None,
}

impl Powertrain {
    /// Whether it burns fuel in an engine.
    pub(crate) fn burns(self) -> bool {
        matches!(self, Self::Ice | Self::Hev | Self::Phev | Self::Erev)
    }

    /// Whether it has a traction battery with a plug.
    pub(crate) fn has_plug(self) -> bool {
        matches!(self, Self::Phev | Self::Erev | Self::Bev)
    }
}

/// What an engine burns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fuel {
    Petrol,
    Diesel,
    Cng,
    Lng,
    Lpg,
    Methanol,
    Hydrogen,
}

/// Chemistry of a traction battery, as far as limits differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Chemistry {
    /// Lithium iron phosphate.
    Lfp,
    /// Nickel-cobalt based.
    Ternary,
    /// Any other.
    Other,
}

impl Chemistry {
    /// Reads `lfp`, `ternary` or `other`.
    pub(crate) fn named(text: &str) -> Option<Self> {
        match text {
            "lfp" => Some(Self::Lfp),
            "ternary" => Some(Self::Ternary),
            "other" => Some(Self::Other),
            _ => None,
        }
    }

    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lfp => "lfp",
            Self::Ternary => "ternary",
            Self::Other => "other",
        }
    }
}
