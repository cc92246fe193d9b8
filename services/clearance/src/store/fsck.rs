//! What only a check of the whole store reads.

use sqlx::types::Json;
use tongguan_storage::{self as storage, on};
use uuid::Uuid;

use super::Store;

/// An issued certificate as its columns, its body and its case have it.
#[derive(sqlx::FromRow)]
pub(crate) struct LifeRow {
    pub(crate) id: Uuid,
    pub(crate) state: String,
    pub(crate) status_index: i64,
    /// What verifiers are answered from; not decoded yet, because it may be damaged.
    pub(crate) body: Json<serde_json::Value>,
    /// `None` where its case is gone.
    pub(crate) case_state: Option<String>,
}

impl Store {
    /// Every tenant's issued certificates after an id, in order.
    pub(crate) async fn lives(
        &self,
        after: Uuid,
        limit: u32,
    ) -> Result<Vec<LifeRow>, storage::Error> {
        const READ: &str = "select certificates.id, certificates.state, certificates.status_index, certificates.body, \
                            cases.state as case_state from certificates left join cases \
                            on cases.tenant_id = certificates.tenant_id and cases.id = certificates.case_id \
                            where certificates.id > $1 and certificates.state not in ('PREPARED', 'DISCARDED') \
                            order by certificates.id limit $2";
        on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)
    }
}
