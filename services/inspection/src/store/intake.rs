//! The commit of a report: the body's run, the one it replaces, its anomalies, evidence and event; many reports in one
//! transaction, each under a savepoint.

use serde_json::json;
use sqlx::types::Json;
use tongguan_storage::{Answers, Group, Instant, Once, Tx, execute, on, outbox, savepoint};

use super::inspections::{Draft, leave};
use super::{Entry, anomalies, evidence, surroundings, told};
use crate::domain::anomaly::detect;
use crate::domain::inspection::Inspection;
use crate::error::Error;

/// The last day of use of a report that states none.
const NO_END: &str = "9999-12-31";

/// A report on its way into the tables.
pub(crate) struct Submission {
    /// Its idempotency key.
    pub(crate) once: Once,
    /// Whose, by whom, when.
    pub(crate) entry: Entry,
    /// What is stored.
    pub(crate) draft: Draft,
}

/// What commits reports.
pub(crate) struct Intake;

impl Group for Intake {
    type Command = Submission;
    type Answer = Inspection;
    type Error = Error;

    fn weight(submission: &Submission) -> usize {
        // The inspection, its event, the body's run and the key; then a row for each piece of evidence.
        4 + submission.draft.inspection.report.evidence.len()
    }

    async fn run(&self, tx: &mut Tx, submissions: &[Submission]) -> Answers<Inspection, Error> {
        let mut events = Vec::new();
        let mut answers = Vec::with_capacity(submissions.len());
        for submission in submissions {
            let submitted = if submissions.len() == 1 {
                Ok(submit(tx, submission).await?)
            } else {
                savepoint!(tx, Error, |tx| { submit(tx, submission).await })?
            };
            answers.push(submitted.map(|(inspection, told)| {
                events.extend(told);
                inspection
            }));
        }
        // Numbered together, in the order of the reports; those of a report that was refused are gone with it.
        outbox::append_all(tx, &events).await?;
        Ok(answers)
    }
}

/// Stores a report; answers it with the events that tell of it, and with none where it was stored before.
async fn submit(
    tx: &mut Tx,
    submission: &Submission,
) -> Result<(Inspection, Vec<outbox::Event>), Error> {
    let Submission { once, entry, draft } = submission;
    let inspection = &draft.inspection;
    if let Some(answer) = once.claim(tx, inspection).await? {
        return Ok((answer, Vec::new()));
    }
    let mut events = Vec::new();
    let run = count_pass(tx, entry, draft).await?;
    if let Some(old) = inspection.supersedes {
        leave(tx, entry, old, |before| {
            before.supersede(inspection.id, &draft.reason, entry.at)
        })
        .await?;
        let payload = json!({ "inspection": old, "superseded_by": inspection.id, "vin": inspection.report.vehicle.vin });
        events.push(told(entry, old, "INSPECTION_SUPERSEDED", payload));
    }
    let mut around = surroundings::of(tx, entry, &inspection.report).await?;
    around.passes_in_a_row = u32::try_from(run).unwrap_or(0);
    let registered = draft.readings.iter();
    around
        .readings
        .extend(registered.map(|(day, reading)| (*day, *reading, None)));
    let patterns = detect(&inspection.report, &around, &draft.thresholds);
    let vin = inspection.report.vehicle.vin.to_string();
    let seen = draft.seen.iter().cloned().chain(patterns);
    let found: Vec<_> = seen
        .map(|seen| (inspection.id, vin.clone(), seen))
        .collect();
    insert(tx, entry, inspection).await?;
    evidence::use_all(tx, entry, inspection.id, &inspection.report).await?;
    anomalies::insert(tx, entry, inspection.report.body, &found).await?;
    let kinds: Vec<_> = found.iter().map(|(_, _, seen)| seen.kind).collect();
    let payload = json!({
        "inspection": inspection.id,
        "vin": inspection.report.vehicle.vin,
        "body": inspection.report.body,
        "verdict": inspection.verdict,
        "date": inspection.report.date,
        "report_sha256": inspection.report_sha256,
        "anomalies": kinds,
    });
    events.push(told(entry, inspection.id, "INSPECTION_SUBMITTED", payload));
    Ok((inspection.clone(), events))
}

/// Counts the body's run of passes under its row's lock; refuses where the body changed since it was checked.
async fn count_pass(tx: &mut Tx, entry: &Entry, draft: &Draft) -> Result<i64, Error> {
    const PASSED: &str = "update bodies set pass_run = pass_run + 1 where tenant_id = $1 and id = $2 and version = $3 returning pass_run";
    const STOPPED: &str = "update bodies set pass_run = 0 where tenant_id = $1 and id = $2 and version = $3 returning pass_run";
    let statement = if draft.inspection.verdict.is_pass() {
        PASSED
    } else {
        STOPPED
    };
    let run: Option<i64> = on!(&mut *tx, |c| sqlx::query_scalar(statement)
        .bind(entry.tenant.as_str())
        .bind(draft.inspection.report.body)
        .bind(draft.body_version)
        .fetch_optional(&mut **c)
        .await)?;
    run.ok_or(Error::BodyChanged)
}

async fn insert(tx: &mut Tx, entry: &Entry, inspection: &Inspection) -> Result<(), Error> {
    const INSERT: &str = "insert into inspections (tenant_id, id, body_id, report_number, vin, performed, inspector, started_at, \
                          odometer_km, verdict, fingerprint, state, superseded_by, reason, under_review, version, document, updated_at, usable_until) \
                          values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'current', null, '', $12, 1, $13, $14, $15) \
                          on conflict (tenant_id, body_id, report_number) do nothing";
    let report = &inspection.report;
    let inserted = execute!(&mut *tx, |c| sqlx::query(INSERT)
        .bind(entry.tenant.as_str())
        .bind(inspection.id)
        .bind(report.body)
        .bind(&report.report_number)
        .bind(report.vehicle.vin.as_str())
        .bind(report.date.to_string())
        .bind(&report.inspector)
        .bind(report.times.map(|(start, _)| Instant(start)))
        .bind(
            report
                .vehicle
                .odometer
                .map(|odometer| i64::from(odometer.to_km()))
        )
        .bind(inspection.verdict.as_str())
        .bind(report.fingerprint())
        .bind(false)
        .bind(Json(inspection))
        .bind(Instant(entry.at))
        .bind(
            report
                .valid_until
                .map_or_else(|| NO_END.to_owned(), |until| until.to_string())
        )
        .execute(&mut **c))?;
    if inserted == 0 {
        let number = report.report_number.clone();
        return Err(Error::ReportTaken { number });
    }
    Ok(())
}
