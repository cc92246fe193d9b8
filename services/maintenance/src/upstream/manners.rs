//! How one source is treated: rate, places in flight, breaker, opening hours, retry budget, and what is known of its health.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use time::OffsetDateTime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::breaker::Breaker;
use super::hours::Hours;
use crate::config::SourceConfig;
use crate::domain::outcome::Outcome;

/// Answers remembered for the health of a source.
const WINDOW: usize = 100;
/// Longest wait for our own rate limit or a place before QUOTA is said.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) struct Manners {
    limiter: DefaultDirectRateLimiter,
    places: Arc<Semaphore>,
    in_flight: u32,
    hours: Option<Hours>,
    state: Mutex<State>,
}

struct State {
    breaker: Breaker,
    /// Tenths of a retry: every question earns one, a retry costs ten.
    budget: u32,
    recent: VecDeque<(bool, Duration)>,
    last_success: Option<OffsetDateTime>,
    last_failure: Option<OffsetDateTime>,
}

/// Why a source is not asked now, and for how long.
pub(crate) type Held = (Outcome, &'static str, Option<Duration>);

/// How a source is doing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Health {
    pub(crate) asked: bool,
    pub(crate) breaker_open: bool,
    pub(crate) open_until: Option<OffsetDateTime>,
    pub(crate) closed_for: Option<time::Duration>,
    pub(crate) failures: u32,
    pub(crate) answered_share: f64,
    pub(crate) median: Duration,
    pub(crate) in_flight: u32,
    pub(crate) last_success: Option<OffsetDateTime>,
    pub(crate) last_failure: Option<OffsetDateTime>,
}

impl Manners {
    pub(crate) fn new(config: &SourceConfig) -> Result<Self, String> {
        let cells = |count: u32| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(cells(config.per_minute)).allow_burst(cells(config.burst));
        Ok(Self {
            limiter: RateLimiter::direct(quota),
            places: Arc::new(Semaphore::new(config.in_flight.max(1) as usize)),
            in_flight: config.in_flight.max(1),
            hours: Hours::parse(&config.hours)?,
            state: Mutex::new(State {
                breaker: Breaker::new(
                    config.breaker_failures,
                    time::Duration::seconds(i64::from(config.breaker_s)),
                ),
                budget: 50,
                recent: VecDeque::with_capacity(WINDOW),
                last_success: None,
                last_failure: None,
            }),
        })
    }

    /// Asks for permission to put one question; the place is held until the permit is dropped.
    pub(crate) async fn admit(&self, now: OffsetDateTime) -> Result<OwnedSemaphorePermit, Held> {
        if let Some(wait) = self.hours.and_then(|hours| hours.closed_for(now)) {
            return Err((
                Outcome::OffHours,
                "the source is closed at this hour",
                wait.try_into().ok(),
            ));
        }
        self.state().breaker.admit(now).map_err(|until| {
            let wait = (until - now).try_into().ok();
            (
                Outcome::UpstreamDown,
                "the source failed repeatedly and is left alone for a while",
                wait,
            )
        })?;
        let place = tokio::time::timeout(PATIENCE, self.places.clone().acquire_owned()).await;
        if let Ok(Ok(permit)) = place {
            let mut state = self.state();
            state.budget = (state.budget + 1).min(100);
            return Ok(permit);
        }
        self.state().breaker.withdrawn();
        Err((
            Outcome::Quota,
            "all our places at the source are taken",
            Some(Duration::from_secs(2)),
        ))
    }

    /// Waits for the rate limit, a short time; every HTTP exchange counts, retries too.
    pub(crate) async fn pace(&self) -> Result<(), Held> {
        let started = tokio::time::Instant::now();
        loop {
            let Err(not_until) = self.limiter.check() else {
                return Ok(());
            };
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            if started.elapsed() + wait > PATIENCE {
                return Err((
                    Outcome::Quota,
                    "our own quota for the source is used up",
                    Some(wait.max(Duration::from_secs(1))),
                ));
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Whether one more retry is within the budget of a tenth of all questions.
    pub(crate) fn may_retry(&self) -> bool {
        let mut state = self.state();
        let affordable = state.budget >= 10;
        if affordable {
            state.budget -= 10;
        }
        affordable
    }

    /// The question was answered or not; what the answer says does not matter.
    pub(crate) fn note(&self, answered: bool, took: Duration, now: OffsetDateTime) {
        let mut state = self.state();
        if state.recent.len() == WINDOW {
            state.recent.pop_front();
        }
        state.recent.push_back((answered, took));
        if answered {
            state.breaker.answered();
            state.last_success = Some(now);
        } else {
            state.breaker.failed(now);
            state.last_failure = Some(now);
        }
    }

    /// The question was not put after all.
    pub(crate) fn withdraw(&self) {
        self.state().breaker.withdrawn();
    }

    pub(crate) fn health(&self, now: OffsetDateTime) -> Health {
        let state = self.state();
        let good: Vec<Duration> = state
            .recent
            .iter()
            .filter(|(answered, _)| *answered)
            .map(|(_, took)| *took)
            .collect();
        let mut sorted = good.clone();
        sorted.sort_unstable();
        Health {
            asked: !state.recent.is_empty(),
            breaker_open: state.breaker.is_open(),
            open_until: state.breaker.open_until(now),
            closed_for: self.hours.and_then(|hours| hours.closed_for(now)),
            failures: state.breaker.failures(),
            answered_share: if state.recent.is_empty() {
                0.0
            } else {
                good.len() as f64 / state.recent.len() as f64
            },
            median: sorted.get(sorted.len() / 2).copied().unwrap_or_default(),
            in_flight: self
                .in_flight
                .saturating_sub(self.places.available_permits() as u32),
            last_success: state.last_success,
            last_failure: state.last_failure,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
