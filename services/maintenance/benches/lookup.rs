//! Cached lookups as a share of a bare tonic echo of the same message, and a healthy province beside one that hangs.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures and stops where something is wrong"
)]

use std::convert::Infallible;
use std::time::{Duration, Instant};

use futures::future::join_all;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tongguan_access::{Access, Grant, generate_key};
use tongguan_api::common::v1::Operation;
use tongguan_api::google::r#type::Date;
use tongguan_api::maintenance::v1 as pb;
use tongguan_api::maintenance::v1::maintenance_lookup_client::MaintenanceLookupClient;
use tongguan_api::maintenance::v1::maintenance_lookup_server::{
    MaintenanceLookup, MaintenanceLookupServer,
};
use tongguan_maintenance::simulator::{Config as Simulated, Mood};
use tongguan_maintenance::{Config, migrations, serve, simulate};
use tongguan_rpc::{Channel, Tasks, remote};
use tongguan_vocabulary::World;
use tonic::{Request, Response, Status};
use tower::ServiceExt;

const VIN: &str = "LSVWY4180KN246094";
/// Slices of each side, in turn, so that what else the machine does meets both alike.
const SLICES: usize = 8;
const SLICE: Duration = Duration::from_millis(700);

/// Answers one and the same history to whoever asks: what tonic and prost cost by themselves.
#[derive(Clone)]
struct Bare(pb::History);

macro_rules! bare {
    ($($name:ident($request:ty) -> $answer:ty;)*) => {
        #[tonic::async_trait]
        impl MaintenanceLookup for Bare {
            async fn lookup_history(
                &self,
                _: Request<pb::LookupHistoryRequest>,
            ) -> Result<Response<pb::History>, Status> {
                Ok(Response::new(self.0.clone()))
            }

            $(async fn $name(&self, _: Request<$request>) -> Result<Response<$answer>, Status> {
                Err(Status::unimplemented("a bare echo"))
            })*
        }
    };
}

bare! {
    start_lookup(pb::StartLookupRequest) -> Operation;
    get_lookup(pb::GetLookupRequest) -> pb::Lookup;
    cancel_lookup(pb::CancelLookupRequest) -> Operation;
    list_sources(pb::ListSourcesRequest) -> pb::ListSourcesResponse;
    get_source_health(pb::GetSourceHealthRequest) -> pb::SourceHealth;
    analyse_odometer(pb::AnalyseOdometerRequest) -> pb::OdometerAnalysis;
    purge_history(pb::PurgeHistoryRequest) -> pb::PurgeHistoryResponse;
}

fn ask(vin: &str, source: &str) -> pb::LookupHistoryRequest {
    pb::LookupHistoryRequest {
        vin: vin.to_owned(),
        plate: "浙A12345".to_owned(),
        consent: Some(pb::Consent {
            id: "consent-1".to_owned(),
            basis: pb::consent::Basis::Owner.into(),
            given: Some(Date {
                year: 2026,
                month: 2,
                day: 20,
            }),
            ..pb::Consent::default()
        }),
        purpose: pb::Purpose::ExportClearance.into(),
        sources: vec![source.to_owned()],
        ..pb::LookupHistoryRequest::default()
    }
}

struct Asker {
    client: MaintenanceLookupClient<Channel>,
    bearer: tonic::metadata::MetadataValue<tonic::metadata::Ascii>,
}

impl Asker {
    async fn ask(&self, message: pb::LookupHistoryRequest) -> pb::History {
        let mut request = Request::new(message);
        request
            .metadata_mut()
            .insert("authorization", self.bearer.clone());
        request.set_timeout(Duration::from_mins(1));
        let mut client = self.client.clone();
        client.lookup_history(request).await.unwrap().into_inner()
    }

    /// Calls a second, with so many in flight.
    async fn rate(&self, in_flight: usize) -> f64 {
        let started = Instant::now();
        let worker = || async {
            let mut calls = 0_u32;
            while started.elapsed() < SLICE {
                self.ask(ask(VIN, "zhejiang")).await;
                calls += 1;
            }
            calls
        };
        let calls: u32 = join_all((0..in_flight).map(|_| worker()))
            .await
            .iter()
            .sum();
        f64::from(calls) / started.elapsed().as_secs_f64()
    }
}

/// Serves a gRPC service on loopback, the same way for both sides, until the second of what is returned is dropped.
async fn socket<S>(service: S) -> (Channel, JoinSet<()>)
where
    S: tower::Service<
            http::Request<tonic::body::Body>,
            Response = http::Response<tonic::body::Body>,
        > + Clone
        + Send
        + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let service =
                service
                    .clone()
                    .map_request(|request: http::Request<hyper::body::Incoming>| {
                        request.map(tonic::body::Body::new)
                    });
            connections.spawn(async move {
                let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let service = TowerToHyperService::new(service);
                let _ended = builder
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    (remote(&format!("http://{address}")).unwrap(), server)
}

async fn compare(name: &str, ours: &Asker, bare: &Asker, in_flight: usize) {
    let mut pairs = Vec::new();
    for _ in 0..SLICES {
        let own = ours.rate(in_flight).await;
        pairs.push((own, bare.rate(in_flight).await));
    }
    pairs.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let (own, echo) = pairs[SLICES / 2];
    println!(
        "{name:<28} {own:>9.0}/s, bare echo {echo:>9.0}/s: {:>5.1} % (least {:.1}, most {:.1})",
        own / echo * 100.0,
        pairs[0].0 / pairs[0].1 * 100.0,
        pairs[SLICES - 1].0 / pairs[SLICES - 1].1 * 100.0,
    );
}

/// The times of uncached lookups at a healthy province, eight at once.
async fn healthy(asker: &Asker, round: usize) -> Vec<Duration> {
    let one = |caller: usize| async move {
        let mut times = Vec::new();
        for number in 0..60 {
            let vin = format!("LSVWY4180KN{:06}", round * 1_000 + caller * 100 + number);
            let started = Instant::now();
            let history = asker.ask(ask(&vin, "hunan")).await;
            assert_eq!(history.outcome(), pb::Outcome::Found);
            times.push(started.elapsed());
        }
        times
    };
    join_all((0..8).map(one)).await.concat()
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

async fn beside_an_outage(asker: &Asker) {
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 0..6 {
        alone.extend(healthy(asker, round * 2).await);
        let mut pace = tokio::time::interval(Duration::from_millis(2));
        let down = async {
            for number in 0..u32::MAX {
                let vin = format!("LSVWY4180KP{:06}", number % 1_000_000);
                let mut asked = ask(&vin, "sichuan");
                asked.wait = Some(pbjson_types::Duration {
                    seconds: 0,
                    nanos: 50_000_000,
                });
                let history = asker.ask(asked).await;
                assert_ne!(history.outcome(), pb::Outcome::NoRecord);
                pace.tick().await;
            }
        };
        tokio::select! {
            times = healthy(asker, round * 2 + 1) => beside.extend(times),
            () = down => {}
        }
    }
    let (alone, beside) = (p99(alone), p99(beside));
    println!(
        "a healthy province, p99      {alone:.2?} alone, {beside:.2?} beside one that hangs: {:>5.1} %",
        beside.as_secs_f64() / alone.as_secs_f64() * 100.0
    );
}

/// Ten thousand callers at once of a hundred vehicles that nobody asked for before.
async fn crowd(asker: &Asker, simulator: std::net::SocketAddr) {
    let calls = async || -> u64 {
        let url = format!("http://{simulator}/_simulator/calls");
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        let calls: serde_json::Value = serde_json::from_str(&text).unwrap();
        calls["hubei"].as_u64().unwrap_or(0)
    };
    let before = calls().await;
    let started = Instant::now();
    let asked = (0..10_000).map(|number| {
        let mut message = ask(&format!("LSVWY4180KR{:06}", number % 100), "hubei");
        message.wait = Some(pbjson_types::Duration {
            seconds: 30,
            nanos: 0,
        });
        asker.ask(message)
    });
    let histories = join_all(asked).await;
    assert!(
        histories
            .iter()
            .all(|history| history.outcome() == pb::Outcome::Found)
    );
    println!(
        "10,000 callers at once of 100 vehicles: {} questions upstream, all answered in {:.2?}",
        calls().await - before,
        started.elapsed()
    );
}

#[tokio::main]
async fn main() {
    let tasks = Tasks::new();
    let simulated = Simulated {
        invent: true,
        moods: [
            ("hunan".to_owned(), Mood::Slow(20)),
            ("hubei".to_owned(), Mood::Slow(50)),
            ("sichuan".to_owned(), Mood::Hang),
        ]
        .into(),
        ..Simulated::default()
    };
    let simulator = simulate(simulated, &tasks).await.unwrap();
    let config = Config {
        raw_key: "5a".repeat(32),
        ..Config::simulated(simulator)
    };
    let world = World::fixed(tongguan_testkit::noon());
    let access = Access::embedded(&generate_key().unwrap(), world.clock.clone()).unwrap();
    let database = tongguan_testkit::databases::sqlite(&migrations()).await;
    let channel = serve(config, database, &access, world, &tasks)
        .await
        .unwrap();
    let grant = Grant::new("acme".parse().unwrap(), "bench").scope("maintenance.read");
    let bearer: tonic::metadata::MetadataValue<_> =
        format!("Bearer {}", access.mint(&grant)).parse().unwrap();
    let asker = |channel: Channel| Asker {
        client: MaintenanceLookupClient::new(channel),
        bearer: bearer.clone(),
    };

    let ours = asker(channel.clone());
    let history = ours.ask(ask(VIN, "zhejiang")).await;
    assert!(ours.ask(ask(VIN, "zhejiang")).await.cached);
    println!(
        "a history of {} records, {} bytes",
        history.records.len(),
        prost::Message::encoded_len(&history)
    );
    let echo = MaintenanceLookupServer::new(Bare(history));
    let never = |never: Infallible| -> Status { match never {} };
    let near = ServiceExt::<http::Request<tonic::body::Body>>::map_err(echo.clone(), never);
    let bare = asker(Channel::from_service(near));
    compare("in process, one at a time", &ours, &bare, 1).await;
    compare("in process, 64 in flight", &ours, &bare, 64).await;
    let (channel, _ours) = socket(channel).await;
    let (echo, _bare) = socket(echo).await;
    let (ours_far, bare_far) = (asker(channel), asker(echo));
    compare("loopback, one at a time", &ours_far, &bare_far, 1).await;
    compare("loopback, 64 in flight", &ours_far, &bare_far, 64).await;
    crowd(&ours, simulator).await;
    beside_an_outage(&ours).await;
    tasks.stop().await;
}
