//! Rules compiled to what the evaluator reads, and the effect each value has on the verdict.

use super::rule::{DoubtReason, Otherwise};
use crate::lang::branch::{SATISFIED, SLOW, Threader, VIOLATED};
use crate::lang::check::Scope;
use crate::lang::code::{Deemed, Op, Share};
use crate::pack::DocumentDef;
use crate::schema::Fact;
use crate::{Family, Stage};

/// What a rule does to the verdict; the greatest effect of all rules decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Effect {
    None,
    Warn,
    Levy,
    Condition,
    Refer,
    Prohibit,
}

/// The fast form of one rule: where it begins in the branches, and what a violation does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) entry: u32,
    pub(crate) on_violated: Effect,
}

/// What the evaluator needs of one rule.
#[derive(Debug, Clone)]
pub(crate) struct RuleCode {
    pub(crate) decided_by: Fact,
    /// First and last day in force, packed.
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// Whether nothing is known to follow the last day.
    pub(crate) open_ended: bool,
    /// False where the rule was withdrawn or superseded.
    pub(crate) live: bool,
    pub(crate) expressible: bool,
    pub(crate) doubtful: bool,
    pub(crate) applies: Option<u32>,
    pub(crate) unless: Option<u32>,
    pub(crate) exempt: Option<u32>,
    pub(crate) require: Option<u32>,
    pub(crate) alternatives: Vec<u32>,
    /// Ids of documents any one of which cures a violation.
    pub(crate) cures: Vec<i64>,
    /// Ids of documents that must all be there.
    pub(crate) needs: Vec<i64>,
    pub(crate) on_violated: Effect,
    pub(crate) on_unknown: Effect,
    pub(crate) on_undetermined: Effect,
}

impl RuleCode {
    /// What an unknown does. What is unknown about a ban or a requirement that surely applies is never
    /// passed over, whatever the pack says: a pack may only ignore that the scope itself is unknown.
    pub(crate) fn when_unknown(&self, applies: bool) -> Effect {
        if self.on_unknown > Effect::None || !applies {
            return self.on_unknown;
        }
        match self.on_violated {
            Effect::Prohibit | Effect::Refer => Effect::Refer,
            Effect::Condition => Effect::Condition,
            Effect::None | Effect::Warn | Effect::Levy => Effect::None,
        }
    }

    /// Threads the rule into branches; whatever is not plainly met or broken ends in `SLOW`.
    pub(super) fn thread(&self, threader: &mut Threader<'_>, lists: &mut Vec<i64>) -> Entry {
        let entry = if self.live {
            self.thread_live(threader, lists)
        } else {
            SATISFIED
        };
        Entry {
            entry,
            on_violated: self.on_violated,
        }
    }

    /// Backwards, so that every branch knows where it leads.
    fn thread_live(&self, threader: &mut Threader<'_>, lists: &mut Vec<i64>) -> u32 {
        if !self.expressible {
            return self.scope(threader, SLOW);
        }
        let mut documents = |share, ids: &[i64], yes, no, threader: &mut Threader<'_>| {
            let start = lists.len() as u32;
            lists.extend(ids);
            threader.test(Op::Documents(share, start, lists.len() as u32), 0, yes, no)
        };
        let plain = !self.doubtful && self.needs.is_empty() && self.alternatives.is_empty();
        let mut broken = if plain { VIOLATED } else { SLOW };
        if plain {
            for clause in [self.exempt, self.unless].into_iter().flatten() {
                broken = threader.predicate(clause, SATISFIED, broken);
            }
            if !self.cures.is_empty() {
                broken = documents(Share::Any, &self.cures, SATISFIED, broken, threader);
            }
        }
        let mut met = SATISFIED;
        if !self.needs.is_empty() {
            met = documents(Share::All, &self.needs, SATISFIED, SLOW, threader);
        }
        for reading in self.alternatives.iter().chain(&self.require) {
            met = threader.predicate(*reading, met, broken);
        }
        self.scope(threader, met)
    }

    /// The days in force and the scope in front of `inside`.
    fn scope(&self, threader: &mut Threader<'_>, inside: u32) -> u32 {
        let mut entry = self
            .applies
            .map_or(inside, |place| threader.predicate(place, inside, SATISFIED));
        if self.to < i64::MAX {
            let behind = if self.open_ended { SLOW } else { SATISFIED };
            entry = threader.test(
                Op::Within(self.decided_by, i64::MIN, self.to),
                0,
                entry,
                behind,
            );
        }
        if self.from > i64::MIN {
            entry = threader.test(
                Op::Within(self.decided_by, self.from, i64::MAX),
                0,
                entry,
                SATISFIED,
            );
        }
        entry
    }
}

/// The effects of a rule's values: violated, unknown, undetermined.
pub(super) fn effects(
    otherwise: Otherwise,
    doubts: &[DoubtReason],
    instead_of: bool,
    if_doubtful: Option<Effect>,
    if_unknown: Option<Effect>,
) -> (Effect, Effect, Effect) {
    let weightless = doubts
        .iter()
        .any(|doubt| matches!(doubt, DoubtReason::Status | DoubtReason::Background));
    let doubted = if_doubtful.unwrap_or(if weightless {
        Effect::Warn
    } else {
        Effect::Refer
    });
    let sure = match otherwise {
        Otherwise::Prohibit | Otherwise::NotRegistrable => Effect::Prohibit,
        Otherwise::Require => Effect::Condition,
        Otherwise::Refer => Effect::Refer,
        Otherwise::Levy if instead_of => Effect::Condition,
        Otherwise::Levy => Effect::Levy,
        Otherwise::Warn => Effect::Warn,
    };
    let violated = match otherwise {
        _ if doubts.is_empty() => sure,
        Otherwise::Levy | Otherwise::Warn => sure.min(if weightless { Effect::Warn } else { sure }),
        // A weak source may ask for a paper; it may not forbid.
        Otherwise::Require if !weightless && if_doubtful.is_none() => Effect::Condition,
        _ => doubted,
    };
    let unknown = if_unknown.unwrap_or(match violated {
        // Whether the levy in place of a ban is due can be told later; that it may be due is a condition.
        Effect::Condition if otherwise == Otherwise::Levy => Effect::Condition,
        Effect::Condition | Effect::Refer | Effect::Prohibit => Effect::Refer,
        Effect::None | Effect::Warn | Effect::Levy => Effect::None,
    });
    let undetermined = match violated {
        Effect::Prohibit | Effect::Condition => Effect::Refer,
        other => other,
    };
    (violated, unknown, undetermined)
}

/// What the expressions of one pack may refer to.
pub(super) struct PackScope<'a> {
    pub(super) documents: &'a [DocumentDef],
    pub(super) destination: Option<i64>,
    pub(super) equivalences: &'a [(Stage, Stage)],
}

impl Scope for PackScope<'_> {
    fn unknown_document(&self, code: &str) -> Option<String> {
        if self.documents.iter().any(|document| document.code == code) {
            return None;
        }
        let near = crate::nearest::nearest(
            code,
            self.documents.iter().map(|document| document.code.as_str()),
        );
        Some(format!(
            "no document {code:?} is declared{}",
            crate::nearest::hint(near.as_deref())
        ))
    }

    fn destination(&self) -> Option<i64> {
        self.destination
    }

    fn deemed(&self, family: Family) -> Vec<Deemed> {
        let own = self
            .equivalences
            .iter()
            .filter(|(_, reaches)| reaches.family == family);
        own.map(|(from, reaches)| Deemed {
            fact: crate::facts::stage_fact(from.family),
            from: from.lo,
            reaches: reaches.lo,
        })
        .collect()
    }
}
