//! How a pack comes into force: proposed by one person, confirmed by another, effective after its notice.
//!
//! The rules follow the EU COVID-certificate rule exchange: strictly rising versions, a notice period,
//! a louder emergency lane, and old versions that stay evaluable.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// A version on its way into force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Publication {
    pub(crate) id: Uuid,
    pub(crate) market: String,
    pub(crate) version: String,
    pub(crate) digest: String,
    pub(crate) yaml: String,
    pub(crate) proposed_by: String,
    /// Empty while the second person is awaited.
    pub(crate) confirmed_by: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) effective_at: OffsetDateTime,
    pub(crate) emergency: bool,
    pub(crate) reason: String,
    pub(crate) impact_report: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created_at: OffsetDateTime,
}

/// Where a publication stands at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Proposed,
    Scheduled,
    InForce,
}

/// What somebody asks to publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Proposal {
    pub(crate) yaml: String,
    pub(crate) impact_report: String,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) effective_at: Option<OffsetDateTime>,
    pub(crate) emergency: bool,
    pub(crate) reason: String,
}

impl Proposal {
    /// When it can take effect at the earliest, and when it would.
    pub(crate) fn times(
        &self,
        now: OffsetDateTime,
        notice: Duration,
    ) -> (OffsetDateTime, OffsetDateTime) {
        let earliest = if self.emergency { now } else { now + notice };
        (earliest, self.effective_at.unwrap_or(earliest))
    }
}

impl Publication {
    /// Where it stands.
    pub(crate) fn state(&self, now: OffsetDateTime) -> State {
        if self.confirmed_by.is_empty() {
            State::Proposed
        } else if self.effective_at > now {
            State::Scheduled
        } else {
            State::InForce
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal(effective_at: Option<OffsetDateTime>, emergency: bool) -> Proposal {
        Proposal {
            yaml: String::new(),
            impact_report: String::new(),
            effective_at,
            emergency,
            reason: String::new(),
        }
    }

    #[test]
    fn without_a_time_of_its_own_a_pack_waits_for_its_notice() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let notice = Duration::hours(48);
        assert_eq!(
            proposal(None, false).times(now, notice),
            (now + notice, now + notice)
        );
        assert_eq!(proposal(None, true).times(now, notice), (now, now));
    }

    #[test]
    fn an_emergency_may_still_wait() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let later = now + Duration::hours(3);
        assert_eq!(
            proposal(Some(later), true).times(now, Duration::hours(48)),
            (now, later)
        );
    }
}
