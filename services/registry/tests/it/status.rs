//! Police status letters, all at once, and the prohibited situations they and the burdens show together.

use tongguan_api::registry::v1 as pb;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic_types::StatusExt;

use crate::house::{House, date};

const VIN: &str = "LSVWY4180KN246094";

on_every_database! { tongguan_registry::migrations();
    every_letter_at_once_shows_every_situation_a_letter_can_show,
    burdens_and_letters_are_reported_together_and_lifted_apart,
    letters_that_are_none_are_each_named,
}

async fn record(house: &House, letters: &[&str]) -> Result<pb::Vehicle, tonic::Status> {
    let request = pb::RecordStatusRequest {
        vin: VIN.into(),
        letters: letters.iter().map(|letter| (*letter).to_owned()).collect(),
        ..Default::default()
    };
    let answer = house.client.clone().record_status(house.ask(request)).await;
    answer.map(tonic::Response::into_inner)
}

fn situations(vehicle: &pb::Vehicle) -> Vec<(u32, &str, &str)> {
    let seen = vehicle.prohibitions.iter();
    seen.map(|one| (one.number, one.code.as_str(), one.fact.as_str()))
        .collect()
}

/// Situations 5 to 8 and 10 of section 六 have no letter: they are seen in papers, in the inspection and by a person.
const BY_LETTER: [(u32, &str, &str); 9] = [
    (1, "SCRAP_OR_WITHIN_1Y", "police status M"),
    (1, "SCRAP_OR_WITHIN_1Y", "police status P"),
    (2, "MORTGAGE_PLEDGE_CUSTOMS_SUPERVISION", "police status H"),
    (3, "SEALED_OR_SEIZED", "police status K"),
    (3, "SEALED_OR_SEIZED", "police status L"),
    (4, "OBTAINED_BY_CRIME", "police status C"),
    (9, "OPEN_VIOLATION_OR_ACCIDENT", "police status G"),
    (9, "OPEN_VIOLATION_OR_ACCIDENT", "police status I"),
    (9, "OPEN_VIOLATION_OR_ACCIDENT", "police status N"),
];

async fn every_letter_at_once_shows_every_situation_a_letter_can_show(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    // All but A, which means that there is none.
    let all = [
        "B", "C", "D", "E", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q",
    ];
    let vehicle = record(&house, &all).await.unwrap();
    assert_eq!(vehicle.status_letters, all);
    assert_eq!(situations(&vehicle), BY_LETTER);
    // The next reading replaces the last: what it does not show any more is over.
    let vehicle = record(&house, &["A"]).await.unwrap();
    assert_eq!(situations(&vehicle), []);
}

async fn burdens_and_letters_are_reported_together_and_lifted_apart(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let mut ids = Vec::new();
    for (place, kind) in [
        pb::encumbrance::Kind::Mortgage,
        pb::encumbrance::Kind::Pledge,
        pb::encumbrance::Kind::CustomsSupervision,
        pb::encumbrance::Kind::Seizure,
    ]
    .into_iter()
    .enumerate()
    {
        let request = pb::RecordEncumbranceRequest {
            request_id: format!("e-{place}"),
            vin: VIN.into(),
            encumbrance: Some(pb::Encumbrance {
                kind: kind.into(),
                legal_basis: format!("DY-{place}"),
                since: Some(date(2024, 1, 0)),
                ..Default::default()
            }),
        };
        let burdened = house
            .client
            .clone()
            .record_encumbrance(house.ask(request))
            .await;
        ids = burdened.unwrap().into_inner().encumbrances;
    }
    let vehicle = record(&house, &["H", "K", "C"]).await.unwrap();
    let numbers: Vec<u32> = vehicle.prohibitions.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [2, 2, 2, 2, 3, 3, 4]);
    for place in 0..4 {
        let basis = format!("DY-{place}");
        assert!(
            vehicle
                .prohibitions
                .iter()
                .any(|one| one.fact.contains(&basis)),
            "{basis}"
        );
    }
    for burden in ids {
        let lift = pb::LiftEncumbranceRequest {
            vin: VIN.into(),
            encumbrance: burden.id,
            date: Some(date(2026, 3, 1)),
            ..Default::default()
        };
        house
            .client
            .clone()
            .lift_encumbrance(house.ask(lift))
            .await
            .unwrap();
    }
    let request = pb::GetVehicleRequest {
        vin: VIN.into(),
        as_of: None,
    };
    let lifted = house
        .client
        .clone()
        .get_vehicle(house.ask(request))
        .await
        .unwrap()
        .into_inner();
    let numbers: Vec<u32> = lifted.prohibitions.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [2, 3, 4], "the letters stay");
}

async fn letters_that_are_none_are_each_named(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let refused = record(&house, &["C", "F", "c", "CC", ""])
        .await
        .unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations.len(), 4, "{violations:?}");
}
