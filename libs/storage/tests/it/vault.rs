//! The vault: what is put in comes out for who looks, until it is erased.

use time::OffsetDateTime;
use time::macros::datetime;
use tongguan_storage::vault::{Found, Look, looks};
use tongguan_storage::{Database, Error, Vault, execute, on, transaction};
use tongguan_testkit::on_every_database;
use tongguan_vocabulary::{Ids, Tenant};
use uuid::Uuid;

on_every_database! { crate::house::migrations();
    what_was_put_in_last_comes_out_and_the_look_is_kept,
    an_erased_person_does_not_come_out_and_can_come_back_under_another_key,
    another_master_key_opens_nothing,
    a_record_moved_to_another_person_does_not_open,
    after_a_rotation_old_data_opens_and_names_are_the_same,
    after_a_rewrap_the_old_master_is_not_needed_and_before_it_the_error_names_it,
    rows_from_before_master_keys_had_ids_open_and_are_wrapped_anew,
    a_wrong_key_does_not_become_the_key_of_a_vault_from_before,
    who_was_erased_stays_erased_through_a_rewrap,
}

const AT: OffsetDateTime = datetime!(2026-03-02 04:00 UTC);

struct House {
    db: Database,
    vault: Vault,
    tenant: Tenant,
    ids: Ids,
}

impl House {
    fn over(db: Database, key: u8) -> Self {
        Self {
            vault: Vault::open(&db, &[[key; 32]]).unwrap(),
            db,
            tenant: "acme".parse().unwrap(),
            ids: Ids::seeded(u64::from(key) * 1_000),
        }
    }

    /// With the keys after a rotation, the current one first.
    fn rotated(&self, keys: &[u8]) -> Self {
        let masters: Vec<[u8; 32]> = keys.iter().map(|key| [*key; 32]).collect();
        Self {
            vault: Vault::open(&self.db, &masters).unwrap(),
            ids: Ids::seeded(keys.iter().map(|key| u64::from(*key)).sum::<u64>() * 10_000),
            db: self.db.clone(),
            tenant: self.tenant.clone(),
        }
    }

    async fn person(&self, name: &str) -> Uuid {
        self.vault.person(&self.tenant, name).await.unwrap()
    }

    async fn run(&self, sql: &'static str) -> u64 {
        execute!(&self.db, |pool| sqlx::query(sql).execute(pool)).unwrap()
    }

    fn look(&self) -> Look {
        Look {
            id: self.ids.next(),
            actor: "li.wei".into(),
            purpose: "dispute 7".into(),
            about: "a car".into(),
            at: AT,
        }
    }

    async fn put(&self, name: &str, plain: &str) -> Result<(), Error> {
        let person = self.person(name).await;
        transaction!(self.db, Error, |tx| {
            let plain = plain.as_bytes();
            self.vault.put(tx, &self.tenant, person, plain, AT).await
        })
    }

    async fn read(&self, name: &str) -> Result<Found, Error> {
        let (person, look) = (self.person(name).await, self.look());
        transaction!(self.db, Error, |tx| {
            self.vault.read(tx, &self.tenant, person, &look).await
        })
    }

    async fn erase(&self, name: &str) -> Result<bool, Error> {
        let (person, look) = (self.person(name).await, self.look());
        transaction!(self.db, Error, |tx| {
            self.vault.erase(tx, &self.tenant, person, &look).await
        })
    }
}

async fn what_was_put_in_last_comes_out_and_the_look_is_kept(db: Database) {
    let house = House::over(db, 1);
    assert_eq!(house.read("甲").await.unwrap(), Found::Nothing);
    house.put("甲", "first").await.unwrap();
    house.put("甲", "second").await.unwrap();
    house.put("乙", "other").await.unwrap();
    assert_eq!(
        house.read("甲").await.unwrap(),
        Found::Data(b"second".into())
    );
    let kept = looks(&house.db, &house.tenant, None, None, 10)
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (
            kept[0].person,
            kept[0].actor.as_str(),
            kept[0].action.as_str()
        ),
        (house.person("甲").await, "li.wei", "READ")
    );
    let rival = "rival".parse().unwrap();
    assert!(
        looks(&house.db, &rival, None, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    let theirs = house.vault.person(&rival, "甲").await.unwrap();
    assert_ne!(theirs, house.person("甲").await);
}

async fn an_erased_person_does_not_come_out_and_can_come_back_under_another_key(db: Database) {
    let house = House::over(db, 1);
    assert!(!house.erase("甲").await.unwrap());
    house.put("甲", "first").await.unwrap();
    assert!(house.erase("甲").await.unwrap());
    assert_eq!(house.read("甲").await.unwrap(), Found::Erased(AT));
    house.put("甲", "again").await.unwrap();
    assert_eq!(
        house.read("甲").await.unwrap(),
        Found::Data(b"again".into())
    );
}

async fn another_master_key_opens_nothing(db: Database) {
    let house = House::over(db.clone(), 1);
    house.put("甲", "first").await.unwrap();
    let person = house.person("甲").await;
    let thief = House::over(db, 2);
    let look = thief.look();
    let opened: Result<Found, Error> = transaction!(thief.db, Error, |tx| {
        thief.vault.read(tx, &thief.tenant, person, &look).await
    });
    assert!(matches!(opened, Err(Error::MasterKey { .. })));
    assert!(matches!(
        thief.vault.check().await,
        Err(Error::MasterKey { .. })
    ));
}

async fn a_record_moved_to_another_person_does_not_open(db: Database) {
    let house = House::over(db, 1);
    house.put("甲", "first").await.unwrap();
    house.put("乙", "other").await.unwrap();
    let (first, other) = (house.person("甲").await, house.person("乙").await);
    const MOVE: &str = "update vault_records set sealed = (select r.sealed from vault_records r where r.person = $1) where person = $2";
    let moved = execute!(&house.db, |pool| sqlx::query(MOVE)
        .bind(first)
        .bind(other)
        .execute(pool))
    .unwrap();
    assert_eq!(moved, 1);
    assert!(matches!(house.read("乙").await, Err(Error::Key(_))));
}

async fn after_a_rotation_old_data_opens_and_names_are_the_same(db: Database) {
    let house = House::over(db, 1);
    house.put("甲", "first").await.unwrap();
    let rotated = house.rotated(&[2, 1]);
    assert_eq!(rotated.person("甲").await, house.person("甲").await);
    assert_eq!(
        rotated.read("甲").await.unwrap(),
        Found::Data(b"first".into())
    );
    // What is written now is wrapped under the new master, beside the old.
    rotated.put("乙", "other").await.unwrap();
    let masters: Vec<String> = on!(&house.db, |pool| sqlx::query_scalar(
        "select distinct master from vault_persons where master is not null"
    )
    .fetch_all(pool)
    .await)
    .unwrap();
    assert_eq!(masters.len(), 2, "{masters:?}");
    assert!(matches!(
        house.read("乙").await,
        Err(Error::MasterKey { .. })
    ));
}

async fn after_a_rewrap_the_old_master_is_not_needed_and_before_it_the_error_names_it(
    db: Database,
) {
    let house = House::over(db, 1);
    for number in 0..300 {
        house
            .put(&format!("P{number}"), &format!("data {number}"))
            .await
            .unwrap();
    }
    let person = house.person("P7").await;
    let alone = house.rotated(&[2]);
    let missing = alone.vault.check().await.unwrap_err().to_string();
    let stored: String = on!(&house.db, |pool| sqlx::query_scalar(
        "select master from vault_keys"
    )
    .fetch_one(pool)
    .await)
    .unwrap();
    assert!(
        missing.contains(&stored),
        "{missing} does not name {stored}"
    );
    let rotated = house.rotated(&[2, 1]);
    assert_eq!(rotated.vault.rewrap(&rotated.db).await.unwrap(), 300);
    assert_eq!(rotated.vault.rewrap(&rotated.db).await.unwrap(), 0);
    let alone = house.rotated(&[2]);
    alone.vault.check().await.unwrap();
    assert_eq!(alone.person("P7").await, person);
    for number in [0, 7, 299] {
        let found = alone.read(&format!("P{number}")).await.unwrap();
        assert_eq!(found, Found::Data(format!("data {number}").into_bytes()));
    }
    // A second rotation: the names are those of the first master still.
    let third = house.rotated(&[3, 2]);
    third.vault.rewrap(&third.db).await.unwrap();
    assert_eq!(house.rotated(&[3]).person("P7").await, person);
    assert!(matches!(
        house.rotated(&[1]).vault.check().await,
        Err(Error::MasterKey { .. })
    ));
}

/// Leaves the vault as it was before master keys had ids.
async fn age(house: &House) {
    house.run("update vault_persons set master = null").await;
    assert_eq!(house.run("delete from vault_keys").await, 1);
}

async fn rows_from_before_master_keys_had_ids_open_and_are_wrapped_anew(db: Database) {
    let house = House::over(db, 1);
    house.put("甲", "first").await.unwrap();
    let person = house.person("甲").await;
    age(&house).await;
    // Upgraded and rotated at once: the names are derived from the oldest key.
    let rotated = house.rotated(&[2, 1]);
    assert_eq!(rotated.person("甲").await, person);
    assert_eq!(
        rotated.read("甲").await.unwrap(),
        Found::Data(b"first".into())
    );
    assert_eq!(rotated.vault.rewrap(&rotated.db).await.unwrap(), 1);
    let alone = house.rotated(&[2]);
    assert_eq!(
        alone.read("甲").await.unwrap(),
        Found::Data(b"first".into())
    );
}

async fn a_wrong_key_does_not_become_the_key_of_a_vault_from_before(db: Database) {
    let house = House::over(db, 1);
    house.put("甲", "first").await.unwrap();
    age(&house).await;
    let wrong = house.rotated(&[9]);
    assert!(matches!(wrong.vault.check().await, Err(Error::Key(_))));
    house.rotated(&[1]).vault.check().await.unwrap();
}

async fn who_was_erased_stays_erased_through_a_rewrap(db: Database) {
    let house = House::over(db, 1);
    house.put("甲", "first").await.unwrap();
    house.put("乙", "other").await.unwrap();
    assert!(house.erase("甲").await.unwrap());
    let rotated = house.rotated(&[2, 1]);
    assert_eq!(rotated.vault.rewrap(&rotated.db).await.unwrap(), 1);
    let alone = house.rotated(&[2]);
    assert_eq!(alone.read("甲").await.unwrap(), Found::Erased(AT));
    assert_eq!(
        alone.read("乙").await.unwrap(),
        Found::Data(b"other".into())
    );
}
