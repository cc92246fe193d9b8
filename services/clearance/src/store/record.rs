//! What a change of a case leaves behind it: an audit line, an event, the rules that refused it.

use tongguan_storage::{self as storage, Instant, Tx, built, execute, outbox};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::case::{Line, Loaded};
use super::{Entry, STREAM};
use crate::domain::decision::Weight;
use crate::domain::{Case, State};

/// The audit lines and the events of the last changes of a case.
pub(super) async fn record(
    tx: &mut Tx,
    entry: &Entry,
    loaded: &Loaded,
    lines: &[Line],
) -> Result<(), storage::Error> {
    let before = loaded.version();
    let numbered: Vec<(u64, &Case, &Tenant, &Line)> = lines
        .iter()
        .zip(before + 1..)
        .map(|(line, version)| (version, &loaded.case, &entry.tenant, line))
        .collect();
    record_all(tx, entry, &numbered).await
}

/// Audit lines and events of changes, many to a statement: number, case, its tenant, what happened.
pub(super) async fn record_all(
    tx: &mut Tx,
    entry: &Entry,
    lines: &[(u64, &Case, &Tenant, &Line)],
) -> Result<(), storage::Error> {
    const LINE: &str = "insert into case_events (tenant_id, case_id, version, kind, state, actor, reason, recorded_at) ";
    for chunk in storage::chunks(lines) {
        built!(&mut *tx, LINE, |query| {
            query.push_values(chunk, |mut row, (version, case, tenant, line)| {
                row.push_bind(tenant.as_str())
                    .push_bind(case.id)
                    .push_bind(*version as i64)
                    .push_bind(line.happened.kind)
                    .push_bind(line.state.as_str())
                    .push_bind(entry.actor.as_str())
                    .push_bind(line.happened.reason.as_str())
                    .push_bind(Instant(entry.at));
            });
        })?;
    }
    let events: Vec<outbox::Event> = lines
        .iter()
        .map(|(version, case, tenant, line)| outbox::Event {
            // One event a version: its identity follows from the case and the version.
            id: Uuid::from_u128(case.id.as_u128().wrapping_add((*version).into())),
            tenant: (*tenant).clone(),
            stream: STREAM,
            aggregate: case.id.to_string(),
            kind: line.happened.kind.to_owned(),
            payload: serde_json::json!({
                "case": case.id,
                "version": version,
                "state": line.state,
                "destination": case.destination,
                "certificate": line.happened.certificate.or(case.certificate),
            }),
            at: entry.at,
        })
        .collect();
    outbox::append_all(tx, &events).await
}

pub(super) async fn refusals(
    tx: &mut Tx,
    tenant: &Tenant,
    case: &Case,
) -> Result<(), storage::Error> {
    const CLEAR: &str = "delete from case_refusals where tenant_id = $1 and case_id = $2";
    const ADD: &str = "insert into case_refusals (tenant_id, case_id, rule_id) values ($1, $2, $3) on conflict (tenant_id, case_id, rule_id) do nothing";
    execute!(&mut *tx, |c| sqlx::query(CLEAR)
        .bind(tenant.as_str())
        .bind(case.id)
        .execute(&mut **c))?;
    let refused = case
        .decision
        .as_ref()
        .filter(|_| case.state == State::Refused);
    let reasons = refused.into_iter().flat_map(|decision| &decision.reasons);
    for reason in reasons.filter(|reason| reason.weight == Weight::Refuses) {
        execute!(&mut *tx, |c| sqlx::query(ADD)
            .bind(tenant.as_str())
            .bind(case.id)
            .bind(&reason.rule.rule)
            .execute(&mut **c))?;
    }
    Ok(())
}
