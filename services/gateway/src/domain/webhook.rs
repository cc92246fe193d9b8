//! Webhooks: endpoints, their keys and deliveries; when to try again and when to give up.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Event;

/// Endpoints of one tenant.
pub(crate) const MOST_ENDPOINTS: usize = 20;
/// How long an endpoint may accept nothing before nothing more is sent to it.
pub(crate) const GIVE_UP: Duration = Duration::days(5);
/// Pauses between attempts, seconds, as Standard Webhooks proposes them; after the last one a delivery is dead.
const PAUSES: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// Where an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndpointState {
    Active,
    Failing,
    Deleted,
}

impl EndpointState {
    /// As it is stored.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Failing => "failing",
            Self::Deleted => "deleted",
        }
    }

    pub(crate) fn of(text: &str) -> Option<Self> {
        [Self::Active, Self::Failing, Self::Deleted]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// A signing key, both halves in base64.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SigningKey {
    /// PKCS#8; never leaves the store but to sign.
    pub(crate) private: String,
    pub(crate) public: String,
    /// Until when it signs, seconds of the Unix clock; `None` for the newest.
    pub(crate) until: Option<i64>,
}

/// An address that hears of events.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) id: Uuid,
    pub(crate) url: String,
    pub(crate) kind_prefixes: Vec<String>,
    pub(crate) note: String,
    pub(crate) state: EndpointState,
    /// Whether its creator might see VINs.
    pub(crate) sees_vins: bool,
    /// Newest first.
    pub(crate) keys: Vec<SigningKey>,
    pub(crate) delivered_through: u64,
    pub(crate) failing_since: Option<OffsetDateTime>,
    pub(crate) created: OffsetDateTime,
}

impl Endpoint {
    /// Whether the endpoint is to hear of it: the kind is asked for, and it was recorded in its lifetime.
    pub(crate) fn wants(&self, event: &Event) -> bool {
        let prefixes = &self.kind_prefixes;
        event.at >= self.created
            && (prefixes.is_empty() || prefixes.iter().any(|one| event.kind.starts_with(one)))
    }

    /// The keys that sign now, newest first.
    pub(crate) fn live(&self, now: OffsetDateTime) -> impl Iterator<Item = &SigningKey> {
        let now = now.unix_timestamp();
        self.keys
            .iter()
            .filter(move |key| key.until.is_none_or(|until| now < until))
    }

    /// Puts a new key first; those before it sign for `overlap` at most.
    pub(crate) fn rotate(&mut self, fresh: SigningKey, overlap: Duration, now: OffsetDateTime) {
        let end = (now + overlap).unix_timestamp();
        let mut keys = vec![fresh];
        keys.extend(self.live(now).take(4).cloned().map(|mut key| {
            key.until = Some(key.until.map_or(end, |until| until.min(end)));
            key
        }));
        self.keys = keys;
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliveryState {
    Pending,
    Delivered,
    Dead,
}

impl DeliveryState {
    /// As it is stored.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    pub(crate) fn of(text: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Dead]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// One message to one endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) id: Uuid,
    pub(crate) endpoint: Uuid,
    pub(crate) event: Uuid,
    /// Number of the event; 0 for a test.
    pub(crate) sequence: u64,
    pub(crate) kind: String,
    pub(crate) body: String,
    pub(crate) state: DeliveryState,
    pub(crate) attempts: u32,
    /// Attempts before it was last asked to be sent again.
    pub(crate) attempts_before: u32,
    pub(crate) next_attempt: OffsetDateTime,
    pub(crate) last_status: u16,
    pub(crate) last_failure: String,
    pub(crate) created: OffsetDateTime,
}

/// What came of one attempt.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// HTTP status; 0 where there was no answer.
    pub(crate) status: u16,
    /// Why it failed, in one phrase; empty where it was accepted.
    pub(crate) failure: String,
    /// What the receiver asked to wait.
    pub(crate) retry_after: Option<Duration>,
}

impl Attempt {
    pub(crate) fn accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Delivery {
    /// The message that tells an endpoint of an event, due at once.
    pub(crate) fn of(
        event: &Event,
        id: Uuid,
        endpoint: Uuid,
        body: String,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            endpoint,
            event: event.id,
            sequence: event.sequence,
            kind: event.kind.clone(),
            body,
            state: DeliveryState::Pending,
            attempts: 0,
            attempts_before: 0,
            next_attempt: now,
            last_status: 0,
            last_failure: String::new(),
            created: now,
        }
    }

    /// The delivery after an attempt.
    pub(crate) fn after(mut self, attempt: &Attempt, now: OffsetDateTime) -> Self {
        self.attempts += 1;
        self.last_status = attempt.status;
        self.last_failure.clone_from(&attempt.failure);
        let tried = self.attempts.saturating_sub(self.attempts_before) as usize;
        if attempt.accepted() {
            self.state = DeliveryState::Delivered;
        } else if let Some(pause) = PAUSES.get(tried.saturating_sub(1)) {
            // Up to a tenth more, by the delivery's own id: receivers that come back are not met by all at once.
            let spread = i64::from(self.id.as_bytes()[15]) * pause / 2_560;
            let asked = attempt.retry_after.unwrap_or_default().min(Duration::DAY);
            self.next_attempt = now + Duration::seconds(pause + spread).max(asked);
        } else {
            self.state = DeliveryState::Dead;
        }
        self
    }

    /// The delivery asked to be sent again.
    pub(crate) fn again(mut self, now: OffsetDateTime) -> Self {
        self.state = DeliveryState::Pending;
        self.attempts_before = self.attempts;
        self.next_attempt = now;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery() -> Delivery {
        Delivery {
            id: Uuid::nil(),
            endpoint: Uuid::nil(),
            event: Uuid::nil(),
            sequence: 1,
            kind: "case.opened".into(),
            body: String::new(),
            state: DeliveryState::Pending,
            attempts: 0,
            attempts_before: 0,
            next_attempt: OffsetDateTime::UNIX_EPOCH,
            last_status: 0,
            last_failure: String::new(),
            created: OffsetDateTime::UNIX_EPOCH,
        }
    }

    fn failed(retry_after: Option<Duration>) -> Attempt {
        Attempt {
            status: 503,
            failure: "answered 503".into(),
            retry_after,
        }
    }

    #[test]
    fn ten_failures_make_a_dead_letter_and_a_resend_begins_the_pauses_anew() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let mut one = delivery();
        for pause in PAUSES {
            one = one.after(&failed(None), now);
            assert_eq!(
                (one.state, one.next_attempt),
                (DeliveryState::Pending, now + Duration::seconds(pause))
            );
        }
        one = one.after(&failed(None), now);
        assert_eq!((one.state, one.attempts), (DeliveryState::Dead, 10));
        one = one.again(now).after(&failed(None), now);
        assert_eq!(
            (one.state, one.next_attempt),
            (DeliveryState::Pending, now + Duration::seconds(5))
        );
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it_and_no_more_than_a_day() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let hour = delivery().after(&failed(Some(Duration::HOUR)), now);
        assert_eq!(hour.next_attempt, now + Duration::HOUR);
        let year = delivery().after(&failed(Some(Duration::days(365))), now);
        assert_eq!(year.next_attempt, now + Duration::DAY);
    }
}
