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

    /// Tenant, method and key; `None` where the request is not idempotent.
    pub fn key(&self) -> Option<(&str, &'static str, &str)> {
        let keyed = !self.key.is_empty();
        keyed.then(|| (self.tenant.as_str(), self.method, self.key.as_str()))
    }

    /// Claims the key in `tx`, or answers what the first request with it was answered.
    ///
    /// A concurrent request with the same key waits here until the first commits or fails.
    pub async fn replay<T: DeserializeOwned>(&self, tx: &mut Tx) -> Result<Option<T>> {
        if self.key.is_empty() || self.insert(tx, "").await? {
            return Ok(None);
        }
        self.answered(tx).await.map(Some)
    }

    /// Claims the key with the answer that it will have if nothing refuses it, or answers what the first request with
    /// it was answered; one statement less than [`replay`](Self::replay) and [`remember`](Self::remember).
    pub async fn claim<T>(&self, tx: &mut Tx, answer: &T) -> Result<Option<T>>
    where
        T: Serialize + DeserializeOwned,
    {
        if self.key.is_empty() || self.insert(tx, &json(answer)?).await? {
            return Ok(None);
        }
        self.answered(tx).await.map(Some)
    }

    /// Gives a claimed key back, in the transaction that claimed it: a refusal is not remembered.
    pub async fn forget(&self, tx: &mut Tx) -> Result<()> {
        if self.key.is_empty() {
            return Ok(());
        }
        const FORGET: &str =
            "delete from idempotency where tenant_id = $1 and method = $2 and key = $3";
        execute!(&mut *tx, |c| sqlx::query(FORGET)
            .bind(self.tenant.as_str())
            .bind(self.method)
            .bind(&self.key)
            .execute(&mut **c))?;
        Ok(())
    }

    /// Whether the key was free.
    async fn insert(&self, tx: &mut Tx, response: &str) -> Result<bool> {
        const CLAIM: &str = "insert into idempotency (tenant_id, method, key, hash, response, created_at) \
                             values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, method, key) do nothing";
        let claimed = execute!(&mut *tx, |c| sqlx::query(CLAIM)
            .bind(self.tenant.as_str())
            .bind(self.method)
            .bind(&self.key)
            .bind(&self.hash)
            .bind(response)
            .bind(Instant(self.at))
            .execute(&mut **c))?;
        Ok(claimed == 1)
    }

    async fn answered<T: DeserializeOwned>(&self, tx: &mut Tx) -> Result<T> {
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
            .map_err(|error| Error::corrupt("idempotency.response", error))
    }

    /// Stores the answer in the transaction that made it.
    pub async fn remember<T: Serialize>(&self, tx: &mut Tx, answer: &T) -> Result<()> {
        if self.key.is_empty() {
            return Ok(());
        }
        let response = json(answer)?;
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

fn json<T: Serialize>(answer: &T) -> Result<String> {
    serde_json::to_string(answer).map_err(|error| Error::corrupt("idempotency.response", error))
}
