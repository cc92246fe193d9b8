//! What readiness is: facts from many sides, what came of asking each, and the stricter of two outcomes.

mod audit;
mod basis;
mod event;
mod facts;
mod job;
mod key;
mod magic;
mod outcome;
mod webhook;

pub(crate) use audit::{MOST_SUBJECTS, Recorded, Sealed, Shown, Thresholds, Visit, is_abroad};
pub(crate) use basis::Basis;
pub(crate) use event::{Event, Feed, GENESIS, Happening, Head, Kept, rfc3339};
pub(crate) use facts::{Contradiction, Facts, flatten, learn_all};
pub(crate) use job::{Job, Part};
pub use job::{JobRefusal, JobState};
pub(crate) use key::{ApiKey, MOST_KEYS, PREFIX, hash_of_secret, key_text, parse_key};
pub(crate) use magic::{Forced, Instead, MAGIC, forced, instead};
pub(crate) use outcome::{Outcome, Source, SourceState, State};
pub(crate) use webhook::{
    Attempt, Delivery, DeliveryState, Endpoint, EndpointState, GIVE_UP, MOST_ENDPOINTS, SigningKey,
};

use time::OffsetDateTime;
use tongguan_vocabulary::{PartialDate, Vin};

/// China's own export rules, a pack like any other.
pub(crate) const CHINA: &str = "CN-EXPORT";

/// A car as a marketplace lists it.
#[derive(Debug, Clone)]
pub(crate) struct Listing<C> {
    /// The caller's own name for it.
    pub(crate) key: String,
    /// Its VIN, where it has one.
    pub(crate) vin: Option<Vin>,
    /// Facts as listed, by dotted name.
    pub(crate) facts: Facts,
    /// The permission for a look-up of the maintenance records, as it travels.
    pub(crate) consent: Option<C>,
    /// Its plate, for maintenance sources that need it.
    pub(crate) plate: String,
}

/// What the rules of one market say; `whole` is their full answer, passed on as it came.
#[derive(Debug, Clone)]
pub(crate) struct Verdict<V> {
    pub(crate) outcome: Outcome,
    pub(crate) ship_by: Option<PartialDate>,
    pub(crate) whole: V,
}

/// What stands between the car and one market.
#[derive(Debug, Clone)]
pub(crate) struct Market<V> {
    pub(crate) code: String,
    pub(crate) outcome: Outcome,
    pub(crate) ship_by: Option<PartialDate>,
    pub(crate) verdict: Option<V>,
}

impl<V> Market<V> {
    /// The market's rules and China's together. A side that could not be asked is undetermined.
    pub(crate) fn of(code: String, own: Option<Verdict<V>>, china: Option<&Verdict<V>>) -> Self {
        let outcome = |verdict: Option<&Verdict<V>>| {
            verdict.map_or(Outcome::Undetermined, |verdict| verdict.outcome)
        };
        let days = [own.as_ref(), china]
            .into_iter()
            .flatten()
            .filter_map(|verdict| verdict.ship_by);
        Self {
            code,
            outcome: outcome(own.as_ref()).stricter(outcome(china)),
            ship_by: days.min_by_key(|day| day.last()),
            verdict: own.map(|verdict| verdict.whole),
        }
    }
}

/// The whole answer for one car.
#[derive(Debug, Clone)]
pub(crate) struct Readiness<V> {
    pub(crate) key: String,
    pub(crate) vin: Option<Vin>,
    pub(crate) china: Option<V>,
    pub(crate) markets: Vec<Market<V>>,
    pub(crate) sources: Vec<SourceState>,
    pub(crate) contradictions: Vec<Contradiction>,
    pub(crate) assumptions: Vec<String>,
    pub(crate) checked: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(outcome: Outcome, ship_by: Option<&str>) -> Verdict<()> {
        let ship_by = ship_by.map(|day| day.parse().unwrap());
        Verdict {
            outcome,
            ship_by,
            whole: (),
        }
    }

    #[test]
    fn a_market_is_as_strict_as_the_stricter_of_the_two_and_as_early_as_the_earlier() {
        let china = verdict(Outcome::Conditional, Some("2026-07-01"));
        let own = verdict(Outcome::Permitted, Some("2026-05-31"));
        let market = Market::of("KE".into(), Some(own), Some(&china));
        assert_eq!(market.outcome, Outcome::Conditional);
        assert_eq!(market.ship_by.unwrap().to_string(), "2026-05-31");
    }

    #[test]
    fn what_could_not_be_asked_is_never_a_pass() {
        let own = verdict(Outcome::Permitted, None);
        assert_eq!(
            Market::of("KE".into(), Some(own.clone()), None).outcome,
            Outcome::Undetermined
        );
        assert_eq!(
            Market::of("KE".into(), None, Some(&own)).outcome,
            Outcome::Undetermined
        );
        let banned = verdict(Outcome::Prohibited, None);
        assert_eq!(
            Market::<()>::of("KE".into(), None, Some(&banned)).outcome,
            Outcome::Prohibited,
            "what is forbidden stays so"
        );
    }
}
