//! Random walks over the chart and the certificate's life: no order of events breaks an invariant.

use proptest::prelude::*;
use time::macros::{date, datetime};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::case::{Case, Declared, Exporter, ExporterKind, Licence, Parked, Trip};
use super::certificate::{Life, Reservation};
use super::chart::{Event, State};
use super::decision::{Decision, Outcome};
use super::exit::{Exit, deregister_by};
use super::reconcile::Reconciliation;

const NOW: OffsetDateTime = datetime!(2026-03-02 04:00 UTC);

fn case() -> Case {
    let exporter = Exporter {
        code: "91310000MA1FL0AB1X".into(),
        name: "某某".into(),
        kind: ExporterKind::Trading,
        filing_valid_until: None,
    };
    Case::open(
        Uuid::nil(),
        "LSVWY4180KN246094".parse().unwrap(),
        "KZ".parse().unwrap(),
        exporter,
        Trip::default(),
        Declared::new(),
        NOW,
    )
}

fn decision(outcome: Outcome) -> Decision {
    Decision {
        id: Uuid::nil(),
        outcome,
        reasons: Vec::new(),
        missing_facts: Vec::new(),
        missing_documents: Vec::new(),
        ship_by: None,
        packs: Vec::new(),
        engine: String::new(),
        evidence: Vec::new(),
        facts: super::evidence::FactMap::new(),
        inputs_sha256: String::new(),
        decided_by: "engine".into(),
        officer_reason: String::new(),
        decided_at: NOW,
        by_override: false,
        market_verdict: String::new(),
        china_verdict: String::new(),
        reconciliation: Reconciliation::default(),
        simulated: true,
    }
}

/// What the service does with an event besides the step itself.
fn apply(case: &mut Case, event: Event) -> bool {
    let gone = matches!(event, Event::Release | Event::Suspend | Event::Invalidate);
    if event == Event::Exit && !case.consumed || gone && case.consumed {
        return false;
    }
    if case.take(event).is_err() {
        return false;
    }
    match event {
        Event::Park => {
            case.parked = Some(Parked {
                peer: "registry".into(),
                message: String::new(),
                attempts: 1,
                retry_at: NOW,
            });
        }
        Event::DecidedReady | Event::OfficerReady | Event::OverriddenReady => {
            case.decision = Some(decision(Outcome::Ready));
        }
        Event::DecidedRefused | Event::OfficerRefused | Event::OverriddenRefused => {
            case.decision = Some(decision(Outcome::Refused));
        }
        Event::DecidedNeedsInformation => case.decision = Some(decision(Outcome::NeedsInformation)),
        Event::LicenceRecorded => {
            case.licence = Some(Licence {
                number: "1".into(),
                valid_until: date!(2026 - 09 - 02),
                simulated: true,
            });
        }
        Event::Certified | Event::Amend => case.certificate = Some(Uuid::from_u128(7)),
        Event::Exit => {
            let day = date!(2026 - 03 - 10);
            case.exit = Some(Exit {
                date: day,
                declaration: "D".into(),
                port: String::new(),
            });
            case.deregister_by = Some(deregister_by(day));
        }
        _ => {}
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_order_of_events_breaks_an_invariant(events in prop::collection::vec(prop::sample::select(Event::ALL), 0..60)) {
        let mut case = case();
        for event in events {
            let before = case.clone();
            if !apply(&mut case, event) {
                prop_assert_eq!(&case, &before, "a refused event changes nothing");
                continue;
            }
            prop_assert!(!before.state.is_terminal(), "nothing leaves {}", before.state);
            prop_assert_eq!(case.broken_invariants(), Vec::<&str>::new(), "{} from {}", event, before.state);
            if case.state.is_certified_or_further() {
                prop_assert!(case.licence.is_some());
            }
        }
    }

    #[test]
    fn a_certificate_is_used_at_most_once(steps in prop::collection::vec((0_u8..8, 0_u128..3, 0_i64..40), 0..40)) {
        let expires = NOW + Duration::days(1);
        let (mut life, mut now, mut used, mut revoked) = (Life::Live, NOW, 0, false);
        for (step, id, hours) in steps {
            now += Duration::hours(hours);
            life = life.at(now, expires);
            let id = Uuid::from_u128(id);
            let next = match step {
                0 => life.reserve(Reservation { id, holder: "c".into(), movement: "m".into(), until: now + Duration::hours(5), since: now }),
                1 => life.consume(id, now),
                2 => life.release(id),
                3 => life.revoke("why", now),
                4 => life.supersede(id),
                5 => life.suspend("why", now),
                6 => life.reinstate(),
                _ => Ok(life.clone()),
            };
            let Ok(next) = next else { continue };
            used += u8::from(matches!(next, Life::Used { .. }) && !matches!(life, Life::Used { .. }));
            prop_assert!(!revoked || matches!(next, Life::Revoked { .. }), "revoked is never valid again");
            revoked |= matches!(next, Life::Revoked { .. });
            life = next;
            prop_assert!(used <= 1);
        }
    }
}

#[test]
fn the_good_way_ends_deregistered() {
    let mut case = case();
    let way = [
        Event::Submit,
        Event::GatherStarted,
        Event::Park,
        Event::Resume,
        Event::DecidedReady,
        Event::LicenceRecorded,
        Event::Certified,
        Event::Reserve,
        Event::Consume,
        Event::Exit,
        Event::Deregister,
    ];
    for event in way {
        assert!(apply(&mut case, event), "{event} from {}", case.state);
    }
    assert_eq!(case.state, State::Deregistered);
}
