//! Rules compiled to what the evaluator reads, and the effect each value has on the verdict.

use super::rule::{DoubtReason, Otherwise};
use crate::lang::check::Scope;
use crate::lang::code::Deemed;
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
    let unknown = if_unknown.unwrap_or(
        if violated >= Effect::Condition && otherwise != Otherwise::Levy {
            Effect::Refer
        } else {
            Effect::None
        },
    );
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
