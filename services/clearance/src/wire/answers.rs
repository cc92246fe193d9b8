//! Cases, events and the chart → proto.

use tongguan_api::clearance::v1 as pb;
use tongguan_api::common::v1::{ErrorReason, Operation, Problem, operation};
use tongguan_rpc::wire;

use super::{day, decisions, partial};
use crate::domain::case::{Case, Exporter, ExporterKind, Override, Parked, Trip};
use crate::domain::chart::{CHART, Row, State, legal};
use crate::domain::journal::{StepNote, StepOutcome};
use crate::peers::value_of;
use crate::store::EventRow;

pub(super) fn state(state: State) -> pb::CaseState {
    pb::CaseState::from_str_name(&format!("CASE_STATE_{state}"))
        .unwrap_or(pb::CaseState::Unspecified)
}

fn transition(row: &Row) -> pb::Transition {
    pb::Transition {
        from: state(row.from).into(),
        event: row.event.to_string(),
        to: state(row.to).into(),
        rpc: row.rpc.to_owned(),
        actor: row.actor.to_string(),
    }
}

pub(crate) fn state_chart() -> pb::StateChart {
    let terminal = State::ALL.iter().filter(|state| state.is_terminal());
    pb::StateChart {
        transitions: CHART.iter().map(transition).collect(),
        terminal: terminal.map(|ended| state(*ended).into()).collect(),
    }
}

impl From<Case> for pb::Case {
    fn from(case: Case) -> Self {
        Self {
            case_id: case.id.to_string(),
            vin: case.vin.to_string(),
            destination: case.destination.to_string(),
            exporter: Some(case.exporter.into()),
            trip: Some(case.trip.into()),
            state: state(case.state).into(),
            next: legal(case.state).map(transition).collect(),
            documents: case.documents.into_iter().map(Into::into).collect(),
            decision: case.decision.map(Into::into),
            steps: case.steps.into_iter().map(Into::into).collect(),
            batch_id: case.batch.map(|id| id.to_string()).unwrap_or_default(),
            licence_number: case
                .licence
                .map(|licence| licence.number)
                .unwrap_or_default(),
            certificate_id: case
                .certificate
                .map(|id| id.to_string())
                .unwrap_or_default(),
            exited: day(case.exit.map(|exit| exit.date)),
            deregister_by: day(case.deregister_by),
            deregistered: day(case.deregistered),
            retry_time: case
                .parked
                .as_ref()
                .map(|parked| wire::timestamp(parked.retry_at)),
            parked_because: case.parked.as_ref().map(problem),
            declared_facts: Some(pbjson_types::Struct {
                fields: case
                    .declared
                    .iter()
                    .map(|(name, value)| (name.clone(), value_of(value)))
                    .collect(),
            }),
            etag: case.version.to_string(),
            version: case.version,
            create_time: Some(wire::timestamp(case.created_at)),
            update_time: Some(wire::timestamp(case.updated_at)),
            r#override: case.overridden.map(Into::into),
            suspended_because: case.suspended_because.unwrap_or_default(),
        }
    }
}

/// A case in a list: without documents, steps and facts.
pub(crate) fn listed(mut case: Case) -> pb::Case {
    case.documents.clear();
    case.steps.clear();
    case.declared.clear();
    if let Some(decision) = &mut case.decision {
        decision.facts.clear();
    }
    case.into()
}

fn problem(parked: &Parked) -> Problem {
    Problem {
        code: tonic::Code::Unavailable as i32,
        reason: ErrorReason::PeerUnavailable.into(),
        message: format!("{} (attempt {})", parked.message, parked.attempts),
        ..Problem::default()
    }
}

/// The operation of a submission, as the case stands.
pub(crate) fn operation(case: &Case) -> Operation {
    let state = match case.state {
        State::Submitted | State::Gathering => operation::State::Running,
        State::Parked => operation::State::Parked,
        State::Withdrawn => operation::State::Cancelled,
        _ => operation::State::Succeeded,
    };
    let done = !matches!(state, operation::State::Running | operation::State::Parked);
    Operation {
        name: format!("operations/{}", case.operation.unwrap_or_default()),
        state: state.into(),
        done,
        result: format!("cases/{}", case.id),
        error: case.parked.as_ref().map(problem),
        create_time: case.submitted_at.map(wire::timestamp),
        update_time: Some(wire::timestamp(case.updated_at)),
        poll_after: (!done).then_some(pbjson_types::Duration {
            seconds: 0,
            nanos: 200_000_000,
        }),
    }
}

impl From<Exporter> for pb::Exporter {
    fn from(exporter: Exporter) -> Self {
        let kind = match exporter.kind {
            ExporterKind::Producer => pb::exporter::Kind::Producer,
            ExporterKind::Trading => pb::exporter::Kind::Trading,
        };
        Self {
            code: exporter.code,
            name: exporter.name,
            kind: kind.into(),
            filing_valid_until: day(exporter.filing_valid_until),
        }
    }
}

impl From<Trip> for pb::Trip {
    fn from(trip: Trip) -> Self {
        Self {
            application_date: day(trip.application_date),
            contract_date: partial(trip.contract_date),
            bill_of_lading: partial(trip.bill_of_lading),
            departure: partial(trip.departure),
            arrival: partial(trip.arrival),
            declaration: partial(trip.declaration),
            registration_at_destination: partial(trip.registration_at_destination),
            entry_mode: trip.entry_mode,
            commodity_code: trip.commodity_code,
            value_usd: trip.value_usd,
        }
    }
}

impl From<StepNote> for pb::Step {
    fn from(step: StepNote) -> Self {
        let outcome = match step.outcome {
            StepOutcome::Answered => pb::step::Outcome::Answered,
            StepOutcome::NothingFound => pb::step::Outcome::NothingFound,
            StepOutcome::Unreachable => pb::step::Outcome::Unreachable,
            StepOutcome::Refused => pb::step::Outcome::Refused,
        };
        Self {
            number: step.number,
            round: step.round,
            kind: step.kind.as_str().to_owned(),
            outcome: outcome.into(),
            input_sha256: step.input_sha256,
            output_sha256: step.output_sha256,
            pinned: step.pinned,
            record_time: Some(wire::timestamp(step.at)),
        }
    }
}

impl From<Override> for pb::Override {
    fn from(overridden: Override) -> Self {
        let (by, at) = overridden
            .confirmed
            .map_or((String::new(), None), |(by, at)| {
                (by, Some(wire::timestamp(at)))
            });
        Self {
            outcome: decisions::outcome(overridden.outcome).into(),
            reason: overridden.reason,
            proposed_by: overridden.proposed_by,
            propose_time: Some(wire::timestamp(overridden.proposed_at)),
            confirmed_by: by,
            confirm_time: at,
        }
    }
}

pub(crate) fn event(event: EventRow, resume_token: String) -> pb::CaseEvent {
    pb::CaseEvent {
        case_id: event.case_id.to_string(),
        version: event.version.unsigned_abs(),
        kind: event.kind,
        state: State::named(&event.state)
            .map_or(pb::CaseState::Unspecified, state)
            .into(),
        actor: event.actor,
        reason: event.reason,
        record_time: Some(wire::timestamp(event.recorded_at.0)),
        certificate_id: event.certificate,
        resume_token,
    }
}
