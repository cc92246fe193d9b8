//! Which evidence is stored here, and which report carries it.

use sqlx::QueryBuilder;
use tongguan_storage::{self as storage, Instant, On, Tx, execute, transaction};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{Entry, Store};
use crate::domain::evidence::Media;
use crate::domain::report::Report;
use crate::error::Error;

/// Stored evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    /// SHA-256 in lower-case hexadecimal.
    pub(crate) sha256: String,
    /// Bytes.
    pub(crate) size: u64,
    /// What the bytes are.
    pub(crate) media: Media,
    /// Whether they had been stored before.
    pub(crate) before: bool,
}

impl Store {
    /// Notes evidence whose bytes are safe; answers whether it was noted before.
    pub(crate) async fn record_evidence(
        &self,
        entry: &Entry,
        sha256: &str,
        media: Media,
        size: u64,
    ) -> Result<Stored, Error> {
        const INSERT: &str = "insert into evidence (tenant_id, sha256, media_type, size, uploaded_by, uploaded_at) \
                              values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, sha256) do nothing";
        transaction!(self.db, |tx| {
            let inserted = execute!(&mut *tx, |c| sqlx::query(INSERT)
                .bind(entry.tenant.as_str())
                .bind(sha256)
                .bind(media.as_str())
                .bind(i64::try_from(size).unwrap_or(i64::MAX))
                .bind(&entry.actor)
                .bind(Instant(entry.at))
                .execute(&mut **c))?;
            Ok::<_, Error>(Stored {
                sha256: sha256.to_owned(),
                size,
                media,
                before: inserted == 0,
            })
        })
    }

    /// Those of the hashes whose bytes are stored here.
    pub(crate) async fn stored_evidence(
        &self,
        tenant: &Tenant,
        hashes: &[String],
    ) -> storage::Result<Vec<String>> {
        if hashes.is_empty() {
            return Ok(Vec::new());
        }
        let rows = match &self.db {
            On::Sqlite(pool) => {
                known(tenant, hashes)
                    .build_query_scalar()
                    .fetch_all(pool)
                    .await?
            }
            On::Postgres(pool) => {
                known(tenant, hashes)
                    .build_query_scalar()
                    .fetch_all(pool)
                    .await?
            }
        };
        Ok(rows)
    }
}

fn known<DB>(tenant: &Tenant, hashes: &[String]) -> QueryBuilder<DB>
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
{
    let mut query = QueryBuilder::new("select sha256 from evidence where tenant_id = ");
    query
        .push_bind(tenant.as_str().to_owned())
        .push(" and sha256 in (");
    let mut list = query.separated(", ");
    for hash in hashes {
        list.push_bind(hash.clone());
    }
    list.push_unseparated(")");
    query
}

/// Notes that a report carries its evidence.
pub(super) async fn use_all(
    tx: &mut Tx,
    entry: &Entry,
    id: Uuid,
    report: &Report,
) -> storage::Result<()> {
    const INSERT: &str = "insert into evidence_uses (tenant_id, sha256, inspection_id, vin) values ($1, $2, $3, $4) \
                          on conflict (tenant_id, sha256, inspection_id) do nothing";
    for evidence in &report.evidence {
        execute!(&mut *tx, |c| sqlx::query(INSERT)
            .bind(entry.tenant.as_str())
            .bind(&evidence.sha256)
            .bind(id)
            .bind(report.vehicle.vin.as_str())
            .execute(&mut **c))?;
    }
    Ok(())
}
