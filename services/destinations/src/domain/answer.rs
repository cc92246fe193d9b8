//! What one market says of one vehicle, with what a person can do about it.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use tongguan_rules::{
    Facts, Outcome, Pack, Record, ShipBy, Verdict, Way, decide, evaluate, ship_by, ways_to_eligible,
};

/// A verdict with its pack and, where asked for, advice.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) pack: Arc<Pack>,
    pub(crate) verdict: Verdict,
    pub(crate) advice: Option<Advice>,
    /// What the verdict depended on, for replay.
    pub(crate) record: Record,
    /// SHA-256 of the verdict's canonical bytes.
    pub(crate) digest: String,
}

/// Until when a verdict holds, and what would better it.
#[derive(Debug, Clone)]
pub(crate) struct Advice {
    pub(crate) ship_by: ShipBy,
    pub(crate) ways: Vec<Way>,
}

/// An outcome with the rules that made it.
#[derive(Debug, Clone)]
pub(crate) struct BriefAnswer {
    pub(crate) outcome: Outcome,
    pub(crate) rules: String,
}

impl Answer {
    /// Judges a vehicle by a pack.
    pub(crate) fn of(pack: &Arc<Pack>, facts: &Facts, with_advice: bool) -> Self {
        let verdict = evaluate(pack, facts);
        let digest = hex_digest(&verdict.to_bytes());
        let advice = with_advice.then(|| Advice {
            ship_by: ship_by(pack, facts, pack.measured_at),
            ways: ways_to_eligible(pack, facts),
        });
        Self {
            record: Record::of(pack, facts),
            pack: pack.clone(),
            verdict,
            advice,
            digest,
        }
    }

    /// The decision's name: equal inputs of one tenant are one decision.
    pub(crate) fn decision(&self) -> String {
        hex_digest(&self.record.to_bytes())
    }

    /// How many steps lie between this answer and a permit; see [`effort`].
    pub(crate) fn effort(&self) -> u32 {
        effort(&self.verdict)
    }
}

/// How many steps lie between a verdict and a permit; a missing fact weighs more than a paper, a ban most.
pub fn effort(verdict: &Verdict) -> u32 {
    let papers = verdict.missing_documents.len();
    let facts = verdict.missing_facts.len();
    let steps = match verdict.outcome {
        Outcome::Permitted => 0,
        Outcome::Conditional => 1 + papers,
        Outcome::Undetermined => 100 + papers + 2 * facts,
        Outcome::Prohibited => 1_000 + papers + 10 * verdict.reasons.len(),
    };
    u32::try_from(steps).unwrap_or(u32::MAX)
}

impl BriefAnswer {
    /// The outcome alone, on the evaluator's fast path.
    pub(crate) fn of(pack: &Pack, facts: &Facts) -> Self {
        let decision = decide(pack.program(), facts);
        let mut rules = String::new();
        let mut left = decision.deciding;
        if decision.outcome == Outcome::Permitted {
            left = 0;
        }
        while left != 0 {
            if let Some(rule) = pack.rules.get(left.trailing_zeros() as usize) {
                if rules.is_empty() {
                    rules.reserve_exact(rule.id.len() * left.count_ones() as usize * 5 / 4);
                } else {
                    rules.push(',');
                }
                rules.push_str(&rule.id);
            }
            left &= left - 1;
        }
        Self {
            outcome: decision.outcome,
            rules,
        }
    }
}

/// The order of ease: outcome first, then the number of steps.
pub(crate) fn ease(answer: &Answer) -> (u8, u32) {
    let rank = match answer.verdict.outcome {
        Outcome::Permitted => 0,
        Outcome::Conditional => 1,
        Outcome::Undetermined => 2,
        Outcome::Prohibited => 3,
    };
    (rank, answer.effort())
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn hex_digest(bytes: &[u8]) -> String {
    let nibble = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    let hash = digest(&SHA256, bytes);
    hash.as_ref()
        .iter()
        .flat_map(|byte| [nibble(byte >> 4), nibble(byte & 15)])
        .collect()
}
