//! What the peers' messages say of a car, kept as evidence.

use tongguan_api::maintenance::v1 as maintenance;
use tongguan_rpc::{evidence, wire};

use super::History;

pub(super) fn history(history: maintenance::History) -> History {
    History {
        down: history.outcome() == maintenance::Outcome::UpstreamDown,
        fetched: history.fetched_at.as_ref().and_then(wire::instant),
        evidence: evidence::history(history),
    }
}
