//! What the dashboards count of cases: decisions, refusing rules, time to clear, and what waits.

use std::time::Duration;

use tongguan_meters::{CLEARING, DECISIONS, QUEUE, RULES_REFUSED, label};

use crate::domain::Case;
use crate::domain::decision::{Decision, ENGINE, Outcome, Weight};
use crate::service::Service;

/// How often what waits is counted.
const INTERVAL: Duration = Duration::from_secs(10);

/// A decision that was stored.
pub(crate) fn decided(decision: &Decision) {
    let outcome = match decision.outcome {
        Outcome::Ready => "READY",
        Outcome::Refused => "REFUSED",
        Outcome::NeedsInformation => "NEEDS_INFORMATION",
    };
    let engine = decision.decided_by == ENGINE;
    let by = if engine { "engine" } else { "officer" };
    DECISIONS.add(1, &[label("outcome", outcome), label("by", by)]);
    // An officer's refusal keeps the engine's reasons, none of which was the officer's.
    if engine && decision.outcome == Outcome::Refused {
        let reasons = decision.reasons.iter();
        for reason in reasons.filter(|reason| reason.weight == Weight::Refuses) {
            RULES_REFUSED.add(1, &[label("rule", reason.rule.rule.clone())]);
        }
    }
}

/// What came of a person's call: a decision, unless the engine's still stands.
pub(crate) fn by_person(case: &Case) {
    let decision = case.decision.iter();
    decision
        .filter(|decision| decision.decided_by != ENGINE)
        .for_each(decided);
}

/// A case was certified for the first time, so long after it was first filed.
pub(crate) fn certified(took: time::Duration) {
    CLEARING.record(took.as_seconds_f64(), &[]);
}

/// Counts what is due until the process stops.
pub(crate) async fn watch(service: Service) {
    let stopping = service.tasks.stopping();
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match service.store.due(service.world.clock.now()).await {
            Ok(due) => QUEUE.set(due, &[label("queue", "cases")]),
            Err(error) => tracing::debug!(%error, "what is due could not be counted"),
        }
    }
}
