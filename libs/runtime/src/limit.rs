//! The one limit of calls in work: it finds its own height from latency, and who waits is served by urgency.
//!
//! Additive increase, multiplicative decrease: while calls are answered about as fast as their method ever was, the
//! limit rises; when the median call takes more than twice its method's best and more than a tenth of a second,
//! it falls. A slow peer slows some methods and leaves the median alone; a machine with too much to do slows all. Calls over the limit wait a little in the
//! queue of their lane, the most urgent first, and are refused when the queue is full or the wait was too long: an
//! answer that comes after its caller gave up is work for nobody.

mod pace;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tongguan_access::Lane;

use pace::Paces;

/// The calls in work were too many for too long; the caller should stay away for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many calls are in work")]
pub struct Overloaded;

/// A limit of calls in work. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct Limit(Arc<Mutex<State>>);

struct State {
    least: f64,
    most: f64,
    height: f64,
    in_work: usize,
    waiting: [VecDeque<oneshot::Sender<Place>>; 3],
    paces: Paces,
}

/// A place of a call in work; dropping it gives the place to who waits.
pub struct Place {
    limit: Option<Limit>,
    began: Instant,
}

/// How many of the places a lane may hold: what is above is kept for more urgent ones.
const fn share(lane: Lane) -> f64 {
    match lane {
        Lane::Officer => 1.0,
        Lane::Clearance => 0.95,
        Lane::Badge => 0.85,
    }
}

/// How long a lane's calls wait at most: less than their callers do.
const fn patience(lane: Lane) -> Duration {
    match lane {
        Lane::Officer => Duration::from_secs(1),
        Lane::Clearance => Duration::from_millis(200),
        Lane::Badge => Duration::from_millis(50),
    }
}

/// How many calls of a lane may wait, in multiples of the limit.
const fn queue(lane: Lane) -> f64 {
    match lane {
        Lane::Officer => 8.0,
        Lane::Clearance => 2.0,
        Lane::Badge => 0.5,
    }
}

impl Limit {
    /// A limit that stays between `least` and `most` calls; equal bounds make a fixed one.
    pub fn new(least: usize, most: usize) -> Self {
        let (least, most) = (least.clamp(1, most.max(1)) as f64, most.max(1) as f64);
        Self(Arc::new(Mutex::new(State {
            least,
            most,
            // Twenty times the least: found quickly from there, whichever way it has to go.
            height: (least * 20.0).min(most),
            in_work: 0,
            waiting: Default::default(),
            paces: Paces::new(),
        })))
    }

    /// A place for a call of this lane, at once or after a wait of at most a second.
    pub async fn enter(&self, lane: Lane) -> Result<Place, Overloaded> {
        let place = {
            let mut state = self.state();
            if state.has_room(lane) && !state.anybody_before(lane) {
                state.in_work += 1;
                return Ok(self.place());
            }
            let room = (state.height * queue(lane)).max(1.0) as usize;
            let waiting = &mut state.waiting[lane as usize];
            waiting.retain(|sender| !sender.is_closed());
            if waiting.len() >= room {
                return Err(Overloaded);
            }
            let (sender, receiver) = oneshot::channel();
            waiting.push_back(sender);
            receiver
        };
        // A place that was given in the moment the wait ended is dropped with its channel, and so given on.
        match tokio::time::timeout(patience(lane), place).await {
            Ok(Ok(mut place)) => {
                place.began = Instant::now();
                Ok(place)
            }
            _ => Err(Overloaded),
        }
    }

    /// How many calls may be in work now.
    pub fn height(&self) -> usize {
        self.state().height as usize
    }

    /// How many calls are in work now.
    pub fn in_work(&self) -> usize {
        self.state().in_work
    }

    fn place(&self) -> Place {
        Place {
            limit: Some(self.clone()),
            began: Instant::now(),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a free place to the most urgent who waits, or takes it away.
    fn leave(&self) {
        let mut state = self.state();
        state.in_work = state.in_work.saturating_sub(1);
        // Several may go in where the limit rose meanwhile.
        while let Some(sender) = state.next() {
            state.in_work += 1;
            drop(state);
            if let Err(mut unwanted) = sender.send(self.place()) {
                // The wait had ended: its place goes to the next without another round through here.
                unwanted.limit = None;
                state = self.state();
                state.in_work = state.in_work.saturating_sub(1);
            } else {
                state = self.state();
            }
        }
    }
}

impl State {
    fn has_room(&self, lane: Lane) -> bool {
        let most = (self.height * share(lane)).floor().max(1.0);
        (self.in_work as f64) < most
    }

    /// Whether a call of this lane would overtake somebody who still waits.
    fn anybody_before(&mut self, lane: Lane) -> bool {
        Lane::ALL
            .into_iter()
            .filter(|other| *other >= lane)
            .any(|other| {
                let waiting = &mut self.waiting[other as usize];
                while waiting.front().is_some_and(oneshot::Sender::is_closed) {
                    waiting.pop_front();
                }
                !waiting.is_empty()
            })
    }

    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        Lane::ALL.into_iter().find_map(|lane| {
            self.has_room(lane)
                .then(|| self.waiting[lane as usize].pop_front())
                .flatten()
        })
    }
}

impl Place {
    /// Says that the call was answered; `method` names what it was, with no ids in it. Calls that were given up say
    /// nothing of how fast answers are.
    pub fn answered(self, method: &str) {
        let Some(limit) = &self.limit else { return };
        let (now, took) = (Instant::now(), self.began.elapsed());
        let mut state = limit.state();
        let in_work = state.in_work;
        if let Some(median) = state.paces.took(method, took, in_work, now) {
            let used = state.paces.peak() as f64 >= state.height / 2.0;
            if median > pace::SLOW {
                state.height = (state.height * 0.85).max(state.least);
            } else if used {
                state.height = (state.height + state.height.sqrt()).min(state.most);
            }
            state.paces.begin(now);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(limit) = self.limit.take() {
            limit.leave();
        }
    }
}
