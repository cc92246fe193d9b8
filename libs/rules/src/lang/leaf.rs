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
        Op::Within(fact, lo, hi) => within(facts.slot(*fact), *lo, *hi),
        Op::Age(count, from, to, lo, hi) => {
            let age = between(*count, facts.slot(*from), facts.slot(*to));
            within(age, *lo, *hi)
        }
        Op::OneOf(fact, bits) => one_of(facts.slot(*fact), *bits),
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
        Op::Stage(fact, lo, hi, start, end) => {
            let mut slot = facts.slot(*fact);
            // A stage stated in the family itself beats one concluded from another.
            if slot.lo < 0 {
                for deemed in &code.deemed[*start as usize..*end as usize] {
                    if facts.slot(deemed.fact).lo >= deemed.from {
                        slot.lo = slot.lo.max(deemed.reaches);
                    }
                }
            }
            // Open ends are kept in 32 bits; an unknown stage is wider, so it is cut to fit.
            slot.lo = slot.lo.max(i64::from(i32::MIN));
            slot.hi = slot.hi.min(i64::from(i32::MAX));
            within(slot, i64::from(*lo), i64::from(*hi))
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
        Op::Age(_, from, to, ..) => [Some(*from), Some(*to)],
        Op::Within(fact, ..)
        | Op::OneOf(fact, _)
        | Op::FactIn(fact, ..)
        | Op::Members(_, fact, _)
        | Op::Empty(fact)
        | Op::Stage(fact, ..) => [Some(*fact), None],
        _ => [None, None],
    }
}

/// Whether a value lies within bounds.
#[inline]
pub(super) fn within(slot: Slot, lo: i64, hi: i64) -> Kleene {
    Kleene::decide(lo <= slot.lo && slot.hi <= hi, slot.hi < lo || hi < slot.lo)
}

/// Whether a code is one of those whose bits are set.
#[inline]
pub(super) fn one_of(slot: Slot, bits: u64) -> Kleene {
    if slot.is_exact() {
        Kleene::known(bits >> slot.lo & 1 == 1)
    } else {
        Kleene::Unknown
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
pub(super) fn between(by: Count, from: Slot, to: Slot) -> Slot {
    if from.is_exact() && to.is_exact() {
        return Slot::exact(count(by, from.lo, to.lo));
    }
    between_vague(by, from, to)
}

/// Kept out of line: most dates are exact.
#[cold]
fn between_vague(by: Count, from: Slot, to: Slot) -> Slot {
    Slot {
        lo: count(by, from.hi, to.lo),
        hi: count(by, from.lo, to.hi),
    }
}

#[inline]
fn count(by: Count, from: i64, to: i64) -> i64 {
    match by {
        Count::Years => day::years(from, to),
        Count::Months => day::months(from, to),
        Count::Days => day::days(from, to),
        Count::CalendarYears => day::calendar_years(from, to),
        Count::FiscalYears(start) => day::fiscal_years(from, to, i64::from(start)),
    }
}
