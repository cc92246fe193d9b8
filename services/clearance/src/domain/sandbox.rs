//! VINs that bring a sandbox's case to a state whatever is known of the car; the gateway lists them among its magic VINs.
//!
//! Only what a case waits for, and what it comes to, is forced: every other state follows from a call, or from the sandbox's
//! clock, as it does elsewhere. No other tenant's case is touched, and a forced decision says so in its reasons.

use tongguan_vocabulary::{Tenant, Vin};

use super::decision::{Outcome, Reason, Ruling, Weight};
use super::evidence::RuleReason;

/// What a VIN forces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forced {
    /// The registry is never reached: the case is PARKED, and parked again.
    Parked,
    /// What is decided, whatever the rules and papers say.
    Decided(Outcome),
}

/// The VINs, with right check digits and a maker that does not exist.
pub const VINS: [(&str, Forced); 4] = [
    ("000SANDB6R0000014", Forced::Parked),
    (
        "000SANDB8R0000015",
        Forced::Decided(Outcome::NeedsInformation),
    ),
    ("000SANDBXR0000016", Forced::Decided(Outcome::Ready)),
    ("000SANDB1R0000017", Forced::Decided(Outcome::Refused)),
];

/// What is forced on a case of this tenant; nothing where the tenant is no sandbox.
pub fn forced(tenant: &Tenant, vin: Vin) -> Option<Forced> {
    let found = VINS.iter().find(|(magic, _)| *magic == vin.as_str());
    found
        .filter(|_| tenant.is_sandbox())
        .map(|(_, forced)| *forced)
}

/// The ruling with the forced outcome and its reason before all others.
pub fn ruled(mut ruling: Ruling, outcome: Outcome) -> Ruling {
    let weight = match outcome {
        Outcome::Ready => Weight::Tells,
        Outcome::Refused => Weight::Refuses,
        Outcome::NeedsInformation => Weight::Asks,
    };
    ruling.outcome = outcome;
    ruling.reasons.insert(
        0,
        Reason {
            weight,
            rule: RuleReason {
                rule: "SANDBOX-FORCED".to_owned(),
                verdict: "SATISFIED".to_owned(),
                decisive: true,
                en: "a magic VIN of the sandbox forces this outcome; no rule does".to_owned(),
                zh: "沙箱专用车架号强制得出此结论，并非规则所致".to_owned(),
                confidence: "high".to_owned(),
                ..RuleReason::default()
            },
        },
    );
    ruling
}

#[cfg(test)]
mod tests {
    use tongguan_vocabulary::CheckDigit;

    use super::*;

    #[test]
    fn a_magic_vin_forces_in_sandboxes_only() {
        let (sandbox, real) = ("sandbox-a".parse().unwrap(), "acme".parse().unwrap());
        for (text, expected) in VINS {
            let vin: Vin = text.parse().unwrap();
            assert_eq!(vin.check_digit(), CheckDigit::Matches, "{vin}");
            assert_eq!(forced(&sandbox, vin), Some(expected));
            assert_eq!(forced(&real, vin), None);
        }
        let other = "LSVWY4180KN246094".parse().unwrap();
        assert_eq!(forced(&sandbox, other), None);
    }

    #[test]
    fn a_forced_outcome_is_told_before_every_other_reason() {
        let ruling = Ruling {
            outcome: Outcome::NeedsInformation,
            reasons: Vec::new(),
            missing_facts: Vec::new(),
            missing_documents: Vec::new(),
            ship_by: None,
        };
        let forced = ruled(ruling, Outcome::Refused);
        assert_eq!(forced.outcome, Outcome::Refused);
        assert_eq!(forced.reasons[0].rule.rule, "SANDBOX-FORCED");
        assert_eq!(forced.reasons[0].weight, Weight::Refuses);
    }
}
