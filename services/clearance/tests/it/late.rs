//! What peers tell after the decision: a case is opened again, a certificate is suspended and set free.

use tokio_stream::StreamExt as _;
use tongguan_api::clearance::v1 as pb;
use tongguan_api::destinations::v1::{Effect, Outcome, RuleVerdict};
use tongguan_api::registry::v1 as registry;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;

use crate::house::{CUSTOMS, House, OFFICER, VIN};
use crate::peers::{permits, says};

on_every_database! { tongguan_clearance::migrations();
    a_stolen_flag_opens_a_ready_case_again_by_an_event,
    a_stolen_flag_suspends_a_certificate_until_it_is_lifted,
    a_withdrawn_inspection_suspends_and_only_an_officer_sets_free,
    an_officer_who_looked_can_revoke_for_ever,
    a_suspension_ends_a_hold_of_customs,
    a_body_suspended_touches_every_case,
    a_new_pack_opens_a_case_again_and_one_that_agrees_is_pinned,
    events_told_while_the_service_was_away_are_taken_up_once,
    an_outage_of_the_peer_is_no_verdict,
    an_event_without_consequence_changes_nothing,
}

fn stolen() -> Vec<registry::Prohibition> {
    vec![registry::Prohibition {
        number: 4,
        code: "OBTAINED_BY_CRIME".into(),
        fact: "police status C".into(),
    }]
}

impl House {
    /// The registry says something about the vehicle, and tells.
    fn registry_says(&self, prohibitions: Vec<registry::Prohibition>) {
        let mut script = self.stage.script();
        script.vehicle.as_mut().unwrap().prohibitions = prohibitions;
        script.vehicle_events.push(VIN.into());
    }

    /// Waits for the first event of a kind.
    pub(crate) async fn told(&self, case_id: &str, kind: &str) -> pb::CaseEvent {
        let mut events = self.events(case_id).await;
        let found = async {
            loop {
                let event = events.next().await.unwrap().unwrap();
                if event.kind == kind {
                    return event;
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_mins(1), found)
            .await
            .unwrap()
    }

    async fn verdict(&self, certificate_id: &str) -> pb::Verdict {
        let certificate = self.certificate(certificate_id).await;
        self.verify(&certificate.qr_text).await.verdict()
    }

    async fn settle(&self, case_id: &str, outcome: pb::decision::Outcome) -> pb::Case {
        let decide = pb::DecideCaseRequest {
            case_id: case_id.into(),
            request_id: "settle".into(),
            outcome: outcome.into(),
            reason: "looked at the file and the vehicle".into(),
        };
        let decided = self
            .client
            .clone()
            .decide_case(self.ask(OFFICER, decide.clone()))
            .await;
        let decided = decided.unwrap().into_inner();
        let again = self
            .client
            .clone()
            .decide_case(self.ask(OFFICER, decide))
            .await;
        assert_eq!(again.unwrap().into_inner(), decided);
        decided
    }
}

async fn a_stolen_flag_opens_a_ready_case_again_by_an_event(db: Database) {
    let house = House::over(db).await;
    let case_id = house.ready().await;
    house.registry_says(stolen());
    let case = house.until(&case_id, pb::CaseState::NeedsInformation).await;
    assert!(case.suspended_because.contains("police status C"));
    house.registry_says(Vec::new());
    house.submit(&case_id).await;
    let case = house.until(&case_id, pb::CaseState::Ready).await;
    assert_eq!(case.suspended_because, "");
}

async fn a_stolen_flag_suspends_a_certificate_until_it_is_lifted(db: Database) {
    let house = House::over(db).await;
    let (case_id, id) = house.certified().await;
    house.registry_says(stolen());
    let told = house.told(&case_id, "CERTIFICATE_SUSPENDED").await;
    assert_eq!(told.certificate_id, id);
    assert_eq!(house.verdict(&id).await, pb::Verdict::Revoked);
    let certificate = house.certificate(&id).await;
    assert_eq!(certificate.state(), pb::certificate::State::Suspended);
    let refused = house.reserve(&id, "D-1").await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let case = house.get(&case_id).await;
    assert_eq!(case.state(), pb::CaseState::Certified);
    assert!(case.suspended_because.contains("police status C"));

    house.registry_says(Vec::new());
    let told = house.told(&case_id, "CERTIFICATE_REINSTATED").await;
    assert_eq!(told.certificate_id, id);
    assert_eq!(house.verdict(&id).await, pb::Verdict::Valid);
    assert_eq!(house.get(&case_id).await.suspended_because, "");
    house.reserve(&id, "D-1").await.unwrap();
}

async fn a_withdrawn_inspection_suspends_and_only_an_officer_sets_free(db: Database) {
    let house = House::over(db).await;
    let (case_id, id) = house.certified().await;
    {
        let mut script = house.stage.script();
        script.inspection = None;
        script.inspection_events.push(VIN.into());
    }
    house.told(&case_id, "CERTIFICATE_SUSPENDED").await;
    let case = house.settle(&case_id, pb::decision::Outcome::Ready).await;
    assert_eq!(
        (case.state(), case.suspended_because.as_str()),
        (pb::CaseState::Certified, "")
    );
    // The same thing told once more is what the officer accepted: the certificate stays free.
    house.registry_says(Vec::new());
    house.told(&case_id, "CERTIFICATE_REINSTATED").await;
    assert_eq!(house.verdict(&id).await, pb::Verdict::Valid);
    house.registry_says(stolen());
    house
        .until_events(&case_id, "CERTIFICATE_SUSPENDED", 2)
        .await;
}

async fn an_officer_who_looked_can_revoke_for_ever(db: Database) {
    let house = House::over(db).await;
    let (case_id, id) = house.certified().await;
    house.registry_says(stolen());
    house.told(&case_id, "CERTIFICATE_SUSPENDED").await;
    let case = house.settle(&case_id, pb::decision::Outcome::Refused).await;
    assert_eq!(case.state(), pb::CaseState::Invalidated);
    let told = house.told(&case_id, "INVALIDATED").await;
    assert_eq!(told.certificate_id, id, "the holder is told which");
    house.registry_says(Vec::new());
    assert_eq!(house.verdict(&id).await, pb::Verdict::Revoked);
}

async fn a_suspension_ends_a_hold_of_customs(db: Database) {
    let house = House::over(db).await;
    let (case_id, id) = house.certified().await;
    let held = house.reserve(&id, "D-1").await.unwrap();
    house.registry_says(stolen());
    house.told(&case_id, "CERTIFICATE_SUSPENDED").await;
    let consume = pb::ConsumeCertificateRequest {
        certificate_id: id.clone(),
        reservation_id: held.reservation_id,
        ..Default::default()
    };
    let refused = house
        .client
        .clone()
        .consume_certificate(house.ask(CUSTOMS, consume))
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::FailedPrecondition);
    assert_eq!(house.get(&case_id).await.state(), pb::CaseState::Certified);
}

async fn a_body_suspended_touches_every_case(db: Database) {
    let house = House::over(db).await;
    let (case_id, _) = house.certified().await;
    {
        let mut script = house.stage.script();
        script.inspection.as_mut().unwrap().under_review = true;
        script.inspection_events.push(String::new());
    }
    let told = house.told(&case_id, "CERTIFICATE_SUSPENDED").await;
    assert!(told.reason.contains("under review"), "{}", told.reason);
}

async fn a_new_pack_opens_a_case_again_and_one_that_agrees_is_pinned(db: Database) {
    let house = House::over(db).await;
    let case_id = house.ready().await;
    let mut newer = permits("KZ");
    let pack = newer.pack.as_mut().unwrap();
    pack.version = "2026.12.1".into();
    pack.digest = "ef".repeat(32);
    house.stage.script().verdicts[1] = newer;
    house.told(&case_id, "DECIDED_AGAIN").await;
    let case = house.get(&case_id).await;
    let decision = case.decision.unwrap();
    assert_eq!(decision.packs[1].version, "2026.12.1");
    assert_eq!(case.state, i32::from(pb::CaseState::Ready));

    let mut bars = says(
        "KZ",
        Outcome::Prohibited,
        "KZ-AGE-9",
        RuleVerdict::Violated,
        Effect::Prohibit,
    );
    let pack = bars.pack.as_mut().unwrap();
    pack.version = "2026.12.2".into();
    pack.digest = "01".repeat(32);
    house.stage.script().verdicts[1] = bars;
    let case = house.until(&case_id, pb::CaseState::NeedsInformation).await;
    assert!(case.suspended_because.contains("KZ-AGE-9"));
}

async fn events_told_while_the_service_was_away_are_taken_up_once(db: Database) {
    let house = House::over(db.clone()).await;
    let case_id = house.ready().await;
    house.registry_says(Vec::new());
    let first = house.tokens_reach("vehicles", 1).await;
    let house = {
        let stage = house.stage.clone();
        let next = house.again(db).await;
        let mut script = stage.script();
        script.vehicle.as_mut().unwrap().prohibitions = stolen();
        script.vehicle_events.push(VIN.into());
        drop(script);
        next
    };
    let case = house.until(&case_id, pb::CaseState::NeedsInformation).await;
    let count = |kind: &str, events: &[pb::CaseEvent]| {
        events.iter().filter(|event| event.kind == kind).count()
    };
    house.tokens_reach("vehicles", 2).await;
    let events = house.events_until(&case_id, case.version).await;
    assert_eq!(count("EVIDENCE_CHANGED", &events), 1);
    let script = house.stage.script();
    let after_restart = script.watched.iter().skip(first);
    let begun: Vec<&str> = after_restart
        .filter(|(feed, _)| *feed == "vehicles")
        .map(|(_, token)| token.as_str())
        .collect();
    assert!(
        begun.iter().all(|token| matches!(*token, "1" | "2")),
        "a stream goes on from its last event: {begun:?}"
    );
}

async fn an_outage_of_the_peer_is_no_verdict(db: Database) {
    let house = House::over(db).await;
    let (case_id, id) = house.certified().await;
    house.stage.registry.fail_next(1, Code::Unavailable);
    house.registry_says(stolen());
    house.tokens_reach("vehicles", 1).await;
    let failed = async {
        while !house.stage.registry.spent() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), failed)
        .await
        .unwrap();
    assert_eq!(
        house.verdict(&id).await,
        pb::Verdict::Valid,
        "nothing is known yet"
    );
    // The case keeps its lease as its pause; then it is looked at again.
    house.clock.advance(time::Duration::seconds(31));
    house.told(&case_id, "CERTIFICATE_SUSPENDED").await;
}

async fn an_event_without_consequence_changes_nothing(db: Database) {
    let house = House::over(db).await;
    let (case_id, _) = house.certified().await;
    let before = house.get(&case_id).await;
    house.registry_says(Vec::new());
    house.tokens_reach("vehicles", 1).await;
    house.registry_says(stolen());
    house.told(&case_id, "CERTIFICATE_SUSPENDED").await;
    let events = house.events_until(&case_id, before.version + 1).await;
    assert_eq!(events.last().unwrap().kind, "CERTIFICATE_SUSPENDED");
}

impl House {
    /// Waits until a follower begins a stream after so many events; answers how many streams were begun.
    async fn tokens_reach(&self, feed: &str, events: usize) -> usize {
        let token = events.to_string();
        let reached = async {
            loop {
                let (begun, there) = {
                    let script = self.stage.script();
                    let mut watched = script.watched.iter();
                    let there = watched.any(|(one, at)| *one == feed && *at == token);
                    (script.watched.len(), there)
                };
                if there {
                    return begun;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_mins(1), reached)
            .await
            .unwrap()
    }

    /// The events of a case up to a version.
    async fn events_until(&self, case_id: &str, version: u64) -> Vec<pb::CaseEvent> {
        let mut stream = self.events(case_id).await;
        let mut events = Vec::new();
        loop {
            let event = stream.next().await.unwrap().unwrap();
            let last = event.version >= version;
            events.push(event);
            if last {
                return events;
            }
        }
    }

    /// Waits for the nth event of a kind.
    async fn until_events(&self, case_id: &str, kind: &str, count: usize) {
        let mut stream = self.events(case_id).await;
        let reached = async {
            let mut seen = 0;
            while seen < count {
                let event = stream.next().await.unwrap().unwrap();
                seen += usize::from(event.kind == kind);
            }
        };
        tokio::time::timeout(std::time::Duration::from_mins(1), reached)
            .await
            .unwrap();
    }
}
