//! Durable lookups on the wire.

use tongguan_api::common::v1 as common;
use tongguan_api::common::v1::operation::State as Pb;
use tongguan_api::maintenance::v1 as pb;
use tongguan_rpc::wire as shared;

use super::history::{history, seconds};
use crate::domain::lookup::{Lookup, State};
use crate::service::Progress;

/// A durable lookup as an operation.
pub(crate) fn operation(lookup: &Lookup) -> common::Operation {
    let state = match lookup.state {
        State::Running => Pb::Running,
        State::Parked => Pb::Parked,
        State::Succeeded => Pb::Succeeded,
        State::Failed => Pb::Failed,
        State::Cancelled => Pb::Cancelled,
    };
    let wait = (lookup.next_attempt_at - lookup.updated_at)
        .whole_seconds()
        .clamp(1, 3_600);
    common::Operation {
        name: format!("operations/{}", lookup.id),
        state: state.into(),
        done: lookup.state.is_done(),
        result: format!("lookups/{}", lookup.id),
        error: problem(lookup),
        create_time: Some(shared::timestamp(lookup.created_at)),
        update_time: Some(shared::timestamp(lookup.updated_at)),
        poll_after: (!lookup.state.is_done()).then(|| seconds(wait)),
    }
}

fn problem(lookup: &Lookup) -> Option<common::Problem> {
    let sources = || {
        let told = lookup
            .failures
            .iter()
            .map(|answer| format!("{} ({})", answer.source, answer.outcome.as_str()));
        told.collect::<Vec<_>>().join(", ")
    };
    let (code, reason, message) = match lookup.state {
        State::Parked => (
            tonic::Code::Unavailable,
            common::ErrorReason::SourcesDown,
            format!("waits for {}; it goes on by itself", sources()),
        ),
        State::Failed => (
            tonic::Code::DeadlineExceeded,
            common::ErrorReason::LookupExpired,
            format!(
                "the deadline passed while these gave no answer: {}",
                sources()
            ),
        ),
        State::Running | State::Succeeded | State::Cancelled => return None,
    };
    Some(common::Problem {
        code: code as i32,
        reason: reason.into(),
        message,
        ..common::Problem::default()
    })
}

/// A durable lookup with what is known so far.
pub(crate) fn lookup(progress: Progress) -> pb::Lookup {
    let lookup = progress.lookup;
    pb::Lookup {
        name: format!("lookups/{}", lookup.id),
        operation: Some(operation(&lookup)),
        history: progress.told.map(history),
        attempts: lookup.attempts,
        next_attempt_time: (!lookup.state.is_done())
            .then(|| shared::timestamp(lookup.next_attempt_at)),
    }
}
