//! How one source is treated: rate, places in flight, breaker, opening hours, retry budget, and what is known of its health.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use time::OffsetDateTime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tongguan_vocabulary::Clock;

use super::breaker::Breaker;
use super::hours::Hours;
use crate::config::SourceConfig;
use crate::domain::outcome::Outcome;

/// Answers remembered for the health of a source.
const WINDOW: usize = 100;
/// Longest wait for our own rate limit or a place before QUOTA is said.
const PATIENCE: Duration = Duration::from_secs(2);

/// The clock of the rate limit is that of tokio: it never goes back, and a test can stop it.
#[derive(Clone)]
struct Ticks(Instant);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

pub(crate) struct Manners {
    limiter: RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>,
    ticks: Ticks,
    places: Arc<Semaphore>,
    in_flight: u32,
    hours: Option<Hours>,
    clock: Clock,
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

/// Permission to put one question; its place is free again when it is dropped.
pub(crate) struct Permit<'a> {
    manners: &'a Manners,
    _place: OwnedSemaphorePermit,
    /// Whether it is the one question that an open breaker lets through.
    probe: bool,
    settled: AtomicBool,
}

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
    pub(crate) fn new(config: &SourceConfig, clock: Clock) -> Result<Self, String> {
        let cells = |count: u32| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(cells(config.per_minute)).allow_burst(cells(config.burst));
        let ticks = Ticks(Instant::now());
        Ok(Self {
            limiter: RateLimiter::direct_with_clock(quota, ticks.clone()),
            ticks,
            places: Arc::new(Semaphore::new(config.in_flight.max(1) as usize)),
            in_flight: config.in_flight.max(1),
            hours: Hours::parse(&config.hours)?,
            clock,
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

    /// Asks for permission to put one question.
    pub(crate) async fn admit(&self) -> Result<Permit<'_>, Held> {
        let now = self.clock.now();
        if let Some(wait) = self.hours.and_then(|hours| hours.closed_for(now)) {
            return Err((
                Outcome::OffHours,
                "the source is closed at this hour",
                wait.try_into().ok(),
            ));
        }
        if let Some(until) = self.state().breaker.refuses(now) {
            return Err(left_alone(until, now));
        }
        let place = tokio::time::timeout(PATIENCE, self.places.clone().acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err((
                Outcome::Quota,
                "all our places at the source are taken",
                Some(Duration::from_secs(2)),
            ));
        };
        // The breaker may have opened while others held the places.
        let now = self.clock.now();
        let mut state = self.state();
        let probe = state
            .breaker
            .admit(now)
            .map_err(|until| left_alone(until, now))?;
        state.budget = (state.budget + 1).min(100);
        drop(state);
        Ok(Permit {
            manners: self,
            _place: place,
            probe,
            settled: AtomicBool::new(false),
        })
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

fn left_alone(until: OffsetDateTime, now: OffsetDateTime) -> Held {
    (
        Outcome::UpstreamDown,
        "the source failed repeatedly and is left alone for a while",
        (until - now).try_into().ok(),
    )
}

impl Permit<'_> {
    /// Waits for the rate limit, a short time; every HTTP exchange counts, retries too.
    pub(crate) async fn pace(&self) -> Result<(), Held> {
        let (limiter, ticks) = (&self.manners.limiter, &self.manners.ticks);
        let started = Instant::now();
        loop {
            let Err(not_until) = limiter.check() else {
                return Ok(());
            };
            let wait = not_until.wait_time_from(ticks.now());
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

    /// Whether one more retry is within the budget of a tenth of all questions; none while the breaker is open.
    pub(crate) fn may_retry(&self) -> bool {
        let mut state = self.manners.state();
        let affordable = state.budget >= 10 && !state.breaker.is_open();
        if affordable {
            state.budget -= 10;
        }
        affordable
    }

    /// One exchange brought no answer. The breaker hears of each, not only of questions given up: with retries a
    /// question on a source that hangs is given up long after that is plain.
    pub(crate) fn failed(&self) {
        let mut state = self.manners.state();
        let now = self.manners.clock.now();
        self.settled.store(true, Ordering::Relaxed);
        state.breaker.failed(now, self.probe);
    }

    /// The question is over, answered or not; what the answer says does not matter.
    pub(crate) fn done(&self, answered: bool, took: Duration) {
        let now = self.manners.clock.now();
        let mut state = self.manners.state();
        if state.recent.len() == WINDOW {
            state.recent.pop_front();
        }
        state.recent.push_back((answered, took));
        if answered {
            self.settled.store(true, Ordering::Relaxed);
            state.breaker.answered();
            state.last_success = Some(now);
        } else {
            state.last_failure = Some(now);
        }
    }
}

impl Drop for Permit<'_> {
    /// A probe that was never put, or was dropped on its way, leaves the way free for another.
    fn drop(&mut self) {
        if self.probe && !self.settled.load(Ordering::Relaxed) {
            self.manners.state().breaker.withdrawn();
        }
    }
}
