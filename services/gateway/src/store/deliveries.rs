//! SQL of deliveries: stored with the event, taken when due, asked for again.

use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, Once, Tx, execute, on, transaction};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::Store;
use super::hooks::lock_endpoint;
use crate::Error;
use crate::domain::{Delivery, DeliveryState, EndpointState};

/// Messages to one endpoint that are taken at once.
pub(crate) const AT_ONCE: i64 = 8;

#[derive(sqlx::FromRow)]
struct DeliveryRow {
    tenant_id: String,
    id: Uuid,
    endpoint_id: Uuid,
    event_id: Uuid,
    event_sequence: i64,
    kind: String,
    body: String,
    state: String,
    attempts: i64,
    attempts_before: i64,
    next_attempt_at: Instant,
    last_status: i64,
    last_failure: String,
    created_at: Instant,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = storage::Error;

    fn try_from(row: DeliveryRow) -> Result<Self, storage::Error> {
        let state = DeliveryState::of(&row.state)
            .ok_or_else(|| storage::Error::corrupt("webhook_deliveries.state", &row.state))?;
        Ok(Self {
            id: row.id,
            endpoint: row.endpoint_id,
            event: row.event_id,
            sequence: row.event_sequence as u64,
            kind: row.kind,
            body: row.body,
            state,
            attempts: row.attempts as u32,
            attempts_before: row.attempts_before as u32,
            next_attempt: row.next_attempt_at.0,
            last_status: row.last_status as u16,
            last_failure: row.last_failure,
            created: row.created_at.0,
        })
    }
}

impl Store {
    /// Forgets messages of every tenant that are over and were made before an instant; says how many.
    pub(crate) async fn prune_deliveries(&self, before: OffsetDateTime) -> Result<u64, Error> {
        const SQL: &str =
            "delete from webhook_deliveries where state <> 'pending' and created_at < $1";
        Ok(execute!(&self.db, |pool| sqlx::query(SQL)
            .bind(Instant(before))
            .execute(pool))?)
    }

    /// Stores a message by itself, as a test event is.
    pub(crate) async fn send_test(
        &self,
        once: &Once,
        tenant: &Tenant,
        delivery: &Delivery,
    ) -> Result<Delivery, Error> {
        transaction!(self.db, Error, |tx| {
            if let Some(id) = once.replay::<Uuid>(tx).await? {
                return read(tx, tenant, id).await;
            }
            let endpoint = lock_endpoint(tx, tenant, delivery.endpoint).await?;
            if endpoint.state == EndpointState::Deleted {
                return Err(Error::EndpointNotFound {
                    endpoint: endpoint.id,
                });
            }
            insert(tx, tenant, delivery).await?;
            once.remember(tx, &delivery.id).await?;
            Ok(delivery.clone())
        })
    }

    /// Sends a message again.
    pub(crate) async fn resend(
        &self,
        once: &Once,
        tenant: &Tenant,
        id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Delivery, Error> {
        transaction!(self.db, Error, |tx| {
            let replayed = once.replay::<Uuid>(tx).await?;
            let before = read(tx, tenant, id).await?;
            if replayed.is_some() {
                return Ok(before);
            }
            let endpoint = lock_endpoint(tx, tenant, before.endpoint).await?;
            if endpoint.state == EndpointState::Deleted {
                return Err(Error::DeliveryNotFound { delivery: id });
            }
            let before = read(tx, tenant, id).await?;
            let after = before.clone().again(now);
            update(tx, tenant, &after, before.attempts).await?;
            once.remember(tx, &id).await?;
            Ok(after)
        })
    }

    /// Sends again what was created since and did not arrive; says how many.
    pub(crate) async fn recover(
        &self,
        once: &Once,
        tenant: &Tenant,
        endpoint: Uuid,
        since: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<u64, Error> {
        const SQL: &str = "update webhook_deliveries set state = 'pending', attempts_before = attempts, next_attempt_at = $4 \
                           where tenant_id = $1 and endpoint_id = $2 and created_at >= $3 and state <> 'delivered'";
        transaction!(self.db, Error, |tx| {
            if let Some(scheduled) = once.replay(tx).await? {
                return Ok(scheduled);
            }
            let locked = lock_endpoint(tx, tenant, endpoint).await?;
            if locked.state == EndpointState::Deleted {
                return Err(Error::EndpointNotFound { endpoint });
            }
            let scheduled = execute!(&mut *tx, |c| sqlx::query(SQL)
                .bind(tenant.as_str())
                .bind(endpoint)
                .bind(Instant(since))
                .bind(Instant(now))
                .execute(&mut **c))?;
            once.remember(tx, &scheduled).await?;
            Ok(scheduled)
        })
    }

    /// Messages to an endpoint before an id, newest first.
    pub(crate) async fn deliveries(
        &self,
        tenant: &Tenant,
        endpoint: Uuid,
        state: Option<DeliveryState>,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Delivery>, Error> {
        const SQL: &str = "select * from webhook_deliveries where tenant_id = $1 and endpoint_id = $2 and id < $3 \
                           and ($4 = '' or state = $4) order by id desc limit $5";
        let rows: Vec<DeliveryRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .bind(endpoint)
            .bind(before.unwrap_or(Uuid::max()))
            .bind(state.map_or("", DeliveryState::as_str))
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)?;
        let deliveries = rows.into_iter().map(Delivery::try_from);
        Ok(deliveries.collect::<Result<_, _>>()?)
    }

    /// What is due, the longest waiting first and a few for each endpoint: for the sender alone.
    pub(crate) async fn due(&self, now: OffsetDateTime) -> Result<Vec<(Tenant, Delivery)>, Error> {
        const SQL: &str = "select tenant_id, id, endpoint_id, event_id, event_sequence, kind, body, state, attempts, attempts_before, \
                           next_attempt_at, last_status, last_failure, created_at from (select d.*, row_number() over \
                           (partition by tenant_id, endpoint_id order by next_attempt_at, id) as place from webhook_deliveries d \
                           where state = 'pending' and next_attempt_at <= $1) ranked where place <= $2 order by next_attempt_at, id limit 1024";
        let rows: Vec<DeliveryRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(Instant(now))
            .bind(AT_ONCE)
            .fetch_all(pool)
            .await)?;
        let due = rows.into_iter().map(|row| {
            let corrupt = |error| storage::Error::corrupt("webhook_deliveries.tenant_id", error);
            let tenant: Tenant = row.tenant_id.parse().map_err(corrupt)?;
            Ok((tenant, Delivery::try_from(row)?))
        });
        due.collect()
    }
}

async fn read(tx: &mut Tx, tenant: &Tenant, id: Uuid) -> Result<Delivery, Error> {
    const SQL: &str = "select * from webhook_deliveries where tenant_id = $1 and id = $2";
    let row: Option<DeliveryRow> = on!(&mut *tx, |c| sqlx::query_as(SQL)
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(&mut **c)
        .await)?;
    let row = row.ok_or(Error::DeliveryNotFound { delivery: id })?;
    Ok(row.try_into()?)
}

/// Stores a message in the transaction of what it tells of.
pub(super) async fn insert(
    tx: &mut Tx,
    tenant: &Tenant,
    delivery: &Delivery,
) -> Result<(), storage::Error> {
    const SQL: &str = "insert into webhook_deliveries (tenant_id, id, endpoint_id, event_id, event_sequence, kind, body, state, attempts, \
                       attempts_before, next_attempt_at, last_status, last_failure, created_at) \
                       values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, 0, $10, $11)";
    execute!(&mut *tx, |c| sqlx::query(SQL)
        .bind(tenant.as_str())
        .bind(delivery.id)
        .bind(delivery.endpoint)
        .bind(delivery.event)
        .bind(delivery.sequence as i64)
        .bind(&delivery.kind)
        .bind(&delivery.body)
        .bind(delivery.state.as_str())
        .bind(Instant(delivery.next_attempt))
        .bind(&delivery.last_failure)
        .bind(Instant(delivery.created))
        .execute(&mut **c))?;
    Ok(())
}

/// Stores where a message stands, if it is still where it was read; false where it is not.
pub(super) async fn update(
    tx: &mut Tx,
    tenant: &Tenant,
    delivery: &Delivery,
    attempts_read: u32,
) -> Result<bool, storage::Error> {
    const SQL: &str = "update webhook_deliveries set state = $3, attempts = $4, attempts_before = $5, next_attempt_at = $6, last_status = $7, \
                       last_failure = $8 where tenant_id = $1 and id = $2 and attempts = $9";
    let rows = execute!(&mut *tx, |c| sqlx::query(SQL)
        .bind(tenant.as_str())
        .bind(delivery.id)
        .bind(delivery.state.as_str())
        .bind(i64::from(delivery.attempts))
        .bind(i64::from(delivery.attempts_before))
        .bind(Instant(delivery.next_attempt))
        .bind(i64::from(delivery.last_status))
        .bind(&delivery.last_failure)
        .bind(i64::from(attempts_read))
        .execute(&mut **c))?;
    Ok(rows == 1)
}
