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
/// Looks to a statement: a report has about eight photographs.
const LOOKS: usize = 16;

/// A report around the new one; `what` says why it was read.
#[derive(sqlx::FromRow)]
struct OtherRow {
    what: String,
    id: Uuid,
    vin: String,
    started_at: Option<Instant>,
    performed: String,
    odometer_km: Option<i64>,
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

/// Reads the surroundings of a report that is not stored yet, in three statements at most; the registry's readings and
/// the run of passes are the caller's to add.
pub(super) async fn of(
    tx: &mut Tx,
    entry: &Entry,
    report: &Report,
) -> storage::Result<Surroundings> {
    let mut around = Surroundings {
        same_day: Vec::new(),
        same_values: Vec::new(),
        same_evidence: Vec::new(),
        alike: Vec::new(),
        readings: Vec::new(),
        passes_in_a_row: 0,
    };
    for row in others(tx, entry, report).await? {
        match row.what.as_str() {
            "day" => around.same_day.push(row.try_into()?),
            "values" => around.same_values.push(row.try_into()?),
            _ => around.readings.push(reading(&row)?),
        }
    }
    if !report.evidence.is_empty() {
        let looks = evidence(tx, entry, report, &mut around).await?;
        around.alike = alike(tx, entry, report, &looks).await?;
    }
    Ok(around)
}

/// Tests of the inspector's day, reports with the same values, and the highest earlier reading of the vehicle.
async fn others(tx: &mut Tx, entry: &Entry, report: &Report) -> storage::Result<Vec<OtherRow>> {
    const READ: &str = "select * from (select 'day' as what, id, vin, started_at, performed, odometer_km from inspections \
        where tenant_id = $1 and body_id = $2 and performed = $3 and inspector = $4 and state = 'current' \
        order by id desc limit $5) as day \
        union all select * from (select 'values' as what, id, vin, started_at, performed, odometer_km from inspections \
        where tenant_id = $1 and fingerprint = $6 and vin <> $7 order by id desc limit $8) as equal \
        union all select * from (select 'reading' as what, id, vin, started_at, performed, odometer_km from inspections \
        where tenant_id = $1 and vin = $7 and odometer_km is not null and performed <= $3 and state = 'current' \
        order by odometer_km desc limit 1) as higher";
    on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(entry.tenant.as_str())
        .bind(report.body)
        .bind(report.date.to_string())
        .bind(&report.inspector)
        .bind(A_DAY)
        .bind(report.fingerprint())
        .bind(report.vehicle.vin.as_str())
        .bind(NAMED)
        .fetch_all(&mut **c)
        .await)
}

fn reading(row: &OtherRow) -> storage::Result<(PartialDate, Odometer, Option<Uuid>)> {
    let day = row
        .performed
        .parse()
        .map_err(|error| storage::Error::corrupt("inspections.performed", error))?;
    let km = u32::try_from(row.odometer_km.unwrap_or_default())
        .map_err(|error| storage::Error::corrupt("inspections.odometer_km", error))?;
    Ok((day, Odometer::km(km), Some(row.id)))
}

/// Adds who else used the report's evidence; answers the looks of its photographs that are stored here.
async fn evidence(
    tx: &mut Tx,
    entry: &Entry,
    report: &Report,
    around: &mut Surroundings,
) -> storage::Result<Vec<(String, Look)>> {
    type Row = (String, Option<Vec<u8>>, Option<Uuid>, Option<String>);
    let most = NAMED * report.evidence.len() as i64;
    let rows: Vec<Row> = built!(
        &mut *tx,
        "select sha256, look, null as inspection_id, null as vin from evidence where look is not null and tenant_id = ",
        |query| {
            query.push_bind(entry.tenant.as_str());
            query.push(" and sha256 in (");
            let mut list = query.separated(", ");
            for evidence in &report.evidence {
                list.push_bind(evidence.sha256.as_str());
            }
            query.push(
                ") union all select * from (select sha256, cast(null as bytea) as look, inspection_id, vin from evidence_uses \
                 where tenant_id = ",
            );
            query.push_bind(entry.tenant.as_str()).push(" and vin <> ");
            query.push_bind(report.vehicle.vin.as_str());
            query.push(" and sha256 in (");
            let mut list = query.separated(", ");
            for evidence in &report.evidence {
                list.push_bind(evidence.sha256.as_str());
            }
            query.push(") limit ").push_bind(most).push(") as uses");
        },
        |c| query.build_query_as().fetch_all(&mut **c).await
    )?;
    let mut looks = Vec::new();
    for row in rows {
        match row {
            (sha256, Some(bits), _, _) => looks.push((sha256, look(&bits)?)),
            (sha256, None, Some(id), Some(text)) => {
                let other = Other {
                    id,
                    vin: vin(&text)?,
                    started_at: None,
                };
                around.same_evidence.push((sha256, other));
            }
            _ => return Err(storage::Error::corrupt("evidence_uses.vin", "no value")),
        }
    }
    Ok(looks)
}

/// Photographs of other vehicles that share a band of their look with one of the report's.
async fn alike(
    tx: &mut Tx,
    entry: &Entry,
    report: &Report,
    looks: &[(String, Look)],
) -> storage::Result<Vec<Alike>> {
    type Row = (String, String, Vec<u8>, Uuid, String);
    let mut all = Vec::new();
    for looks in looks.chunks(LOOKS) {
        let rows: Vec<Row> = built!(
            &mut *tx,
            "",
            |query| {
                for (place, (sha256, look)) in looks.iter().enumerate() {
                    // Each look has its own limit, so that one that many share hides no other.
                    query.push(if place == 0 { "" } else { " union all " });
                    query.push("select * from (select distinct cast(");
                    query.push_bind(sha256.as_str()).push(
                        " as text) as mine, e.sha256, e.look, u.inspection_id, u.vin from evidence_bands b \
                         join evidence e on e.tenant_id = b.tenant_id and e.sha256 = b.sha256 \
                         join evidence_uses u on u.tenant_id = b.tenant_id and u.sha256 = b.sha256 where b.tenant_id = ",
                    );
                    query.push_bind(entry.tenant.as_str()).push(" and (");
                    let mut list = query.separated(" or ");
                    for (band, value) in look.bands() {
                        list.push("(b.band = ");
                        list.push_bind_unseparated(band);
                        list.push_unseparated(" and b.value = ");
                        list.push_bind_unseparated(value);
                        list.push_unseparated(")");
                    }
                    query.push(") and b.sha256 <> ").push_bind(sha256.as_str());
                    query.push(" and u.vin <> ");
                    query.push_bind(report.vehicle.vin.as_str());
                    query.push(" limit ").push_bind(CANDIDATES);
                    query.push(format!(") as look_{place}"));
                }
            },
            |c| query.build_query_as().fetch_all(&mut **c).await
        )?;
        for (own, hash, bits, id, text) in rows {
            let Some(mine) = looks.iter().find(|(sha256, _)| *sha256 == own) else {
                continue;
            };
            all.push(Alike {
                mine: mine.clone(),
                theirs: (hash, look(&bits)?),
                other: Other {
                    id,
                    vin: vin(&text)?,
                    started_at: None,
                },
            });
        }
    }
    Ok(all)
}

fn look(bits: &[u8]) -> storage::Result<Look> {
    Look::from_bytes(bits).ok_or_else(|| storage::Error::corrupt("evidence.look", "not 100 bits"))
}
