//! Events written with the state they tell of, numbered without gaps per tenant and stream.
//!
//! The number is drawn from a row that stays locked until the commit, so its order is the commit
//! order: a reader that has seen `n` never meets a late event below `n`. The outbox is the truth;
//! whatever delivers it may lose everything and be replayed.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use crate::{Database, Instant, Result, Tx, built, chunks, on};

/// An event to be stored.
#[derive(Debug, Clone)]
pub struct Event {
    /// Identity of the event, for the inbox of its consumers.
    pub id: Uuid,
    /// Whose.
    pub tenant: Tenant,
    /// The stream it belongs to, such as `vehicles`.
    pub stream: &'static str,
    /// What it happened to, such as a VIN or a case id.
    pub aggregate: String,
    /// What happened, such as `REGISTERED`.
    pub kind: String,
    /// The particulars.
    pub payload: Value,
    /// When.
    pub at: OffsetDateTime,
}

/// A stored event.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Number in its stream, from 1 without gaps.
    pub seq: i64,
    /// Identity of the event.
    pub id: Uuid,
    /// What it happened to.
    pub aggregate: String,
    /// What happened.
    pub kind: String,
    /// The particulars.
    pub payload: Value,
    /// When.
    pub at: OffsetDateTime,
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    id: Uuid,
    aggregate: String,
    kind: String,
    payload: Json<Value>,
    recorded_at: Instant,
}

impl From<Row> for Stored {
    fn from(row: Row) -> Self {
        Self {
            seq: row.seq,
            id: row.id,
            aggregate: row.aggregate,
            kind: row.kind,
            payload: row.payload.0,
            at: row.recorded_at.0,
        }
    }
}

/// Stores an event in the transaction of its state; answers its number.
pub async fn append(tx: &mut Tx, event: &Event) -> Result<i64> {
    let last = reserve(tx, &event.tenant, event.stream, 1).await?;
    store(tx, &[(last, event)]).await?;
    Ok(last)
}

/// Stores events in the transaction of their states, in order and many to a statement.
pub async fn append_all(tx: &mut Tx, events: &[Event]) -> Result<()> {
    // Streams are locked in the order of their names, so that two writers never wait for each other.
    let mut streams: BTreeMap<(&str, &str), Vec<&Event>> = BTreeMap::new();
    for event in events {
        streams
            .entry((event.tenant.as_str(), event.stream))
            .or_default()
            .push(event);
    }
    for of_stream in streams.into_values() {
        let Some(first) = of_stream.first() else {
            continue;
        };
        let count = of_stream.len() as i64;
        let last = reserve(tx, &first.tenant, first.stream, count).await?;
        let numbered: Vec<(i64, &Event)> = (last - count + 1..).zip(of_stream).collect();
        for chunk in chunks(&numbered) {
            store(tx, chunk).await?;
        }
    }
    Ok(())
}

/// Draws `count` numbers of a stream; answers the last.
async fn reserve(tx: &mut Tx, tenant: &Tenant, stream: &str, count: i64) -> Result<i64> {
    const NUMBER: &str = "insert into streams (tenant_id, name, last) values ($1, $2, $3) \
                          on conflict (tenant_id, name) do update set last = streams.last + excluded.last returning last";
    on!(&mut *tx, |c| sqlx::query_scalar(NUMBER)
        .bind(tenant.as_str())
        .bind(stream)
        .bind(count)
        .fetch_one(&mut **c)
        .await)
}

async fn store(tx: &mut Tx, events: &[(i64, &Event)]) -> Result<()> {
    const STORE: &str =
        "insert into outbox (tenant_id, stream, seq, id, aggregate, kind, payload, recorded_at) ";
    built!(&mut *tx, STORE, |query| {
        query.push_values(events, |mut row, (seq, event)| {
            row.push_bind(event.tenant.as_str())
                .push_bind(event.stream)
                .push_bind(seq)
                .push_bind(event.id)
                .push_bind(event.aggregate.as_str())
                .push_bind(event.kind.as_str())
                .push_bind(Json(&event.payload))
                .push_bind(Instant(event.at));
        });
    })
    .map(drop)
}

/// At most `limit` events of a stream after number `seq`, in order.
pub async fn after(
    database: &Database,
    tenant: &Tenant,
    stream: &str,
    seq: i64,
    limit: u32,
) -> Result<Vec<Stored>> {
    const READ: &str = "select seq, id, aggregate, kind, payload, recorded_at from outbox \
                        where tenant_id = $1 and stream = $2 and seq > $3 order by seq limit $4";
    let rows: Vec<Row> = on!(database, |pool| sqlx::query_as(READ)
        .bind(tenant.as_str())
        .bind(stream)
        .bind(seq)
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await)?;
    Ok(rows.into_iter().map(Stored::from).collect())
}
