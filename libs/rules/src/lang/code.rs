//! The compiled form of expressions: flat, typed, without strings.
//!
//! A predicate is a run of [`Op`]s in prefix order, so that its operands follow it in memory;
//! `And` and `Or` carry their whole length, so that the rest can be skipped. Lengths are relative,
//! so that a finished predicate can be moved into another.

use crate::schema::Fact;

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Relation {
    /// The values that stand in this relation to a constant of `lo` to `hi`, both ends included, and
    /// whether it is the values outside that do.
    pub(crate) fn bounds(self, lo: i64, hi: i64) -> (bool, i64, i64) {
        match self {
            Self::Eq => (false, lo, hi),
            Self::Ne => (true, lo, hi),
            Self::Lt => (false, i64::MIN, lo - 1),
            Self::Le => (false, i64::MIN, hi),
            Self::Gt => (false, hi + 1, i64::MAX),
            Self::Ge => (false, lo, i64::MAX),
        }
    }

    /// The relation with its sides exchanged.
    pub(crate) fn flipped(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            same => same,
        }
    }
}

/// How the time between two days is counted; see [`crate::day`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    Years,
    Months,
    Days,
    CalendarYears,
    FiscalYears(u8),
}

/// A part of a day, or a day made from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Year,
    StartOfYear,
    EndOfYear,
    StartOfMonth,
    EndOfMonth,
}

/// A calendar step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Days,
    Months,
}

/// Which quantifier a set predicate uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    Any,
    All,
}

/// A reference to an integer expression in [`Code::nums`].
pub(crate) type NumRef = u32;

/// An integer expression; dates, counts, codes and numbers are all integers here.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Num {
    Const(i64, i64),
    Fact(Fact),
    Between(Count, NumRef, NumRef),
    Part(Part, NumRef),
    Month(NumRef),
    Shift(Step, NumRef, i64),
    Scale(NumRef, i64),
    Add(NumRef, NumRef),
    Sub(NumRef, NumRef),
    Mul(NumRef, NumRef),
    Min(NumRef, NumRef),
    Max(NumRef, NumRef),
    /// Condition (a place in the ops), then, else.
    Choose(u32, NumRef, NumRef),
    Issued(i64),
    Expires(i64),
}

/// A step of a predicate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Op {
    Const(bool),
    And(u32),
    Or(u32),
    Not,
    /// Condition, then and else follow; the steps from here to else, and behind it.
    Choose(u32, u32),
    /// Both operands follow.
    Same(bool),
    /// A fact within bounds, both allowed: what every comparison with a constant comes down to.
    Within(Fact, i64, i64),
    /// An age within bounds, both allowed.
    Age(Count, Fact, Fact, i64, i64),
    Compare(Relation, NumRef, NumRef),
    /// A code in a list, as bits of the word list.
    OneOf(Fact, u64),
    /// A fact in a list in [`Code::lists`].
    FactIn(Fact, u32, u32),
    /// Any number in a list in [`Code::lists`].
    InList(NumRef, u32, u32),
    Members(Share, Fact, i64),
    Empty(Fact),
    /// Documents in a list in [`Code::lists`].
    Documents(Share, u32, u32),
    /// A stage within bounds, in the fact's family or else concluded from another through the
    /// equivalences.
    Stage(Fact, i32, i32, u32, u32),
}

/// Another family's stage from which a stage of ours may be concluded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Deemed {
    /// The slot that must be at least `from`.
    pub(crate) fact: Fact,
    pub(crate) from: i64,
    /// The stage of our family that is then reached at least.
    pub(crate) reaches: i64,
}

/// All expressions of a pack in a few flat tables.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Code {
    pub(crate) ops: Vec<Op>,
    pub(crate) nums: Vec<Num>,
    pub(crate) lists: Vec<i64>,
    pub(crate) deemed: Vec<Deemed>,
}

impl Code {
    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        size_of_val(&*self.ops)
            + size_of_val(&*self.nums)
            + size_of_val(&*self.lists)
            + size_of_val(&*self.deemed)
    }
}
