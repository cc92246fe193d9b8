//! The event log ↔ proto.

use pbjson_types::Struct;
use serde_json::{Map, Value};
use tongguan_api::gateway::v1 as pb;
use tongguan_rpc::{Invalid, PageToken, Violations, wire};

use crate::domain::Event;
use crate::store::EventPage;

/// A page of the log, asked for.
pub(crate) struct EventQuery {
    pub(crate) after: u64,
    pub(crate) limit: u32,
    pub(crate) kind_prefix: String,
}

pub(crate) fn list(request: pb::ListEventsRequest) -> Result<EventQuery, Invalid> {
    let size = request.page_size;
    let mut bad = Violations::default();
    bad.check((0..=1_000).contains(&size), "page_size", || {
        format!("is {size}; 1 to 1,000 are taken, 0 means 100")
    });
    let kind_prefix = bad.optional_text("kind_prefix", &request.kind_prefix, 100);
    bad.finish()?;
    Ok(EventQuery {
        after: request.after,
        limit: PageToken::size(size, 100, 1_000),
        kind_prefix,
    })
}

pub(crate) fn watch(request: &pb::WatchEventsRequest) -> Result<EventQuery, Invalid> {
    let mut bad = Violations::default();
    let kind_prefix = bad.optional_text("kind_prefix", &request.kind_prefix, 100);
    bad.finish()?;
    Ok(EventQuery {
        after: request.after,
        limit: 256,
        kind_prefix,
    })
}

pub(crate) fn page(page: EventPage, sees_vins: bool) -> pb::ListEventsResponse {
    let shown = page.events.into_iter().map(|one| event(one, sees_vins));
    pb::ListEventsResponse {
        events: shown.collect(),
        next_after: page.next_after,
        more: page.more,
        anchor_sequence: page.anchor.sequence,
        anchor_sha256: page.anchor.sha256,
    }
}

/// The event as its reader may see it.
pub(crate) fn event(event: Event, sees_vins: bool) -> pb::Event {
    let event = if sees_vins { event } else { event.masked() };
    pb::Event {
        sequence: event.sequence,
        id: event.id.to_string(),
        kind: event.kind,
        subject: event.subject,
        record_time: Some(wire::timestamp(event.at)),
        data: Some(data(event.data)),
        previous_sha256: event.previous,
        sha256: event.sha256,
    }
}

fn data(data: Map<String, Value>) -> Struct {
    serde_json::from_value(Value::Object(data)).unwrap_or_default()
}
