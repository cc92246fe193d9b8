//! Statements on durable lookups that run inside a transaction of their caller.

use serde_json::json;
use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, Tx, execute, on, outbox};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{Claimed, LookupRow, STREAM};
use crate::domain::lookup::Lookup;
use crate::domain::outcome::Outcome;

pub(super) async fn find(
    tx: &mut Tx,
    tenant: &Tenant,
    id: Uuid,
) -> Result<Option<Claimed>, storage::Error> {
    const SQL: &str = "select * from lookups where tenant_id = $1 and id = $2";
    let row: Option<LookupRow> = on!(&mut *tx, |c| sqlx::query_as(SQL)
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(&mut **c)
        .await)?;
    row.map(Claimed::try_from).transpose()
}

/// The lookup on the same vehicle, purpose and consent that is open, or succeeded since `recent`.
pub(super) async fn same_question(
    tx: &mut Tx,
    tenant: &Tenant,
    lookup: &Lookup,
    recent: OffsetDateTime,
) -> Result<Option<Claimed>, storage::Error> {
    const SQL: &str = "select * from lookups where tenant_id = $1 and vin = $2 and purpose = $3 and consent = $4 \
                       and (state in ('RUNNING', 'PARKED') or (state = 'SUCCEEDED' and updated_at > $5)) order by created_at desc limit 1";
    let ask = &lookup.ask;
    let row: Option<LookupRow> = on!(&mut *tx, |c| sqlx::query_as(SQL)
        .bind(tenant.as_str())
        .bind(ask.vin.as_str())
        .bind(ask.purpose.as_str())
        .bind(&ask.consent.id)
        .bind(Instant(recent))
        .fetch_optional(&mut **c)
        .await)?;
    row.map(Claimed::try_from).transpose()
}

pub(super) async fn insert(
    tx: &mut Tx,
    tenant: &Tenant,
    lookup: &Lookup,
) -> Result<(), storage::Error> {
    const SQL: &str = "insert into lookups (tenant_id, id, vin, purpose, consent, request, state, outcome, failures, attempts, next_attempt_at, deadline_at, \
                       created_at, updated_at, owner, lease_until, epoch) values ($1, $2, $3, $4, $5, $6, $7, '', $8, 0, $9, $10, $11, $11, '', $12, 0)";
    let ask = &lookup.ask;
    execute!(&mut *tx, |c| sqlx::query(SQL)
        .bind(tenant.as_str())
        .bind(lookup.id)
        .bind(ask.vin.as_str())
        .bind(ask.purpose.as_str())
        .bind(&ask.consent.id)
        .bind(Json(ask))
        .bind(lookup.state.as_str())
        .bind(Json(&lookup.failures))
        .bind(Instant(lookup.next_attempt_at))
        .bind(Instant(lookup.deadline_at))
        .bind(Instant(lookup.created_at))
        .bind(Instant(OffsetDateTime::UNIX_EPOCH))
        .execute(&mut **c))?;
    Ok(())
}

/// Writes state and progress where the epoch still is `epoch`, frees the lease, and raises the epoch by `raise`.
pub(super) async fn write(
    tx: &mut Tx,
    tenant: &Tenant,
    lookup: &Lookup,
    epoch: i64,
    raise: i64,
) -> Result<u64, storage::Error> {
    const SQL: &str = "update lookups set state = $4, outcome = $5, failures = $6, attempts = $7, next_attempt_at = $8, updated_at = $9, lease_until = $10, \
                       epoch = epoch + $11 where tenant_id = $1 and id = $2 and epoch = $3";
    execute!(&mut *tx, |c| sqlx::query(SQL)
        .bind(tenant.as_str())
        .bind(lookup.id)
        .bind(epoch)
        .bind(lookup.state.as_str())
        .bind(lookup.outcome.map_or("", Outcome::as_str))
        .bind(Json(&lookup.failures))
        .bind(i64::from(lookup.attempts))
        .bind(Instant(lookup.next_attempt_at))
        .bind(Instant(lookup.updated_at))
        .bind(Instant(OffsetDateTime::UNIX_EPOCH))
        .bind(raise)
        .execute(&mut **c))
}

pub(super) async fn tell(
    tx: &mut Tx,
    tenant: &Tenant,
    lookup: &Lookup,
    kind: &str,
    id: Uuid,
) -> Result<(), storage::Error> {
    let event = outbox::Event {
        id,
        tenant: tenant.clone(),
        stream: STREAM,
        aggregate: lookup.id.to_string(),
        kind: kind.to_owned(),
        payload: json!({"outcome": lookup.outcome.map(Outcome::as_str), "attempts": lookup.attempts, "purpose": lookup.ask.purpose.as_str()}),
        at: lookup.updated_at,
    };
    outbox::append(tx, &event).await?;
    Ok(())
}
