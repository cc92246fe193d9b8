//! SQL of the event log: who listens, how far each feed was taken over, and the chain.

use serde_json::{Map, Value};
use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_storage::lease::{Lease, holds};
use tongguan_storage::{self as storage, Instant, Tx, execute, on, transaction};
use tongguan_vocabulary::{Ids, Tenant};
use uuid::Uuid;

use super::{Store, deliveries, hooks};
use crate::Error;
use crate::domain::{
    Delivery, DeliveryState, EndpointState, Event, Feed, GENESIS, Happening, Head,
};
use crate::webhooks::Render;

#[derive(sqlx::FromRow)]
struct EventRow {
    sequence: i64,
    id: Uuid,
    kind: String,
    subject: String,
    recorded_at: Instant,
    data: Json<Map<String, Value>>,
    previous_sha256: String,
    sha256: String,
}

impl From<EventRow> for Event {
    fn from(row: EventRow) -> Self {
        Self {
            sequence: row.sequence as u64,
            id: row.id,
            kind: row.kind,
            subject: row.subject,
            at: row.recorded_at.0,
            data: row.data.0,
            previous: row.previous_sha256,
            sha256: row.sha256,
        }
    }
}

/// Makes the messages of an event, in the event's own transaction: whoever is to hear of it will.
#[derive(Clone)]
pub(crate) struct Messages {
    pub(crate) render: Render,
    pub(crate) ids: Ids,
}

impl Messages {
    async fn address(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        events: &[Event],
        now: OffsetDateTime,
    ) -> Result<(), storage::Error> {
        if events.is_empty() {
            return Ok(());
        }
        let endpoints = hooks::hearing(tx, tenant).await?;
        for event in events {
            for endpoint in endpoints.iter().filter(|one| one.wants(event)) {
                let body = (self.render)(event, endpoint.sees_vins);
                let mut message = Delivery::of(event, self.ids.next(), endpoint.id, body, now);
                if endpoint.state == EndpointState::Failing {
                    // Kept for RecoverSince.
                    message.state = DeliveryState::Dead;
                    "the endpoint accepts nothing".clone_into(&mut message.last_failure);
                }
                deliveries::insert(tx, tenant, &message).await?;
            }
        }
        Ok(())
    }
}

/// One page of the log.
pub(crate) struct EventPage {
    pub(crate) events: Vec<Event>,
    pub(crate) next_after: u64,
    pub(crate) more: bool,
    /// What the chain of the kept events begins behind.
    pub(crate) anchor: Head,
}

impl Store {
    /// Begins the tenant's log where it has none; says whether it had none.
    pub(crate) async fn join(&self, tenant: &Tenant, now: OffsetDateTime) -> Result<bool, Error> {
        const HEAD: &str = "select last_sequence from event_logs where tenant_id = $1";
        const SQL: &str = "insert into event_logs (tenant_id, last_sequence, last_sha256, joined_at) values ($1, 0, $2, $3) \
                           on conflict (tenant_id) do nothing";
        let there: Option<i64> = on!(&self.db, |pool| sqlx::query_scalar(HEAD)
            .bind(tenant.as_str())
            .fetch_optional(pool)
            .await)?;
        if there.is_some() {
            return Ok(false);
        }
        let rows = execute!(&self.db, |pool| sqlx::query(SQL)
            .bind(tenant.as_str())
            .bind(GENESIS)
            .bind(Instant(now))
            .execute(pool))?;
        Ok(rows == 1)
    }

    /// Every tenant with a log: for the feeder alone.
    pub(crate) async fn listeners(&self) -> Result<Vec<Tenant>, Error> {
        const SQL: &str = "select tenant_id from event_logs order by tenant_id";
        let rows: Vec<String> = on!(&self.db, |pool| sqlx::query_scalar(SQL)
            .fetch_all(pool)
            .await)?;
        rows.iter()
            .map(|name| {
                let corrupt = |error| storage::Error::corrupt("event_logs.tenant_id", error);
                Ok(name.parse().map_err(corrupt)?)
            })
            .collect()
    }

    /// Where a feed goes on; empty at its beginning.
    pub(crate) async fn position(&self, tenant: &Tenant, feed: Feed) -> Result<String, Error> {
        const SQL: &str = "select resume_token from event_feeds where tenant_id = $1 and feed = $2";
        let token: Option<String> = on!(&self.db, |pool| sqlx::query_scalar(SQL)
            .bind(tenant.as_str())
            .bind(feed.name())
            .fetch_optional(pool)
            .await)?;
        Ok(token.unwrap_or_default())
    }

    /// Takes over what a feed told, in one transaction with its position. What was taken over before is left
    /// out. `None` where the lease is stale: then nothing was stored.
    pub(crate) async fn take_over(
        &self,
        lease: &Lease,
        tenant: &Tenant,
        feed: Feed,
        told: &[Happening],
        messages: &Messages,
        now: OffsetDateTime,
    ) -> Result<Option<usize>, Error> {
        const MOVE: &str = "insert into event_feeds (tenant_id, feed, resume_token) values ($1, $2, $3) \
                            on conflict (tenant_id, feed) do update set resume_token = excluded.resume_token";
        transaction!(self.db, Error, |tx| {
            if !holds(tx, lease).await? {
                return Ok(None);
            }
            let mut head = lock_head(tx, tenant).await?;
            let mut fresh = Vec::with_capacity(told.len());
            for happening in told {
                let id = happening.id(tenant, feed);
                if first_time(tx, id, now).await? {
                    let event = Event::seal(&head, id, happening);
                    head = event.head();
                    insert(tx, tenant, &event).await?;
                    fresh.push(event);
                }
            }
            move_head(tx, tenant, &head).await?;
            messages.address(tx, tenant, &fresh, now).await?;
            if let Some(last) = told.last() {
                execute!(&mut *tx, |c| sqlx::query(MOVE)
                    .bind(tenant.as_str())
                    .bind(feed.name())
                    .bind(&last.token)
                    .execute(&mut **c))?;
            }
            Ok(Some(fresh.len()))
        })
    }

    /// Events after a number, at most `limit`, with where the next page starts; 0 starts at the oldest that is kept.
    pub(crate) async fn events(
        &self,
        tenant: &Tenant,
        after: u64,
        kind_prefix: &str,
        limit: u32,
    ) -> Result<EventPage, Error> {
        const HEAD: &str = "select last_sequence from event_logs where tenant_id = $1";
        const SQL: &str = "select sequence, id, kind, subject, recorded_at, data, previous_sha256, sha256 from events \
                           where tenant_id = $1 and sequence > $2 and substr(kind, 1, length($3)) = $3 order by sequence limit $4";
        // The end is read first: what comes in between is on the next page.
        let head: Option<i64> = on!(&self.db, |pool| sqlx::query_scalar(HEAD)
            .bind(tenant.as_str())
            .fetch_optional(pool)
            .await)?;
        let rows: Vec<EventRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .bind(kind_prefix)
            .bind(i64::from(limit) + 1)
            .fetch_all(pool)
            .await)?;
        // Read last: what was pruned since those rows were read is left out, so that the page begins at its anchor.
        let anchor = self.anchor(tenant).await?;
        if after != 0 && after < anchor.sequence {
            let oldest = anchor.sequence;
            return Err(Error::CursorPruned { after, oldest });
        }
        let mut events: Vec<Event> = rows.into_iter().map(Event::from).collect();
        let more = events.len() > limit as usize;
        events.truncate(limit as usize);
        events.retain(|event| event.sequence > anchor.sequence);
        let begin = after.max(anchor.sequence);
        let last = events.last().map_or(begin, |event| event.sequence);
        let next_after = if more {
            last
        } else {
            last.max(head.unwrap_or_default() as u64)
        };
        Ok(EventPage {
            events,
            next_after,
            more,
            anchor,
        })
    }
}

/// The end of the chain under its row's lock: numbers are drawn in the order of commits.
pub(super) async fn lock_head(tx: &mut Tx, tenant: &Tenant) -> Result<Head, storage::Error> {
    const LOCK: &str = "update event_logs set last_sequence = last_sequence where tenant_id = $1";
    const READ: &str = "select last_sequence, last_sha256 from event_logs where tenant_id = $1";
    execute!(&mut *tx, |c| sqlx::query(LOCK)
        .bind(tenant.as_str())
        .execute(&mut **c))?;
    let (sequence, sha256): (i64, String) = on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(tenant.as_str())
        .fetch_one(&mut **c)
        .await)?;
    Ok(Head {
        sequence: sequence as u64,
        sha256,
    })
}

async fn move_head(tx: &mut Tx, tenant: &Tenant, head: &Head) -> Result<(), storage::Error> {
    const SQL: &str =
        "update event_logs set last_sequence = $2, last_sha256 = $3 where tenant_id = $1";
    execute!(&mut *tx, |c| sqlx::query(SQL)
        .bind(tenant.as_str())
        .bind(head.sequence as i64)
        .bind(&head.sha256)
        .execute(&mut **c))?;
    Ok(())
}

/// Marks an event in the inbox; false where it is there already.
async fn first_time(tx: &mut Tx, id: Uuid, now: OffsetDateTime) -> Result<bool, storage::Error> {
    const SQL: &str = "insert into inbox (consumer, event, handled_at) values ('event-log', $1, $2) \
                       on conflict (consumer, event) do nothing";
    let rows = execute!(&mut *tx, |c| sqlx::query(SQL)
        .bind(id)
        .bind(Instant(now))
        .execute(&mut **c))?;
    Ok(rows == 1)
}

async fn insert(tx: &mut Tx, tenant: &Tenant, event: &Event) -> Result<(), storage::Error> {
    const SQL: &str = "insert into events (tenant_id, sequence, id, kind, subject, recorded_at, data, previous_sha256, sha256) \
                       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    execute!(&mut *tx, |c| sqlx::query(SQL)
        .bind(tenant.as_str())
        .bind(event.sequence as i64)
        .bind(event.id)
        .bind(&event.kind)
        .bind(&event.subject)
        .bind(Instant(event.at))
        .bind(Json(&event.data))
        .bind(&event.previous)
        .bind(&event.sha256)
        .execute(&mut **c))?;
    Ok(())
}
