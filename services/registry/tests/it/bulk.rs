//! Many vehicles at once: idempotent, resumable, whole rows only, over the same path as one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_stream::StreamExt;
use tongguan_api::common::v1::{ErrorReason, Problem};
use tongguan_api::registry::v1 as pb;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;
use tonic_types::StatusExt;

use crate::house::{House, car, vin};

on_every_database! { tongguan_registry::migrations();
    a_batch_with_the_same_id_answers_the_same_bytes,
    a_batch_with_the_same_id_and_another_body_is_refused,
    the_first_of_two_equal_vins_in_a_batch_is_stored,
    an_import_of_thousands_stores_each_once_with_its_event,
    a_stream_that_breaks_leaves_complete_rows_and_resumes,
    a_row_that_was_refused_is_refused_again_when_resumed,
    a_message_beyond_the_position_is_refused_with_the_row_to_send,
    an_empty_message_asks_where_the_import_stands,
    an_import_whose_client_vanished_goes_on_from_what_it_saw,
    writers_at_once_are_answered_each_for_itself,
    the_same_key_at_once_registers_once,
    an_import_holds_few_messages_however_many_wait,
    a_client_that_reads_no_answers_is_not_read_from,
}

fn message(id: &str, first_row: u32, rows: std::ops::Range<u32>) -> pb::ImportVehiclesRequest {
    pb::ImportVehiclesRequest {
        import_id: id.into(),
        first_row: u64::from(first_row),
        vehicles: rows.map(|number| car(&vin(number))).collect(),
    }
}

async fn import(
    house: &House,
    messages: Vec<pb::ImportVehiclesRequest>,
) -> Vec<Result<pb::ImportVehiclesResponse, tonic::Status>> {
    let request = house.ask(tokio_stream::iter(messages));
    let answers = house.client.clone().import_vehicles(request).await;
    answers.unwrap().into_inner().collect().await
}

async fn batch(
    house: &House,
    request: pb::BatchRegisterVehiclesRequest,
) -> Result<Vec<pb::RowResult>, tonic::Status> {
    let answer = house
        .client
        .clone()
        .batch_register_vehicles(house.ask(request))
        .await;
    answer.map(|answer| answer.into_inner().results)
}

fn reasons(results: &[pb::RowResult]) -> Vec<Option<ErrorReason>> {
    let reason = |row: &pb::RowResult| row.problem.as_ref().map(Problem::reason);
    results.iter().map(reason).collect()
}

async fn a_batch_with_the_same_id_answers_the_same_bytes(db: Database) {
    let house = House::over(db).await;
    house.register(&vin(1)).await;
    let mut three_wheeler = car(&vin(2));
    three_wheeler.vehicle_type = "N11".into();
    let request = pb::BatchRegisterVehiclesRequest {
        request_id: "b-1".into(),
        vehicles: vec![car(&vin(1)), three_wheeler, car("short"), car(&vin(3))],
    };
    let first = batch(&house, request.clone()).await.unwrap();
    assert_eq!(
        reasons(&first),
        [
            Some(ErrorReason::VinTaken),
            Some(ErrorReason::NotAUsedCar),
            Some(ErrorReason::InvalidFields),
            None
        ]
    );
    house.clock.advance(time::Duration::hours(1));
    assert_eq!(batch(&house, request).await.unwrap(), first);
    assert_eq!(house.kinds(&vin(3)).await, ["REGISTERED"]);
}

async fn a_batch_with_the_same_id_and_another_body_is_refused(db: Database) {
    let house = House::over(db).await;
    let request = |number| pb::BatchRegisterVehiclesRequest {
        request_id: "b-1".into(),
        vehicles: vec![car(&vin(number))],
    };
    batch(&house, request(1)).await.unwrap();
    let refused = batch(&house, request(2)).await.unwrap_err();
    let reason = refused.get_details_error_info().unwrap().reason;
    assert_eq!(reason, "IDEMPOTENCY_KEY_REUSED");
}

async fn the_first_of_two_equal_vins_in_a_batch_is_stored(db: Database) {
    let house = House::over(db).await;
    let request = pb::BatchRegisterVehiclesRequest {
        vehicles: vec![car(&vin(1)), car(&vin(2)), car(&vin(1))],
        ..Default::default()
    };
    let results = batch(&house, request).await.unwrap();
    assert_eq!(reasons(&results), [None, None, Some(ErrorReason::VinTaken)]);
}

async fn an_import_of_thousands_stores_each_once_with_its_event(db: Database) {
    let house = House::over(db).await;
    let messages = (0..6).map(|part| message("big", part * 500, part * 500..part * 500 + 500));
    let answers = import(&house, messages.collect()).await;
    let stored: u64 = answers
        .iter()
        .map(|answer| answer.as_ref().unwrap().stored)
        .sum();
    assert_eq!(stored, 3_000);
    let positions: Vec<u64> = answers
        .iter()
        .map(|a| a.as_ref().unwrap().next_row)
        .collect();
    assert_eq!(positions, [500, 1_000, 1_500, 2_000, 2_500, 3_000]);
    let watch = pb::WatchVehiclesRequest::default();
    let watched = house.client.clone().watch_vehicles(house.ask(watch)).await;
    let events: Vec<pb::VehicleEvent> = watched
        .unwrap()
        .into_inner()
        .take(3_000)
        .map(Result::unwrap)
        .collect()
        .await;
    let vins: std::collections::BTreeSet<&str> = events.iter().map(|e| e.vin.as_str()).collect();
    assert_eq!(vins.len(), 3_000);
    assert!(events.iter().all(|event| event.kind == "REGISTERED"));
    let change: serde_json::Value = serde_json::from_str(&events[0].change_json).unwrap();
    assert_eq!(change["vin"], events[0].vin.as_str());
}

async fn a_stream_that_breaks_leaves_complete_rows_and_resumes(db: Database) {
    let house = House::over(db).await;
    // The second message is beyond the limit: the stream ends there, with the first stored whole.
    let answers = import(
        &house,
        vec![message("q", 0, 0..10), message("q", 10, 10..600)],
    )
    .await;
    assert_eq!(answers[0].as_ref().unwrap().stored, 10);
    assert_eq!(
        answers[1].as_ref().unwrap_err().code(),
        Code::InvalidArgument
    );
    assert_eq!(answers.len(), 2);
    let resumed = import(&house, vec![message("q", 0, 0..20)]).await;
    let answer = resumed[0].as_ref().unwrap();
    assert_eq!((answer.stored, answer.next_row), (10, 20));
    assert!(answer.results.iter().all(|row| row.already_stored));
    assert_eq!(answer.results.len(), 10);
    assert_eq!(house.kinds(&vin(3)).await, ["REGISTERED"]);
}

async fn a_row_that_was_refused_is_refused_again_when_resumed(db: Database) {
    let house = House::over(db).await;
    let mut taken = car(&vin(1));
    taken.brand = "别的".into();
    house.register(&vin(1)).await;
    let request = pb::ImportVehiclesRequest {
        vehicles: vec![taken, car("short"), car(&vin(2))],
        ..message("r", 0, 0..0)
    };
    for stored in [1, 0] {
        let answers = import(&house, vec![request.clone()]).await;
        let answer = answers[0].as_ref().unwrap();
        assert_eq!(answer.stored, stored);
        let told = reasons(&answer.results);
        assert_eq!(
            &told[..2],
            [
                Some(ErrorReason::VinTaken),
                Some(ErrorReason::InvalidFields)
            ]
        );
    }
    // Another content under a row that was stored is not passed off as stored.
    let mut other = request;
    other.vehicles[2].brand = "别的".into();
    let answers = import(&house, vec![other]).await;
    let told = reasons(&answers[0].as_ref().unwrap().results);
    assert_eq!(told[2], Some(ErrorReason::VinTaken));
}

async fn a_message_beyond_the_position_is_refused_with_the_row_to_send(db: Database) {
    let house = House::over(db).await;
    let answers = import(&house, vec![message("g", 0, 0..5), message("g", 6, 6..8)]).await;
    let refused = answers[1].as_ref().unwrap_err();
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.metadata["next_row"].as_str()),
        ("IMPORT_GAP", "5")
    );
}

async fn an_empty_message_asks_where_the_import_stands(db: Database) {
    let house = House::over(db).await;
    let asked = import(&house, vec![message("e", 0, 0..0)]).await;
    assert_eq!(asked[0].as_ref().unwrap().next_row, 0);
    import(&house, vec![message("e", 0, 0..7)]).await;
    let asked = import(&house, vec![message("e", 0, 0..0)]).await;
    let answer = asked[0].as_ref().unwrap();
    assert_eq!((answer.next_row, answer.stored), (7, 0));
}

async fn an_import_whose_client_vanished_goes_on_from_what_it_saw(db: Database) {
    let house = House::over(db).await;
    let part = |from: u32| message("v", from, from..from + 10);
    let half = tokio_stream::iter((0..30).map(move |number| part(number * 10)))
        .chain(futures::stream::pending());
    let answers = house.client.clone().import_vehicles(house.ask(half)).await;
    let mut answers = answers.unwrap().into_inner();
    let mut seen = 0;
    for _ in 0..5 {
        seen = answers.next().await.unwrap().unwrap().next_row;
    }
    drop(answers);
    let asked = import(&house, vec![message("v", 0, 0..0)]).await;
    let position = asked[0].as_ref().unwrap().next_row;
    assert!((seen..=300).contains(&position), "{seen} then {position}");
    let rest = (seen as u32..600).step_by(10).map(part).collect();
    let answers = import(&house, rest).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let stored: u64 = answers.iter().map(|answer| answer.stored).sum();
    let known: usize = answers.iter().map(|answer| answer.results.len()).sum();
    assert_eq!(stored + known as u64, 600 - seen);
    let told = answers.iter().flat_map(|answer| &answer.results);
    assert!(told.clone().all(|row| row.already_stored));
    let list = pb::ListVehiclesRequest {
        page_size: 1_000,
        ..Default::default()
    };
    let listed = house.client.clone().list_vehicles(house.ask(list)).await;
    assert_eq!(listed.unwrap().into_inner().vehicles.len(), 600);
}

async fn writers_at_once_are_answered_each_for_itself(db: Database) {
    let house = House::over(db).await;
    house.register(&vin(0)).await;
    let writes = (0..60_u32).map(|number| {
        let mut client = house.client.clone();
        let request = pb::RegisterVehicleRequest {
            // Every third VIN is that of the vehicle before.
            vehicle: Some(car(&vin(number / 3 * 3))),
            request_id: format!("w-{number}"),
            ..Default::default()
        };
        let request = house.ask(request);
        async move { client.register_vehicle(request).await }
    });
    let answers = futures::future::join_all(writes).await;
    let stored = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(stored, 19, "one of three, and none of the first three");
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(refused.code(), Code::AlreadyExists);
    }
}

async fn the_same_key_at_once_registers_once(db: Database) {
    let house = House::over(db).await;
    let writes = (0..20).map(|_| {
        let mut client = house.client.clone();
        let request = house.ask(pb::RegisterVehicleRequest {
            vehicle: Some(car(&vin(1))),
            request_id: "once".into(),
            ..Default::default()
        });
        async move { client.register_vehicle(request).await.unwrap().into_inner() }
    });
    let answers = futures::future::join_all(writes).await;
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(house.kinds(&vin(1)).await, ["REGISTERED"]);
}

/// Messages that the registry holds at most, in work (16) and answered but not read (64), with what the way between
/// holds, which is bounded by bytes: memory does not grow with the import.
const HELD: usize = 128;
/// Rows of such a message, about four kilobytes.
const PART: u32 = 20;

/// So many messages, each counted when the registry takes it.
fn counted(
    id: &'static str,
    messages: u32,
    taken: &Arc<AtomicUsize>,
) -> impl futures::Stream<Item = pb::ImportVehiclesRequest> + use<> {
    let taken = taken.clone();
    futures::stream::iter((0..messages).map(move |number| {
        taken.fetch_add(1, Ordering::SeqCst);
        message(id, PART * number, PART * number..PART * (number + 1))
    }))
}

async fn an_import_holds_few_messages_however_many_wait(db: Database) {
    let house = House::over(db).await;
    let taken = Arc::new(AtomicUsize::new(0));
    let request = house.ask(counted("m", 300, &taken));
    let answers = house.client.clone().import_vehicles(request).await;
    let mut answers = answers.unwrap().into_inner();
    let (mut answered, mut most) = (0, 0);
    while let Some(answer) = answers.next().await {
        answer.unwrap();
        answered += 1;
        most = most.max(taken.load(Ordering::SeqCst) - answered);
    }
    assert_eq!((answered, taken.load(Ordering::SeqCst)), (300, 300));
    assert!(most <= HELD, "{most} messages were held at once");
    assert!(most > 1, "messages are taken while others are committed");
}

async fn a_client_that_reads_no_answers_is_not_read_from(db: Database) {
    let house = House::over(db).await;
    let taken = Arc::new(AtomicUsize::new(0));
    let request = house.ask(counted("s", 10_000, &taken));
    let answers = house.client.clone().import_vehicles(request).await;
    let silent = answers.unwrap().into_inner();
    // Another import that is as long as what may be held goes by meanwhile: time enough for the first to take all.
    for number in 0..HELD as u32 {
        let part = message("o", number, 500_000 + number..500_001 + number);
        import(&house, vec![part]).await.remove(0).unwrap();
    }
    let held = taken.load(Ordering::SeqCst);
    assert!(
        held <= HELD,
        "{held} messages were taken and none of their answers read"
    );
    drop(silent);
}
