//! A year of exports in small: register, inspect, look up, judge, decide, license in batches of twenty, certify, log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tongguan_vocabulary::{Clock, Tenant};

use super::fleet::Fleet;
use super::meter::{Meter, Waited};
use super::{LoadError, usage};
use crate::dossier::Dossier;
use crate::journey::Actors;
use crate::{Settings, Suite, stand::Stand};

/// Cars a licence batch holds at most.
const BATCH: u32 = 20;
/// Tenants the load is spread over, as marketplaces are.
const TENANTS: u32 = 8;

/// How much, and how many at a time.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Cars.
    pub cars: u32,
    /// Groups of at most twenty cars under way at a time.
    pub workers: u32,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Result {
    /// Cars that came to an end.
    pub cars: u32,
    /// How many ended in each state.
    pub ends: BTreeMap<String, u32>,
    /// Cars that ended elsewhere than their sample must; the first few by name.
    pub unexpected: Vec<String>,
    /// By the clock on the wall, seconds.
    pub wall_seconds: f64,
    /// Cars a second.
    pub cars_per_second: f64,
    /// CPU of the process a car, milliseconds; callers, simulator and services together.
    pub cpu_ms_per_car: f64,
    /// The most memory the process had, bytes.
    pub peak_memory: u64,
    /// What the callers waited for, by method.
    pub calls: Vec<Waited>,
}

struct Work {
    fleet: Fleet,
    actors: Vec<Vec<Actors>>,
    size: Size,
    next: AtomicU32,
    progress: Box<dyn Fn(u32) + Send + Sync>,
}

/// Takes the cars the whole way, embedded, with databases as the settings say.
pub async fn run(
    settings: Settings,
    size: Size,
    progress: impl Fn(u32) + Send + Sync + 'static,
) -> std::result::Result<Result, LoadError> {
    let fleet = Fleet::of_samples()?;
    let stand = Box::pin(Stand::with_records(
        settings,
        fleet.sample(0),
        fleet.records(),
    ))
    .await?;
    let meter = Meter::default();
    let actors = actors(&stand.started.suite, &fleet, &stand.clock, &meter)?;
    let mut ticking = JoinSet::new();
    ticking.spawn(tick(stand.clock.clone()));
    let workers = size.workers.max(1);
    let work = Arc::new(Work {
        fleet,
        actors,
        size,
        next: AtomicU32::new(0),
        progress: Box::new(progress),
    });
    let used = usage::now().unwrap_or_default();
    let began = Instant::now();
    let mut crew = JoinSet::new();
    for _ in 0..workers {
        crew.spawn(worker(Arc::clone(&work)));
    }
    let (mut ends, mut unexpected) = (BTreeMap::new(), Vec::new());
    while let Some(done) = crew.join_next().await {
        let (found, strange) = done??;
        for (state, count) in found {
            *ends.entry(state).or_insert(0) += count;
        }
        unexpected.extend(strange);
    }
    let wall = began.elapsed();
    drop(ticking);
    stand.stop().await;
    let now = usage::now().unwrap_or_default();
    unexpected.truncate(10);
    let cars = ends.values().sum();
    Ok(Result {
        cars,
        ends,
        unexpected,
        wall_seconds: wall.as_secs_f64(),
        cars_per_second: f64::from(cars) / wall.as_secs_f64(),
        cpu_ms_per_car: per_car(now.cpu.saturating_sub(used.cpu), cars),
        peak_memory: now.peak_memory,
        calls: meter.read(),
    })
}

/// Lets the stand's clock go as the machine's does, from its own day: leases and pauses end.
async fn tick(clock: Clock) {
    const STEP: Duration = Duration::from_millis(100);
    let mut ticks = tokio::time::interval(STEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        let _instant = ticks.tick().await;
        clock.advance(time::Duration::milliseconds(100));
    }
}

fn per_car(cpu: Duration, cars: u32) -> f64 {
    cpu.as_secs_f64() * 1_000.0 / f64::from(cars.max(1))
}

/// The people of every tenant and model, all measured by one meter.
fn actors(
    suite: &Suite,
    fleet: &Fleet,
    clock: &Clock,
    meter: &Meter,
) -> std::result::Result<Vec<Vec<Actors>>, LoadError> {
    (0..TENANTS)
        .map(|number| {
            let tenant: Tenant = format!("load-{number}")
                .parse()
                .map_err(crate::stand::StandError::from)?;
            let of = |model| {
                let actors = Actors::of(suite, &tenant, fleet.sample(model), clock);
                let actors = actors.ok_or(LoadError::RoleMissing)?;
                Ok(actors.measured(|channel| meter.before(channel)))
            };
            (0..fleet.models()).map(of).collect()
        })
        .collect()
}

type Ends = (BTreeMap<String, u32>, Vec<String>);

/// Takes groups of cars until none is left.
async fn worker(work: Arc<Work>) -> std::result::Result<Ends, LoadError> {
    let (mut ends, mut unexpected) = (BTreeMap::new(), Vec::new());
    loop {
        let group = work.next.fetch_add(1, Ordering::Relaxed);
        let Some(first) = group
            .checked_mul(BATCH)
            .filter(|first| *first < work.size.cars)
        else {
            return Ok((ends, unexpected));
        };
        let count = BATCH.min(work.size.cars - first);
        let model = work.fleet.model_of(group);
        let cars: Vec<Dossier> = (first..first + count)
            .map(|number| work.fleet.car(model, number))
            .collect::<std::result::Result<_, _>>()?;
        let actors = &work.actors[(group % TENANTS) as usize][model];
        for (car, state) in cars.iter().zip(actors.run_group(&cars).await?) {
            let expected = car.expect.as_ref().map(|expected| expected.state.as_str());
            if expected != Some(state.as_str()) {
                unexpected.push(format!("{}: {state}", car.name));
            }
            *ends.entry(state).or_insert(0) += 1;
        }
        (work.progress)(count);
    }
}
