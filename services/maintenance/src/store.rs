//! SQL of the maintenance lookup: answers of sources, durable lookups, what is erased.

mod lookups;

use serde_json::json;
use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_storage::{
    self as storage, Database, Instant, Once, execute, on, outbox, transaction,
};
use tongguan_vocabulary::{Tenant, Vin};
use uuid::Uuid;

use crate::domain::history::Answer;
use crate::domain::lookup::{Ask, Lookup, State};
use crate::domain::outcome::Outcome;
use crate::error::Error;

use self::lookups::{find, insert, same_question, tell, write};

/// The stream of all lookups' events.
pub(crate) const STREAM: &str = "lookups";

/// The tables of the maintenance lookup.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
}

/// A lookup that this worker has claimed: every write to it checks the epoch.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) tenant: Tenant,
    pub(crate) lookup: Lookup,
    pub(crate) epoch: i64,
}

/// What a purge erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Purged {
    pub(crate) answers: u64,
    pub(crate) lookups: u64,
}

/// What was erased because its time was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Erased {
    pub(crate) raw: u64,
    pub(crate) answers: u64,
    pub(crate) lookups: u64,
}

#[derive(sqlx::FromRow)]
struct AnswerRow {
    answer: Json<Answer>,
}

#[derive(sqlx::FromRow)]
struct LookupRow {
    tenant_id: String,
    id: Uuid,
    request: Json<Ask>,
    state: String,
    outcome: String,
    failures: Json<Vec<Answer>>,
    attempts: i64,
    next_attempt_at: Instant,
    deadline_at: Instant,
    created_at: Instant,
    updated_at: Instant,
    epoch: i64,
}

impl TryFrom<LookupRow> for Claimed {
    type Error = storage::Error;

    fn try_from(row: LookupRow) -> Result<Self, storage::Error> {
        let state = State::from_name(&row.state)
            .ok_or_else(|| storage::Error::corrupt("lookups.state", &row.state))?;
        let tenant = row
            .tenant_id
            .parse()
            .map_err(|error| storage::Error::corrupt("lookups.tenant_id", error))?;
        Ok(Self {
            tenant,
            epoch: row.epoch,
            lookup: Lookup {
                id: row.id,
                ask: row.request.0,
                state,
                outcome: Outcome::from_name(&row.outcome),
                failures: row.failures.0,
                attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
                next_attempt_at: row.next_attempt_at.0,
                deadline_at: row.deadline_at.0,
                created_at: row.created_at.0,
                updated_at: row.updated_at.0,
            },
        })
    }
}

impl Store {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }

    /// Keeps an answer with its encrypted raw bytes.
    pub(crate) async fn keep_answer(
        &self,
        tenant: &Tenant,
        vin: &Vin,
        answer: &Answer,
        raw: Option<&[u8]>,
    ) -> Result<(), storage::Error> {
        const SQL: &str = "insert into answers (tenant_id, id, vin, source, consent, outcome, answer, raw, fetched_at) \
                           values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (tenant_id, id) do nothing";
        execute!(&self.db, |pool| sqlx::query(SQL)
            .bind(tenant.as_str())
            .bind(answer.id)
            .bind(vin.as_str())
            .bind(&answer.source)
            .bind(&answer.consent)
            .bind(answer.outcome.as_str())
            .bind(Json(answer))
            .bind(raw)
            .bind(Instant(answer.fetched_at))
            .execute(pool))?;
        Ok(())
    }

    /// The newest answer of a source that was one.
    pub(crate) async fn find_answer(
        &self,
        tenant: &Tenant,
        vin: &Vin,
        source: &str,
    ) -> Result<Option<Answer>, storage::Error> {
        const SQL: &str = "select answer from answers where tenant_id = $1 and vin = $2 and source = $3 order by fetched_at desc limit 1";
        let row: Option<AnswerRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .bind(vin.as_str())
            .bind(source)
            .fetch_optional(pool)
            .await)?;
        Ok(row.map(|row| row.answer.0))
    }

    /// Stores a lookup, or answers the one that asks the same and is open, or was answered since `recent`.
    pub(crate) async fn start(
        &self,
        once: &Once,
        tenant: &Tenant,
        lookup: &Lookup,
        recent: OffsetDateTime,
        event: Uuid,
    ) -> Result<Lookup, Error> {
        transaction!(self.db, Error, |tx| {
            if let Some(id) = once.replay::<Uuid>(tx).await? {
                let known = find(tx, tenant, id)
                    .await?
                    .ok_or(Error::LookupNotFound { id })?;
                return Ok(known.lookup);
            }
            let same = same_question(tx, tenant, lookup, recent).await?;
            if let Some(known) = same {
                once.remember(tx, &known.lookup.id).await?;
                return Ok(known.lookup);
            }
            insert(tx, tenant, lookup).await?;
            tell(tx, tenant, lookup, "STARTED", event).await?;
            once.remember(tx, &lookup.id).await?;
            Ok(lookup.clone())
        })
    }

    /// A lookup of the tenant.
    pub(crate) async fn find_lookup(
        &self,
        tenant: &Tenant,
        id: Uuid,
    ) -> Result<Option<Lookup>, Error> {
        const SQL: &str = "select * from lookups where tenant_id = $1 and id = $2";
        let row: Option<LookupRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(pool)
            .await)?;
        Ok(row
            .map(Claimed::try_from)
            .transpose()?
            .map(|claimed| claimed.lookup))
    }

    /// Ends a lookup that is not over; one that was cancelled before stays as it is.
    pub(crate) async fn cancel(
        &self,
        tenant: &Tenant,
        id: Uuid,
        now: OffsetDateTime,
        event: Uuid,
    ) -> Result<Lookup, Error> {
        transaction!(self.db, Error, |tx| {
            loop {
                let known = find(tx, tenant, id)
                    .await?
                    .ok_or(Error::LookupNotFound { id })?;
                let mut lookup = known.lookup;
                match lookup.state {
                    State::Cancelled => return Ok(lookup),
                    state if state.is_done() => {
                        return Err(Error::OperationDone {
                            state: state.as_str(),
                        });
                    }
                    _ => {}
                }
                lookup.state = State::Cancelled;
                lookup.updated_at = now;
                // The epoch rises, so that a worker in the middle of it finds its fence gone; where a worker claimed
                // the lookup since it was read, it is read again.
                if write(tx, tenant, &lookup, known.epoch, 1).await? == 1 {
                    tell(tx, tenant, &lookup, "CANCELLED", event).await?;
                    return Ok(lookup);
                }
            }
        })
    }

    /// Claims at most `limit` lookups that are due for `owner` until `until`.
    pub(crate) async fn claim(
        &self,
        owner: &str,
        now: OffsetDateTime,
        until: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<Claimed>, storage::Error> {
        const DUE: &str = "select * from lookups where state in ('RUNNING', 'PARKED') and next_attempt_at <= $1 and lease_until < $1 order by next_attempt_at limit $2";
        const CLAIM: &str = "update lookups set owner = $4, lease_until = $5, epoch = epoch + 1 where tenant_id = $1 and id = $2 and epoch = $3";
        let rows: Vec<LookupRow> = on!(&self.db, |pool| sqlx::query_as(DUE)
            .bind(Instant(now))
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)?;
        let mut claimed = Vec::new();
        for row in rows {
            let mut one = Claimed::try_from(row)?;
            let won = execute!(&self.db, |pool| sqlx::query(CLAIM)
                .bind(one.tenant.as_str())
                .bind(one.lookup.id)
                .bind(one.epoch)
                .bind(owner)
                .bind(Instant(until))
                .execute(pool))?;
            if won == 1 {
                one.epoch += 1;
                claimed.push(one);
            }
        }
        Ok(claimed)
    }

    /// Writes what an attempt came to, unless the lookup was cancelled or claimed by another worker meanwhile.
    pub(crate) async fn record_attempt(
        &self,
        claimed: &Claimed,
        lookup: &Lookup,
        event: Uuid,
    ) -> Result<bool, Error> {
        transaction!(self.db, Error, |tx| {
            if write(tx, &claimed.tenant, lookup, claimed.epoch, 0).await? == 0 {
                return Ok(false);
            }
            // Parking is told once, not with every attempt.
            if lookup.state != claimed.lookup.state {
                tell(tx, &claimed.tenant, lookup, lookup.state.as_str(), event).await?;
            }
            Ok(true)
        })
    }

    /// How many lookups of all tenants wait for a source.
    pub(crate) async fn parked(&self, source: &str) -> Result<u64, storage::Error> {
        const SQL: &str = "select * from lookups where state = 'PARKED' limit 10000";
        let rows: Vec<LookupRow> = on!(&self.db, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?;
        Ok(rows
            .iter()
            .filter(|row| row.failures.0.iter().any(|answer| answer.source == source))
            .count() as u64)
    }

    /// Erases what is kept of a vehicle, or of it under one consent; counts stay in the event.
    pub(crate) async fn purge(
        &self,
        once: &Once,
        tenant: &Tenant,
        vin: &Vin,
        consent: &str,
        reason: &str,
        event: (Uuid, OffsetDateTime),
    ) -> Result<Purged, Error> {
        const ANSWERS: &str =
            "delete from answers where tenant_id = $1 and vin = $2 and ($3 = '' or consent = $3)";
        const LOOKUPS: &str =
            "delete from lookups where tenant_id = $1 and vin = $2 and ($3 = '' or consent = $3)";
        transaction!(self.db, Error, |tx| {
            if let Some(purged) = once.replay::<Purged>(tx).await? {
                return Ok(purged);
            }
            let answers = execute!(&mut *tx, |c| sqlx::query(ANSWERS)
                .bind(tenant.as_str())
                .bind(vin.as_str())
                .bind(consent)
                .execute(&mut **c))?;
            let lookups = execute!(&mut *tx, |c| sqlx::query(LOOKUPS)
                .bind(tenant.as_str())
                .bind(vin.as_str())
                .bind(consent)
                .execute(&mut **c))?;
            let purged = Purged { answers, lookups };
            let told = outbox::Event {
                id: event.0,
                tenant: tenant.clone(),
                stream: STREAM,
                aggregate: vin.masked(),
                kind: "PURGED".to_owned(),
                payload: json!({"answers": answers, "lookups": lookups, "consent": consent, "reason": reason}),
                at: event.1,
            };
            outbox::append(tx, &told).await?;
            once.remember(tx, &purged).await?;
            Ok(purged)
        })
    }

    /// Erases by policy: raw bytes fetched before `raw`, whole answers and lookups that were over before `whole`.
    pub(crate) async fn erase_old(
        &self,
        raw: OffsetDateTime,
        whole: OffsetDateTime,
    ) -> Result<Erased, storage::Error> {
        const RAW: &str = "update answers set raw = null where fetched_at < $1 and raw is not null";
        const WHOLE: &str = "delete from answers where fetched_at < $1";
        const LOOKUPS: &str =
            "delete from lookups where updated_at < $1 and state not in ('RUNNING', 'PARKED')";
        let run = async |sql: &'static str, before: OffsetDateTime| {
            execute!(&self.db, |pool| sqlx::query(sql)
                .bind(Instant(before))
                .execute(pool))
        };
        Ok(Erased {
            raw: run(RAW, raw).await?,
            answers: run(WHOLE, whole).await?,
            lookups: run(LOOKUPS, whole).await?,
        })
    }
}

#[cfg(test)]
mod tests;
