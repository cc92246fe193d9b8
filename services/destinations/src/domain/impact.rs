//! What changes when a pack takes the place of another: the impact report.

use serde::{Deserialize, Serialize};
use tongguan_rules::{Facts, Outcome, Pack, diff};

use super::answer::{BriefAnswer, hex_digest};

/// A vehicle to try a pack on.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    pub(crate) key: String,
    pub(crate) facts: Facts,
}

/// Who changes verdict under a new pack. Kept as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Impact {
    pub(crate) before: Option<Version>,
    pub(crate) after: Version,
    pub(crate) vehicles: u32,
    pub(crate) changes: Vec<Change>,
    /// From, to, how many.
    pub(crate) counts: Vec<(String, String, u32)>,
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
    pub(crate) changed: Vec<String>,
}

/// One version of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) market: String,
    pub(crate) number: String,
    pub(crate) digest: String,
}

/// One vehicle whose outcome changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) key: String,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) rules: Vec<String>,
}

impl From<&Pack> for Version {
    fn from(pack: &Pack) -> Self {
        Self {
            market: pack.market.clone(),
            number: pack.version.to_string(),
            digest: pack.digest.clone(),
        }
    }
}

impl Impact {
    /// Runs `after` in the shadow of `before`; a market without a pack decides nothing, which is UNDETERMINED.
    pub(crate) fn of(before: Option<&Pack>, after: &Pack, trials: &[Trial]) -> Self {
        let mut changes = Vec::new();
        let mut counts: Vec<(String, String, u32)> = Vec::new();
        for trial in trials {
            let was = before.map_or(Outcome::Undetermined, |pack| {
                BriefAnswer::of(pack, &trial.facts).outcome
            });
            let now = BriefAnswer::of(after, &trial.facts);
            let (was, is) = (word(was), word(now.outcome));
            match counts
                .iter_mut()
                .find(|(from, to, _)| *from == was && *to == is)
            {
                Some((.., count)) => *count += 1,
                None => counts.push((was.to_owned(), is.to_owned(), 1)),
            }
            if was != is {
                let rules = now
                    .rules
                    .split(',')
                    .filter(|id| !id.is_empty())
                    .map(str::to_owned)
                    .collect();
                changes.push(Change {
                    key: trial.key.clone(),
                    before: was.to_owned(),
                    after: is.to_owned(),
                    rules,
                });
            }
        }
        counts.sort();
        let (mut added, mut removed, mut changed) = (Vec::new(), Vec::new(), Vec::new());
        match before {
            Some(before) => {
                for rule in diff(before, after).rules {
                    match rule.kind {
                        "added" => added.push(rule.id),
                        "removed" => removed.push(rule.id),
                        _ => changed.push(rule.id),
                    }
                }
            }
            None => added.extend(after.rules.iter().map(|rule| rule.id.clone())),
        }
        Self {
            before: before.map(Version::from),
            after: after.into(),
            vehicles: u32::try_from(trials.len()).unwrap_or(u32::MAX),
            changes,
            counts,
            added,
            removed,
            changed,
        }
    }

    /// The report's name, from its content.
    pub(crate) fn id(&self) -> String {
        // Plain data with string keys always serialises.
        hex_digest(&serde_json::to_vec(self).unwrap_or_default())
    }
}

/// The word of an outcome.
pub(crate) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Permitted => "PERMITTED",
        Outcome::Conditional => "CONDITIONAL",
        Outcome::Undetermined => "UNDETERMINED",
        Outcome::Prohibited => "PROHIBITED",
    }
}
