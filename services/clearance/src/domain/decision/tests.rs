//! Which verdicts lead to which outcome.

use super::*;
use crate::domain::evidence::{
    InspectionEvidence, MarketVerdict, NeededDocument, Notice, VehicleEvidence,
};

fn verdict(market: &str, outcome: &str) -> MarketVerdict {
    MarketVerdict {
        market: market.into(),
        outcome: outcome.into(),
        ..MarketVerdict::default()
    }
}

fn reason(verdict: &str, effect: &str) -> RuleReason {
    RuleReason {
        rule: "R-1".into(),
        verdict: verdict.into(),
        effect: effect.into(),
        decisive: true,
        ..RuleReason::default()
    }
}

fn ruled(china: MarketVerdict, market: MarketVerdict) -> Ruling {
    let gathered = Gathered {
        vehicle: Some(VehicleEvidence::default()),
        inspection: Some(InspectionEvidence::default()),
        maintenance: None,
    };
    let judgement = Judgement::Verdicts(vec![china, market]);
    rule(&Input {
        gathered: &gathered,
        reconciliation: &Reconciliation::default(),
        judgement: &judgement,
    })
}

#[test]
fn the_worse_of_both_packs_decides() {
    use Outcome::{NeedsInformation, Ready, Refused};
    let words = ["PERMITTED", "CONDITIONAL", "UNDETERMINED", "PROHIBITED", ""];
    let expected = [Ready, Ready, NeedsInformation, Refused, NeedsInformation];
    for (china, at_home) in words.iter().zip(expected) {
        for (market, abroad) in words.iter().zip(expected) {
            let worse = if [at_home, abroad].contains(&Refused) {
                Refused
            } else if [at_home, abroad].contains(&NeedsInformation) {
                NeedsInformation
            } else {
                Ready
            };
            assert_eq!(
                ruled(verdict(CHINA, china), verdict("KZ", market)).outcome,
                worse,
                "{china} / {market}"
            );
        }
    }
}

#[test]
fn a_document_that_is_due_before_the_licence_blocks_and_a_later_one_is_told() {
    let with = |market: &str, when: &str| {
        let document = NeededDocument {
            code: "some-paper".into(),
            when: when.into(),
            who: "importer".into(),
            rules: vec!["R-1".into()],
        };
        let needs = RuleReason {
            missing_documents: vec!["some-paper".into()],
            ..reason("VIOLATED", "REQUIRE")
        };
        MarketVerdict {
            missing_documents: vec![document],
            reasons: vec![needs],
            ..verdict(market, "CONDITIONAL")
        }
    };
    let now = ruled(with(CHINA, "before_licence"), verdict("KZ", "PERMITTED"));
    assert_eq!(now.outcome, Outcome::NeedsInformation);
    assert!(now.missing_documents[0].blocks);
    let later = ruled(verdict(CHINA, "PERMITTED"), with("KZ", "before_clearance"));
    assert_eq!(later.outcome, Outcome::Ready);
    assert!(!later.missing_documents[0].blocks);
    assert_eq!(later.reasons[0].weight, Weight::Tells);
}

#[test]
fn an_unknown_requirement_of_china_is_not_met_and_one_of_a_market_may_come_later() {
    let with = |market: &str| MarketVerdict {
        reasons: vec![reason("UNKNOWN", "REQUIRE")],
        ..verdict(market, "CONDITIONAL")
    };
    assert_eq!(
        ruled(with(CHINA), verdict("KZ", "PERMITTED")).outcome,
        Outcome::NeedsInformation
    );
    assert_eq!(
        ruled(verdict(CHINA, "PERMITTED"), with("KZ")).outcome,
        Outcome::Ready
    );
}

#[test]
fn the_last_day_to_ship_is_the_markets_and_never_the_last_day_to_apply() {
    let until = |market: &str, day: Option<Date>| MarketVerdict {
        ship_by: day,
        ..verdict(market, "PERMITTED")
    };
    let (may, june) = (
        time::macros::date!(2026 - 05 - 01),
        time::macros::date!(2026 - 06 - 01),
    );
    let both = ruled(until(CHINA, Some(may)), until("KZ", Some(june)));
    assert_eq!(both.ship_by, Some(june));
    let china_alone = ruled(until(CHINA, Some(may)), until("KZ", None));
    assert_eq!(china_alone.ship_by, None);
}

#[test]
fn a_hard_notice_of_the_registry_asks_and_an_advisory_one_is_told() {
    let weigh = |hard: bool| {
        let notice = Notice {
            code: "VIN_CHECK_DIGIT_WRONG".into(),
            hard,
            message: "position 9 should be 0".into(),
        };
        let gathered = Gathered {
            vehicle: Some(VehicleEvidence {
                notices: vec![notice],
                ..VehicleEvidence::default()
            }),
            ..Gathered::default()
        };
        let judgement = Judgement::Verdicts(vec![
            verdict(CHINA, "PERMITTED"),
            verdict("KZ", "PERMITTED"),
        ]);
        let ruling = rule(&Input {
            gathered: &gathered,
            reconciliation: &Reconciliation::default(),
            judgement: &judgement,
        });
        let code = "REGISTRY-VIN-CHECK-DIGIT-WRONG";
        ruling
            .reasons
            .into_iter()
            .find(|reason| reason.rule.rule == code)
            .unwrap()
            .weight
    };
    assert_eq!(weigh(true), Weight::Asks);
    assert_eq!(weigh(false), Weight::Tells);
}

#[test]
fn facts_that_were_refused_ask_and_name_the_facts() {
    let judgement = Judgement::Refused {
        code: "MARKET_UNKNOWN".into(),
        message: "no pack for XX".into(),
        fields: vec!["trip.x: no such fact".into()],
    };
    let gathered = Gathered::default();
    let ruling = rule(&Input {
        gathered: &gathered,
        reconciliation: &Reconciliation::default(),
        judgement: &judgement,
    });
    assert_eq!(ruling.outcome, Outcome::NeedsInformation);
    let codes: Vec<&str> = ruling
        .reasons
        .iter()
        .map(|reason| reason.rule.rule.as_str())
        .collect();
    assert_eq!(
        codes,
        ["REGISTRY-NO-VEHICLE", "INSPECTION-NONE", "MARKET_UNKNOWN"]
    );
    assert_eq!(ruling.reasons[2].rule.facts, ["trip.x: no such fact"]);
}

#[test]
fn the_same_inputs_give_the_same_ruling() {
    let one = || ruled(verdict(CHINA, "UNDETERMINED"), verdict("KZ", "PROHIBITED"));
    assert_eq!(one(), one());
}
