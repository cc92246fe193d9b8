//! Webhooks ↔ proto, and the body of a message.

use prost::Message as _;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use tongguan_api::gateway::v1 as pb;
use tongguan_rpc::{Invalid, PageToken, Violations, wire};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use crate::Error;
use crate::domain::{Delivery, DeliveryState, Endpoint, EndpointState, Event, rfc3339};
use crate::webhooks::Wanted;

/// A write: its key, its canonical bytes and what it asks.
pub(crate) struct Write<T> {
    pub(crate) request_id: String,
    pub(crate) canonical: Vec<u8>,
    pub(crate) asked: T,
}

/// A page of one list query.
pub(crate) struct Page {
    pub(crate) after: Option<Uuid>,
    /// Rows to read: one more than are shown, which tells whether there is a next page.
    pub(crate) read: u32,
    size: u32,
    tokens: PageToken,
}

pub(crate) fn create(
    mut request: pb::CreateEndpointRequest,
    sees_vins: bool,
) -> Result<Write<Wanted>, Invalid> {
    let request_id = std::mem::take(&mut request.request_id);
    let canonical = request.encode_to_vec();
    let mut bad = Violations::default();
    bad.optional_text("request_id", &request_id, 64);
    let url = bad.text("url", &request.url, 2_000);
    let note = bad.optional_text("note", &request.note, 200);
    let count = request.kind_prefixes.len();
    bad.check(count <= 20, "kind_prefixes", || {
        format!("has {count} prefixes, at most 20 are taken")
    });
    for (n, prefix) in request.kind_prefixes.iter().take(20).enumerate() {
        bad.text(&format!("kind_prefixes[{n}]"), prefix, 100);
    }
    bad.finish()?;
    Ok(Write {
        request_id,
        canonical,
        asked: Wanted {
            url,
            kind_prefixes: request.kind_prefixes,
            note,
            sees_vins,
        },
    })
}

pub(crate) fn delete(request: &pb::DeleteEndpointRequest) -> Result<Uuid, Invalid> {
    let mut bad = Violations::default();
    bad.optional_text("request_id", &request.request_id, 64);
    let id = bad.parse("endpoint", &request.endpoint);
    bad.finish_with(id)
}

pub(crate) fn rotate(
    mut request: pb::RotateSecretRequest,
) -> Result<Write<(Uuid, Duration)>, Invalid> {
    let request_id = std::mem::take(&mut request.request_id);
    let canonical = request.encode_to_vec();
    let mut bad = Violations::default();
    bad.optional_text("request_id", &request_id, 64);
    let id = bad.parse("endpoint", &request.endpoint);
    let overlap = match request.overlap {
        None => Duration::DAY,
        Some(asked) => Duration::new(asked.seconds, asked.nanos),
    };
    let fits = (Duration::ZERO..=Duration::days(7)).contains(&overlap);
    bad.check(fits, "overlap", || "is not between 0 and 7 days".to_owned());
    Ok(Write {
        request_id,
        canonical,
        asked: (bad.finish_with(id)?, overlap),
    })
}

pub(crate) fn resend(mut request: pb::ResendDeliveryRequest) -> Result<Write<Uuid>, Invalid> {
    let request_id = std::mem::take(&mut request.request_id);
    one(
        request_id,
        request.encode_to_vec(),
        "delivery",
        &request.delivery,
    )
}

pub(crate) fn test(mut request: pb::SendTestEventRequest) -> Result<Write<Uuid>, Invalid> {
    let request_id = std::mem::take(&mut request.request_id);
    one(
        request_id,
        request.encode_to_vec(),
        "endpoint",
        &request.endpoint,
    )
}

fn one(
    request_id: String,
    canonical: Vec<u8>,
    field: &str,
    id: &str,
) -> Result<Write<Uuid>, Invalid> {
    let mut bad = Violations::default();
    bad.optional_text("request_id", &request_id, 64);
    let id = bad.parse(field, id);
    Ok(Write {
        request_id,
        canonical,
        asked: bad.finish_with(id)?,
    })
}

pub(crate) fn recover(
    mut request: pb::RecoverSinceRequest,
) -> Result<Write<(Uuid, OffsetDateTime)>, Invalid> {
    let request_id = std::mem::take(&mut request.request_id);
    let canonical = request.encode_to_vec();
    let mut bad = Violations::default();
    bad.optional_text("request_id", &request_id, 64);
    let id = bad.parse("endpoint", &request.endpoint);
    let since = bad.required("since", request.since);
    let instant = since.as_ref().and_then(wire::instant);
    bad.check(since.is_none() || instant.is_some(), "since", || {
        "is no instant".to_owned()
    });
    Ok(Write {
        request_id,
        canonical,
        asked: bad.finish_with(id.zip(instant))?,
    })
}

pub(crate) fn endpoints_page(
    tenant: &Tenant,
    request: &pb::ListEndpointsRequest,
) -> Result<Page, Error> {
    page(
        &["endpoints", tenant.as_str()],
        &request.page_token,
        request.page_size,
        100,
    )
}

/// The endpoint, the state asked for and the page.
pub(crate) fn deliveries_page(
    tenant: &Tenant,
    request: &pb::ListDeliveriesRequest,
) -> Result<(Uuid, Option<DeliveryState>, Page), Error> {
    use pb::delivery::State;
    let mut bad = Violations::default();
    let id = bad.parse::<Uuid>("endpoint", &request.endpoint);
    let state = match State::try_from(request.state) {
        Ok(State::Unspecified) => None,
        Ok(State::Pending) => Some(DeliveryState::Pending),
        Ok(State::Delivered) => Some(DeliveryState::Delivered),
        Ok(State::Dead) => Some(DeliveryState::Dead),
        Err(_) => {
            bad.add("state", "is no state of a delivery");
            None
        }
    };
    let id = bad.finish_with(id)?;
    let wanted = state.map_or("", DeliveryState::as_str);
    let query = ["deliveries", tenant.as_str(), &id.to_string(), wanted];
    Ok((
        id,
        state,
        page(&query, &request.page_token, request.page_size, 1_000)?,
    ))
}

fn page(query: &[&str], token: &str, size: i32, max: u32) -> Result<Page, Error> {
    let mut bad = Violations::default();
    bad.check(size >= 0, "page_size", || format!("is {size}"));
    bad.finish()?;
    let tokens = PageToken::of(query);
    let after = tokens.decode(token)?;
    let after = after.map(|id| id.parse().map_err(|_| tongguan_rpc::PageTokenError));
    let size = PageToken::size(size, 50, max);
    Ok(Page {
        after: after.transpose()?,
        read: size + 1,
        size,
        tokens,
    })
}

pub(crate) fn endpoints(
    page: &Page,
    found: Vec<Endpoint>,
    now: OffsetDateTime,
) -> pb::ListEndpointsResponse {
    let (found, next_page_token) = page
        .tokens
        .page(found, page.size, |last| last.id.to_string());
    pb::ListEndpointsResponse {
        endpoints: found.into_iter().map(|one| endpoint(one, now)).collect(),
        next_page_token,
    }
}

pub(crate) fn deliveries(page: &Page, found: Vec<Delivery>) -> pb::ListDeliveriesResponse {
    let (found, next_page_token) = page
        .tokens
        .page(found, page.size, |last| last.id.to_string());
    pb::ListDeliveriesResponse {
        deliveries: found.into_iter().map(delivery).collect(),
        next_page_token,
    }
}

pub(crate) fn endpoint(endpoint: Endpoint, now: OffsetDateTime) -> pb::Endpoint {
    use pb::endpoint::State;
    let state = match endpoint.state {
        EndpointState::Active => State::Active,
        EndpointState::Failing => State::Failing,
        EndpointState::Deleted => State::Deleted,
    };
    let keys = endpoint.live(now).map(|key| format!("whpk_{}", key.public));
    pb::Endpoint {
        id: endpoint.id.to_string(),
        public_keys: keys.collect(),
        url: endpoint.url,
        kind_prefixes: endpoint.kind_prefixes,
        state: state.into(),
        note: endpoint.note,
        create_time: Some(wire::timestamp(endpoint.created)),
        delivered_through: endpoint.delivered_through,
    }
}

pub(crate) fn delivery(delivery: Delivery) -> pb::Delivery {
    use pb::delivery::State;
    let state = match delivery.state {
        DeliveryState::Pending => State::Pending,
        DeliveryState::Delivered => State::Delivered,
        DeliveryState::Dead => State::Dead,
    };
    let waits = delivery.state == DeliveryState::Pending;
    pb::Delivery {
        id: delivery.id.to_string(),
        endpoint: delivery.endpoint.to_string(),
        event: delivery.event.to_string(),
        kind: delivery.kind,
        state: state.into(),
        attempts: delivery.attempts,
        next_attempt_time: waits.then(|| wire::timestamp(delivery.next_attempt)),
        last_status: delivery.last_status.into(),
        last_failure: delivery.last_failure,
        create_time: Some(wire::timestamp(delivery.created)),
    }
}

/// The body as Standard Webhooks shapes it: the event's kind and time, and the event as ListEvents shows it.
pub(crate) fn body(event: &Event, sees_vins: bool) -> String {
    let shown = super::events::event(event.clone(), sees_vins);
    json!({
        "type": event.kind,
        "timestamp": rfc3339(event.at),
        "data": serde_json::to_value(shown).unwrap_or_default(),
    })
    .to_string()
}
