//! Idempotency: the same key and body answer the same bytes, for the life of the resource.

use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use tongguan_vocabulary::Tenant;

use crate::{Error, Instant, Result, Tx, execute, on};

/// One request with its idempotency key. An empty key means that the request is not idempotent.
#[derive(Debug, Clone)]
pub struct Once {
    tenant: Tenant,
    method: &'static str,
    key: String,
    hash: Vec<u8>,
    at: OffsetDateTime,
}

impl Once {
    /// Names a request: whose, which method, its `request_id`, and its canonical bytes (without the key).
    pub fn new(
        tenant: &Tenant,
        method: &'static str,
        request_id: &str,
        canonical: &[u8],
        at: OffsetDateTime,
    ) -> Self {
        Self {
            tenant: tenant.clone(),
            method,
            key: request_id.to_owned(),
            hash: digest(&SHA256, canonical).as_ref().to_vec(),
            at,
        }
    }

    /// Claims the key in `tx`, or answers what the first request with it was answered.
    ///
    /// A concurrent request with the same key waits here until the first commits or fails.
    pub async fn replay<T: DeserializeOwned>(&self, tx: &mut Tx) -> Result<Option<T>> {
        if self.key.is_empty() {
            return Ok(None);
        }
        const CLAIM: &str = "insert into idempotency (tenant_id, method, key, hash, response, created_at) \
                             values ($1, $2, $3, $4, '', $5) on conflict (tenant_id, method, key) do nothing";
        let claimed = execute!(&mut *tx, |c| sqlx::query(CLAIM)
            .bind(self.tenant.as_str())
            .bind(self.method)
            .bind(&self.key)
            .bind(&self.hash)
            .bind(Instant(self.at))
            .execute(&mut **c))?;
        if claimed == 1 {
            return Ok(None);
        }
        const READ: &str = "select hash, response from idempotency where tenant_id = $1 and method = $2 and key = $3";
        let (hash, response): (Vec<u8>, String) = on!(&mut *tx, |c| sqlx::query_as(READ)
            .bind(self.tenant.as_str())
            .bind(self.method)
            .bind(&self.key)
            .fetch_one(&mut **c)
            .await)?;
        if hash != self.hash {
            return Err(Error::KeyReused);
        }
        serde_json::from_str(&response)
            .map(Some)
            .map_err(|error| Error::corrupt("idempotency.response", error))
    }

    /// Stores the answer in the transaction that made it.
    pub async fn remember<T: Serialize>(&self, tx: &mut Tx, answer: &T) -> Result<()> {
        if self.key.is_empty() {
            return Ok(());
        }
        let response = serde_json::to_string(answer)
            .map_err(|error| Error::corrupt("idempotency.response", error))?;
        const STORE: &str = "update idempotency set response = $4 where tenant_id = $1 and method = $2 and key = $3";
        execute!(&mut *tx, |c| sqlx::query(STORE)
            .bind(self.tenant.as_str())
            .bind(self.method)
            .bind(&self.key)
            .bind(&response)
            .execute(&mut **c))?;
        Ok(())
    }
}
