//! Lists: each filter alone and together with others, pages that stay stable while vehicles are written, batch limits.

use std::collections::BTreeSet;

use tongguan_api::common::v1 as common;
use tongguan_api::registry::v1 as pb;
use tongguan_storage::{Database, On};
use tongguan_testkit::on_every_database;
use tonic::Code;
use tonic_types::StatusExt;

use crate::house::{House, car, date, transfer, vin};

on_every_database! { tongguan_registry::migrations();
    each_filter_alone_and_with_others_finds_what_it_says,
    a_partial_date_is_found_in_every_range_it_can_lie_in,
    pages_under_a_filter_hold_each_vehicle_once_while_others_are_written,
    a_token_of_another_filter_is_refused,
    exact_finds_use_their_index,
    a_batch_takes_a_thousand_and_refuses_one_more_as_a_whole,
}

const EXPORTER: &str = "91310000MA1FL0AB1X";

/// Twelve vehicles: odd ones are vans, every third is annotated for export, each registered in a month of its own.
async fn fleet(house: &House) {
    for number in 1..=12 {
        let vehicle = pb::VehicleDetails {
            category: if number % 2 == 1 {
                common::VehicleCategory::N1.into()
            } else {
                common::VehicleCategory::M1.into()
            },
            first_registered: Some(date(2020, number as i32, 10)),
            manufactured: None,
            plate: format!("沪A{number:05}"),
            ..car(&vin(number))
        };
        let request = pb::RegisterVehicleRequest {
            vehicle: Some(vehicle),
            ..Default::default()
        };
        house.register_as(request).await;
        if number % 3 == 0 {
            let mut pending = transfer(&vin(number));
            pending.request_id = format!("t-{number}");
            let pending = house.ask(pending);
            house
                .client
                .clone()
                .record_transfer_pending_export(pending)
                .await
                .unwrap();
        }
    }
    let gone = pb::DeregisterVehicleRequest {
        vin: vin(12),
        date: Some(date(2026, 3, 1)),
        reason: "EXPORTED".into(),
        document: "注销 1".into(),
        ..Default::default()
    };
    house
        .client
        .clone()
        .deregister_vehicle(house.ask(gone))
        .await
        .unwrap();
}

async fn page(house: &House, request: pb::ListVehiclesRequest) -> pb::ListVehiclesResponse {
    let answer = house.client.clone().list_vehicles(house.ask(request)).await;
    answer.unwrap().into_inner()
}

fn vins(answer: &pb::ListVehiclesResponse) -> BTreeSet<String> {
    let details = answer
        .vehicles
        .iter()
        .filter_map(|vehicle| vehicle.details.as_ref());
    details.map(|details| details.vin.clone()).collect()
}

fn numbers(of: &[u32]) -> BTreeSet<String> {
    of.iter().map(|number| vin(*number)).collect()
}

async fn each_filter_alone_and_with_others_finds_what_it_says(db: Database) {
    let house = House::over(db).await;
    fleet(&house).await;
    let any = pb::ListVehiclesRequest::default;
    let pending = pb::vehicle::State::TransferPendingExport;
    let cases: Vec<(pb::ListVehiclesRequest, &[u32])> = vec![
        (
            pb::ListVehiclesRequest {
                plate: "沪A00004".into(),
                ..any()
            },
            &[4],
        ),
        // Exact: no prefix, no plate that was handed in.
        (
            pb::ListVehiclesRequest {
                plate: "沪A0000".into(),
                ..any()
            },
            &[],
        ),
        (
            pb::ListVehiclesRequest {
                plate: "沪A00003".into(),
                ..any()
            },
            &[],
        ),
        (
            pb::ListVehiclesRequest {
                exporter: EXPORTER.into(),
                ..any()
            },
            &[3, 6, 9, 12],
        ),
        (
            pb::ListVehiclesRequest {
                exporter: "91310000MA1FL0AB1Y".into(),
                ..any()
            },
            &[],
        ),
        (
            pb::ListVehiclesRequest {
                category: common::VehicleCategory::N1.into(),
                ..any()
            },
            &[1, 3, 5, 7, 9, 11],
        ),
        (
            pb::ListVehiclesRequest {
                state: pending.into(),
                ..any()
            },
            &[3, 6, 9],
        ),
        (
            pb::ListVehiclesRequest {
                state: pb::vehicle::State::Deregistered.into(),
                ..any()
            },
            &[12],
        ),
        (
            pb::ListVehiclesRequest {
                state: pb::vehicle::State::Registered.into(),
                ..any()
            },
            &[1, 2, 4, 5, 7, 8, 10, 11],
        ),
        (
            pb::ListVehiclesRequest {
                registered_from: Some(date(2020, 9, 10)),
                ..any()
            },
            &[9, 10, 11, 12],
        ),
        (
            pb::ListVehiclesRequest {
                registered_from: Some(date(2020, 9, 11)),
                ..any()
            },
            &[10, 11, 12],
        ),
        (
            pb::ListVehiclesRequest {
                registered_until: Some(date(2020, 3, 9)),
                ..any()
            },
            &[1, 2],
        ),
        (
            pb::ListVehiclesRequest {
                registered_from: Some(date(2020, 4, 0)),
                registered_until: Some(date(2020, 6, 0)),
                ..any()
            },
            &[4, 5, 6],
        ),
        (
            pb::ListVehiclesRequest {
                exporter: EXPORTER.into(),
                category: common::VehicleCategory::N1.into(),
                state: pending.into(),
                registered_from: Some(date(2020, 4, 0)),
                registered_until: Some(date(2020, 12, 31)),
                ..any()
            },
            &[9],
        ),
        (
            pb::ListVehiclesRequest {
                plate: "沪A00004".into(),
                category: common::VehicleCategory::N1.into(),
                ..any()
            },
            &[],
        ),
    ];
    for (request, expected) in cases {
        let found = page(&house, request.clone()).await;
        assert_eq!(vins(&found), numbers(expected), "{request:?}");
        let theirs = house
            .client
            .clone()
            .list_vehicles(house.ask_as("rival", request))
            .await;
        assert!(theirs.unwrap().into_inner().vehicles.is_empty());
    }
}

async fn a_partial_date_is_found_in_every_range_it_can_lie_in(db: Database) {
    let house = House::over(db).await;
    let days = [
        (1, date(2020, 5, 0)),
        (2, date(2020, 0, 0)),
        (3, date(2020, 5, 20)),
    ];
    for (number, day) in days {
        let request = pb::RegisterVehicleRequest {
            vehicle: Some(pb::VehicleDetails {
                first_registered: Some(day),
                manufactured: None,
                ..car(&vin(number))
            }),
            ..Default::default()
        };
        house.register_as(request).await;
    }
    let within = async |from, until| {
        let request = pb::ListVehiclesRequest {
            registered_from: from,
            registered_until: until,
            ..Default::default()
        };
        vins(&page(&house, request).await)
    };
    let day = |month, day| Some(date(2020, month, day));
    assert_eq!(within(day(5, 10), None).await, numbers(&[1, 2, 3]));
    assert_eq!(within(day(5, 25), None).await, numbers(&[1, 2]));
    assert_eq!(within(day(6, 1), None).await, numbers(&[2]));
    assert_eq!(within(None, day(5, 10)).await, numbers(&[1, 2]));
    assert_eq!(within(None, day(4, 30)).await, numbers(&[2]));
    assert_eq!(within(day(5, 15), day(5, 20)).await, numbers(&[1, 2, 3]));
    assert_eq!(within(None, Some(date(2019, 12, 31))).await, numbers(&[]));
}

async fn pages_under_a_filter_hold_each_vehicle_once_while_others_are_written(db: Database) {
    let house = House::over(db).await;
    for number in (2..=40).step_by(2) {
        house.register(&vin(number)).await;
    }
    let (mut seen, mut token, mut written) = (Vec::new(), String::new(), 1);
    loop {
        let request = pb::ListVehiclesRequest {
            category: common::VehicleCategory::M1.into(),
            page_size: 3,
            page_token: token,
            ..Default::default()
        };
        let answer = page(&house, request).await;
        seen.extend(
            answer
                .vehicles
                .iter()
                .filter_map(|one| one.details.as_ref())
                .map(|one| one.vin.clone()),
        );
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
        // Others arrive before and behind where the list stands; one that was seen changes.
        for number in [written, 41 + written] {
            house.register(&vin(number)).await;
        }
        let status = pb::RecordStatusRequest {
            vin: seen[0].clone(),
            letters: vec!["G".into()],
            ..Default::default()
        };
        house
            .client
            .clone()
            .record_status(house.ask(status))
            .await
            .unwrap();
        written += 2;
        assert!(written < 100, "the list ends");
    }
    let set: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(set.len(), seen.len(), "none twice");
    for number in (2..=40).step_by(2) {
        assert!(
            set.contains(&vin(number)),
            "{number} was there all the time"
        );
    }
}

async fn a_token_of_another_filter_is_refused(db: Database) {
    let house = House::over(db).await;
    fleet(&house).await;
    let request = pb::ListVehiclesRequest {
        page_size: 2,
        exporter: EXPORTER.into(),
        ..Default::default()
    };
    let token = page(&house, request.clone()).await.next_page_token;
    assert!(!token.is_empty());
    let other = pb::ListVehiclesRequest {
        exporter: String::new(),
        page_token: token,
        ..request
    };
    let refused = house
        .client
        .clone()
        .list_vehicles(house.ask(other))
        .await
        .unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "PAGE_TOKEN_INVALID"
    );
}

/// The plans are SQLite's: PostgreSQL chooses by the size of the table.
async fn exact_finds_use_their_index(db: Database) {
    let house = House::over(db.clone()).await;
    house.register(&vin(1)).await;
    let On::Sqlite(pool) = &db else { return };
    let plan = async |sql: &'static str| {
        let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
        rows.into_iter()
            .map(|row| row.3)
            .collect::<Vec<_>>()
            .join("; ")
    };
    let by_plate = plan(
        "explain query plan select snapshot from vehicles where tenant_id = 'acme' and vin > '' and plate = 'x' \
         and plate <> '' order by vin limit 2",
    )
    .await;
    assert!(by_plate.contains("vehicles_by_plate"), "{by_plate}");
    let by_engine = plan(
        "explain query plan select living_engine, vin from vehicles where tenant_id = 'acme' and living_engine <> '' \
         and living_engine in ('x', 'y')",
    )
    .await;
    assert!(by_engine.contains("vehicles_by_engine"), "{by_engine}");
}

async fn a_batch_takes_a_thousand_and_refuses_one_more_as_a_whole(db: Database) {
    let house = House::over(db).await;
    let batch = |count: u32| {
        let request = pb::BatchRegisterVehiclesRequest {
            vehicles: (1..=count).map(|number| car(&vin(number))).collect(),
            ..Default::default()
        };
        let request = house.ask(request);
        let mut client = house.client.clone();
        async move { client.batch_register_vehicles(request).await }
    };
    let refused = batch(1_001).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "vehicles");
    let all = pb::ListVehiclesRequest {
        page_size: 1_000,
        ..Default::default()
    };
    assert!(
        page(&house, all.clone()).await.vehicles.is_empty(),
        "none of them is stored"
    );
    let results = batch(1_000).await.unwrap().into_inner().results;
    assert!(results.len() == 1_000 && results.iter().all(|row| row.problem.is_none()));
    assert_eq!(page(&house, all).await.vehicles.len(), 1_000);
    let none = batch(0).await.unwrap_err();
    assert_eq!(none.code(), Code::InvalidArgument);
}
