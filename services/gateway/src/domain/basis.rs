//! Why something may be shown across the border: grounds of handling, and ways of providing abroad.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A ground of the Personal Information Protection Law, article 13, or a way of its article 38 with the exemptions of CAC
/// Order No. 16 of 2024. Which of them holds is for the caller to know; it is recorded and counted, never decided here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Basis {
    Consent,
    Contract,
    StatutoryDuty,
    Emergency,
    Published,
    OtherLaw,
    SecurityAssessment,
    Certification,
    StandardContract,
    Treaty,
    BelowThreshold,
}

impl Basis {
    pub(crate) const ALL: [Self; 11] = [
        Self::Consent,
        Self::Contract,
        Self::StatutoryDuty,
        Self::Emergency,
        Self::Published,
        Self::OtherLaw,
        Self::SecurityAssessment,
        Self::Certification,
        Self::StandardContract,
        Self::Treaty,
        Self::BelowThreshold,
    ];

    /// As callers say it and as it is stored.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Contract => "contract",
            Self::StatutoryDuty => "statutory_duty",
            Self::Emergency => "emergency",
            Self::Published => "published",
            Self::OtherLaw => "other_law",
            Self::SecurityAssessment => "security_assessment",
            Self::Certification => "certification",
            Self::StandardContract => "standard_contract",
            Self::Treaty => "treaty",
            Self::BelowThreshold => "below_threshold",
        }
    }
}

/// The text is no ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoBasis;

impl FromStr for Basis {
    type Err = NoBasis;

    fn from_str(text: &str) -> Result<Self, NoBasis> {
        let found = Self::ALL.into_iter().find(|basis| basis.name() == text);
        found.ok_or(NoBasis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ground_reads_back_from_its_name_as_it_is_sealed() {
        for basis in Basis::ALL {
            assert_eq!(basis.name().parse(), Ok(basis));
            assert_eq!(serde_json::to_value(basis).unwrap(), basis.name());
        }
        for none in ["", "Contract", "contract ", "because"] {
            assert_eq!(none.parse::<Basis>(), Err(NoBasis), "{none}");
        }
    }
}
