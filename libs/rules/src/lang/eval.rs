//! Runs compiled predicates over facts: Kleene logic over intervals, with a note of what was missing.
//!
//! Nothing here allocates, loops over input or can fail; the depth was bounded when compiling.

use super::code::{Code, Count, Num, NumRef, Op, Part, Step};
use super::leaf::{between, compare, leaf, member, reads};
use crate::day;
use crate::facts::Facts;
use crate::kleene::Kleene;
use crate::schema::{FACTS, Fact};
use crate::slot::Slot;

/// A set of facts as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct FactSet([u64; FACTS.len().div_ceil(64)]);

impl FactSet {
    /// Adds a fact.
    #[inline]
    pub fn insert(&mut self, fact: Fact) {
        self.0[fact as usize / 64] |= 1 << (fact as usize % 64);
    }

    /// Whether a fact is in the set.
    pub fn contains(self, fact: Fact) -> bool {
        self.0[fact as usize / 64] >> (fact as usize % 64) & 1 == 1
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Adds every fact of another set.
    pub fn extend(&mut self, other: Self) {
        self.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// The facts in the set, in table order.
    pub fn iter(self) -> impl Iterator<Item = Fact> {
        FACTS
            .iter()
            .map(|def| def.fact)
            .filter(move |fact| self.contains(*fact))
    }
}

/// One evaluation: the code, the facts, and which missing facts still matter.
pub(crate) struct Run<'a> {
    pub(crate) code: &'a Code,
    facts: &'a Facts,
    pub(crate) missing: FactSet,
}

impl<'a> Run<'a> {
    #[inline]
    pub(crate) fn new(code: &'a Code, facts: &'a Facts) -> Self {
        Self {
            code,
            facts,
            missing: FactSet::default(),
        }
    }

    /// The value of the predicate at `place`.
    #[inline]
    pub(crate) fn predicate(&mut self, place: u32) -> Kleene {
        self.step(place as usize).0
    }

    /// The value at `at`, and the place behind it.
    fn step(&mut self, at: usize) -> (Kleene, usize) {
        let value = match &self.code.ops[at] {
            Op::And(length) => {
                let end = at + *length as usize;
                return (self.chain(at + 1, end, Kleene::False, Kleene::True), end);
            }
            Op::Or(length) => {
                let end = at + *length as usize;
                return (self.chain(at + 1, end, Kleene::True, Kleene::False), end);
            }
            Op::Not => {
                let (value, next) = self.step(at + 1);
                return (!value, next);
            }
            Op::Choose(other, length) => {
                return (
                    self.choose(at + 1, at + *other as usize),
                    at + *length as usize,
                );
            }
            Op::Same(wanted) => {
                let (left, middle) = self.step(at + 1);
                let (right, next) = self.step(middle);
                let known = !left.is_unknown() && !right.is_unknown();
                let value = if known {
                    Kleene::known((left == right) == *wanted)
                } else {
                    Kleene::Unknown
                };
                return (value, next);
            }
            Op::Compare(relation, left, right) => {
                let before = self.missing;
                let (left, right) = (self.num(*left), self.num(*right));
                self.keep(compare(*relation, left, right), before)
            }
            Op::InList(num, start, end) => {
                let before = self.missing;
                let slot = self.num(*num);
                let value = member(&self.code.lists[*start as usize..*end as usize], slot);
                self.keep(value, before)
            }
            leaf => self.leaf(leaf),
        };
        (value, at + 1)
    }

    /// A conjunction or disjunction: `decider` ends it, `start` is its value over nothing.
    #[inline]
    fn chain(&mut self, mut at: usize, end: usize, decider: Kleene, start: Kleene) -> Kleene {
        let before = self.missing;
        let mut value = start;
        while at < end {
            let (operand, next) = self.step(at);
            if operand == decider {
                // What was missing on the way no longer matters.
                self.missing = before;
                return decider;
            }
            if operand.is_unknown() {
                value = Kleene::Unknown;
            }
            at = next;
        }
        value
    }

    fn choose(&mut self, condition: usize, other: usize) -> Kleene {
        let before = self.missing;
        let (truth, then) = self.step(condition);
        match truth {
            Kleene::True => self.step(then).0,
            Kleene::False => self.step(other).0,
            Kleene::Unknown => {
                let (left, right) = (self.step(then).0, self.step(other).0);
                if left == right {
                    self.keep(left, before)
                } else {
                    Kleene::Unknown
                }
            }
        }
    }

    /// A leaf, with what it wants noted where it is unknown.
    fn leaf(&mut self, op: &Op) -> Kleene {
        let value = leaf(self.code, self.facts, op).unwrap_or(Kleene::Unknown);
        if value.is_unknown() {
            let by_year = matches!(op, Op::Age(Count::CalendarYears, ..));
            for fact in reads(op).into_iter().flatten() {
                let slot = self.facts.slot(fact);
                if !by_year || day::year(slot.lo) != day::year(slot.hi) {
                    self.note(fact, slot);
                }
            }
        }
        value
    }

    #[inline]
    fn keep(&mut self, value: Kleene, before: FactSet) -> Kleene {
        if !value.is_unknown() {
            self.missing = before;
        }
        value
    }

    #[inline]
    fn note(&mut self, fact: Fact, slot: Slot) {
        if !slot.is_exact() {
            self.missing.insert(fact);
        }
    }

    fn num(&mut self, num: NumRef) -> Slot {
        match &self.code.nums[num as usize] {
            Num::Const(lo, hi) => Slot { lo: *lo, hi: *hi },
            Num::Fact(fact) => {
                let slot = self.facts.slot(*fact);
                self.note(*fact, slot);
                slot
            }
            Num::Between(count, from, to) => {
                let mut end = |day: NumRef| {
                    let before = self.missing;
                    let slot = self.num(day);
                    // Where only years are counted, a day known to its year lacks nothing.
                    if *count == Count::CalendarYears && day::year(slot.lo) == day::year(slot.hi) {
                        self.missing = before;
                    }
                    slot
                };
                let (from, to) = (end(*from), end(*to));
                between(*count, from, to)
            }
            Num::Part(part, day) => {
                let before = self.missing;
                let slot = each(self.num(*day), |day| take(*part, day));
                if slot.is_exact() {
                    self.missing = before;
                }
                slot
            }
            Num::Month(day) => {
                let slot = self.num(*day);
                if day::year(slot.lo) == day::year(slot.hi) {
                    each(slot, day::month)
                } else {
                    Slot { lo: 1, hi: 12 }
                }
            }
            Num::Shift(Step::Days, day, by) => each(self.num(*day), |day| day::plus_days(day, *by)),
            Num::Shift(Step::Months, day, by) => {
                each(self.num(*day), |day| day::plus_months(day, *by))
            }
            Num::Scale(num, by) => each(self.num(*num), |value| value.saturating_mul(*by)),
            Num::Add(left, right) => {
                corners(self.num(*left), self.num(*right), i64::saturating_add)
            }
            Num::Sub(left, right) => {
                corners(self.num(*left), self.num(*right), i64::saturating_sub)
            }
            Num::Mul(left, right) => {
                corners(self.num(*left), self.num(*right), i64::saturating_mul)
            }
            Num::Min(left, right) => corners(self.num(*left), self.num(*right), i64::min),
            Num::Max(left, right) => corners(self.num(*left), self.num(*right), i64::max),
            Num::Choose(condition, then, other) => match self.predicate(*condition) {
                Kleene::True => self.num(*then),
                Kleene::False => self.num(*other),
                Kleene::Unknown => self.num(*then).hull(self.num(*other)),
            },
            Num::Issued(id) => self.document_day(*id, |document| document.issued),
            Num::Expires(id) => self.document_day(*id, |document| document.expires),
        }
    }

    /// A date of a document; every day is possible where the document or the date is not known.
    fn document_day(
        &self,
        id: i64,
        date: impl Fn(&crate::facts::Document) -> Option<tongguan_vocabulary::PartialDate>,
    ) -> Slot {
        let known = self.facts.document(id).and_then(date);
        known.map_or(
            Slot {
                lo: day::MIN,
                hi: day::MAX,
            },
            day::interval,
        )
    }
}

fn take(part: Part, day: i64) -> i64 {
    let (year, month) = (day::year(day), day::month(day));
    match part {
        Part::Year => year,
        Part::StartOfYear => day::pack(year, 1, 1),
        Part::EndOfYear => day::pack(year, 12, 31),
        Part::StartOfMonth => day::pack(year, month, 1),
        Part::EndOfMonth => day::plus_days(day::plus_months(day::pack(year, month, 1), 1), -1),
    }
}

/// Applies a function that never falls, or never rises, to both ends.
fn each(slot: Slot, function: impl Fn(i64) -> i64) -> Slot {
    let (one, two) = (function(slot.lo), function(slot.hi));
    Slot {
        lo: one.min(two),
        hi: one.max(two),
    }
}

/// Applies a function that is monotone in each argument: its extremes stand in the corners.
fn corners(left: Slot, right: Slot, function: impl Fn(i64, i64) -> i64) -> Slot {
    let corner = [
        function(left.lo, right.lo),
        function(left.lo, right.hi),
        function(left.hi, right.lo),
        function(left.hi, right.hi),
    ];
    let (mut lo, mut hi) = (corner[0], corner[0]);
    for value in corner {
        lo = lo.min(value);
        hi = hi.max(value);
    }
    Slot { lo, hi }
}
