//! What the dashboards see of the sources: answers, breakers, questions under way, looks into what is remembered.

use tongguan_meters::{BREAKER, CACHE, QUEUE, SOURCE_ANSWERS, SOURCE_IN_FLIGHT, label};

use crate::domain::outcome::Outcome;
use crate::upstream::manners::Health;

/// What a source answered.
pub(crate) fn answered(source: &str, outcome: Outcome) {
    let labels = [
        label("source", source.to_owned()),
        label("outcome", outcome.as_str()),
    ];
    SOURCE_ANSWERS.add(1, &labels);
}

/// A look for an answer that would do.
pub(crate) fn remembered(hit: bool) {
    let outcome = if hit { "hit" } else { "miss" };
    CACHE.add(
        1,
        &[label("cache", "maintenance"), label("outcome", outcome)],
    );
}

/// How a source is doing now.
pub(crate) fn health(source: &str, health: &Health) {
    let source = [label("source", source.to_owned())];
    BREAKER.set(health.breaker_open.into(), &source);
    SOURCE_IN_FLIGHT.set(health.in_flight.into(), &source);
}

/// Durable lookups that a round found due.
pub(crate) fn due(lookups: usize) {
    QUEUE.set(lookups as u64, &[label("queue", "lookups")]);
}
