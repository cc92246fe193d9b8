//! The fast form of a rule: tests with two ways out each, threaded so that nothing recurses.
//!
//! A rule becomes a chain of [`Branch`]es over its leaves that ends in [`SATISFIED`], [`VIOLATED`]
//! or [`SLOW`]. The first leaf that is unknown leaves for `SLOW`, where the tree itself is asked
//! (`crate::decide::judge`), which alone knows Kleene's logic and what is missing; so the fast form
//! answers only what no unknown fact can change.

use super::code::{Code, Op};
use super::eval::Run;
use super::leaf::{between, leaf, one_of, within};
use crate::facts::Facts;
use crate::kleene::Kleene;

/// The end of a rule that is met or does not apply.
pub(crate) const SATISFIED: u32 = u32::MAX;
/// The end of a rule that is violated beyond doubt.
pub(crate) const VIOLATED: u32 = u32::MAX - 1;
/// The end of a rule that only the tree can answer.
pub(crate) const SLOW: u32 = u32::MAX - 2;

/// One test and where to go on.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    test: Op,
    /// Where the predicate stands in the tree, for the tests that only it can make.
    place: u32,
    yes: u32,
    no: u32,
    /// The answer after which the next branch in memory follows; unknown where neither does.
    follows: Kleene,
}

/// Runs from `entry` to one of the three ends.
#[inline]
pub(crate) fn run(branches: &[Branch], code: &Code, facts: &Facts, mut entry: u32) -> u32 {
    'jump: while let Some(rest) = branches.get(entry as usize..) {
        // Most answers lead to the next branch in memory: walking on is cheaper than jumping there.
        for branch in rest {
            let value = match &branch.test {
                // The commonest tests, without a call.
                Op::Within(fact, lo, hi) => within(facts.slot(*fact), *lo, *hi),
                Op::OneOf(fact, bits) => one_of(facts.slot(*fact), *bits),
                Op::Age(by, from, to, lo, hi) => {
                    within(between(*by, facts.slot(*from), facts.slot(*to)), *lo, *hi)
                }
                test => leaf(code, facts, test)
                    .unwrap_or_else(|| Run::new(code, facts).predicate(branch.place)),
            };
            if value.is_unknown() {
                return SLOW;
            }
            if value != branch.follows {
                entry = if value == Kleene::True {
                    branch.yes
                } else {
                    branch.no
                };
                continue 'jump;
            }
        }
        return SLOW;
    }
    entry
}

/// Threads predicates into branches.
pub(crate) struct Threader<'a> {
    pub(crate) code: &'a Code,
    pub(crate) branches: Vec<Branch>,
}

impl Threader<'_> {
    /// The branches in the order they are run, and where an entry stands among them.
    pub(crate) fn finish(self) -> (Vec<Branch>, impl Fn(u32) -> u32 + use<>) {
        let count = self.branches.len() as u32;
        // Threaded backwards, so reversed they run forwards.
        let moved = move |entry: u32| {
            if entry < count {
                count - 1 - entry
            } else {
                entry
            }
        };
        let mut branches: Vec<Branch> = self.branches.into_iter().rev().collect();
        for (place, branch) in branches.iter_mut().enumerate() {
            (branch.yes, branch.no) = (moved(branch.yes), moved(branch.no));
            let next = place as u32 + 1;
            branch.follows = match next {
                _ if branch.yes == next => Kleene::True,
                _ if branch.no == next => Kleene::False,
                _ => Kleene::Unknown,
            };
        }
        (branches, moved)
    }

    /// A single test.
    pub(crate) fn test(&mut self, test: Op, place: u32, yes: u32, no: u32) -> u32 {
        self.branches.push(Branch {
            test,
            place,
            yes,
            no,
            follows: Kleene::Unknown,
        });
        self.branches.len() as u32 - 1
    }

    /// The entry of the predicate at `place`, which goes on to `yes` or `no`.
    pub(crate) fn predicate(&mut self, place: u32, yes: u32, no: u32) -> u32 {
        self.thread(place as usize, yes, no).0
    }

    /// The entry, and the place behind the predicate.
    fn thread(&mut self, at: usize, yes: u32, no: u32) -> (u32, usize) {
        match &self.code.ops[at] {
            Op::Const(value) => (if *value { yes } else { no }, at + 1),
            Op::Not => self.thread(at + 1, no, yes),
            Op::And(length) => {
                let end = at + *length as usize;
                let operands = self.operands(at + 1, end);
                let entry = operands
                    .into_iter()
                    .rev()
                    .fold(yes, |next, operand| self.thread(operand, next, no).0);
                (entry, end)
            }
            Op::Or(length) => {
                let end = at + *length as usize;
                let operands = self.operands(at + 1, end);
                let entry = operands
                    .into_iter()
                    .rev()
                    .fold(no, |next, operand| self.thread(operand, yes, next).0);
                (entry, end)
            }
            Op::Choose(other, length) => {
                let (condition, other, end) = (at + 1, at + *other as usize, at + *length as usize);
                let then = self.behind(condition);
                let (then, other) = (self.thread(then, yes, no).0, self.thread(other, yes, no).0);
                (self.thread(condition, then, other).0, end)
            }
            // Both sides of a comparison of truths would have to be threaded twice.
            Op::Same(_) => (
                self.test(self.code.ops[at].clone(), at as u32, yes, no),
                self.behind(at),
            ),
            leaf => (self.test(leaf.clone(), at as u32, yes, no), at + 1),
        }
    }

    fn operands(&self, mut at: usize, end: usize) -> Vec<usize> {
        let mut places = Vec::new();
        while at < end {
            places.push(at);
            at = self.behind(at);
        }
        places
    }

    /// The place behind the predicate at `at`.
    fn behind(&self, at: usize) -> usize {
        match &self.code.ops[at] {
            Op::And(length) | Op::Or(length) | Op::Choose(_, length) => at + *length as usize,
            Op::Not => self.behind(at + 1),
            Op::Same(_) => self.behind(self.behind(at + 1)),
            _ => at + 1,
        }
    }
}
