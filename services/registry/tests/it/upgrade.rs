//! A database of the first schema: its vehicles and their history are there after the upgrade.

use std::borrow::Cow;

use serde_json::{Value, json};
use sqlx::migrate::Migrator;
use sqlx::types::Json;
use time::{Duration, OffsetDateTime};
use tongguan_api::registry::v1 as pb;
use tongguan_rpc::wire;
use tongguan_storage::{Database, Instant, Migrations, execute, migrate};
use tongguan_testkit::{noon, on_every_database};

use crate::house::{House, car};

const VIN: &str = "LSVWY4180KN246094";

on_every_database! { crate::upgrade::up_to(0);
    vehicles_of_the_first_schema_keep_their_versions,
}

/// The schema up to a migration.
fn up_to(version: i64) -> Migrations {
    let cut = |whole: Migrator| {
        let kept = whole.migrations.iter();
        let kept: Vec<_> = kept.filter(|one| one.version <= version).cloned().collect();
        Migrator {
            migrations: Cow::Owned(kept),
            ..Migrator::DEFAULT
        }
    };
    let all = tongguan_registry::migrations();
    Migrations {
        sqlite: cut(all.sqlite),
        postgres: cut(all.postgres),
    }
}

/// A vehicle as the first schema wrote it: what is absent stands as null or empty.
fn snapshot(version: i64, colour: &str, at: &str) -> Value {
    json!({
        "details": {
            "vin": VIN, "brand": "大众", "model": "SVW71811", "manufacturer": "", "category": "M1", "vehicle_type": "K33",
            "use_nature": "A", "colour": colour, "powertrain": "ICE", "fuel": "", "steering": "", "engine_number": "CLS123456",
            "battery_id": "", "engine_cc": null, "power_kw": null, "gross_mass_kg": null, "curb_mass_kg": null, "seats": null,
            "emission_stage": "", "manufactured": null, "model_year": null, "first_registered": "2019-08-15",
            "imported": false, "modified": false, "certificate_number": "", "plate": "沪A12345",
        },
        "state": "Registered", "transfer": null, "encumbrances": [], "status_letters": [], "status_at": null, "readings": [],
        "deregistered": null, "version": version, "created_at": "2026-03-01T04:00:00Z", "updated_at": at,
    })
}

async fn event(db: &Database, version: i64, kind: &str, snapshot: &Value, at: OffsetDateTime) {
    const INSERT: &str = "insert into vehicle_events (tenant_id, vin, version, kind, actor, reason, document, change, snapshot, recorded_at) \
                          values ('acme', $1, $2, $3, 'tester', '', '', $4, $5, $6)";
    execute!(db, |pool| sqlx::query(INSERT)
        .bind(VIN)
        .bind(version)
        .bind(kind)
        .bind(Json(&snapshot["details"]))
        .bind(Json(snapshot))
        .bind(Instant(at))
        .execute(pool))
    .unwrap();
}

async fn vehicles_of_the_first_schema_keep_their_versions(db: Database) {
    const INSERT: &str = "insert into vehicles (tenant_id, vin, version, state, exporter, category, plate, first_registered) \
                          values ('acme', $1, 2, 'Registered', '', 'M1', '沪A12345', '2019-08-15')";
    migrate(&db, &up_to(101)).await.unwrap();
    let (yesterday, today) = (noon() - Duration::days(1), noon());
    let white = snapshot(1, "A", "2026-03-01T04:00:00Z");
    let black = snapshot(2, "J", "2026-03-02T04:00:00Z");
    event(&db, 1, "REGISTERED", &white, yesterday).await;
    event(&db, 2, "AMENDED", &black, today).await;
    execute!(&db, |pool| sqlx::query(INSERT).bind(VIN).execute(pool)).unwrap();

    migrate(&db, &tongguan_registry::migrations())
        .await
        .unwrap();
    let house = House::over(db).await;
    let colour = async |as_of: Option<OffsetDateTime>| {
        let request = pb::GetVehicleRequest {
            vin: VIN.into(),
            as_of: as_of.map(wire::timestamp),
        };
        let answer = house.client.clone().get_vehicle(house.ask(request)).await;
        answer.unwrap().into_inner().details.unwrap().colour
    };
    assert_eq!(colour(None).await, "J");
    assert_eq!(colour(Some(today - Duration::hours(1))).await, "A");
    let request = pb::ListVehicleEventsRequest {
        vin: VIN.into(),
        ..Default::default()
    };
    let events = house
        .client
        .clone()
        .list_vehicle_events(house.ask(request))
        .await;
    let events = events.unwrap().into_inner().events;
    let told: Vec<_> = events
        .iter()
        .map(|e| (e.version, e.kind.as_str()))
        .collect();
    assert_eq!(told, [(1, "REGISTERED"), (2, "AMENDED")]);
    let by_plate = pb::ListVehiclesRequest {
        plate: "沪A12345".into(),
        ..Default::default()
    };
    let listed = house
        .client
        .clone()
        .list_vehicles(house.ask(by_plate))
        .await;
    assert_eq!(listed.unwrap().into_inner().vehicles.len(), 1);
    let twin = pb::RegisterVehicleRequest {
        vehicle: Some(pb::VehicleDetails {
            engine_number: "CLS123456".into(),
            ..car("LSVWY4188KN246095")
        }),
        ..Default::default()
    };
    let twin = house.client.clone().register_vehicle(house.ask(twin)).await;
    let notices = twin.unwrap().into_inner().notices;
    assert!(
        notices
            .iter()
            .any(|notice| notice.code == "ENGINE_ON_TWO_VINS"),
        "its engine is found under the upgraded vehicle: {notices:?}"
    );
}
