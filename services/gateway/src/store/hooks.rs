//! SQL of webhooks: endpoints, deliveries, what is due and what came of it.

use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, Once, Tx, execute, on, transaction};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::Store;
use crate::Error;
use crate::domain::{
    Attempt, Delivery, DeliveryState, Endpoint, EndpointState, GIVE_UP, MOST_ENDPOINTS, SigningKey,
};

#[derive(sqlx::FromRow)]
struct EndpointRow {
    id: Uuid,
    url: String,
    kind_prefixes: Json<Vec<String>>,
    note: String,
    state: String,
    sees_vins: bool,
    signing_keys: Json<Vec<SigningKey>>,
    delivered_through: i64,
    failing_since: Option<Instant>,
    created_at: Instant,
}

impl TryFrom<EndpointRow> for Endpoint {
    type Error = storage::Error;

    fn try_from(row: EndpointRow) -> Result<Self, storage::Error> {
        let state = EndpointState::of(&row.state)
            .ok_or_else(|| storage::Error::corrupt("webhook_endpoints.state", &row.state))?;
        Ok(Self {
            id: row.id,
            url: row.url,
            kind_prefixes: row.kind_prefixes.0,
            note: row.note,
            state,
            sees_vins: row.sees_vins,
            keys: row.signing_keys.0,
            delivered_through: row.delivered_through as u64,
            failing_since: row.failing_since.map(|at| at.0),
            created: row.created_at.0,
        })
    }
}

impl Store {
    /// Stores a new endpoint; the one of the first request where the key was used before.
    pub(crate) async fn create_endpoint(
        &self,
        once: &Once,
        tenant: &Tenant,
        endpoint: &Endpoint,
    ) -> Result<Endpoint, Error> {
        const COUNT: &str =
            "select count(id) from webhook_endpoints where tenant_id = $1 and state <> 'deleted'";
        const INSERT: &str = "insert into webhook_endpoints (tenant_id, id, url, kind_prefixes, note, state, sees_vins, signing_keys, \
                              delivered_through, failing_since, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, 0, null, $9)";
        transaction!(self.db, Error, |tx| {
            // Only the id is remembered: keys have no place among the answers.
            if let Some(id) = once.replay::<Uuid>(tx).await? {
                return lock_endpoint(tx, tenant, id).await;
            }
            let count: i64 = on!(&mut *tx, |c| sqlx::query_scalar(COUNT)
                .bind(tenant.as_str())
                .fetch_one(&mut **c)
                .await)?;
            if count as usize >= MOST_ENDPOINTS {
                return Err(Error::TooManyEndpoints);
            }
            execute!(&mut *tx, |c| sqlx::query(INSERT)
                .bind(tenant.as_str())
                .bind(endpoint.id)
                .bind(&endpoint.url)
                .bind(Json(&endpoint.kind_prefixes))
                .bind(&endpoint.note)
                .bind(endpoint.state.as_str())
                .bind(endpoint.sees_vins)
                .bind(Json(&endpoint.keys))
                .bind(Instant(endpoint.created))
                .execute(&mut **c))?;
            once.remember(tx, &endpoint.id).await?;
            Ok(endpoint.clone())
        })
    }

    /// The tenant's endpoints after an id, oldest first.
    pub(crate) async fn endpoints(
        &self,
        tenant: &Tenant,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Endpoint>, Error> {
        const SQL: &str = "select * from webhook_endpoints where tenant_id = $1 and id > $2 and state <> 'deleted' order by id limit $3";
        let rows: Vec<EndpointRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .bind(after.unwrap_or(Uuid::nil()))
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)?;
        let endpoints = rows.into_iter().map(Endpoint::try_from);
        Ok(endpoints.collect::<Result<_, _>>()?)
    }

    /// An endpoint that is not deleted.
    pub(crate) async fn endpoint(&self, tenant: &Tenant, id: Uuid) -> Result<Endpoint, Error> {
        const SQL: &str = "select * from webhook_endpoints where tenant_id = $1 and id = $2 and state <> 'deleted'";
        let row: Option<EndpointRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(pool)
            .await)?;
        let row = row.ok_or(Error::EndpointNotFound { endpoint: id })?;
        Ok(row.try_into()?)
    }

    /// Ends an endpoint with all it waits for; ending twice answers the same.
    pub(crate) async fn delete_endpoint(
        &self,
        tenant: &Tenant,
        id: Uuid,
    ) -> Result<Endpoint, Error> {
        transaction!(self.db, Error, |tx| {
            let mut endpoint = lock_endpoint(tx, tenant, id).await?;
            endpoint.state = EndpointState::Deleted;
            // The private halves have done their work.
            endpoint.keys.clear();
            bury(tx, tenant, id, "the endpoint was deleted").await?;
            update_endpoint(tx, tenant, &endpoint).await?;
            Ok(endpoint)
        })
    }

    /// Puts a new key first.
    pub(crate) async fn rotate(
        &self,
        once: &Once,
        tenant: &Tenant,
        id: Uuid,
        fresh: &SigningKey,
        overlap: time::Duration,
        now: OffsetDateTime,
    ) -> Result<Endpoint, Error> {
        transaction!(self.db, Error, |tx| {
            let replayed = once.replay::<Uuid>(tx).await?;
            let mut endpoint = lock_endpoint(tx, tenant, id).await?;
            if endpoint.state == EndpointState::Deleted {
                return Err(Error::EndpointNotFound { endpoint: id });
            }
            if replayed.is_none() {
                endpoint.rotate(fresh.clone(), overlap, now);
                update_endpoint(tx, tenant, &endpoint).await?;
                once.remember(tx, &id).await?;
            }
            Ok(endpoint)
        })
    }

    /// Stores what came of an attempt, unless another attempt was stored meanwhile; the endpoint's standing
    /// follows from it.
    pub(crate) async fn attempted(
        &self,
        tenant: &Tenant,
        before: &Delivery,
        attempt: &Attempt,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let after = before.clone().after(attempt, now);
        transaction!(self.db, Error, |tx| {
            let mut endpoint = lock_endpoint(tx, tenant, before.endpoint).await?;
            if !super::deliveries::update(tx, tenant, &after, before.attempts).await? {
                return Ok(());
            }
            if after.state == DeliveryState::Delivered {
                endpoint.failing_since = None;
                endpoint.delivered_through = endpoint.delivered_through.max(after.sequence);
                if endpoint.state == EndpointState::Failing {
                    endpoint.state = EndpointState::Active;
                }
            } else if endpoint.state == EndpointState::Active {
                let since = *endpoint.failing_since.get_or_insert(now);
                // 410 is a receiver's way to say that nobody listens any more.
                if now - since >= GIVE_UP || attempt.status == 410 {
                    endpoint.state = EndpointState::Failing;
                    bury(tx, tenant, endpoint.id, "the endpoint accepts nothing").await?;
                }
            }
            update_endpoint(tx, tenant, &endpoint).await?;
            Ok(())
        })
    }
}

/// The tenant's endpoints that hear of events, in the transaction of the events.
pub(super) async fn hearing(tx: &mut Tx, tenant: &Tenant) -> Result<Vec<Endpoint>, storage::Error> {
    const SQL: &str =
        "select * from webhook_endpoints where tenant_id = $1 and state <> 'deleted' order by id";
    let rows: Vec<EndpointRow> = on!(&mut *tx, |c| sqlx::query_as(SQL)
        .bind(tenant.as_str())
        .fetch_all(&mut **c)
        .await)?;
    rows.into_iter().map(Endpoint::try_from).collect()
}

/// Reads an endpoint, deleted or not, under its row's lock.
pub(super) async fn lock_endpoint(
    tx: &mut Tx,
    tenant: &Tenant,
    id: Uuid,
) -> Result<Endpoint, Error> {
    const LOCK: &str =
        "update webhook_endpoints set state = state where tenant_id = $1 and id = $2";
    const READ: &str = "select * from webhook_endpoints where tenant_id = $1 and id = $2";
    execute!(&mut *tx, |c| sqlx::query(LOCK)
        .bind(tenant.as_str())
        .bind(id)
        .execute(&mut **c))?;
    let row: Option<EndpointRow> = on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(&mut **c)
        .await)?;
    let row = row.ok_or(Error::EndpointNotFound { endpoint: id })?;
    Ok(row.try_into()?)
}

async fn update_endpoint(
    tx: &mut Tx,
    tenant: &Tenant,
    endpoint: &Endpoint,
) -> Result<(), storage::Error> {
    const SQL: &str = "update webhook_endpoints set state = $3, signing_keys = $4, delivered_through = $5, failing_since = $6 \
                       where tenant_id = $1 and id = $2";
    execute!(&mut *tx, |c| sqlx::query(SQL)
        .bind(tenant.as_str())
        .bind(endpoint.id)
        .bind(endpoint.state.as_str())
        .bind(Json(&endpoint.keys))
        .bind(endpoint.delivered_through as i64)
        .bind(endpoint.failing_since.map(Instant))
        .execute(&mut **c))?;
    Ok(())
}

/// Makes dead letters of everything that waits.
async fn bury(tx: &mut Tx, tenant: &Tenant, id: Uuid, why: &str) -> Result<(), storage::Error> {
    const SQL: &str = "update webhook_deliveries set state = 'dead', last_failure = $3 \
                       where tenant_id = $1 and endpoint_id = $2 and state = 'pending'";
    execute!(&mut *tx, |c| sqlx::query(SQL)
        .bind(tenant.as_str())
        .bind(id)
        .bind(why)
        .execute(&mut **c))?;
    Ok(())
}
