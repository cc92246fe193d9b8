//! The vault: what is put in comes out for who looks, until it is erased.

use time::OffsetDateTime;
use time::macros::datetime;
use tongguan_storage::vault::{Found, Look, looks};
use tongguan_storage::{Database, Error, Vault, execute, transaction};
use tongguan_testkit::on_every_database;
use tongguan_vocabulary::{Ids, Tenant};
use uuid::Uuid;

on_every_database! { crate::house::migrations();
    what_was_put_in_last_comes_out_and_the_look_is_kept,
    an_erased_person_does_not_come_out_and_can_come_back_under_another_key,
    another_master_key_opens_nothing,
    a_record_moved_to_another_person_does_not_open,
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
            db,
            vault: Vault::new(&[key; 32]).unwrap(),
            tenant: "acme".parse().unwrap(),
            ids: Ids::seeded(u64::from(key) * 1_000),
        }
    }

    fn person(&self, name: &str) -> Uuid {
        self.vault.person(&self.tenant, name)
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
        let person = self.person(name);
        transaction!(self.db, Error, |tx| {
            let plain = plain.as_bytes();
            self.vault.put(tx, &self.tenant, person, plain, AT).await
        })
    }

    async fn read(&self, name: &str) -> Result<Found, Error> {
        let (person, look) = (self.person(name), self.look());
        transaction!(self.db, Error, |tx| {
            self.vault.read(tx, &self.tenant, person, &look).await
        })
    }

    async fn erase(&self, name: &str) -> Result<bool, Error> {
        let (person, look) = (self.person(name), self.look());
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
        (house.person("甲"), "li.wei", "READ")
    );
    let rival = "rival".parse().unwrap();
    assert!(
        looks(&house.db, &rival, None, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_ne!(house.vault.person(&rival, "甲"), house.person("甲"));
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
    let person = house.person("甲");
    let thief = House::over(db, 2);
    let look = thief.look();
    let opened: Result<Found, Error> = transaction!(thief.db, Error, |tx| {
        thief.vault.read(tx, &thief.tenant, person, &look).await
    });
    assert!(matches!(opened, Err(Error::Key(_))));
}

async fn a_record_moved_to_another_person_does_not_open(db: Database) {
    let house = House::over(db, 1);
    house.put("甲", "first").await.unwrap();
    house.put("乙", "other").await.unwrap();
    const MOVE: &str = "update vault_records set sealed = (select r.sealed from vault_records r where r.person = $1) where person = $2";
    let moved = execute!(&house.db, |pool| sqlx::query(MOVE)
        .bind(house.person("甲"))
        .bind(house.person("乙"))
        .execute(pool))
    .unwrap();
    assert_eq!(moved, 1);
    assert!(matches!(house.read("乙").await, Err(Error::Key(_))));
}
