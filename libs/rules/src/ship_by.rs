//! Until when a verdict stays what it is, found by evaluating forward day by day.
//!
//! Verdicts need not be monotone in a date (a ban between three and thirty years ends again), so
//! nothing is bisected: the first day that differs is the answer.

use serde::Serialize;

use crate::day;
use crate::decide::{Outcome, decide};
use crate::facts::Facts;
use crate::pack::Pack;
use crate::schema::Fact;
use crate::slot::Slot;

/// How far ahead [`ship_by`] looks, in days: five years.
pub const HORIZON_DAYS: i64 = 1_827;

/// The steps of a voyage in their order; a step moves together with any earlier step.
const VOYAGE: &[Fact] = &[
    Fact::Loading,
    Fact::BillOfLading,
    Fact::Departure,
    Fact::Arrival,
    Fact::Entry,
    Fact::RecordedAtCustoms,
    Fact::Declaration,
    Fact::Clearance,
    Fact::InspectionAtDestination,
    Fact::RegistrationAtDestination,
];

/// The last day on which a verdict stays what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ShipBy {
    /// The verdict changes.
    Until {
        /// The date that was moved.
        over: &'static str,
        /// The last day with the verdict of today's plan, `YYYY-MM-DD`.
        last_day: String,
        /// The verdict up to that day.
        now: Outcome,
        /// The verdict on the day after.
        then: Outcome,
        /// Rules that decide on the day after.
        rules: Vec<String>,
    },
    /// The verdict holds as far as was looked.
    Holds {
        /// The date that was moved.
        over: &'static str,
        /// The last day looked at.
        through: String,
    },
    /// The date to move is not known to the day.
    NoDate {
        /// The date to supply.
        over: &'static str,
    },
}

impl ShipBy {
    /// The last day, `YYYY-MM-DD`, where the day after is worse: a date to ship by. A change for the
    /// better closes nothing, it is a day to wait for.
    pub fn closes(&self) -> Option<&str> {
        match self {
            Self::Until {
                last_day,
                now,
                then,
                ..
            } if then > now => Some(last_day),
            Self::Until { .. } | Self::Holds { .. } | Self::NoDate { .. } => None,
        }
    }
}

/// Moves `over` forward (with every later step of the voyage) until the outcome changes.
///
/// `over` is usually [`Pack::measured_at`]. Looks [`HORIZON_DAYS`] ahead.
pub fn ship_by(pack: &Pack, facts: &Facts, over: Fact) -> ShipBy {
    let slot = facts.slot(over);
    if !slot.is_exact() {
        return ShipBy::NoDate { over: over.name() };
    }
    let now = decide(pack.program(), facts).outcome;
    for days in 1..=HORIZON_DAYS {
        let later = decide(pack.program(), &moved(facts, over, days));
        if later.outcome != now {
            return ShipBy::Until {
                over: over.name(),
                last_day: day::show(Slot::exact(day::plus_days(slot.lo, days - 1))),
                now,
                then: later.outcome,
                rules: named(pack, later.deciding),
            };
        }
    }
    ShipBy::Holds {
        over: over.name(),
        through: day::show(Slot::exact(day::plus_days(slot.lo, HORIZON_DAYS))),
    }
}

/// The ids of the rules whose bits are set.
pub(crate) fn named(pack: &Pack, bits: u128) -> Vec<String> {
    pack.rules
        .iter()
        .enumerate()
        .filter(|(index, _)| bits >> index & 1 == 1)
        .map(|(_, rule)| rule.id.clone())
        .collect()
}

/// The same facts with `over` and the steps of the voyage behind it moved by `days`.
pub(crate) fn moved(facts: &Facts, over: Fact, days: i64) -> Facts {
    let mut moved = facts.clone();
    let start = facts.slot(over).lo;
    let place = VOYAGE.iter().position(|step| *step == over);
    let steps = place.map_or(&[][..], |place| &VOYAGE[place..]);
    for fact in steps
        .iter()
        .copied()
        .filter(|fact| *fact != over)
        .chain([over])
    {
        let slot = facts.slot(fact);
        if facts.is_known(fact) && (fact == over || slot.lo >= start) {
            moved.put(
                fact,
                Slot {
                    lo: day::plus_days(slot.lo, days),
                    hi: day::plus_days(slot.hi, days),
                },
            );
        }
    }
    moved
}
