//! Owners: in the vault and nowhere else, read with a purpose, erased for good.

use std::fmt::Write;

use sqlx::AssertSqlSafe;
use tongguan_api::registry::v1 as pb;
use tongguan_storage::{Database, On, outbox};
use tongguan_testkit::on_every_database;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use crate::house::{House, car, transfer};

const VIN: &str = "LSVWY4180KN246094";
const OTHER: &str = "LBEHDAEB58Y038860";
const NAME: &str = "试验用户甲";
const NUMBER: &str = "110105194912310021";

on_every_database! { tongguan_registry::migrations();
    an_owner_is_read_with_a_purpose_and_the_read_is_listed,
    no_table_event_or_answer_holds_the_owner_in_the_clear,
    an_erased_person_is_gone_from_every_vehicle,
    the_audit_list_takes_no_change,
    an_owner_is_for_those_with_the_scope_and_of_their_own_tenant,
    the_same_request_with_another_owner_is_another_request,
    an_owner_without_a_name_or_with_half_a_paper_is_refused,
}

fn owner() -> pb::Owner {
    pb::Owner {
        name: NAME.into(),
        document_type: "居民身份证".into(),
        document_number: NUMBER.into(),
        phone: "13800000000".into(),
        address: "试验路 1 号".into(),
    }
}

fn registration(vin: &str, owner: pb::Owner) -> pb::RegisterVehicleRequest {
    pb::RegisterVehicleRequest {
        request_id: format!("owned-{vin}"),
        vehicle: Some(car(vin)),
        owner: Some(owner),
        ..Default::default()
    }
}

async fn register(house: &House, vin: &str) -> pb::Vehicle {
    house.register_as(registration(vin, owner())).await
}

fn ask<M>(house: &House, message: M) -> Request<M> {
    let scopes = ["registry.personal", "registry.erase", "registry.audit"];
    house.ask_with("acme", &scopes, message)
}

async fn read(house: &House, vin: &str) -> Result<pb::ReadOwnerResponse, tonic::Status> {
    let request = pb::ReadOwnerRequest {
        vin: vin.into(),
        purpose: "licence application 7".into(),
    };
    let answer = house.client.clone().read_owner(ask(house, request)).await;
    answer.map(tonic::Response::into_inner)
}

async fn looks(house: &House, person: &str) -> Vec<pb::OwnerRead> {
    let request = pb::ListOwnerReadsRequest {
        person: person.into(),
        ..Default::default()
    };
    let request = ask(house, request);
    let answer = house.client.clone().list_owner_reads(request).await;
    answer.unwrap().into_inner().reads
}

async fn an_owner_is_read_with_a_purpose_and_the_read_is_listed(db: Database) {
    let house = House::over(db).await;
    register(&house, VIN).await;
    let found = read(&house, VIN).await.unwrap();
    assert_eq!(found.owner, Some(owner()));
    let listed = looks(&house, &found.person).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].id, found.read);
    assert_eq!(
        [
            &listed[0].actor,
            &listed[0].action,
            &listed[0].purpose,
            &listed[0].vin
        ],
        ["tester", "READ", "licence application 7", VIN]
    );
    let missing = read(&house, OTHER).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    let purposeless = pb::ReadOwnerRequest {
        vin: VIN.into(),
        purpose: " x ".into(),
    };
    let refused = house
        .client
        .clone()
        .read_owner(ask(&house, purposeless))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(looks(&house, "").await.len(), 1, "a refusal is no look");
}

/// Every row of every table, as hexadecimal digits on SQLite and as PostgreSQL writes rows.
async fn everything(db: &Database) -> String {
    const TABLES: [&str; 9] = [
        "vehicles",
        "vehicle_events",
        "imports",
        "owners",
        "idempotency",
        "outbox",
        "vault_persons",
        "vault_records",
        "vault_looks",
    ];
    let mut all = String::new();
    for table in TABLES {
        let rows: Vec<String> = match db {
            On::Sqlite(pool) => {
                let names = format!(
                    "select group_concat('coalesce(hex(' || name || '), '''')', ' || ') from pragma_table_info('{table}')"
                );
                let names = sqlx::query_scalar(AssertSqlSafe(names));
                let columns: String = names.fetch_one(pool).await.unwrap();
                let rows = format!("select {columns} from {table}");
                let rows = sqlx::query_scalar(AssertSqlSafe(rows));
                rows.fetch_all(pool).await.unwrap()
            }
            On::Postgres(pool) => {
                let rows = format!("select cast({table} as text) from {table}");
                let rows = sqlx::query_scalar(AssertSqlSafe(rows));
                rows.fetch_all(pool).await.unwrap()
            }
        };
        all.push_str(&rows.join("\n"));
    }
    all
}

/// Whether a text stands somewhere, as it is or in hexadecimal digits.
fn shows(everything: &str, text: &str) -> bool {
    let mut hex = String::new();
    for byte in text.bytes() {
        write!(hex, "{byte:02X}").unwrap();
    }
    [text, &hex, &hex.to_lowercase()]
        .iter()
        .any(|form| everything.contains(*form))
}

async fn no_table_event_or_answer_holds_the_owner_in_the_clear(db: Database) {
    let house = House::over(db.clone()).await;
    let mut seen = format!("{:?}", register(&house, VIN).await);
    let sold = pb::RecordTransferPendingExportRequest {
        owner: Some(owner()),
        ..transfer(VIN)
    };
    let answer = house
        .client
        .clone()
        .record_transfer_pending_export(house.ask(sold))
        .await;
    write!(seen, "{:?}", answer.unwrap()).unwrap();
    read(&house, VIN).await.unwrap();
    let tenant = "acme".parse().unwrap();
    let events = outbox::after(&db, &tenant, "vehicles", 0, 10)
        .await
        .unwrap();
    assert_eq!(events.len(), 2);
    write!(seen, "{events:?}").unwrap();
    let stored = everything(&db).await;
    assert!(shows(&stored, VIN) && shows(&stored, "licence application 7"));
    seen += &stored;
    for personal in [NAME, NUMBER, "13800000000", "试验路"] {
        assert!(!shows(&seen, personal), "{personal} stands in the clear");
    }
}

async fn an_erased_person_is_gone_from_every_vehicle(db: Database) {
    let house = House::over(db).await;
    register(&house, VIN).await;
    register(&house, OTHER).await;
    let found = read(&house, VIN).await.unwrap();
    assert_eq!(read(&house, OTHER).await.unwrap().person, found.person);
    let erase = pb::ErasePersonRequest {
        request_id: "e-1".into(),
        person: found.person.clone(),
        reason: "request of the person".into(),
    };
    let erased = house
        .client
        .clone()
        .erase_person(ask(&house, erase.clone()))
        .await
        .unwrap()
        .into_inner();
    house.clock.advance(time::Duration::hours(1));
    let again = house.client.clone().erase_person(ask(&house, erase)).await;
    assert_eq!(again.unwrap().into_inner(), erased);
    for vin in [VIN, OTHER] {
        let gone = read(&house, vin).await.unwrap();
        assert_eq!((gone.owner, gone.erase_time), (None, erased.erase_time));
    }
    let actions: Vec<String> = looks(&house, &found.person)
        .await
        .into_iter()
        .map(|look| look.action)
        .collect();
    assert_eq!(
        actions,
        ["READ", "READ", "ERASED", "READ_ERASED", "READ_ERASED"]
    );
    let unknown = pb::ErasePersonRequest {
        person: "00000000-0000-4000-8000-000000000001".into(),
        reason: "request of the person".into(),
        ..Default::default()
    };
    let refused = house
        .client
        .clone()
        .erase_person(ask(&house, unknown))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

async fn the_audit_list_takes_no_change(db: Database) {
    let house = House::over(db.clone()).await;
    register(&house, VIN).await;
    read(&house, VIN).await.unwrap();
    for sql in [
        "update vault_looks set actor = 'nobody'",
        "delete from vault_looks",
    ] {
        let refused = match &db {
            On::Sqlite(pool) => sqlx::query(sql).execute(pool).await.map(drop),
            On::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(drop),
        };
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("append-only"), "{message}");
    }
    assert_eq!(looks(&house, "").await.len(), 1);
}

async fn an_owner_is_for_those_with_the_scope_and_of_their_own_tenant(db: Database) {
    let house = House::over(db).await;
    register(&house, VIN).await;
    let request = || pb::ReadOwnerRequest {
        vin: VIN.into(),
        purpose: "curiosity".into(),
    };
    let without = house.client.clone().read_owner(house.ask(request())).await;
    assert_eq!(without.unwrap_err().code(), Code::PermissionDenied);
    let rival = house.ask_with("rival", &["registry.personal"], request());
    let foreign = house.client.clone().read_owner(rival).await;
    assert_eq!(foreign.unwrap_err().code(), Code::NotFound);
}

async fn the_same_request_with_another_owner_is_another_request(db: Database) {
    let house = House::over(db).await;
    let first = register(&house, VIN).await;
    assert_eq!(register(&house, VIN).await, first);
    let other = pb::Owner {
        phone: "13900000000".into(),
        ..owner()
    };
    let request = house.ask(registration(VIN, other));
    let refused = house.client.clone().register_vehicle(request).await;
    let info = refused.unwrap_err().get_details_error_info().unwrap();
    assert_eq!(info.reason, "IDEMPOTENCY_KEY_REUSED");
}

async fn an_owner_without_a_name_or_with_half_a_paper_is_refused(db: Database) {
    let house = House::over(db).await;
    let nameless = pb::Owner {
        document_number: NUMBER.into(),
        ..Default::default()
    };
    let request = house.ask(registration(VIN, nameless));
    let refused = house.client.clone().register_vehicle(request).await;
    let violations = refused
        .unwrap_err()
        .get_details_bad_request()
        .unwrap()
        .field_violations;
    let fields: Vec<&str> = violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, ["owner.document_type", "owner.name"]);
}
