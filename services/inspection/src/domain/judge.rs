//! From one value to one verdict: limits, disputes, and facts that are not known.

use serde::{Deserialize, Serialize};

use super::catalogue::{Confidence, Item, Limit};
use super::condition::{Facts, Holds};

/// What one item came to, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ItemVerdict {
    /// Not applicable to this vehicle.
    NotApplicable,
    /// Kept without judgement.
    Recorded,
    /// Within the limit.
    Pass,
    /// Outside a limit that only warns.
    Warn,
    /// A person decides.
    Refer,
    /// Outside a confirmed limit.
    Fail,
}

/// A verdict with what it stands on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judgement {
    /// What it came to.
    pub(crate) verdict: ItemVerdict,
    /// The limit in words.
    pub(crate) limit: String,
    /// How sure the limit is.
    pub(crate) confidence: Option<Confidence>,
    /// Where it was read.
    pub(crate) source: String,
    /// Why, where it is not a plain pass.
    pub(crate) reason: String,
}

/// Judges a value in the item's unit.
///
/// The first limit whose condition holds counts. Where a condition before it depends on an unknown
/// fact, both are candidates: candidates that agree decide; else the fact is named and the value is
/// referred, or warned about where the worst of them only warns.
pub(crate) fn judge(item: &Item, facts: &Facts, value: f64) -> Judgement {
    let mut candidates = Vec::new();
    let mut missing = Vec::new();
    for limit in &item.limits {
        match limit.when.holds(facts) {
            Holds::No => {}
            Holds::Yes => {
                candidates.push(limit);
                break;
            }
            Holds::Unknown(fact) => {
                candidates.push(limit);
                if !missing.contains(&fact) {
                    missing.push(fact);
                }
            }
        }
    }
    let Some(first) = candidates.first() else {
        return Judgement {
            verdict: ItemVerdict::Recorded,
            limit: String::new(),
            confidence: None,
            source: item.source.clone(),
            reason: if item.limits.is_empty() {
                ""
            } else {
                "no limit is known for this vehicle"
            }
            .to_owned(),
        };
    };
    let verdicts: Vec<_> = candidates
        .iter()
        .map(|limit| against(limit, value))
        .collect();
    let words: Vec<_> = candidates
        .iter()
        .map(|limit| words(limit, &item.unit))
        .collect();
    let agree = verdicts.iter().all(|verdict| *verdict == verdicts[0]);
    if agree {
        return Judgement {
            verdict: verdicts[0],
            limit: words.join(" or "),
            confidence: Some(first.confidence),
            source: first.source.clone(),
            reason: reason(first, verdicts[0], value, &item.unit),
        };
    }
    let worst = verdicts.iter().copied().max().unwrap_or(ItemVerdict::Refer);
    Judgement {
        verdict: worst.min(ItemVerdict::Refer),
        limit: words.join(" or "),
        confidence: Some(first.confidence),
        source: first.source.clone(),
        reason: format!(
            "which limit holds depends on {}, which is not stated",
            missing.join(" and ")
        ),
    }
}

fn against(limit: &Limit, value: f64) -> ItemVerdict {
    let inside = within(limit.min, limit.max, value);
    let other = limit
        .dispute
        .as_ref()
        .map_or(inside, |dispute| within(dispute.min, dispute.max, value));
    match (inside, other) {
        (true, true) => ItemVerdict::Pass,
        (false, false) => limit.breach(),
        _ => ItemVerdict::Refer,
    }
}

fn within(min: Option<f64>, max: Option<f64>, value: f64) -> bool {
    min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)
}

fn reason(limit: &Limit, verdict: ItemVerdict, value: f64, unit: &str) -> String {
    match verdict {
        ItemVerdict::Pass => String::new(),
        ItemVerdict::Refer if limit.dispute.is_some() => {
            format!(
                "{} {unit} passes one reading of a disputed limit and not the other",
                figure(value)
            )
        }
        ItemVerdict::Warn if limit.confidence == Confidence::C => {
            format!(
                "{} {unit} is outside a limit that is not confirmed; it warns only",
                figure(value)
            )
        }
        _ => format!("{} {unit} is outside the limit", figure(value)),
    }
}

/// The limit as a reader says it.
pub(crate) fn words(limit: &Limit, unit: &str) -> String {
    let main = bounds(limit.min, limit.max, unit);
    match &limit.dispute {
        Some(dispute) => format!(
            "{main} (disputed: {})",
            bounds(dispute.min, dispute.max, unit)
        ),
        None => main,
    }
}

fn bounds(min: Option<f64>, max: Option<f64>, unit: &str) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max} {unit}"),
        (Some(min), None) => format!("at least {min} {unit}"),
        (None, Some(max)) => format!("at most {max} {unit}"),
        (None, None) => "no limit".to_owned(),
    }
}

/// A number with at most three decimals, for sentences.
pub(crate) fn figure(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
