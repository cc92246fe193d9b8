//! Tests that read facts and nothing else: the leaves of every predicate.

use super::code::{Code, Count, Op, Relation, Share};
use crate::day;
use crate::facts::Facts;
use crate::kleene::Kleene;
use crate::schema::Fact;
use crate::slot::Slot;

/// The value of a leaf, or `None` where the op is no leaf of this kind.
#[inline]
pub(super) fn leaf(code: &Code, facts: &Facts, op: &Op) -> Option<Kleene> {
    Some(match op {
        Op::Const(value) => Kleene::known(*value),
        Op::Flag(fact) => {
            let slot = facts.slot(*fact);
            Kleene::decide(slot.lo == 1, slot.hi == 0)
        }
        Op::Against(relation, fact, value) => {
            compare(*relation, facts.slot(*fact), Slot::exact(*value))
        }
        Op::Age(relation, count, from, to, limit) => {
            let age = between(*count, facts.slot(*from), facts.slot(*to));
            compare(*relation, age, Slot::exact(*limit))
        }
        Op::OneOf(fact, bits) => {
            let slot = facts.slot(*fact);
            if slot.is_exact() {
                Kleene::known(bits >> slot.lo & 1 == 1)
            } else {
                Kleene::Unknown
            }
        }
        Op::FactIn(fact, start, end) => member(
            &code.lists[*start as usize..*end as usize],
            facts.slot(*fact),
        ),
        Op::Members(Share::Any, fact, bits) => {
            let slot = facts.slot(*fact);
            Kleene::decide(slot.lo & bits != 0, slot.hi & bits == 0)
        }
        Op::Members(Share::All, fact, bits) => {
            let slot = facts.slot(*fact);
            Kleene::decide(slot.lo & bits == *bits, slot.hi & bits != *bits)
        }
        Op::Empty(fact) => {
            let slot = facts.slot(*fact);
            Kleene::decide(slot.hi == 0, slot.lo != 0)
        }
        Op::Documents(share, start, end) => {
            let mut codes = code.lists[*start as usize..*end as usize].iter();
            Kleene::known(match share {
                Share::Any => codes.any(|id| facts.has_document(*id)),
                Share::All => codes.all(|id| facts.has_document(*id)),
            })
        }
        Op::Stage(relation, fact, level, start, end) => {
            let mut slot = facts.slot(*fact);
            // A stage stated in the family itself beats one concluded from another.
            if slot.lo < 0 {
                for deemed in &code.deemed[*start as usize..*end as usize] {
                    if facts.slot(deemed.fact).lo >= deemed.from {
                        slot.lo = slot.lo.max(deemed.reaches);
                    }
                }
            }
            compare(*relation, slot, Slot::exact(*level))
        }
        Op::And(_)
        | Op::Or(_)
        | Op::Not
        | Op::Choose(..)
        | Op::Same(_)
        | Op::Compare(..)
        | Op::InList(..) => return None,
    })
}

/// The facts a leaf reads.
pub(super) fn reads(op: &Op) -> [Option<Fact>; 2] {
    match op {
        Op::Age(_, _, from, to, _) => [Some(*from), Some(*to)],
        Op::Flag(fact)
        | Op::Against(_, fact, _)
        | Op::OneOf(fact, _)
        | Op::FactIn(fact, ..)
        | Op::Members(_, fact, _)
        | Op::Empty(fact)
        | Op::Stage(_, fact, ..) => [Some(*fact), None],
        _ => [None, None],
    }
}

/// Whether a value is one of a list.
#[inline]
pub(super) fn member(list: &[i64], slot: Slot) -> Kleene {
    if slot.is_exact() {
        return Kleene::known(list.contains(&slot.lo));
    }
    let possible = list.iter().any(|item| slot.lo <= *item && *item <= slot.hi);
    if possible {
        Kleene::Unknown
    } else {
        Kleene::False
    }
}

#[inline]
pub(super) fn compare(relation: Relation, left: Slot, right: Slot) -> Kleene {
    match relation {
        Relation::Lt => Kleene::decide(left.hi < right.lo, left.lo >= right.hi),
        Relation::Le => Kleene::decide(left.hi <= right.lo, left.lo > right.hi),
        Relation::Gt => Kleene::decide(left.lo > right.hi, left.hi <= right.lo),
        Relation::Ge => Kleene::decide(left.lo >= right.hi, left.hi < right.lo),
        Relation::Eq => same(left, right),
        Relation::Ne => !same(left, right),
    }
}

#[inline]
fn same(left: Slot, right: Slot) -> Kleene {
    let apart = left.hi < right.lo || right.hi < left.lo;
    Kleene::decide(left.is_exact() && left == right, apart)
}

/// Counts rise with the second day and fall with the first.
#[inline]
pub(super) fn between(count: Count, from: Slot, to: Slot) -> Slot {
    let count = |from, to| match count {
        Count::Years => day::years(from, to),
        Count::Months => day::months(from, to),
        Count::Days => day::days(from, to),
        Count::CalendarYears => day::calendar_years(from, to),
        Count::FiscalYears(start) => day::fiscal_years(from, to, i64::from(start)),
    };
    if from.is_exact() && to.is_exact() {
        return Slot::exact(count(from.lo, to.lo));
    }
    Slot {
        lo: count(from.hi, to.lo),
        hi: count(from.lo, to.hi),
    }
}
