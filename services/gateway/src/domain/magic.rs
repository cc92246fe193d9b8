//! VINs of the sandbox: each forces what integrators must be able to meet before they write real code.

use tongguan_vocabulary::{Tenant, Vin};

use super::{Outcome, Source};

/// A VIN that forces something. Its check digit is right; the maker `000` does not exist, since no country
/// is coded 0 (ISO 3780).
#[derive(Debug)]
pub(crate) struct Magic {
    pub(crate) vin: &'static str,
    pub(crate) forces: &'static str,
    pub(crate) description: &'static str,
    /// Who does not answer.
    down: &'static [Source],
    /// Who answers that it knows nothing.
    blank: &'static [Source],
    /// What the check as a whole comes to.
    instead: Option<Instead>,
}

/// What a check comes to in place of what it would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instead {
    /// Every market has this outcome.
    Outcome(Outcome),
    /// It takes two fifths of the time it has before it begins.
    Slow,
    /// It is refused as if the quota were used up.
    QuotaExceeded,
    /// It is refused as if a service on which everything depends were away.
    Unavailable,
    /// Nothing: it is the clearance that forces the state of a case.
    Case,
}

/// A VIN that forces no source, but the whole.
const fn whole(
    vin: &'static str,
    forces: &'static str,
    description: &'static str,
    instead: Instead,
) -> Magic {
    Magic {
        vin,
        forces,
        description,
        down: &[],
        blank: &[],
        instead: Some(instead),
    }
}

/// All of them.
pub(crate) const MAGIC: [Magic; 17] = [
    Magic {
        vin: "000SANDB8R0000001",
        forces: "REGISTRY_DOWN",
        description: "Readiness checks are answered as if the vehicle registry could not be reached.",
        down: &[Source::Registry],
        blank: &[],
        instead: None,
    },
    Magic {
        vin: "000SANDBXR0000002",
        forces: "INSPECTION_DOWN",
        description: "Readiness checks are answered as if the inspection intake could not be reached.",
        down: &[Source::Inspection],
        blank: &[],
        instead: None,
    },
    Magic {
        vin: "000SANDB1R0000003",
        forces: "MAINTENANCE_UPSTREAM_DOWN",
        description: "Readiness checks with a consent are answered as if the maintenance records could not be reached.",
        down: &[Source::Maintenance],
        blank: &[],
        instead: None,
    },
    Magic {
        vin: "000SANDB3R0000004",
        forces: "RULES_DOWN",
        description: "Readiness checks are answered as if the destination rules could not be reached: every market is undetermined.",
        down: &[Source::Destinations],
        blank: &[],
        instead: None,
    },
    Magic {
        vin: "000SANDB5R0000005",
        forces: "EVERYTHING_DOWN",
        description: "Readiness checks are answered as if nobody could be reached: nothing is known and nothing decided.",
        down: &[
            Source::Registry,
            Source::Inspection,
            Source::Maintenance,
            Source::Destinations,
        ],
        blank: &[],
        instead: None,
    },
    Magic {
        vin: "000SANDB7R0000006",
        forces: "NO_RECORD",
        description: "Readiness checks are answered as if nobody had ever heard of the vehicle; the rules judge the listing alone.",
        down: &[],
        blank: &[Source::Registry, Source::Inspection, Source::Maintenance],
        instead: None,
    },
    whole(
        "000SANDB9R0000007",
        "OUTCOME_PERMITTED",
        "Every market's outcome is PERMITTED; the verdicts beside it stay the rules' own.",
        Instead::Outcome(Outcome::Permitted),
    ),
    whole(
        "000SANDB0R0000008",
        "OUTCOME_CONDITIONAL",
        "Every market's outcome is CONDITIONAL; the verdicts beside it stay the rules' own.",
        Instead::Outcome(Outcome::Conditional),
    ),
    whole(
        "000SANDB2R0000009",
        "OUTCOME_PROHIBITED",
        "Every market's outcome is PROHIBITED; the verdicts beside it stay the rules' own.",
        Instead::Outcome(Outcome::Prohibited),
    ),
    whole(
        "000SANDB9R0000010",
        "OUTCOME_UNDETERMINED",
        "Every market's outcome is UNDETERMINED; the verdicts beside it stay the rules' own.",
        Instead::Outcome(Outcome::Undetermined),
    ),
    whole(
        "000SANDB0R0000011",
        "SLOW",
        "A readiness check takes two fifths of the time it was given before it begins.",
        Instead::Slow,
    ),
    whole(
        "000SANDB2R0000012",
        "ERROR_QUOTA_EXCEEDED",
        "A readiness check is refused with RESOURCE_EXHAUSTED and a second to wait.",
        Instead::QuotaExceeded,
    ),
    whole(
        "000SANDB4R0000013",
        "ERROR_PEER_UNAVAILABLE",
        "A readiness check is refused with UNAVAILABLE and a second to wait.",
        Instead::Unavailable,
    ),
    whole(
        "000SANDB6R0000014",
        "CASE_PARKED",
        "A case of this VIN is PARKED once it is submitted, as if the registry were away, and parked again at each attempt.",
        Instead::Case,
    ),
    whole(
        "000SANDB8R0000015",
        "CASE_NEEDS_INFORMATION",
        "A case of this VIN is NEEDS_INFORMATION once it is submitted, whatever its papers say.",
        Instead::Case,
    ),
    whole(
        "000SANDBXR0000016",
        "CASE_READY",
        "A case of this VIN is READY once it is submitted: licence, certificate, reservation, exit and deregistration follow by their calls.",
        Instead::Case,
    ),
    whole(
        "000SANDB1R0000017",
        "CASE_REFUSED",
        "A case of this VIN is REFUSED once it is submitted, whatever the rules say.",
        Instead::Case,
    ),
];

/// What a source does where it is forced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forced {
    Down,
    Blank,
}

/// What the VIN forces a source to do; nothing outside of sandboxes.
pub(crate) fn forced(tenant: &Tenant, vin: Option<Vin>, source: Source) -> Option<Forced> {
    let vin = vin.filter(|_| tenant.is_sandbox())?;
    let magic = MAGIC.iter().find(|magic| magic.vin == vin.as_str())?;
    if magic.down.contains(&source) {
        Some(Forced::Down)
    } else {
        magic.blank.contains(&source).then_some(Forced::Blank)
    }
}

/// What a check of this VIN comes to in place of what it would; nothing outside of sandboxes.
pub(crate) fn instead(tenant: &Tenant, vin: Option<Vin>) -> Option<Instead> {
    let vin = vin.filter(|_| tenant.is_sandbox())?;
    let magic = MAGIC.iter().find(|magic| magic.vin == vin.as_str())?;
    magic.instead
}

#[cfg(test)]
mod tests {
    use super::*;
    use tongguan_vocabulary::CheckDigit;

    #[test]
    fn every_magic_vin_is_a_vin_with_its_check_digit_and_forces_something_in_sandboxes_only() {
        let (sandbox, real) = ("sandbox-a".parse().unwrap(), "acme".parse().unwrap());
        for magic in &MAGIC {
            let vin: Vin = magic.vin.parse().unwrap();
            assert_eq!(vin.check_digit(), CheckDigit::Matches, "{vin}");
            let sources = [
                Source::Registry,
                Source::Inspection,
                Source::Maintenance,
                Source::Destinations,
            ];
            let any = |tenant| {
                sources
                    .into_iter()
                    .any(|one| forced(tenant, Some(vin), one).is_some())
                    || instead(tenant, Some(vin)).is_some()
            };
            assert!(any(&sandbox) && !any(&real), "{vin}");
        }
    }
}
