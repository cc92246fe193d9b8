//! Which evidence is stored here, what it looks like, and which report carries it.

use tongguan_storage::{self as storage, Instant, Tx, built, chunks, execute, transaction};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{Entry, Store};
use crate::domain::evidence::Media;
use crate::domain::picture::Look;
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
    /// Notes evidence whose bytes are safe, with what it looks like; answers whether it was noted before.
    pub(crate) async fn record_evidence(
        &self,
        entry: &Entry,
        sha256: &str,
        media: Media,
        size: u64,
        look: Option<Look>,
    ) -> Result<Stored, Error> {
        const INSERT: &str = "insert into evidence (tenant_id, sha256, media_type, size, uploaded_by, uploaded_at, look) \
                              values ($1, $2, $3, $4, $5, $6, $7) on conflict (tenant_id, sha256) do nothing";
        transaction!(self.db, |tx| {
            let inserted = execute!(&mut *tx, |c| sqlx::query(INSERT)
                .bind(entry.tenant.as_str())
                .bind(sha256)
                .bind(media.as_str())
                .bind(i64::try_from(size).unwrap_or(i64::MAX))
                .bind(&entry.actor)
                .bind(Instant(entry.at))
                .bind(look.map(|look| look.as_bytes().to_vec()))
                .execute(&mut **c))?;
            if let Some(look) = look.filter(|_| inserted == 1) {
                bands(tx, &entry.tenant, sha256, &look).await?;
            }
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
        built!(
            &self.db,
            "select sha256 from evidence where tenant_id = ",
            |query| {
                query.push_bind(tenant.as_str()).push(" and sha256 in (");
                let mut list = query.separated(", ");
                for hash in hashes {
                    list.push_bind(hash.as_str());
                }
                query.push(")");
            },
            |pool| query.build_query_scalar().fetch_all(pool).await
        )
    }
}

/// Makes a picture findable by the bands of its look.
async fn bands(tx: &mut Tx, tenant: &Tenant, sha256: &str, look: &Look) -> storage::Result<()> {
    let bands: Vec<(i32, i32)> = look.bands().collect();
    built!(
        &mut *tx,
        "insert into evidence_bands (tenant_id, band, value, sha256) ",
        |query| {
            query.push_values(&bands, |mut row, (band, value)| {
                row.push_bind(tenant.as_str())
                    .push_bind(*band)
                    .push_bind(*value)
                    .push_bind(sha256);
            });
        }
    )
    .map(drop)
}

/// Notes that a report carries its evidence.
pub(super) async fn use_all(
    tx: &mut Tx,
    entry: &Entry,
    id: Uuid,
    report: &Report,
) -> storage::Result<()> {
    for chunk in chunks(&report.evidence) {
        built!(
            &mut *tx,
            "insert into evidence_uses (tenant_id, sha256, inspection_id, vin) ",
            |query| {
                query.push_values(chunk, |mut row, evidence| {
                    row.push_bind(entry.tenant.as_str())
                        .push_bind(evidence.sha256.as_str())
                        .push_bind(id)
                        .push_bind(report.vehicle.vin.as_str().to_owned());
                });
                query.push(" on conflict (tenant_id, sha256, inspection_id) do nothing");
            }
        )?;
    }
    Ok(())
}
