//! Durable lookups: parked, resumed after a restart, shared, cancelled, erased, and never seen by others.

use time::Duration;
use tongguan_api::common::v1::operation::State;
use tongguan_api::maintenance::v1 as pb;
use tongguan_api::maintenance::v1::Outcome;
use tongguan_maintenance::migrations;
use tongguan_maintenance::simulator::Mood;
use tongguan_storage::Database;
use tonic::Code;

use crate::stage::{Stage, VIN, ask, known, ordinary, plain, refused};

tongguan_testkit::on_every_database! { tongguan_maintenance::migrations();
    a_durable_lookup_waits_for_a_source_and_survives_a_restart,
    a_lookup_is_the_same_for_the_same_vehicle_purpose_and_consent,
    a_cancelled_lookup_stays_cancelled,
    purged_means_gone,
    one_tenant_does_not_see_the_lookups_of_another,
}

async fn a_durable_lookup_waits_for_a_source_and_survives_a_restart(database: Database) {
    let mut simulated = known(&[ordinary(VIN)]);
    simulated.moods.insert("zhejiang".to_owned(), Mood::Down);
    let stage = Stage::new(database, simulated, plain).await;
    let operation = stage.start("r1", ask(VIN, "zhejiang")).await;
    let parked = stage.until(&operation.result, State::Parked).await;
    let problem = parked.operation.unwrap().error.unwrap();
    assert_eq!(
        problem.reason(),
        tongguan_api::common::v1::ErrorReason::SourcesDown
    );
    assert_eq!(parked.history.unwrap().outcome(), Outcome::UpstreamDown);

    stage.tasks.stop().await;
    let simulator = Stage::new(
        tongguan_testkit::databases::sqlite(&migrations()).await,
        known(&[ordinary(VIN)]),
        plain,
    )
    .await;
    let mut again = stage;
    again.config.sources.clone_from(&simulator.config.sources);
    let again = again.restarted().await;
    again.world.clock.advance(Duration::hours(2));
    let done = again.until(&operation.result, State::Succeeded).await;
    let history = done.history.unwrap();
    assert_eq!(history.outcome(), Outcome::Found);
    assert_eq!(history.records.len(), 4);
    let tenant = "acme".parse().unwrap();
    let events = tongguan_storage::outbox::after(&again.database, &tenant, "lookups", 0, 10)
        .await
        .unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["STARTED", "PARKED", "SUCCEEDED"]);
    again.tasks.stop().await;
    simulator.tasks.stop().await;
}

async fn a_lookup_is_the_same_for_the_same_vehicle_purpose_and_consent(database: Database) {
    let stage = Stage::new(database, known(&[ordinary(VIN)]), plain).await;
    let first = stage.start("r1", ask(VIN, "zhejiang")).await;
    let second = stage.start("r2", ask(VIN, "zhejiang")).await;
    assert_eq!(first.name, second.name);
    let mut other = ask(VIN, "zhejiang");
    other.purpose = pb::Purpose::Sale.into();
    assert_ne!(stage.start("r3", other.clone()).await.name, first.name);
    let message = pb::StartLookupRequest {
        request_id: "r1".to_owned(),
        lookup: Some(other),
        deadline: None,
    };
    let status = stage
        .client
        .clone()
        .start_lookup(stage.sign(message, "maintenance.write"))
        .await
        .unwrap_err();
    refused(&status, Code::InvalidArgument, "IDEMPOTENCY_KEY_REUSED");
    stage.tasks.stop().await;
}

async fn a_cancelled_lookup_stays_cancelled(database: Database) {
    let mut simulated = known(&[ordinary(VIN)]);
    simulated.moods.insert("zhejiang".to_owned(), Mood::Quota);
    let stage = Stage::new(database, simulated, plain).await;
    let operation = stage.start("r1", ask(VIN, "zhejiang")).await;
    stage.until(&operation.result, State::Parked).await;
    let cancel = || {
        let message = pb::CancelLookupRequest {
            lookup: operation.name.clone(),
            request_id: String::new(),
        };
        let request = stage.sign(message, "maintenance.write");
        let mut client = stage.client.clone();
        async move { client.cancel_lookup(request).await }
    };
    assert_eq!(
        cancel().await.unwrap().into_inner().state(),
        State::Cancelled
    );
    stage.mood("zhejiang", Mood::Well).await;
    stage.world.clock.advance(Duration::hours(2));
    assert_eq!(
        cancel().await.unwrap().into_inner().state(),
        State::Cancelled,
        "twice is the same"
    );

    let done = stage.start("r2", ask(VIN, "hunan")).await;
    stage.until(&done.result, State::Succeeded).await;
    let message = pb::CancelLookupRequest {
        lookup: done.result,
        request_id: String::new(),
    };
    let status = stage
        .client
        .clone()
        .cancel_lookup(stage.sign(message, "maintenance.write"))
        .await
        .unwrap_err();
    refused(&status, Code::FailedPrecondition, "OPERATION_DONE");
    stage.tasks.stop().await;
}

async fn purged_means_gone(database: Database) {
    let stage = Stage::new(database, known(&[ordinary(VIN)]), plain).await;
    let operation = stage.start("r1", ask(VIN, "zhejiang")).await;
    stage.until(&operation.result, State::Succeeded).await;
    let purge = pb::PurgeHistoryRequest {
        request_id: "p1".to_owned(),
        vin: VIN.to_owned(),
        consent: String::new(),
        reason: "consent revoked".to_owned(),
    };
    let purged = |scope: &'static str| {
        let request = stage.sign(purge.clone(), scope);
        let mut client = stage.client.clone();
        async move { client.purge_history(request).await }
    };
    refused(
        &purged("maintenance.write").await.unwrap_err(),
        Code::PermissionDenied,
        "SCOPE_MISSING",
    );
    let told = purged("maintenance.purge").await.unwrap().into_inner();
    assert_eq!((told.answers, told.lookups), (1, 1));
    assert_eq!(
        purged("maintenance.purge").await.unwrap().into_inner(),
        told,
        "the same key answers the same"
    );
    let message = pb::GetLookupRequest {
        lookup: operation.result,
    };
    let status = stage
        .client
        .clone()
        .get_lookup(stage.sign(message, "maintenance.read"))
        .await
        .unwrap_err();
    refused(&status, Code::NotFound, "NOT_FOUND");
    stage.mood("zhejiang", Mood::Down).await;
    assert_eq!(
        stage.look_up(ask(VIN, "zhejiang")).await.unwrap().outcome(),
        Outcome::UpstreamDown
    );
    stage.tasks.stop().await;
}

async fn one_tenant_does_not_see_the_lookups_of_another(database: Database) {
    let stage = Stage::new(database, known(&[ordinary(VIN)]), plain).await;
    let operation = stage.start("r1", ask(VIN, "zhejiang")).await;
    stage.until(&operation.result, State::Succeeded).await;
    let message = pb::GetLookupRequest {
        lookup: operation.result,
    };
    let status = stage
        .client
        .clone()
        .get_lookup(stage.sign_as(message, "maintenance.read", "rival"))
        .await
        .unwrap_err();
    refused(&status, Code::NotFound, "NOT_FOUND");
    // Nor do cached answers cross: the rival's question is asked anew.
    let request = stage.sign_as(ask(VIN, "zhejiang"), "maintenance.read", "rival");
    let history = stage
        .client
        .clone()
        .lookup_history(request)
        .await
        .unwrap()
        .into_inner();
    assert!(!history.cached);
    assert_eq!(stage.calls("zhejiang").await, 2);
    stage.tasks.stop().await;
}
