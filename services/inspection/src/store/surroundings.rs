//! What other reports say around a new one: the ground on which anomalies are found.

use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, Tx, built, on};
use tongguan_vocabulary::{Odometer, PartialDate, Vin};
use uuid::Uuid;

use super::Entry;
use crate::domain::anomaly::{Alike, Other, Surroundings};
use crate::domain::picture::Look;
use crate::domain::report::Report;

/// Others that one explanation names at most.
const NAMED: i64 = 20;
/// Tests of one inspector and day that are looked at.
const A_DAY: i64 = 500;
/// Candidates that share a band and are compared bit by bit, for one report; a look that has more is no look.
const CANDIDATES: i64 = 5_000;

#[derive(sqlx::FromRow)]
struct OtherRow {
    id: Uuid,
    vin: String,
    started_at: Option<Instant>,
}

impl TryFrom<OtherRow> for Other {
    type Error = storage::Error;

    fn try_from(row: OtherRow) -> Result<Self, Self::Error> {
        Ok(Self {
            id: row.id,
            vin: vin(&row.vin)?,
            started_at: row.started_at.map(OffsetDateTime::from),
        })
    }
}

fn vin(text: &str) -> storage::Result<Vin> {
    text.parse()
        .map_err(|error| storage::Error::corrupt("inspections.vin", error))
}

/// Reads the surroundings of a report that is not stored yet; the registry's readings and the run of passes
/// are the caller's to add.
pub(super) async fn of(
    tx: &mut Tx,
    entry: &Entry,
    report: &Report,
) -> storage::Result<Surroundings> {
    Ok(Surroundings {
        same_day: same_day(tx, entry, report).await?,
        same_values: same_values(tx, entry, report).await?,
        same_evidence: same_evidence(tx, entry, report).await?,
        alike: alike(tx, entry, report).await?,
        readings: readings(tx, entry, report).await?,
        passes_in_a_row: 0,
    })
}

async fn same_day(tx: &mut Tx, entry: &Entry, report: &Report) -> storage::Result<Vec<Other>> {
    const READ: &str = "select id, vin, started_at from inspections where tenant_id = $1 and body_id = $2 \
                        and performed = $3 and inspector = $4 and state = 'current' order by id desc limit $5";
    let rows: Vec<OtherRow> = on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(entry.tenant.as_str())
        .bind(report.body)
        .bind(report.date.to_string())
        .bind(&report.inspector)
        .bind(A_DAY)
        .fetch_all(&mut **c)
        .await)?;
    rows.into_iter().map(Other::try_from).collect()
}

async fn same_values(tx: &mut Tx, entry: &Entry, report: &Report) -> storage::Result<Vec<Other>> {
    const READ: &str = "select id, vin, started_at from inspections where tenant_id = $1 and fingerprint = $2 \
                        and vin <> $3 order by id desc limit $4";
    let Some(fingerprint) = report.fingerprint() else {
        return Ok(Vec::new());
    };
    let rows: Vec<OtherRow> = on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(entry.tenant.as_str())
        .bind(&fingerprint)
        .bind(report.vehicle.vin.as_str())
        .bind(NAMED)
        .fetch_all(&mut **c)
        .await)?;
    rows.into_iter().map(Other::try_from).collect()
}

async fn same_evidence(
    tx: &mut Tx,
    entry: &Entry,
    report: &Report,
) -> storage::Result<Vec<(String, Other)>> {
    if report.evidence.is_empty() {
        return Ok(Vec::new());
    }
    let most = NAMED * report.evidence.len() as i64;
    let rows: Vec<(String, Uuid, String)> = built!(
        &mut *tx,
        "select sha256, inspection_id, vin from evidence_uses where tenant_id = ",
        |query| {
            query.push_bind(entry.tenant.as_str()).push(" and vin <> ");
            query
                .push_bind(report.vehicle.vin.as_str().to_owned())
                .push(" and sha256 in (");
            let mut list = query.separated(", ");
            for evidence in &report.evidence {
                list.push_bind(evidence.sha256.as_str());
            }
            query.push(") limit ").push_bind(most);
        },
        |c| query.build_query_as().fetch_all(&mut **c).await
    )?;
    rows.into_iter()
        .map(|(sha256, id, text)| {
            let other = Other {
                id,
                vin: vin(&text)?,
                started_at: None,
            };
            Ok((sha256, other))
        })
        .collect()
}

/// Photographs of other vehicles that share a band of their look with one of the report's.
async fn alike(tx: &mut Tx, entry: &Entry, report: &Report) -> storage::Result<Vec<Alike>> {
    if report.evidence.is_empty() {
        return Ok(Vec::new());
    }
    let looks: Vec<(String, Vec<u8>)> = built!(
        &mut *tx,
        "select sha256, look from evidence where look is not null and tenant_id = ",
        |query| {
            query
                .push_bind(entry.tenant.as_str())
                .push(" and sha256 in (");
            let mut list = query.separated(", ");
            for evidence in &report.evidence {
                list.push_bind(evidence.sha256.as_str());
            }
            query.push(")");
        },
        |c| query.build_query_as().fetch_all(&mut **c).await
    )?;
    let mut all = Vec::new();
    for (sha256, bits) in looks {
        let mine = look(&bits)?;
        let bands: Vec<(i32, i32)> = mine.bands().collect();
        let rows: Vec<(String, Vec<u8>, Uuid, String)> = built!(
            &mut *tx,
            "select distinct e.sha256, e.look, u.inspection_id, u.vin from evidence_bands b \
             join evidence e on e.tenant_id = b.tenant_id and e.sha256 = b.sha256 \
             join evidence_uses u on u.tenant_id = b.tenant_id and u.sha256 = b.sha256 where b.tenant_id = ",
            |query| {
                query.push_bind(entry.tenant.as_str()).push(" and (");
                let mut list = query.separated(" or ");
                for (band, value) in &bands {
                    list.push("(b.band = ");
                    list.push_bind_unseparated(*band);
                    list.push_unseparated(" and b.value = ");
                    list.push_bind_unseparated(*value);
                    list.push_unseparated(")");
                }
                query.push(") and b.sha256 <> ").push_bind(sha256.as_str());
                query.push(" and u.vin <> ");
                query.push_bind(report.vehicle.vin.as_str().to_owned());
                query.push(" limit ").push_bind(CANDIDATES);
            },
            |c| query.build_query_as().fetch_all(&mut **c).await
        )?;
        for (hash, bits, id, text) in rows {
            let other = Other {
                id,
                vin: vin(&text)?,
                started_at: None,
            };
            all.push(Alike {
                mine: (sha256.clone(), mine),
                theirs: (hash, look(&bits)?),
                other,
            });
        }
    }
    Ok(all)
}

fn look(bits: &[u8]) -> storage::Result<Look> {
    Look::from_bytes(bits).ok_or_else(|| storage::Error::corrupt("evidence.look", "not 100 bits"))
}

async fn readings(
    tx: &mut Tx,
    entry: &Entry,
    report: &Report,
) -> storage::Result<Vec<(PartialDate, Odometer, Option<Uuid>)>> {
    const READ: &str = "select id, performed, odometer_km from inspections where tenant_id = $1 and vin = $2 \
                        and odometer_km is not null and performed <= $3 and state = 'current' \
                        order by odometer_km desc limit 1";
    let rows: Vec<(Uuid, String, i64)> = on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(entry.tenant.as_str())
        .bind(report.vehicle.vin.as_str())
        .bind(report.date.to_string())
        .fetch_all(&mut **c)
        .await)?;
    rows.into_iter()
        .map(|(id, day, km)| {
            let day = day
                .parse()
                .map_err(|error| storage::Error::corrupt("inspections.performed", error))?;
            let km = u32::try_from(km)
                .map_err(|error| storage::Error::corrupt("inspections.odometer_km", error))?;
            Ok((day, Odometer::km(km), Some(id)))
        })
        .collect()
}
