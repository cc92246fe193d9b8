//! Every metric of the product by name, in one list, with the instruments that record them.
//!
//! Names follow the OpenTelemetry semantic conventions where there is one (`rpc.*`, `db.client.connection.*`), ours
//! begin with `tongguan.`. Where they go is decided by `telemetry`; without a collector they cost next to nothing.
//! Labels have few values: never a VIN, a plate, a person, a tenant or an id.
//!
//! To add a metric: a static below, its line in [`ALL`], and a panel in `deploy/grafana/dashboards`.

mod instrument;

pub use instrument::{Counter, Gauge, Histogram, Kind, Meter, UpDown, label};

/// Bounds in seconds: a call in process takes microseconds, a deadline is at most a minute.
const CALLS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];
/// Bounds in seconds, for what takes from moments to hours.
const DELAYS: &[f64] = &[0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 3_600.0, 86_400.0];
/// Bounds in seconds: one hour, six hours, then days up to the 180 of a schedule.
const DAYS: &[f64] = &[
    3_600.0,
    21_600.0,
    86_400.0,
    172_800.0,
    259_200.0,
    432_000.0,
    604_800.0,
    1_209_600.0,
    2_592_000.0,
    5_184_000.0,
    15_552_000.0,
];

/// Served calls: rate, errors and duration of every method follow from it. Labels `rpc.method`, `rpc.response.status_code`.
pub static CALL_DURATION: Histogram = Histogram::new(
    "rpc.server.call.duration",
    "s",
    "Time of a served call",
    CALLS,
);
/// Open connections of this process's ports.
pub static CONNECTIONS: UpDown = UpDown::new(
    "tongguan.server.connections",
    "{connection}",
    "Open connections",
);
/// Calls refused before any service saw them. Label `reason`: `overloaded`, `too_large`, `too_slow`, `panicked`, `connections`.
pub static REFUSALS: Counter = Counter::new(
    "tongguan.server.refusals",
    "{call}",
    "Calls refused before any service saw them",
);

/// Connections of a role's pool. Labels `db.client.connection.pool.name` (the role), `db.client.connection.state` (`used`, `idle`).
pub static POOL: Gauge = Gauge::new(
    "db.client.connection.count",
    "{connection}",
    "Connections of a pool by state",
);
/// Connections a role's pool may have. Label `db.client.connection.pool.name`.
pub static POOL_MOST: Gauge = Gauge::new(
    "db.client.connection.max",
    "{connection}",
    "Connections a pool may have",
);
/// Until a write transaction has begun: the wait for a connection and, on SQLite, for the one writer's turn.
pub static BEGIN: Histogram = Histogram::new(
    "tongguan.database.begin.duration",
    "s",
    "Wait until a write transaction has begun",
    CALLS,
);

/// What is due and not done yet. Label `queue`: `webhooks`, `cases`, `lookups`.
pub static QUEUE: Gauge = Gauge::new(
    "tongguan.queue.depth",
    "{item}",
    "Work that is due and not done yet",
);
/// Events of the tenants' logs after the cursor of a consumer: last number less cursor. Label `consumer`: `webhooks`.
pub static LAG: Gauge = Gauge::new(
    "tongguan.outbox.lag",
    "{event}",
    "Events after a consumer's cursor",
);
/// How old an event of a service's outbox was when a follower took it over. Label `feed`: the outbox's service.
pub static FEED_DELAY: Histogram = Histogram::new(
    "tongguan.feed.delay",
    "s",
    "Age of an outbox's event when it was taken over",
    DELAYS,
);

/// Whether the breaker before a source of maintenance records is open, 1 or 0. Label `source`.
pub static BREAKER: Gauge = Gauge::new(
    "tongguan.breaker.open",
    "{state}",
    "Whether the breaker before a source is open",
);
/// Questions under way to a source. Label `source`.
pub static SOURCE_IN_FLIGHT: Gauge = Gauge::new(
    "tongguan.source.in_flight",
    "{question}",
    "Questions under way to a source",
);
/// What sources of maintenance records answered. Labels `source`, `outcome` (such as `FOUND`, `UPSTREAM_DOWN`).
pub static SOURCE_ANSWERS: Counter = Counter::new(
    "tongguan.source.answers",
    "{answer}",
    "Answers of sources by outcome",
);
/// Looks into a cache. Labels `cache`, `outcome` (`hit`, `miss`).
pub static CACHE: Counter = Counter::new(
    "tongguan.cache.lookups",
    "{lookup}",
    "Looks into a cache by what came of them",
);

/// Decisions; one pinned again to newer packs is not counted. Labels `outcome` (`READY`, `REFUSED`, `NEEDS_INFORMATION`), `by` (`engine`, `officer`): the share of
/// `engine` is what was decided without a person.
pub static DECISIONS: Counter = Counter::new(
    "tongguan.clearance.decisions",
    "{decision}",
    "Decisions by outcome and by whom",
);
/// Rules that refused. Label `rule`: the rule's id.
pub static RULES_REFUSED: Counter = Counter::new(
    "tongguan.clearance.refusals",
    "{rule}",
    "Refusals by the rule that refused",
);
/// From the first submission of a case to its certificate.
pub static CLEARING: Histogram = Histogram::new(
    "tongguan.clearance.duration",
    "s",
    "From submission to certificate",
    DAYS,
);

/// Answers that showed something of a car or a person abroad. Label `region`: the caller's country.
pub static DISCLOSURES: Counter = Counter::new(
    "tongguan.disclosures",
    "{answer}",
    "Answers shown abroad by country",
);
/// Fields of those answers. Label `class`: `vin`, `personal`.
pub static DISCLOSED_FIELDS: Counter = Counter::new(
    "tongguan.disclosures.fields",
    "{field}",
    "Fields shown abroad by class",
);

/// Every metric of the product.
pub static ALL: [&Meter; 18] = [
    CALL_DURATION.meter(),
    CONNECTIONS.meter(),
    REFUSALS.meter(),
    POOL.meter(),
    POOL_MOST.meter(),
    BEGIN.meter(),
    QUEUE.meter(),
    LAG.meter(),
    FEED_DELAY.meter(),
    BREAKER.meter(),
    SOURCE_IN_FLIGHT.meter(),
    SOURCE_ANSWERS.meter(),
    CACHE.meter(),
    DECISIONS.meter(),
    RULES_REFUSED.meter(),
    CLEARING.meter(),
    DISCLOSURES.meter(),
    DISCLOSED_FIELDS.meter(),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_there_once_and_says_what_it_is() {
        let names: BTreeSet<_> = ALL.iter().map(|meter| meter.name).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(
            ALL.iter()
                .all(|meter| !meter.what.is_empty() && !meter.unit.is_empty())
        );
    }

    #[test]
    fn prometheus_names_carry_unit_and_kind() {
        assert_eq!(
            CALL_DURATION.meter().prometheus(),
            "rpc_server_call_duration_seconds"
        );
        assert_eq!(
            REFUSALS.meter().prometheus(),
            "tongguan_server_refusals_total"
        );
        assert_eq!(POOL.meter().prometheus(), "db_client_connection_count");
    }
}
