//! Peers of the test: each answers what the test wrote down, through the same messages as the real ones.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use tongguan_api::common::v1 as common;
use tongguan_api::destinations::v1 as destinations;
use tongguan_api::inspection::v1 as inspection;
use tongguan_api::maintenance::v1 as maintenance;
use tongguan_api::registry::v1 as registry;
use tongguan_clearance::Peers;
use tongguan_rpc::{Body, Channel};
use tongguan_testkit::faults::{self, Faults};
use tonic::server::Grpc;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::{Service, ServiceExt as _};

use crate::house::{EXPORTER, EXPORTER_NAME, date};

/// What the peers answer.
pub(crate) struct Script {
    pub(crate) vehicle: Option<registry::Vehicle>,
    pub(crate) inspection: Option<inspection::Inspection>,
    pub(crate) history: maintenance::History,
    pub(crate) verdicts: Vec<destinations::MarketVerdict>,
    /// The facts of the last evaluation.
    pub(crate) asked: Option<pbjson_types::Struct>,
    /// What happened to vehicles: VINs, one an event.
    pub(crate) vehicle_events: Vec<String>,
    /// What happened to inspections: VINs, empty for a body.
    pub(crate) inspection_events: Vec<String>,
    /// Streams that were begun, with the token each began after.
    pub(crate) watched: Vec<(&'static str, String)>,
}

/// The peers, their script and their faults.
#[derive(Clone)]
pub(crate) struct Stage {
    script: Arc<Mutex<Script>>,
    peers: Peers,
    pub(crate) registry: Faults,
    pub(crate) destinations: Faults,
}

impl Stage {
    pub(crate) fn new(vin: &str) -> (Self, Peers) {
        let script = Script {
            vehicle: Some(vehicle(vin)),
            inspection: Some(report(vin)),
            history: history(vin),
            verdicts: vec![permits("CN-EXPORT"), permits("KZ")],
            asked: None,
            vehicle_events: Vec::new(),
            inspection_events: Vec::new(),
            watched: Vec::new(),
        };
        let fake = Fake(Arc::new(Mutex::new(script)));
        let plain = || Channel::from_service(fake.clone());
        let ((to_registry, registry), (to_destinations, destinations)) =
            (faults::channel(plain()), faults::channel(plain()));
        // Only what a case asks for fails: followers go on beside it.
        let beside = |faulty: Channel| {
            Channel::from_service(Beside {
                faulty,
                plain: plain(),
            })
        };
        let (to_registry, to_destinations) = (beside(to_registry), beside(to_destinations));
        let peers = Peers {
            registry: to_registry,
            inspection: plain(),
            maintenance: plain(),
            destinations: to_destinations,
        };
        let stage = Self {
            script: fake.0.clone(),
            peers: peers.clone(),
            registry,
            destinations,
        };
        (stage, peers)
    }

    pub(crate) fn peers(&self) -> Peers {
        self.peers.clone()
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }
}

/// Streams and lists of packs reach the peer whatever befalls its other answers.
#[derive(Clone)]
struct Beside {
    faulty: Channel,
    plain: Channel,
}

impl Service<http::Request<Body>> for Beside {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let path = request.uri().path();
        let channel = if path.contains("/Watch") || path.ends_with("/ListMarkets") {
            self.plain.clone()
        } else {
            self.faulty.clone()
        };
        Box::pin(async move { channel.oneshot(request).await })
    }
}

#[derive(Clone)]
struct Fake(Arc<Mutex<Script>>);

impl Service<http::Request<Body>> for Fake {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let script = self.0.clone();
        let method = request
            .uri()
            .path()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        Box::pin(async move {
            let answer = match method.as_str() {
                "GetVehicle" => {
                    unary(request, move |_: registry::GetVehicleRequest| {
                        script
                            .lock()
                            .unwrap()
                            .vehicle
                            .clone()
                            .ok_or_else(|| Status::not_found("no such vehicle"))
                    })
                    .await
                }
                "ListInspections" => {
                    unary(request, move |_: inspection::ListInspectionsRequest| {
                        let inspections = script
                            .lock()
                            .unwrap()
                            .inspection
                            .clone()
                            .into_iter()
                            .collect();
                        Ok(inspection::ListInspectionsResponse {
                            inspections,
                            next_page_token: String::new(),
                        })
                    })
                    .await
                }
                "LookupHistory" => {
                    unary(request, move |_: maintenance::LookupHistoryRequest| {
                        Ok(script.lock().unwrap().history.clone())
                    })
                    .await
                }
                "Evaluate" => {
                    unary(request, move |asked: destinations::EvaluateRequest| {
                        let mut script = script.lock().unwrap();
                        script.asked = asked.facts;
                        Ok(destinations::EvaluateResponse {
                            verdicts: script.verdicts.clone(),
                        })
                    })
                    .await
                }
                "ListMarkets" => {
                    unary(request, move |_: destinations::ListMarketsRequest| {
                        let verdicts = script.lock().unwrap().verdicts.clone();
                        let markets = verdicts.into_iter().map(|verdict| destinations::Market {
                            market: verdict.market,
                            pack: verdict.pack,
                            ..Default::default()
                        });
                        Ok(destinations::ListMarketsResponse {
                            markets: markets.collect(),
                            next_page_token: String::new(),
                        })
                    })
                    .await
                }
                "WatchVehicles" => {
                    streaming(request, move |asked: registry::WatchVehiclesRequest| {
                        let mut script = script.lock().unwrap();
                        let told = after(&script.vehicle_events, &asked.resume_token);
                        script.watched.push(("vehicles", asked.resume_token));
                        let event = |(resume_token, vin)| registry::VehicleEvent {
                            vin,
                            resume_token,
                            kind: "STATUS_RECORDED".into(),
                            ..Default::default()
                        };
                        told.into_iter().map(event).collect()
                    })
                    .await
                }
                "WatchInspections" => {
                    streaming(
                        request,
                        move |asked: inspection::WatchInspectionsRequest| {
                            let mut script = script.lock().unwrap();
                            let told = after(&script.inspection_events, &asked.resume_token);
                            script.watched.push(("inspections", asked.resume_token));
                            let event = |(resume_token, vin)| inspection::InspectionEvent {
                                vin,
                                resume_token,
                                kind: "INSPECTION_WITHDRAWN".into(),
                                ..Default::default()
                            };
                            told.into_iter().map(event).collect()
                        },
                    )
                    .await
                }
                other => panic!("clearance asked for {other}, which no test plays"),
            };
            Ok(answer.unwrap_or_else(|never: Infallible| match never {}))
        })
    }
}

async fn unary<Q, A>(
    request: http::Request<Body>,
    answer: impl Fn(Q) -> Result<A, Status> + Send + Sync + 'static,
) -> Result<http::Response<Body>, Infallible>
where
    Q: prost::Message + Default + Send + 'static,
    A: prost::Message + Default + Send + 'static,
{
    let answer = Arc::new(answer);
    let service = tower::service_fn(move |request: Request<Q>| {
        let answer = answer.clone();
        async move { answer(request.into_inner()).map(Response::new) }
    });
    Ok(Grpc::new(ProstCodec::<A, Q>::default())
        .unary(service, request)
        .await)
}

/// Events after a token, each with the token that resumes after it.
fn after(events: &[String], token: &str) -> Vec<(String, String)> {
    let seen: usize = token.parse().unwrap_or(0);
    let fresh = events.iter().enumerate().skip(seen);
    fresh
        .map(|(place, vin)| ((place + 1).to_string(), vin.clone()))
        .collect()
}

/// Answers a stream that ends with what there is.
async fn streaming<Q, A>(
    request: http::Request<Body>,
    answer: impl Fn(Q) -> Vec<A> + Send + Sync + 'static,
) -> Result<http::Response<Body>, Infallible>
where
    Q: prost::Message + Default + Send + 'static,
    A: prost::Message + Default + Send + 'static,
{
    let answer = Arc::new(answer);
    let service = tower::service_fn(move |request: Request<Q>| {
        let answers = answer(request.into_inner());
        let answers = tokio_stream::iter(answers.into_iter().map(Ok::<A, Status>));
        async move { Ok::<_, Status>(Response::new(answers)) }
    });
    Ok(Grpc::new(ProstCodec::<A, Q>::default())
        .server_streaming(service, request)
        .await)
}

/// A sound car of five years, annotated 转让待出口 for the exporter.
pub(crate) fn vehicle(vin: &str) -> registry::Vehicle {
    registry::Vehicle {
        details: Some(registry::VehicleDetails {
            vin: vin.into(),
            brand: "大众".into(),
            model: "SVW71811".into(),
            manufacturer: "上汽大众汽车有限公司".into(),
            category: common::VehicleCategory::M1.into(),
            vehicle_type: "K33".into(),
            use_nature: "A".into(),
            colour: "A".into(),
            powertrain: common::Powertrain::Ice.into(),
            fuel: common::Fuel::Petrol.into(),
            steering: common::Steering::Left.into(),
            engine_number: "CLS123456".into(),
            engine_cc: Some(1_798),
            seats: Some(5),
            emission_stage: "china.6b".into(),
            manufactured: Some(date(2021, 1, 0)),
            first_registered: Some(date(2021, 3, 15)),
            ..Default::default()
        }),
        state: registry::vehicle::State::TransferPendingExport.into(),
        transfer: Some(registry::TransferPendingExport {
            exporter: EXPORTER.into(),
            exporter_name: EXPORTER_NAME.into(),
            date: Some(date(2026, 2, 20)),
            filing_valid_until: Some(date(2026, 12, 31)),
            ..Default::default()
        }),
        status_letters: vec!["A".into()],
        status_time: Some(pbjson_types::Timestamp::default()),
        scrapping: Some(registry::Scrapping {
            verdict: registry::scrapping::Verdict::NoYearLimit.into(),
            ..Default::default()
        }),
        version: 3,
        ..Default::default()
    }
}

/// A passed inspection of that car.
pub(crate) fn report(vin: &str) -> inspection::Inspection {
    inspection::Inspection {
        id: "018f0000-0000-7000-8000-0000000000aa".into(),
        report: Some(inspection::InspectionReport {
            report_number: "R-2026-1".into(),
            standard: "WM/T 8-2022".into(),
            date: Some(date(2026, 2, 25)),
            client: EXPORTER.into(),
            vehicle: Some(inspection::InspectedVehicle {
                vin: vin.into(),
                engine_number: "CLS123456".into(),
                colour: "A".into(),
                odometer: Some(common::Odometer {
                    value: 61_000,
                    unit: common::odometer::Unit::Km.into(),
                }),
                ..Default::default()
            }),
            ..Default::default()
        }),
        state: inspection::inspection::State::Current.into(),
        verdict: inspection::Verdict::Passed.into(),
        accreditations: vec!["CMA-1".into()],
        report_sha256: "ab".repeat(32),
        ..Default::default()
    }
}

/// A short, honest history.
pub(crate) fn history(vin: &str) -> maintenance::History {
    maintenance::History {
        vin: vin.into(),
        outcome: maintenance::Outcome::Found.into(),
        freshness: maintenance::Freshness::Fresh.into(),
        odometer: Some(maintenance::OdometerAnalysis {
            verdict: maintenance::odometer_analysis::Verdict::Consistent.into(),
            minimum_true_km: Some(60_500),
            ..Default::default()
        }),
        simulated: true,
        ..Default::default()
    }
}

/// A market that takes the car.
pub(crate) fn permits(market: &str) -> destinations::MarketVerdict {
    destinations::MarketVerdict {
        market: market.into(),
        outcome: destinations::Outcome::Permitted.into(),
        pack: Some(destinations::PackRef {
            market: market.into(),
            version: "2026.11.1".into(),
            digest: "cd".repeat(32),
        }),
        engine_version: "tongguan-rules/1".into(),
        ..Default::default()
    }
}

/// A market with one rule that is not met.
pub(crate) fn says(
    market: &str,
    outcome: destinations::Outcome,
    rule: &str,
    verdict: destinations::RuleVerdict,
    effect: destinations::Effect,
) -> destinations::MarketVerdict {
    destinations::MarketVerdict {
        outcome: outcome.into(),
        reasons: vec![destinations::Reason {
            rule: rule.into(),
            market: market.into(),
            verdict: verdict.into(),
            effect: effect.into(),
            decisive: true,
            text: Some(destinations::Text {
                en: "a rule of the test".into(),
                zh: "测试规则".into(),
            }),
            ..Default::default()
        }],
        ..permits(market)
    }
}
