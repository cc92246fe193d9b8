//! The event log: fed without gaps or repeats, chained, masked, and watched as it grows.

use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use tongguan_api::clearance::v1 as clearance;
use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::events_client::EventsClient;
use tongguan_api::registry::v1 as registry;
use tongguan_rpc::{Channel, Tasks};
use tongguan_storage::Database;
use tongguan_vocabulary::Tenant;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::fakes::{Fake, Fakes, House, VIN, house_on};

tongguan_testkit::on_every_database! {
    tongguan_gateway::migrations();
    the_log_takes_both_streams_over_once_and_chains_them,
    a_feed_goes_on_after_a_restart_and_repeats_are_left_out,
    a_reader_without_the_registry_scope_sees_no_vin,
    a_watch_goes_on_as_events_come_and_keeps_to_its_kinds,
    each_tenant_has_its_own_events_and_no_others,
    a_bad_question_is_told_every_wrong_field,
}

/// The fixed noon of every house, in seconds since 1970.
pub(crate) const NOON: i64 = 1_772_424_000;

/// What the fake streams have told so far; a token is the number of events before it.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<(Vec<clearance::CaseEvent>, Vec<registry::VehicleEvent>)>>);

impl Told {
    pub(crate) fn case(&self, kind: &str) {
        self.case_at(kind, NOON);
    }

    /// The same, recorded at so many seconds since 1970.
    pub(crate) fn case_at(&self, kind: &str, seconds: i64) {
        let cases = &mut self.0.lock().unwrap().0;
        let n = cases.len() as u64 + 1;
        cases.push(clearance::CaseEvent {
            case_id: "018e-case".into(),
            version: n,
            kind: kind.into(),
            actor: "zhang.san".into(),
            reason: "a person's words".into(),
            record_time: Some(pbjson_types::Timestamp {
                seconds,
                nanos: 120_000,
            }),
            resume_token: n.to_string(),
            ..Default::default()
        });
    }

    pub(crate) fn vehicle(&self, kind: &str) {
        let vehicles = &mut self.0.lock().unwrap().1;
        let n = vehicles.len() as u64 + 1;
        vehicles.push(registry::VehicleEvent {
            vin: VIN.into(),
            version: n,
            kind: kind.into(),
            actor: "li.si".into(),
            change_json: r#"{"owner":"wang.wu"}"#.into(),
            record_time: Some(pbjson_types::Timestamp {
                seconds: NOON,
                nanos: 0,
            }),
            resume_token: n.to_string(),
            ..Default::default()
        });
    }

    /// What a tenant may hear: acme all that was told, any other one case of its own.
    fn of(&self, tenant: &Tenant) -> Self {
        if tenant.as_str() == "acme" {
            return self.clone();
        }
        let own = Self::default();
        own.case("OPENED");
        own
    }

    /// Peers whose streams tell each tenant its own, after the token and at most `batch` at once, and end.
    pub(crate) fn fakes(&self, batch: usize) -> Fakes {
        let (cases, vehicles) = (self.clone(), self.clone());
        let place = |token: &str| token.parse::<usize>().unwrap_or(0);
        Fakes {
            clearance: Fake::default().streams_on(
                "WatchCases",
                move |tenant, request: clearance::WatchCasesRequest| {
                    let told = cases.of(tenant);
                    let told = told.0.lock().unwrap();
                    let rest = told.0.iter().skip(place(&request.resume_token));
                    rest.take(batch).cloned().collect()
                },
            ),
            registry: Fake::default().streams_on(
                "WatchVehicles",
                move |tenant, request: registry::WatchVehiclesRequest| {
                    let told = vehicles.of(tenant);
                    let told = told.0.lock().unwrap();
                    let rest = told.1.iter().skip(place(&request.resume_token));
                    rest.take(batch).cloned().collect()
                },
            ),
            ..Fakes::default()
        }
    }
}

pub(crate) fn client(house: &House) -> EventsClient<Channel> {
    EventsClient::new(house.gateway.clone())
}

pub(crate) fn with_token<M>(token: &str, message: M) -> tonic::Request<M> {
    let mut request = tonic::Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", token.parse().unwrap());
    request
}

fn scoped<M>(house: &House, scopes: &[&str], message: M) -> tonic::Request<M> {
    with_token(&house.token(scopes), message)
}

pub(crate) async fn list(house: &House, token: &str, after: u64) -> pb::ListEventsResponse {
    let request = pb::ListEventsRequest {
        after,
        ..Default::default()
    };
    client(house)
        .list_events(with_token(token, request))
        .await
        .unwrap()
        .into_inner()
}

/// Asks until acme's log has so many events.
pub(crate) async fn grown(house: &House, count: usize) -> Vec<pb::Event> {
    grown_for(
        house,
        &house.token(&["gateway.read", "registry.read"]),
        count,
    )
    .await
}

async fn grown_for(house: &House, token: &str, count: usize) -> Vec<pb::Event> {
    loop {
        let page = list(house, token, 0).await;
        if page.events.len() >= count {
            return page.events;
        }
        tokio::task::yield_now().await;
    }
}

/// The hash as the contract describes it, computed from what a reader was given.
pub(crate) fn recomputed(event: &pb::Event) -> String {
    let json = serde_json::to_value(event).unwrap();
    let mut fields: Vec<String> = json["data"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| match value.as_f64() {
            Some(number) => format!("{name:?}:{number}"),
            None => format!("{name:?}:{value}"),
        })
        .collect();
    fields.sort();
    let text = format!(
        "{}\n{}\n{}\n{}\n{}\n{}\n{{{}}}\n",
        event.previous_sha256,
        event.sequence,
        event.id,
        event.kind,
        event.subject,
        json["recordTime"].as_str().unwrap().replace("+00:00", "Z"),
        fields.join(",")
    );
    let hash = digest(&SHA256, text.as_bytes());
    let digits = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<Vec<_>>().concat()
}

async fn the_log_takes_both_streams_over_once_and_chains_them(database: Database) {
    let told = Told::default();
    for kind in ["OPENED", "SUBMITTED", "DECIDED"] {
        told.case(kind);
        told.vehicle(kind);
    }
    let house = house_on(told.fakes(2), database, &Tasks::new()).await;
    let events = grown(&house, 6).await;
    assert_eq!(events.len(), 6);
    let mut previous = "0".repeat(64);
    for (n, event) in events.iter().enumerate() {
        assert_eq!(event.sequence, n as u64 + 1);
        assert_eq!(event.previous_sha256, previous);
        assert_eq!(recomputed(event), event.sha256, "{event:?}");
        previous.clone_from(&event.sha256);
    }
    let kinds = |prefix: &str| -> Vec<&str> {
        let kinds = events.iter().map(|event| event.kind.as_str());
        kinds.filter(|kind| kind.starts_with(prefix)).collect()
    };
    assert_eq!(
        kinds("case."),
        ["case.opened", "case.submitted", "case.decided"]
    );
    assert_eq!(kinds("vehicle.").len(), 3);
    let text = serde_json::to_string(&events).unwrap();
    for personal in ["zhang.san", "li.si", "wang.wu", "a person's words"] {
        assert!(!text.contains(personal), "{personal} is in {text}");
    }
    let rest = list(&house, &house.token(&["gateway.read"]), 4).await;
    assert_eq!(
        (rest.events.len(), rest.next_after, rest.more),
        (2, 6, false)
    );
}

async fn a_feed_goes_on_after_a_restart_and_repeats_are_left_out(database: Database) {
    let told = Told::default();
    told.case("OPENED");
    let tasks = Tasks::new();
    let before = house_on(told.fakes(9), database.clone(), &tasks).await;
    let first = grown(&before, 1).await;
    tasks.stop().await;
    told.case("SUBMITTED");
    // A stream that forgot its tokens tells everything again.
    let again = told.clone();
    let fakes = Fakes {
        clearance: Fake::default()
            .streams_on("WatchCases", move |_, _: clearance::WatchCasesRequest| {
                again.0.lock().unwrap().0.clone()
            }),
        ..told.fakes(9)
    };
    let after = house_on(fakes, database, &Tasks::new()).await;
    let events = grown(&after, 2).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0], first[0], "the first event stayed as it was");
    assert_eq!(events[1].previous_sha256, events[0].sha256);
}

async fn a_reader_without_the_registry_scope_sees_no_vin(database: Database) {
    let told = Told::default();
    told.vehicle("REGISTERED");
    let house = house_on(told.fakes(9), database, &Tasks::new()).await;
    let full = grown(&house, 1).await;
    assert_eq!(full[0].subject, format!("vehicles/{VIN}"));
    let masked = list(&house, &house.token(&["gateway.read"]), 0).await;
    assert!(!format!("{masked:?}").contains(VIN));
    assert_eq!(masked.events[0].sha256, full[0].sha256);
}

async fn a_watch_goes_on_as_events_come_and_keeps_to_its_kinds(database: Database) {
    let told = Told::default();
    told.case("OPENED");
    told.vehicle("REGISTERED");
    let house = house_on(told.fakes(9), database, &Tasks::new()).await;
    let request = pb::WatchEventsRequest {
        after: 0,
        kind_prefix: "case.".into(),
    };
    let mut events = client(&house)
        .watch_events(scoped(&house, &["gateway.read"], request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(events.message().await.unwrap().unwrap().kind, "case.opened");
    told.vehicle("TRANSFERRED");
    told.case("SUBMITTED");
    assert_eq!(
        events.message().await.unwrap().unwrap().kind,
        "case.submitted"
    );
}

async fn a_bad_question_is_told_every_wrong_field(database: Database) {
    let house = house_on(Fakes::default(), database, &Tasks::new()).await;
    let bad = pb::ListEventsRequest {
        page_size: -1,
        kind_prefix: "x".repeat(101),
        ..Default::default()
    };
    let status = client(&house)
        .list_events(scoped(&house, &["gateway.read"], bad))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations.len(), 2);
}

async fn each_tenant_has_its_own_events_and_no_others(database: Database) {
    let told = Told::default();
    told.case("OPENED");
    told.case("SUBMITTED");
    told.vehicle("REGISTERED");
    let house = house_on(told.fakes(9), database.clone(), &Tasks::new()).await;
    let acmes = grown(&house, 3).await;
    let grant = tongguan_access::Grant::new("other".parse().unwrap(), "eve").scope("gateway.read");
    let token = format!("Bearer {}", house.access.mint(&grant));
    let others = grown_for(&house, &token, 1).await;
    assert_eq!(
        others.len(),
        1,
        "the other tenant's own case and nothing else"
    );
    let beginning = "0".repeat(64);
    assert_eq!(others[0].previous_sha256, beginning);
    assert_eq!(grown(&house, 3).await, acmes, "and acme's log is as it was");
}
