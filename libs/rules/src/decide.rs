//! The fast path: one car against one market, without allocating.
//!
//! `judge` gives one rule its value and its effect; [`decide`] folds the effects into the outcome.
//! The full answer of [`evaluate`](crate::evaluate) is made from the same judgements.

use serde::Serialize;

use crate::facts::Facts;
use crate::kleene::Kleene;
use crate::lang::branch;
use crate::lang::eval::{FactSet, Run};
use crate::pack::{Effect, Program, RuleCode};
use crate::slot::Slot;

/// What all rules together say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// No rule stands against it and nothing is left to do.
    Permitted,
    /// Something is still to be produced, inspected, or paid in place of a ban or a certificate.
    Conditional,
    /// A rule cannot be decided, or only a doubtful rule is violated, or there are no rules.
    Undetermined,
    /// A rule in force, of good source, is violated by known facts and no exemption is shown.
    Prohibited,
}

/// The value of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Value {
    /// Met, or not applicable.
    Satisfied,
    /// Broken.
    Violated,
    /// A fact is missing or not exact enough.
    Unknown,
    /// The rule itself is disputed, unverified, expired without a known successor, or not expressible.
    Undetermined,
}

/// Why a rule has its value, beyond the comparison itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The facts decide.
    Facts,
    /// It does not concern this vehicle, trip or day.
    NotApplicable,
    /// An exemption, a transition or a curing document applies.
    Exempt,
    /// Withdrawn or superseded.
    NotLive,
    /// It ended, and what followed is not known.
    ExpiredWithoutSuccessor,
    /// Its readings disagree on this vehicle.
    ReadingsDisagree,
    /// Its status, source or confidence does not let it decide.
    Doubtful,
    /// The language cannot express it.
    NotExpressible,
}

/// The judgement of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) value: Value,
    /// The value before doubt is considered.
    pub(crate) raw: Value,
    pub(crate) because: Because,
    pub(crate) effect: Effect,
    pub(crate) missing: FactSet,
    /// Whether documents it asks for are missing.
    pub(crate) documents: bool,
}

/// The short answer for one car and one market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// What all rules together say.
    pub outcome: Outcome,
    /// Bit `n` is set where rule `n` of the pack is violated.
    pub violated: u128,
    /// Rules that wait for a fact.
    pub unknown: u128,
    /// Rules that are themselves in doubt.
    pub undetermined: u128,
    /// Rules that wait for a document.
    pub documents: u128,
    /// Rules whose effect is the outcome.
    pub deciding: u128,
    /// Facts that would decide a rule that is unknown.
    pub missing: FactSet,
}

/// Decides one car against one market.
pub fn decide(program: &Program, facts: &Facts) -> Decision {
    let mut decision = Decision {
        outcome: Outcome::Undetermined,
        violated: 0,
        unknown: 0,
        undetermined: 0,
        documents: 0,
        deciding: 0,
        missing: FactSet::default(),
    };
    let mut worst = Effect::None;
    for (index, entry) in program.entries.iter().enumerate() {
        let bit = || 1_u128 << index;
        let effect = match branch::run(&program.branches, &program.code, facts, entry.entry) {
            branch::SATISFIED => continue,
            branch::VIOLATED => {
                decision.violated |= bit();
                entry.on_violated
            }
            _ => decision.add(&judge(program, &program.rules[index], facts), bit()),
        };
        if effect > worst {
            worst = effect;
            decision.deciding = 0;
        }
        if effect == worst && worst > Effect::None {
            decision.deciding |= bit();
        }
    }
    decision.outcome = match worst {
        // A pack without rules is no data, which is not permission.
        _ if program.rules.is_empty() => Outcome::Undetermined,
        Effect::Prohibit => Outcome::Prohibited,
        Effect::Refer => Outcome::Undetermined,
        Effect::Condition => Outcome::Conditional,
        Effect::None | Effect::Warn | Effect::Levy => Outcome::Permitted,
    };
    decision
}

impl Decision {
    /// Notes the judgement of the rule of this bit, and gives its effect.
    fn add(&mut self, judgement: &Judgement, bit: u128) -> Effect {
        match judgement.value {
            Value::Satisfied => {}
            Value::Violated => self.violated |= bit,
            Value::Unknown => {
                self.unknown |= bit;
                self.missing.extend(judgement.missing);
            }
            Value::Undetermined => self.undetermined |= bit,
        }
        if judgement.documents {
            self.documents |= bit;
        }
        judgement.effect
    }
}

/// Gives one rule its value and effect.
#[inline]
pub(crate) fn judge(program: &Program, rule: &RuleCode, facts: &Facts) -> Judgement {
    if !rule.live {
        return quiet(Because::NotLive);
    }
    let mut run = Run::new(&program.code, facts);
    let (in_force, expired) = in_force(program, rule, facts);
    if in_force == Kleene::False && !expired {
        return quiet(Because::NotApplicable);
    }
    let applies = rule
        .applies
        .map_or(Kleene::True, |place| run.predicate(place));
    if applies == Kleene::False {
        return quiet(Because::NotApplicable);
    }
    if expired {
        return doubt(rule, applies, Because::ExpiredWithoutSuccessor);
    }
    if !rule.expressible {
        return doubt(rule, applies, Because::NotExpressible);
    }
    if in_force.is_unknown() {
        run.missing.insert(rule.decided_by);
    }
    let scope = in_force.and(applies);
    let (asked, disagree) = asked(rule, &mut run);
    let documents = !rule.needs.is_empty() && !rule.needs.iter().all(|id| facts.has_document(*id));
    let asked = match rule.require {
        None => Kleene::known(!documents),
        Some(_) => asked,
    };
    if asked == Kleene::True && !disagree {
        // Papers that accompany a rule are due only where it surely applies and asks nothing else.
        let due = documents && spared(rule, facts, &mut run) != Kleene::True;
        let effect = match (due, scope) {
            (false, _) => Effect::None,
            // Papers weigh no more than the rule they accompany.
            (true, Kleene::True) => rule.on_violated.min(Effect::Condition),
            (true, _) => rule.on_unknown.min(Effect::Refer),
        };
        let value = if due && scope.is_unknown() {
            Value::Unknown
        } else {
            Value::Satisfied
        };
        let missing = if value == Value::Unknown {
            run.missing
        } else {
            FactSet::default()
        };
        return Judgement {
            value,
            raw: value,
            because: Because::Facts,
            effect,
            missing,
            documents: due,
        };
    }
    let spared = spared(rule, facts, &mut run);
    if spared == Kleene::True {
        return quiet(Because::Exempt);
    }
    if disagree {
        return doubt(rule, applies, Because::ReadingsDisagree);
    }
    if scope.and(!asked).and(!spared).is_unknown() {
        return Judgement {
            value: Value::Unknown,
            raw: Value::Unknown,
            because: Because::Facts,
            effect: rule.when_unknown(scope == Kleene::True),
            missing: run.missing,
            documents,
        };
    }
    let (value, because) = if rule.doubtful {
        (Value::Undetermined, Because::Doubtful)
    } else {
        (Value::Violated, Because::Facts)
    };
    // A doubtful rule that may still ask for a paper is simply violated.
    let value = if rule.doubtful && rule.on_violated == Effect::Condition {
        Value::Violated
    } else {
        value
    };
    Judgement {
        value,
        raw: Value::Violated,
        because,
        effect: rule.on_violated,
        missing: FactSet::default(),
        documents,
    }
}

/// Whether the rule is the law on the deciding day; and whether that day lies behind its last one,
/// with nothing known to follow.
#[inline]
fn in_force(program: &Program, rule: &RuleCode, facts: &Facts) -> (Kleene, bool) {
    let day = facts.slot(rule.decided_by);
    // Undated questions are asked of the law as the pack knows it.
    let day = if facts.is_known(rule.decided_by) {
        day
    } else {
        Slot {
            lo: program.as_of,
            hi: day.hi,
        }
    };
    let begun = Kleene::decide(day.lo >= rule.from, day.hi < rule.from);
    let going = Kleene::decide(day.hi <= rule.to, day.lo > rule.to);
    (begun.and(going), going == Kleene::False && rule.open_ended)
}

/// What the requirement says, and whether its readings disagree.
#[inline]
fn asked(rule: &RuleCode, run: &mut Run<'_>) -> (Kleene, bool) {
    let main = rule
        .require
        .map_or(Kleene::True, |place| run.predicate(place));
    if rule.alternatives.is_empty() {
        return (main, false);
    }
    let (mut some, mut none, mut unknown) = (
        main == Kleene::True,
        main == Kleene::False,
        main.is_unknown(),
    );
    for place in &rule.alternatives {
        let reading = run.predicate(*place);
        some |= reading == Kleene::True;
        none |= reading == Kleene::False;
        unknown |= reading.is_unknown();
    }
    let value = if unknown {
        Kleene::Unknown
    } else {
        Kleene::known(!none)
    };
    (value, some && none)
}

/// Whether the rule spares this vehicle; unknown where that turns on a fact stated too vaguely.
///
/// A transition or an exemption must be shown: a fact nobody stated shows nothing. One stated too
/// vaguely to tell leaves the rule open, so that stating it exactly never turns an answer.
#[inline]
fn spared(rule: &RuleCode, facts: &Facts, run: &mut Run<'_>) -> Kleene {
    if rule.cures.iter().any(|id| facts.has_document(*id)) {
        return Kleene::True;
    }
    let mut spared = Kleene::False;
    for place in [rule.unless, rule.exempt].into_iter().flatten() {
        let mut shown = Run::new(run.code, facts);
        match shown.predicate(place) {
            Kleene::True => return Kleene::True,
            Kleene::Unknown if shown.missing.iter().any(|fact| facts.is_known(fact)) => {
                run.missing.extend(shown.missing);
                spared = Kleene::Unknown;
            }
            Kleene::Unknown | Kleene::False => {}
        }
    }
    spared
}

#[inline]
fn quiet(because: Because) -> Judgement {
    Judgement {
        value: Value::Satisfied,
        raw: Value::Satisfied,
        because,
        effect: Effect::None,
        missing: FactSet::default(),
        documents: false,
    }
}

/// A rule that is itself in doubt; where it is not even sure to concern the vehicle, it weighs no more
/// than its unknown does.
#[inline]
fn doubt(rule: &RuleCode, applies: Kleene, because: Because) -> Judgement {
    let effect = if applies == Kleene::True {
        rule.on_undetermined
    } else {
        rule.on_undetermined.min(rule.on_unknown)
    };
    Judgement {
        value: Value::Undetermined,
        raw: Value::Undetermined,
        because,
        effect,
        missing: FactSet::default(),
        documents: false,
    }
}
