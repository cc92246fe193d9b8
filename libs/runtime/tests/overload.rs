//! Five times as many calls as can be served, on a stopped clock: what counts is still answered in time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio::time::{Instant, interval};
use tongguan_access::Lane;
use tongguan_runtime::limit::Limit;

/// A machine that serves so many calls at once, each in [`WORK`].
const CORES: usize = 8;
const WORK: Duration = Duration::from_millis(10);
/// Calls a second it can serve: 800.
const CAPACITY: f64 = CORES as f64 / 0.010;

#[derive(Default)]
struct Tally {
    sent: f64,
    in_time: f64,
}

/// Calls come for `seconds` at `load` times the capacity: one of twenty an officer's, five clearance, the rest badges.
async fn storm(limit: Option<Limit>, load: f64, seconds: f64) -> HashMap<Lane, Tally> {
    let cores = Arc::new(Semaphore::new(CORES));
    let mut ticks = interval(Duration::from_secs_f64(1.0 / (CAPACITY * load)));
    let mut calls = FuturesUnordered::new();
    let mut tally: HashMap<Lane, Tally> = HashMap::new();
    let total = (CAPACITY * load * seconds) as usize;
    let mut sent = 0;
    while sent < total || !calls.is_empty() {
        tokio::select! {
            biased;
            Some((lane, in_time)) = calls.next(), if !calls.is_empty() => {
                let tally: &mut Tally = tally.entry(lane).or_default();
                tally.in_time += f64::from(u8::from(in_time));
            }
            _ = ticks.tick(), if sent < total => {
                let lane = match sent % 20 {
                    0 => Lane::Officer,
                    1..=5 => Lane::Clearance,
                    _ => Lane::Badge,
                };
                sent += 1;
                tally.entry(lane).or_default().sent += 1.0;
                calls.push(call(limit.clone(), cores.clone(), lane));
            }
        }
    }
    tally
}

/// One call with a deadline of half a second; its work is done even when nobody waits any more, as work usually is.
async fn call(limit: Option<Limit>, cores: Arc<Semaphore>, lane: Lane) -> (Lane, bool) {
    let began = Instant::now();
    let place = match limit {
        Some(limit) => match limit.enter(lane).await {
            Ok(place) => Some(place),
            Err(_) => return (lane, false),
        },
        None => None,
    };
    let core = cores.acquire().await.unwrap();
    let mut work = interval(WORK);
    work.tick().await;
    work.tick().await;
    drop(core);
    if let Some(place) = place {
        place.answered("call");
    }
    (lane, began.elapsed() <= Duration::from_millis(500))
}

#[tokio::test(start_paused = true)]
async fn at_five_times_the_load_the_work_is_useful_and_every_officer_is_served() {
    let tally = storm(Some(Limit::new(4, 4_096)), 5.0, 10.0).await;
    let in_time: f64 = tally.values().map(|lane| lane.in_time).sum();
    let goodput = in_time / (CAPACITY * 10.0);
    assert!(goodput >= 0.8, "goodput {goodput}");
    let officers = &tally[&Lane::Officer];
    let served = officers.in_time / officers.sent;
    assert!(served >= 0.999, "officers in time: {served}");
    let share = |lane| tally[&lane].in_time / tally[&lane].sent;
    assert!(
        share(Lane::Clearance) > share(Lane::Badge),
        "clearance comes before badges"
    );
}

/// The test above can fail: without a limit every answer comes after its caller gave up.
#[tokio::test(start_paused = true)]
async fn without_a_limit_the_same_load_is_served_too_late() {
    let tally = storm(None, 5.0, 10.0).await;
    let in_time: f64 = tally.values().map(|lane| lane.in_time).sum();
    assert!(in_time / (CAPACITY * 10.0) < 0.2);
}

#[tokio::test(start_paused = true)]
async fn at_half_load_nothing_is_refused() {
    let tally = storm(Some(Limit::new(4, 4_096)), 0.5, 10.0).await;
    for (lane, tally) in tally {
        assert!((tally.in_time - tally.sent).abs() < 0.5, "{}", lane.name());
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_falls_under_load_and_rises_after_it() {
    let limit = Limit::new(10, 400);
    let before = limit.height();
    storm(Some(limit.clone()), 5.0, 5.0).await;
    let under = limit.height();
    assert!(under < before / 2, "{under} after {before}");
    storm(Some(limit.clone()), 0.9, 20.0).await;
    assert!(limit.height() >= under, "{} after {under}", limit.height());
    assert_eq!(limit.in_work(), 0, "every place came back");
}

#[tokio::test(start_paused = true)]
async fn the_most_urgent_who_waits_is_next() {
    let limit = Limit::new(1, 1);
    let held = limit.enter(Lane::Badge).await.unwrap();
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let waiting = |lane: Lane| {
        let (limit, order) = (limit.clone(), order.clone());
        async move {
            let place = limit.enter(lane).await;
            order.lock().unwrap().push((lane, place.is_ok()));
        }
    };
    let free = async {
        tokio::task::yield_now().await;
        drop(held);
    };
    tokio::join!(
        waiting(Lane::Badge),
        waiting(Lane::Clearance),
        waiting(Lane::Officer),
        free
    );
    let order = order.lock().unwrap();
    assert_eq!(
        *order,
        [
            (Lane::Officer, true),
            (Lane::Clearance, true),
            (Lane::Badge, true)
        ]
    );
    assert_eq!(limit.in_work(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_refused_and_leaves_no_gap() {
    let limit = Limit::new(1, 1);
    let held = limit.enter(Lane::Officer).await.unwrap();
    let began = Instant::now();
    assert!(limit.enter(Lane::Badge).await.is_err());
    assert_eq!(began.elapsed().as_millis() / 10, 5, "50 ms");
    drop(held);
    assert_eq!(limit.in_work(), 0);
    let again = limit.enter(Lane::Badge).await;
    assert!(again.is_ok(), "the place of the impatient was not lost");
}
