//! What other reports say around a new one: the ground on which anomalies are found.

use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, Tx, on};
use tongguan_vocabulary::{Odometer, PartialDate, Vin};
use uuid::Uuid;

use super::Entry;
use crate::domain::anomaly::{Other, Surroundings};
use crate::domain::report::Report;

/// Others that one explanation names at most.
const NAMED: i64 = 20;
/// Tests of one inspector and day that are looked at.
const A_DAY: i64 = 500;

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
    const READ: &str = "select inspection_id, vin from evidence_uses where tenant_id = $1 and sha256 = $2 \
                        and vin <> $3 limit $4";
    let mut all = Vec::new();
    for evidence in &report.evidence {
        let rows: Vec<(Uuid, String)> = on!(&mut *tx, |c| sqlx::query_as(READ)
            .bind(entry.tenant.as_str())
            .bind(&evidence.sha256)
            .bind(report.vehicle.vin.as_str())
            .bind(NAMED)
            .fetch_all(&mut **c)
            .await)?;
        for (id, text) in rows {
            let other = Other {
                id,
                vin: vin(&text)?,
                started_at: None,
            };
            all.push((evidence.sha256.clone(), other));
        }
    }
    Ok(all)
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
