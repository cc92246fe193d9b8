//! 100,000 vehicles against every market through `EvaluateMatrix`: pairs a second and CPU a pair, over a socket and in process.
//!
//! Run with `cargo bench -p tongguan-destinations --bench matrix`. The evaluator alone is measured in the
//! same run over the same vehicles, so that its share of the CPU is a ratio and not two figures of two days.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use pbjson_types::Struct;
use tongguan_access::{Access, Grant, Role, generate_key};
use tongguan_api::destinations::v1 as pb;
use tongguan_api::destinations::v1::destination_rules_client::DestinationRulesClient;
use tongguan_destinations::{Config, embedded, serve};
use tongguan_rpc::{Channel, Routes, Tasks, remote};
use tongguan_rules::{Facts, decide};
use tongguan_runtime::{Server, ServerConfig, Shutdown};
use tongguan_vocabulary::World;
use tonic::Request;

#[path = "matrix/cars.rs"]
mod cars;
#[path = "matrix/threads.rs"]
mod threads;

const VEHICLES: usize = 100_000;
/// Vehicles a message.
const BATCH: usize = 250;
const SERVICE: &str = "tongguan.destinations.v1.DestinationRules";

fn main() {
    let vehicles = std::env::args()
        .find_map(|word| word.parse().ok())
        .unwrap_or(VEHICLES);
    let cars: Vec<serde_json::Value> = cars::cars(vehicles);
    let alone = evaluator(&cars);
    println!(
        "evaluator alone, one core: {:.0} ns a pair, {:.2} million pairs a second",
        alone,
        1_000.0 / alone
    );
    let batches = batches(&cars);
    drop(cars);
    socket(batches.clone(), alone);
    in_process(batches, alone);
}

/// Nanoseconds of CPU a pair for judging alone, facts read beforehand.
fn evaluator(cars: &[serde_json::Value]) -> f64 {
    let catalogue = embedded().as_ref().expect("the packs load");
    let packs: Vec<_> = catalogue
        .iter()
        .filter(|pack| !pack.layer && pack.market.len() == 2)
        .collect();
    let facts: Vec<Facts> = cars
        .iter()
        .take(10_000)
        .map(|car| Facts::from_json(car).expect("facts"))
        .collect();
    let mut counts = [0_usize; 4];
    let mut least = f64::MAX;
    for _ in 0..3 {
        counts = [0; 4];
        let before = threads::cpu("");
        for block in facts.chunks(16) {
            for pack in &packs {
                for facts in block {
                    let decision = decide(pack.program(), black_box(facts));
                    counts[decision.outcome as usize] += 1;
                }
            }
        }
        let pairs = (facts.len() * packs.len()) as f64;
        least = least.min(threads::cpu("").saturating_sub(before).as_nanos() as f64 / pairs);
    }
    println!(
        "{} vehicles × {} markets; of the first {}: {:.0} % permitted, {:.0} % conditional, {:.0} % undetermined, {:.0} % prohibited",
        cars.len(),
        packs.len(),
        facts.len(),
        share(counts, 0),
        share(counts, 1),
        share(counts, 2),
        share(counts, 3),
    );
    least
}

fn share(counts: [usize; 4], of: usize) -> f64 {
    100.0 * counts[of] as f64 / counts.iter().sum::<usize>() as f64
}

fn batches(cars: &[serde_json::Value]) -> Vec<pb::EvaluateMatrixRequest> {
    let item = |car: &serde_json::Value| pb::MatrixItem {
        key: String::new(),
        facts: Some(serde_json::from_value::<Struct>(car.clone()).expect("an object")),
    };
    let mut batches: Vec<pb::EvaluateMatrixRequest> = cars
        .chunks(BATCH)
        .zip(0..)
        .map(|(cars, batch)| pb::EvaluateMatrixRequest {
            batch,
            items: cars.iter().map(item).collect(),
            markets: Vec::new(),
            record: false,
            brief: true,
        })
        .collect();
    batches[0].markets.push("*".to_owned());
    batches
}

/// The service over a fresh database.
async fn house() -> (Access, Channel) {
    let database = tongguan_testkit::databases::sqlite(&tongguan_destinations::migrations()).await;
    let world = World::fixed(tongguan_testkit::noon());
    let key = generate_key().expect("a key");
    let access = Access::embedded(&key, world.clock.clone()).expect("an issuer");
    let tasks = Tasks::new();
    let served = serve(Config::default(), database, &access, world, &tasks);
    let channel = served.await.expect("the service starts");
    (access, channel)
}

fn runtime(name: &str, workers: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .thread_name(name)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Server and client on threads of their own, so that each one's CPU is known.
fn socket(batches: Vec<pb::EvaluateMatrixRequest>, alone: f64) {
    let server = runtime("server", 2);
    let stop = Shutdown::new();
    let (access, address) = server.block_on(async {
        let (access, channel) = house().await;
        let config = ServerConfig {
            listen: "127.0.0.1:0".to_owned(),
            ..ServerConfig::default()
        };
        let bound = Server::bind(&config).await.expect("a port");
        let address = bound.address();
        let routes = Routes::new([(SERVICE.to_owned(), channel)]);
        server.spawn(bound.serve(routes, stop.clone()));
        (access, address)
    });
    let client = runtime("client", 1);
    let channel = {
        let _inside = client.enter();
        remote(&format!("http://{address}")).expect("an address")
    };
    report(
        "loopback socket",
        &client,
        &access,
        channel,
        batches,
        alone,
        "server",
    );
    stop.abandon();
}

/// Both on the same two threads, without HTTP/2.
fn in_process(batches: Vec<pb::EvaluateMatrixRequest>, alone: f64) {
    let both = runtime("both", 2);
    let (access, channel) = both.block_on(house());
    report(
        "in process",
        &both,
        &access,
        channel,
        batches,
        alone,
        "both",
    );
}

fn report(
    name: &str,
    client: &tokio::runtime::Runtime,
    access: &Access,
    channel: Channel,
    batches: Vec<pb::EvaluateMatrixRequest>,
    alone: f64,
    served_by: &str,
) {
    let token = access.mint(
        &Grant::new("acme".parse().expect("a tenant"), "lin")
            .role(Role::Exporter)
            .person(),
    );
    let (all, server, start) = (threads::cpu(""), threads::cpu(served_by), Instant::now());
    let work = client.spawn(ask(channel, token, batches));
    let pairs = client.block_on(work).expect("the client ends") as f64;
    let wall = start.elapsed().as_secs_f64();
    let each =
        |before: Duration, now: Duration| now.saturating_sub(before).as_nanos() as f64 / pairs;
    let (all, server) = (
        each(all, threads::cpu("")),
        each(server, threads::cpu(served_by)),
    );
    println!(
        "{name}: {:.2} million pairs a second ({pairs:.0} pairs in {wall:.1} s); CPU a pair {all:.0} ns, of it {served_by} {server:.0} ns; evaluator / {served_by} {:.2}, evaluator / all {:.2}",
        pairs / wall / 1e6,
        alone / server,
        alone / all,
    );
}

/// Sends every batch, reads every answer, gives how many pairs were answered.
async fn ask(channel: Channel, token: String, batches: Vec<pb::EvaluateMatrixRequest>) -> usize {
    let mut request = Request::new(tokio_stream::iter(batches));
    let bearer = format!("Bearer {token}").parse().expect("a header");
    request.metadata_mut().insert("authorization", bearer);
    let mut client = DestinationRulesClient::new(channel).max_decoding_message_size(16 << 20);
    let answers = client.evaluate_matrix(request).await.expect("a stream");
    let (mut answers, mut pairs, mut next) = (answers.into_inner(), 0, 0);
    while let Some(answer) = answers.message().await.expect("an answer") {
        assert_eq!(answer.batch, next, "in order");
        next += 1;
        for row in &answer.rows {
            assert!(row.problem.is_none(), "{:?}", row.problem);
            pairs += row.outcomes.len();
        }
    }
    pairs
}
