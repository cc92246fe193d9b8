//! Exits, movements and statistics, both ways.

use std::collections::BTreeMap;

use time::Date;
use tongguan_api::clearance::v1 as pb;
use tongguan_rpc::{Invalid, Violations};
use tongguan_vocabulary::PartialDate;
use uuid::Uuid;

use super::answers::state as case_state;
use super::{optional_day, partial, request_id, uuid};
use crate::domain::State;
use crate::domain::exit::Exit;
use crate::service::{MovementPage, MovementView, StatisticsView};

pub(crate) fn exit(message: pb::RecordExitRequest) -> Result<(String, Uuid, Exit, bool), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let id = uuid(&mut bad, "case_id", &message.case_id);
    let declaration = bad.text("declaration_number", &message.declaration_number, 64);
    let port = bad.optional_text("port", &message.port, 100);
    let direction = pb::record_exit_request::Direction::try_from(message.direction).ok();
    bad.check(direction.is_some(), "direction", || {
        format!("{} is not a known value", message.direction)
    });
    let exit = bad.day("date", message.date).map(|date| Exit {
        date,
        declaration,
        port,
    });
    Ok((
        request_id,
        id,
        bad.finish_with(exit)?,
        direction == Some(pb::record_exit_request::Direction::Return),
    ))
}

pub(crate) fn deregistration(
    message: pb::RecordDeregistrationRequest,
) -> Result<(String, Uuid, Date, String), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let id = uuid(&mut bad, "case_id", &message.case_id);
    let document = bad.text("document", &message.document, 100);
    let date = bad.day("date", message.date);
    Ok((request_id, id, bad.finish_with(date)?, document))
}

pub(crate) fn movements(message: &pb::ListOpenMovementsRequest) -> Result<Option<Date>, Invalid> {
    let mut bad = Violations::default();
    bad.optional_text("exporter_code", &message.exporter_code, 18);
    let due = optional_day(&mut bad, "due_until", message.due_until);
    bad.finish()?;
    Ok(due)
}

fn stored(text: Option<&str>) -> Option<PartialDate> {
    text.and_then(|text| text.parse().ok())
}

impl From<MovementPage> for pb::ListOpenMovementsResponse {
    fn from(page: MovementPage) -> Self {
        let scores = page
            .scores
            .into_iter()
            .map(|(exporter_code, score)| pb::ExporterScore {
                exporter_code,
                open: score.open,
                overdue: score.overdue,
                closed_in_time: score.closed_in_time,
                closed_late: score.closed_late,
                score_percent: score.percent(),
            });
        Self {
            movements: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next,
            scores: scores.collect(),
        }
    }
}

impl From<MovementView> for pb::OpenMovement {
    fn from(view: MovementView) -> Self {
        let movement = view.movement;
        Self {
            case_id: movement.id.to_string(),
            vin: movement.vin,
            exporter_code: movement.exporter,
            exited: partial(stored(movement.exited.as_deref())),
            deregister_by: partial(stored(movement.deregister_by.as_deref())),
            days_left: view.days_left,
        }
    }
}

pub(crate) fn statistics(
    message: pb::GetStatisticsRequest,
) -> Result<(Option<Date>, Option<Date>), Invalid> {
    let mut bad = Violations::default();
    let from = bad
        .optional_date("from", message.from)
        .map(PartialDate::first);
    let until = bad
        .optional_date("until", message.until)
        .map(PartialDate::last);
    if let (Some(from), Some(until)) = (from, until) {
        bad.check(from <= until, "until", || {
            format!("{until} is before {from}")
        });
    }
    bad.finish()?;
    Ok((from, until))
}

impl From<StatisticsView> for pb::Statistics {
    fn from(figures: StatisticsView) -> Self {
        let mut rows: BTreeMap<[String; 4], pb::StatisticsRow> = BTreeMap::new();
        let mut states: BTreeMap<State, u64> = BTreeMap::new();
        let (mut young, mut aged) = (0_u64, 0_u64);
        for group in figures.groups {
            let cases = group.cases.unsigned_abs();
            let Some(state) = State::named(&group.state) else {
                continue;
            };
            *states.entry(state).or_default() += cases;
            young += group.young.unsigned_abs();
            aged += group.aged.unsigned_abs();
            let key = [
                group.month,
                group.destination,
                group.category,
                group.powertrain,
            ];
            let row = rows.entry(key.clone()).or_insert_with(|| {
                let [month, destination, category, powertrain] = key;
                pb::StatisticsRow {
                    month,
                    destination,
                    category,
                    powertrain,
                    ..Default::default()
                }
            });
            row.cases += cases;
            row.certified += if state.is_certified_or_further() {
                cases
            } else {
                0
            };
            row.refused += if state == State::Refused { cases } else { 0 };
            row.exited += if matches!(state, State::Exited | State::Deregistered) {
                cases
            } else {
                0
            };
            row.value_usd += group.value_usd.unsigned_abs();
            row.young += group.young.unsigned_abs();
        }
        let median = figures.clearing.get(figures.clearing.len() / 2).copied();
        Self {
            rows: rows.into_values().collect(),
            refusals: figures
                .refusals
                .into_iter()
                .map(|(rule_id, cases)| pb::RefusalCount {
                    rule_id,
                    cases: cases.unsigned_abs(),
                })
                .collect(),
            median_time_to_clear: median
                .map(|seconds| pbjson_types::Duration { seconds, nanos: 0 }),
            states: states
                .into_iter()
                .map(|(state, cases)| pb::StateCount {
                    state: case_state(state).into(),
                    cases,
                })
                .collect(),
            young_percent: (aged > 0).then(|| young as f64 * 100.0 / aged as f64),
        }
    }
}
