//! What must hold in every service's database after whatever happened to it: gapless streams, answered keys.

use tongguan_vocabulary::{Breach, Invariant};

use crate::{Database, Result, on};

/// Looks for events that are missing from their stream (I5) and for keys that were claimed and never answered (I3).
///
/// Reads only. Run it while no write is under way.
pub async fn check(database: &Database) -> Result<Vec<Breach>> {
    const STREAMS: &str = "select s.tenant_id, s.name, s.last, cast(count(o.seq) as bigint), cast(coalesce(max(o.seq), 0) as bigint) \
                           from streams s left join outbox o on o.tenant_id = s.tenant_id and o.stream = s.name \
                           group by s.tenant_id, s.name, s.last \
                           having count(o.seq) <> s.last or coalesce(max(o.seq), 0) <> s.last";
    const KEYS: &str =
        "select tenant_id, method, key from idempotency where response = '' order by key";
    let mut breaches = Vec::new();
    let streams: Vec<(String, String, i64, i64, i64)> =
        on!(database, |pool| sqlx::query_as(STREAMS)
            .fetch_all(pool)
            .await)?;
    for (tenant, stream, last, count, highest) in streams {
        let found = format!(
            "the stream {stream} of {tenant} counts {last} events and holds {count}, the last of them {highest}"
        );
        breaches.push(Breach::of(Invariant::I5, found));
    }
    let keys: Vec<(String, String, String)> =
        on!(database, |pool| sqlx::query_as(KEYS).fetch_all(pool).await)?;
    for (tenant, method, key) in keys {
        let found = format!("{method} of {tenant} with the key {key} has no answer");
        breaches.push(Breach::of(Invariant::I3, found));
    }
    Ok(breaches)
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;
    use crate::outbox::{self, Event};
    use crate::{Config, Migrations, Once, connect, execute, migrate, transaction};

    async fn fresh() -> Database {
        let config = Config {
            url: "sqlite::memory:".to_owned(),
            ..Config::default()
        };
        let database = connect(&config).await.unwrap();
        let bare = || sqlx::migrate::Migrator::with_migrations(Vec::new());
        let migrations = Migrations {
            sqlite: bare(),
            postgres: bare(),
        };
        migrate(&database, &migrations).await.unwrap();
        database
    }

    async fn tell(tx: &mut crate::Tx, once: &Once, event: &Event) -> Result<i64> {
        once.replay::<i64>(tx).await?;
        let seq = outbox::append(tx, event).await?;
        once.remember(tx, &seq).await?;
        Ok(seq)
    }

    #[tokio::test]
    async fn a_lost_event_and_an_unanswered_key_are_found() {
        let database = fresh().await;
        let tenant: tongguan_vocabulary::Tenant = "acme".parse().unwrap();
        let at = OffsetDateTime::UNIX_EPOCH;
        for number in 1..=3 {
            let event = Event {
                id: Uuid::from_u128(number),
                tenant: tenant.clone(),
                stream: "cases",
                aggregate: "a".to_owned(),
                kind: "OPENED".to_owned(),
                payload: serde_json::json!({}),
                at,
            };
            let once = Once::new(&tenant, "Open", &number.to_string(), b"", at);
            let stored: Result<i64> =
                transaction!(database, |tx| { tell(tx, &once, &event).await });
            stored.unwrap();
        }
        assert_eq!(check(&database).await.unwrap(), []);

        const LOSE: &str = "delete from outbox where seq = 2";
        const FORGET: &str = "update idempotency set response = '' where key = '3'";
        execute!(&database, |pool| sqlx::query(LOSE).execute(pool)).unwrap();
        execute!(&database, |pool| sqlx::query(FORGET).execute(pool)).unwrap();
        let found = check(&database).await.unwrap();
        let broken: Vec<Invariant> = found.iter().map(|breach| breach.invariant).collect();
        assert_eq!(broken, [Invariant::I5, Invariant::I3], "{found:?}");
    }
}
