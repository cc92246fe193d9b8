//! How fast each method is at its best, and how much slower calls are now.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// The median call may take this many times its method's best before the limit falls.
pub(super) const SLOW: f64 = 2.0;
/// A look is over after this time, and after [`ENOUGH`] calls.
const LOOK: Duration = Duration::from_millis(100);
/// Fewer calls say nothing.
const ENOUGH: usize = 16;
/// Methods that are told apart; the rest share one pace.
const METHODS: usize = 512;
/// Faster than this is fast enough, in seconds: writes that share a commit are slower together than alone and many more,
/// and no caller's deadline is near.
const FLOOR: f64 = 0.05;
/// What a best grows by with every look, so that a method that became slower for good is believed after a minute.
const FORGET: f64 = 1.001;

/// What is known of the methods, and the present look.
pub(super) struct Paces {
    best: HashMap<String, f64>,
    ratios: Vec<f64>,
    peak: usize,
    since: Instant,
}

impl Paces {
    pub(super) fn new() -> Self {
        Self {
            best: HashMap::new(),
            ratios: Vec::with_capacity(1_024),
            peak: 0,
            since: Instant::now(),
        }
    }

    /// Most calls that were in work at once during this look.
    pub(super) fn peak(&self) -> usize {
        self.peak
    }

    /// Takes up a call; the median of the look where it is over.
    pub(super) fn took(
        &mut self,
        method: &str,
        took: Duration,
        in_work: usize,
        now: Instant,
    ) -> Option<f64> {
        let took = took.as_secs_f64().max(FLOOR);
        self.peak = self.peak.max(in_work);
        let best = if let Some(best) = self.best.get_mut(method) {
            best
        } else {
            let known = self.best.len() < METHODS;
            let name = if known { method } else { "" };
            self.best.entry(name.to_owned()).or_insert(took)
        };
        *best = best.min(took);
        let best = *best;
        // A look that never ends for want of time must not grow without end.
        if self.ratios.len() < 4_096 {
            self.ratios.push(took / best);
        }
        (now.duration_since(self.since) >= LOOK && self.ratios.len() >= ENOUGH).then(|| {
            let middle = self.ratios.len() / 2;
            *self.ratios.select_nth_unstable_by(middle, f64::total_cmp).1
        })
    }

    /// Begins the next look.
    pub(super) fn begin(&mut self, now: Instant) {
        self.ratios.clear();
        self.peak = 0;
        self.since = now;
        for best in self.best.values_mut() {
            *best *= FORGET;
        }
    }
}
