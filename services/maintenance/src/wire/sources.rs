//! Sources and their health on the wire.

use time::OffsetDateTime;
use tongguan_api::maintenance::v1 as pb;
use tongguan_api::maintenance::v1::source_health::State;
use tongguan_rpc::wire as shared;

use crate::upstream::Upstream;
use crate::upstream::manners::Health;

/// A source with its manners.
pub(crate) fn source(upstream: &Upstream) -> pb::Source {
    let province = upstream.province;
    pb::Source {
        id: province.id.clone(),
        name: province.name.clone(),
        name_zh: province.name_zh.clone(),
        areas: province.areas.clone(),
        plate_prefixes: province.plates.clone(),
        profile: upstream.profile.label().to_owned(),
        plate_required: province.plate_required,
        hours: upstream.config.hours.clone(),
        per_minute: upstream.config.per_minute,
        in_flight: upstream.config.in_flight,
        simulated: upstream.config.simulated,
    }
}

/// How a source is doing.
pub(crate) fn health(
    upstream: &Upstream,
    health: &Health,
    parked: u64,
    now: OffsetDateTime,
) -> pb::SourceHealth {
    let state = if health.closed_for.is_some() {
        State::OffHours
    } else if health.breaker_open {
        State::Down
    } else if !health.asked {
        State::Unknown
    } else if health.answered_share < 0.9 || health.failures > 0 {
        State::Degraded
    } else {
        State::Up
    };
    let next = health
        .closed_for
        .map(|wait| now + wait)
        .or(health.open_until);
    pb::SourceHealth {
        source: upstream.province.id.clone(),
        state: state.into(),
        last_success_time: health.last_success.map(shared::timestamp),
        last_failure_time: health.last_failure.map(shared::timestamp),
        failures_in_a_row: health.failures,
        answered_share: health.answered_share,
        median_latency: health.asked.then(|| pbjson_types::Duration {
            seconds: health.median.as_secs() as i64,
            nanos: health.median.subsec_nanos() as i32,
        }),
        in_flight: health.in_flight,
        parked_lookups: parked,
        next_attempt_time: next.map(shared::timestamp),
        simulated: upstream.config.simulated,
    }
}
