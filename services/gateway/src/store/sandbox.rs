//! SQL of the sandbox: how far its clock is ahead, and its API keys.

use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, execute, on, transaction};
use tongguan_vocabulary::{Shift, Tenant};
use uuid::Uuid;

use super::Store;
use crate::Error;
use crate::domain::{ApiKey, MOST_KEYS};

#[derive(sqlx::FromRow)]
struct KeyRow {
    tenant_id: String,
    id: Uuid,
    label: String,
    roles: Json<Vec<String>>,
    organisation: Option<String>,
    secret_sha256: String,
    created_at: Instant,
    revoked_at: Option<Instant>,
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = storage::Error;

    fn try_from(row: KeyRow) -> Result<Self, storage::Error> {
        let corrupt = |error| storage::Error::corrupt("api_keys.tenant_id", error);
        Ok(Self {
            tenant: row.tenant_id.parse().map_err(corrupt)?,
            id: row.id,
            label: row.label,
            roles: row.roles.0,
            organisation: row.organisation,
            secret_sha256: row.secret_sha256,
            created: row.created_at.0,
            revoked: row.revoked_at.map(|at| at.0),
        })
    }
}

impl Store {
    /// Every sandbox whose clock is ahead: for the start of a process, and to hear of other replicas' doings.
    pub(crate) async fn shifts(&self) -> Result<Vec<(Tenant, Shift)>, Error> {
        const SQL: &str = "select tenant_id, ahead_micros from sandbox_clocks order by tenant_id";
        let rows: Vec<(String, i64)> =
            on!(&self.db, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?;
        rows.into_iter()
            .map(|(name, micros)| {
                let corrupt = |error| storage::Error::corrupt("sandbox_clocks.tenant_id", error);
                let tenant = name.parse().map_err(corrupt)?;
                Ok((tenant, Shift::of_micros(micros)))
            })
            .collect()
    }

    /// Sets a sandbox's clock ahead, unless it is that far already: then `false`, and nothing is changed.
    pub(crate) async fn move_clock(
        &self,
        tenant: &Tenant,
        shift: Shift,
        now: OffsetDateTime,
    ) -> Result<bool, Error> {
        const SQL: &str = "insert into sandbox_clocks (tenant_id, ahead_micros, set_at) values ($1, $2, $3) \
                           on conflict (tenant_id) do update set ahead_micros = excluded.ahead_micros, set_at = excluded.set_at \
                           where sandbox_clocks.ahead_micros <= excluded.ahead_micros";
        let rows = execute!(&self.db, |pool| sqlx::query(SQL)
            .bind(tenant.as_str())
            .bind(shift.micros())
            .bind(Instant(now))
            .execute(pool))?;
        Ok(rows == 1)
    }

    /// Sets a sandbox's clock right and revokes its keys, in one commit.
    pub(crate) async fn reset_sandbox(
        &self,
        tenant: &Tenant,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        const CLOCK: &str = "delete from sandbox_clocks where tenant_id = $1";
        const KEYS: &str =
            "update api_keys set revoked_at = $2 where tenant_id = $1 and revoked_at is null";
        transaction!(self.db, Error, |tx| {
            execute!(&mut *tx, |c| sqlx::query(CLOCK)
                .bind(tenant.as_str())
                .execute(&mut **c))?;
            execute!(&mut *tx, |c| sqlx::query(KEYS)
                .bind(tenant.as_str())
                .bind(Instant(now))
                .execute(&mut **c))?;
            Ok(())
        })
    }

    /// Stores a new key, unless the tenant has as many live ones as it may.
    pub(crate) async fn create_key(&self, key: &ApiKey) -> Result<(), Error> {
        const COUNT: &str =
            "select count(id) from api_keys where tenant_id = $1 and revoked_at is null";
        const INSERT: &str = "insert into api_keys (tenant_id, id, label, roles, organisation, secret_sha256, created_at, revoked_at) \
                              values ($1, $2, $3, $4, $5, $6, $7, null)";
        transaction!(self.db, Error, |tx| {
            let live: i64 = on!(&mut *tx, |c| sqlx::query_scalar(COUNT)
                .bind(key.tenant.as_str())
                .fetch_one(&mut **c)
                .await)?;
            if live as usize >= MOST_KEYS {
                return Err(Error::TooManyKeys);
            }
            execute!(&mut *tx, |c| sqlx::query(INSERT)
                .bind(key.tenant.as_str())
                .bind(key.id)
                .bind(&key.label)
                .bind(Json(&key.roles))
                .bind(&key.organisation)
                .bind(&key.secret_sha256)
                .bind(Instant(key.created))
                .execute(&mut **c))?;
            Ok(())
        })
    }

    /// The tenant's keys, newest first, at most a hundred.
    pub(crate) async fn keys(&self, tenant: &Tenant) -> Result<Vec<ApiKey>, Error> {
        const SQL: &str = "select * from api_keys where tenant_id = $1 order by id desc limit 100";
        let rows: Vec<KeyRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .fetch_all(pool)
            .await)?;
        let keys = rows.into_iter().map(ApiKey::try_from);
        Ok(keys.collect::<Result<_, _>>()?)
    }

    /// Revokes a key; once revoked it keeps its first time.
    pub(crate) async fn revoke_key(
        &self,
        tenant: &Tenant,
        id: Uuid,
        now: OffsetDateTime,
    ) -> Result<ApiKey, Error> {
        const REVOKE: &str = "update api_keys set revoked_at = $3 where tenant_id = $1 and id = $2 and revoked_at is null";
        const READ: &str = "select * from api_keys where tenant_id = $1 and id = $2";
        transaction!(self.db, Error, |tx| {
            execute!(&mut *tx, |c| sqlx::query(REVOKE)
                .bind(tenant.as_str())
                .bind(id)
                .bind(Instant(now))
                .execute(&mut **c))?;
            let row: Option<KeyRow> = on!(&mut *tx, |c| sqlx::query_as(READ)
                .bind(tenant.as_str())
                .bind(id)
                .fetch_optional(&mut **c)
                .await)?;
            Ok(row.ok_or(Error::KeyNotFound { key: id })?.try_into()?)
        })
    }

    /// A key by its name alone: whose it is follows from it, as from a token. For the door alone.
    pub(crate) async fn key(&self, id: Uuid) -> Result<Option<ApiKey>, Error> {
        const SQL: &str = "select * from api_keys where id = $1";
        let row: Option<KeyRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(id)
            .fetch_optional(pool)
            .await)?;
        Ok(row.map(ApiKey::try_from).transpose()?)
    }
}
