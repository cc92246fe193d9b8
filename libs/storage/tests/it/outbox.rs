//! Events in bulk are numbered as if they came one by one.

use time::macros::datetime;
use tongguan_storage::{Database, Error, outbox, transaction};
use tongguan_testkit::on_every_database;
use tongguan_vocabulary::Ids;

on_every_database! { crate::house::migrations();
    events_of_several_tenants_are_numbered_without_gaps_and_in_order,
}

async fn events_of_several_tenants_are_numbered_without_gaps_and_in_order(db: Database) {
    let ids = Ids::seeded(1);
    let event = |tenant: &str, number: u32| outbox::Event {
        id: ids.next(),
        tenant: tenant.parse().unwrap(),
        stream: "words",
        aggregate: number.to_string(),
        kind: "SAID".into(),
        payload: serde_json::json!({ "number": number }),
        at: datetime!(2026-03-02 04:00 UTC),
    };
    let first = event("acme", 0);
    let events: Vec<outbox::Event> = (1..=600)
        .map(|number| event(["acme", "rival"][number as usize % 2], number))
        .collect();
    let done: Result<(), Error> = transaction!(db, Error, |tx| {
        outbox::append(tx, &first).await?;
        outbox::append_all(tx, &events).await?;
        outbox::append_all(tx, &[]).await
    });
    done.unwrap();
    for (tenant, numbers) in [
        ("acme", (0..=600).step_by(2).collect::<Vec<u32>>()),
        ("rival", (1..600).step_by(2).collect()),
    ] {
        let tenant = tenant.parse().unwrap();
        let stored = outbox::after(&db, &tenant, "words", 0, 1_000)
            .await
            .unwrap();
        let told: Vec<u32> = stored
            .iter()
            .map(|e| e.aggregate.parse().unwrap())
            .collect();
        assert_eq!(told, numbers);
        let seqs: Vec<i64> = stored.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, (1..=stored.len() as i64).collect::<Vec<_>>());
    }
}
