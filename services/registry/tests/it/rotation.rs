//! The master key of the owners' vault is changed: owners stay readable, persons stay the same, the old key can go.

use tongguan_api::registry::v1 as pb;
use tongguan_registry::Config;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;

use crate::house::{House, car, vin};

on_every_database! { tongguan_registry::migrations();
    owners_outlive_their_master_key,
    without_the_old_key_the_registry_does_not_start_and_says_which_is_missing,
    an_older_key_that_can_not_be_read_is_refused,
}

fn key(digit: &str) -> String {
    digit.repeat(64)
}

fn config(current: &str, older: &[&str]) -> Config {
    Config {
        vault_key: key(current),
        vault_old_key: older.iter().map(|digit| key(digit)).collect(),
        ..Config::default()
    }
}

async fn register(house: &House, number: u32) {
    let request = pb::RegisterVehicleRequest {
        vehicle: Some(car(&vin(number))),
        owner: Some(pb::Owner {
            name: "试验用户甲".into(),
            document_type: "居民身份证".into(),
            document_number: "110105194912310021".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    house.register_as(request).await;
}

/// Name and person of a vehicle's owner.
async fn owner(house: &House, number: u32) -> (String, String) {
    let request = pb::ReadOwnerRequest {
        vin: vin(number),
        purpose: "licence application 7".into(),
    };
    let request = house.ask_with("acme", &["registry.personal"], request);
    let read = house
        .client
        .clone()
        .read_owner(request)
        .await
        .unwrap()
        .into_inner();
    (read.owner.unwrap().name, read.person)
}

async fn owners_outlive_their_master_key(db: Database) {
    let before = House::with(db.clone(), config("1", &[])).await.unwrap();
    register(&before, 1).await;
    let known = owner(&before, 1).await;
    let rotated = House::with(db.clone(), config("2", &["1"])).await.unwrap();
    assert_eq!(owner(&rotated, 1).await, known);
    register(&rotated, 2).await;
    assert_eq!(
        owner(&rotated, 2).await,
        known,
        "the same paper is the same person"
    );
    // The registry wraps anew beside its work; when it is done the new key is enough.
    let alone = async {
        loop {
            match House::with(db.clone(), config("2", &[])).await {
                Ok(house) => break house,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let patience = std::time::Duration::from_mins(1);
    let alone = tokio::time::timeout(patience, alone).await.unwrap();
    assert_eq!(owner(&alone, 1).await, known);
    assert_eq!(owner(&alone, 2).await, known);
}

async fn without_the_old_key_the_registry_does_not_start_and_says_which_is_missing(db: Database) {
    let before = House::with(db.clone(), config("1", &[])).await.unwrap();
    register(&before, 1).await;
    let refused = House::with(db, config("2", &[])).await.err().unwrap();
    let why = refused.to_string();
    assert!(
        why.contains("needs the master key") && why.contains("older key"),
        "{why}"
    );
    assert!(
        !why.contains(&key("1")) && !why.contains(&key("2")),
        "ids are no keys"
    );
}

async fn an_older_key_that_can_not_be_read_is_refused(db: Database) {
    let wrong = Config {
        vault_old_key: vec!["xyz".into()],
        ..config("1", &[])
    };
    assert!(House::with(db.clone(), wrong).await.is_err());
    let missing = Config {
        vault_old_key_files: vec!["/nowhere/old.key".into()],
        ..config("1", &[])
    };
    assert!(House::with(db, missing).await.is_err());
    assert!(
        !std::path::Path::new("/nowhere").exists(),
        "an older key is never made"
    );
}
