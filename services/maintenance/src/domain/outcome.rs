//! The ten outcomes of a lookup, the age classes of an answer, and how answers of several sources combine.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// What asking a source came to; never collapsed into fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Records, in full.
    Found,
    /// Records, and the source itself says that there are more than it gave.
    FoundPartial,
    /// Nothing, with authority.
    NoRecord,
    /// Authorisation missing, refused or revoked.
    NotAuthorised,
    /// A clerk still examines the authorisation.
    AuthPending,
    /// Not served there.
    Unsupported,
    /// Closed at this hour.
    OffHours,
    /// No answer, or something that is no answer.
    UpstreamDown,
    /// Quota used up.
    Quota,
    /// The question was refused.
    BadInput,
}

impl Outcome {
    /// Whether records, or their absence, were told with authority.
    pub fn is_answer(self) -> bool {
        matches!(self, Self::Found | Self::FoundPartial | Self::NoRecord)
    }

    /// Whether it passes by itself, so that asking again later is worth while.
    pub fn passes(self) -> bool {
        matches!(
            self,
            Self::AuthPending | Self::OffHours | Self::UpstreamDown | Self::Quota
        )
    }

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "FOUND",
            Self::FoundPartial => "FOUND_PARTIAL",
            Self::NoRecord => "NO_RECORD",
            Self::NotAuthorised => "NOT_AUTHORISED",
            Self::AuthPending => "AUTH_PENDING",
            Self::Unsupported => "UNSUPPORTED",
            Self::OffHours => "OFF_HOURS",
            Self::UpstreamDown => "UPSTREAM_DOWN",
            Self::Quota => "QUOTA",
            Self::BadInput => "BAD_INPUT",
        }
    }

    /// The reverse of [`Outcome::as_str`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
    }

    /// Every outcome; the order is the one in which failures outrank each other when sources differ, weakest first.
    pub const ALL: [Self; 10] = [
        Self::Found,
        Self::FoundPartial,
        Self::NoRecord,
        Self::Unsupported,
        Self::BadInput,
        Self::NotAuthorised,
        Self::AuthPending,
        Self::OffHours,
        Self::Quota,
        Self::UpstreamDown,
    ];

    /// One outcome for several sources. Empty only where every source said so: one that was not heard may hold records.
    pub fn combine(outcomes: &[Self], any_record: bool) -> Self {
        if any_record {
            let whole = outcomes
                .iter()
                .all(|outcome| matches!(outcome, Self::Found | Self::NoRecord));
            return if whole {
                Self::Found
            } else {
                Self::FoundPartial
            };
        }
        let rank = |outcome: &Self| Self::ALL.iter().position(|known| known == outcome);
        let worst = outcomes
            .iter()
            .copied()
            .max_by_key(rank)
            .unwrap_or(Self::Unsupported);
        // A source that found rows of which none can be read did not say "nothing".
        if matches!(worst, Self::Found) {
            Self::FoundPartial
        } else {
            worst
        }
    }
}

/// How old an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Freshness {
    /// Within the fresh life.
    Fresh,
    /// Older, still usable with the label.
    Stale,
    /// Past its usable life.
    Expired,
}

/// How long answers live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lives {
    /// A full answer is fresh for this long.
    pub found: Duration,
    /// A partial answer.
    pub partial: Duration,
    /// An authoritative "nothing".
    pub nothing: Duration,
    /// A refusal for want of authorisation.
    pub refused: Duration,
    /// A failure.
    pub failed: Duration,
    /// An answer stays usable, labelled stale, for this long.
    pub usable: Duration,
}

impl Lives {
    /// The fresh life of an outcome.
    pub fn of(&self, outcome: Outcome) -> Duration {
        match outcome {
            Outcome::Found => self.found,
            Outcome::FoundPartial => self.partial,
            Outcome::NoRecord => self.nothing,
            Outcome::NotAuthorised | Outcome::Unsupported | Outcome::BadInput => self.refused,
            Outcome::AuthPending | Outcome::OffHours | Outcome::UpstreamDown | Outcome::Quota => {
                self.failed
            }
        }
    }

    /// The age class of an answer fetched at `at`.
    pub fn freshness(
        &self,
        outcome: Outcome,
        at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Freshness {
        let age = now - at;
        if age <= self.of(outcome) {
            Freshness::Fresh
        } else if age <= self.usable {
            Freshness::Stale
        } else {
            Freshness::Expired
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{AuthPending, Found, FoundPartial, NoRecord, Quota, Unsupported, UpstreamDown};

    #[test]
    fn nothing_needs_every_source_to_say_so() {
        for (outcomes, records, combined) in [
            (&[NoRecord, NoRecord][..], false, NoRecord),
            (&[NoRecord, UpstreamDown], false, UpstreamDown),
            (&[NoRecord, Unsupported], false, Unsupported),
            (&[AuthPending, Quota], false, Quota),
            (&[Found, NoRecord], true, Found),
            (&[Found, UpstreamDown], true, FoundPartial),
            (&[FoundPartial], true, FoundPartial),
            (&[Found], false, FoundPartial),
            (&[], false, Unsupported),
        ] {
            assert_eq!(
                Outcome::combine(outcomes, records),
                combined,
                "{outcomes:?}"
            );
        }
    }

    #[test]
    fn every_outcome_has_one_name() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_name(outcome.as_str()), Some(outcome));
        }
    }
}
