//! A day of faults at one source, in time that a test can stop: nothing sleeps, every run is the same.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use reqwest::StatusCode;
use serde_json::json;
use tokio::time::{Instant, sleep};
use tongguan_vocabulary::World;

use super::http::{Failed, Reply, Scripted, Wire};
use super::profile::{Ask, Question};
use super::{Upstream, provinces};
use crate::config::SourceConfig;
use crate::domain::outcome::Outcome;

const VIN: &str = "LSVWY4180KN246094";
/// The source's official quota in this story.
const PER_MINUTE: u32 = 300;
const BURST: u32 = 30;
const IN_FLIGHT: u32 = 8;
/// A question every so often, somewhat faster than the quota allows.
const EVERY: Duration = Duration::from_millis(180);
const MINUTE: u64 = 60;

/// What the source does at a time, counted from the start.
#[derive(Clone, Copy, PartialEq)]
enum Weather {
    Well,
    /// 50 % never answer, 20 % answer 503, 10 % answer noise.
    Storm,
    /// Nobody answers.
    Outage,
}

/// Well for two minutes, storm for five, well for three, outage for ten, well for ten.
fn weather(at: Duration) -> Weather {
    match at.as_secs() / MINUTE {
        2..7 => Weather::Storm,
        10..20 => Weather::Outage,
        _ => Weather::Well,
    }
}

const STORM_FROM: Duration = Duration::from_mins(2);
const OUTAGE_FROM: Duration = Duration::from_mins(10);
const OUTAGE_TO: Duration = Duration::from_mins(20);
const END: Duration = Duration::from_mins(30);

fn dice(number: u64) -> u64 {
    let mixed = (number ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 16
}

/// A source in the flat form that keeps a log of when it was asked.
struct Source {
    started: Instant,
    faulty: bool,
    log: Mutex<Vec<Duration>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Source {
    fn answer(self: &Arc<Self>, ask: &Ask) -> Scripted {
        let this = self.clone();
        let token = ask.path.contains("accesstoken");
        let at = this.started.elapsed();
        let number = {
            let mut log = this.log.lock().unwrap();
            log.push(at);
            log.len() as u64
        };
        let dice = dice(number);
        let open = this.open.fetch_add(1, Ordering::SeqCst) + 1;
        this.most_open.fetch_max(open, Ordering::SeqCst);
        let guard = Open(this.clone());
        async move {
            let _guard = guard;
            let weather = if this.faulty {
                weather(at)
            } else {
                Weather::Well
            };
            let fate = match weather {
                Weather::Well => 99,
                Weather::Storm => dice % 100,
                Weather::Outage => 0,
            };
            let reply = |status, bytes: Vec<u8>| {
                Ok(Reply {
                    status,
                    retry_after: None,
                    bytes,
                })
            };
            match fate {
                0..50 => std::future::pending::<Result<Reply, Failed>>().await,
                50..70 => reply(StatusCode::SERVICE_UNAVAILABLE, b"503".to_vec()),
                70..80 => reply(StatusCode::OK, vec![0xB0; 64]),
                _ => {
                    sleep(Duration::from_millis(20 + (dice >> 8) % 60)).await;
                    let body = if token {
                        json!({"code": "1", "access_token": "t"})
                    } else {
                        json!({"code": "0", "total": 1, "items": [{"vin": VIN, "companyname": "甲", "repairmileage": "12000"}]})
                    };
                    reply(StatusCode::OK, body.to_string().into_bytes())
                }
            }
        }
        .boxed()
    }
}

struct Open(Arc<Source>);

impl std::ops::Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What was seen of one source.
struct Seen {
    log: Vec<Duration>,
    most_open: usize,
    /// When each question was put, what it came to, and how long it took.
    answers: Vec<(Duration, Outcome, usize, Duration)>,
    /// Whether the breaker was open, every tenth of a second.
    breaker: BTreeMap<Duration, bool>,
}

async fn live(id: &str, faulty: bool, world: &World, started: Instant) -> Seen {
    let source = Arc::new(Source {
        started,
        faulty,
        log: Mutex::default(),
        open: AtomicUsize::new(0),
        most_open: AtomicUsize::new(0),
    });
    let asked = source.clone();
    let config = SourceConfig {
        per_minute: PER_MINUTE,
        burst: BURST,
        in_flight: IN_FLIGHT,
        ..SourceConfig::default()
    };
    let upstream = Arc::new(
        Upstream::new(
            provinces::find(id).unwrap(),
            config,
            Wire::Script(Arc::new(move |ask: &Ask| asked.answer(ask))),
            world.clone(),
        )
        .unwrap(),
    );
    let answers = Arc::new(Mutex::new(Vec::new()));
    let mut breaker = BTreeMap::new();
    let mut running = tokio::task::JoinSet::new();
    let mut next_look = Duration::ZERO;
    while started.elapsed() < END {
        let (upstream_, answers) = (upstream.clone(), answers.clone());
        running.spawn(async move {
            let put = started.elapsed();
            let question = Question {
                vin: VIN.parse().unwrap(),
                plate: String::new(),
            };
            let fetched = upstream_.ask(&question).await;
            let took = started.elapsed().saturating_sub(put);
            answers
                .lock()
                .unwrap()
                .push((put, fetched.outcome, fetched.rows.len(), took));
        });
        if started.elapsed() >= next_look {
            let open = upstream.manners.health(world.clock.now()).breaker_open;
            breaker.insert(started.elapsed(), open);
            next_look = started.elapsed() + Duration::from_millis(100);
        }
        while running.try_join_next().is_some() {}
        sleep(EVERY).await;
    }
    running.join_all().await;
    Seen {
        log: source.log.lock().unwrap().clone(),
        most_open: source.most_open.load(Ordering::SeqCst),
        answers: Arc::into_inner(answers).unwrap().into_inner().unwrap(),
        breaker,
    }
}

/// The world's clock goes with that of tokio, until what is returned is dropped.
fn in_step(world: &World) -> tokio::task::JoinSet<()> {
    let clock = world.clock.clone();
    let mut ticking = tokio::task::JoinSet::new();
    ticking.spawn(async move {
        loop {
            sleep(Duration::from_millis(50)).await;
            clock.advance(time::Duration::milliseconds(50));
        }
    });
    ticking
}

/// The 99th of a hundred times, of the questions that were answered.
fn p99(answers: &[(Duration, Outcome, usize, Duration)]) -> Duration {
    let found = answers
        .iter()
        .filter(|(_, outcome, ..)| *outcome == Outcome::Found);
    let mut times: Vec<Duration> = found.map(|(.., took)| *took).collect();
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

/// Nobody but a token bucket of the quota's size and rate can have let these through.
fn within_quota(log: &[Duration]) -> bool {
    let mut tokens = f64::from(BURST);
    let mut last = Duration::ZERO;
    log.iter().all(|at| {
        let earned = at.saturating_sub(last).as_secs_f64() * f64::from(PER_MINUTE) / 60.0;
        tokens = (tokens + earned).min(f64::from(BURST));
        last = *at;
        tokens -= 1.0;
        tokens > -0.01
    })
}

fn count(log: &[Duration], from: Duration, to: Duration) -> usize {
    log.iter().filter(|at| from <= **at && **at < to).count()
}

#[tokio::test(start_paused = true)]
async fn storms_and_an_outage_are_told_as_what_they_are_and_end_without_a_crowd() {
    let world = World::fixed(tongguan_testkit::noon());
    let clock = in_step(&world);
    let started = Instant::now();
    let (ill, well) = tokio::join!(
        live("zhejiang", true, &world, started),
        live("hunan", false, &world, started),
    );
    let started = Instant::now();
    let alone = live("hunan", false, &world, started).await;
    drop(clock);

    // No wrong outcome: one record or a failure that says so; never "nothing", never half.
    for (put, outcome, rows, _) in &ill.answers {
        let right = match outcome {
            Outcome::Found => *rows == 1,
            Outcome::UpstreamDown | Outcome::Quota => *rows == 0,
            _ => false,
        };
        assert!(right, "{outcome:?} with {rows} rows at {put:?}");
    }
    let found = |from: Duration, to: Duration| {
        let within = |put: Duration| from <= put && put < to;
        ill.answers
            .iter()
            .filter(|(put, outcome, ..)| within(*put) && *outcome == Outcome::Found)
            .count()
    };
    assert!(found(Duration::ZERO, STORM_FROM) > 500);
    assert_eq!(found(OUTAGE_FROM, OUTAGE_TO), 0);

    // The breaker is open within five seconds of the storm's and the outage's beginning.
    for beginning in [STORM_FROM, OUTAGE_FROM] {
        let opened = ill
            .breaker
            .range(beginning..)
            .find(|(_, open)| **open)
            .map(|(at, _)| at.saturating_sub(beginning))
            .unwrap();
        assert!(opened <= Duration::from_secs(5), "opened after {opened:?}");
    }
    // While it is open only probes go out.
    let settled = OUTAGE_FROM + Duration::from_secs(10);
    let probes = count(&ill.log, settled, OUTAGE_TO);
    assert!((4..=8).contains(&probes), "{probes} probes in ten minutes");

    // The quota holds at every instant, and so does the number of places.
    assert!(within_quota(&ill.log) && within_quota(&well.log));
    assert!(ill.most_open <= IN_FLIGHT as usize);

    // It comes back within two minutes, one probe first, and no faster than on any other day.
    let back = ill
        .answers
        .iter()
        .filter(|(put, outcome, ..)| *put >= OUTAGE_TO && *outcome == Outcome::Found)
        .map(|(put, ..)| *put)
        .min()
        .unwrap();
    assert!(
        back.saturating_sub(OUTAGE_TO) <= Duration::from_secs(121),
        "{back:?}"
    );
    assert_eq!(
        count(&ill.log, OUTAGE_TO, back + EVERY / 2),
        1,
        "the probe alone"
    );
    let second = count(&ill.log, back, back + Duration::from_secs(1));
    assert!(second <= (BURST + PER_MINUTE / 60) as usize, "{second}");
    assert!(found(back, END) > 500);

    // The other province does not notice: as many answers, and as fast, as when it is alone.
    assert_eq!(well.answers.len(), alone.answers.len());
    let (beside, by_itself) = (p99(&well.answers), p99(&alone.answers));
    assert!(
        beside.as_secs_f64() <= by_itself.as_secs_f64() * 1.1,
        "{beside:?} beside, {by_itself:?} alone"
    );
}
