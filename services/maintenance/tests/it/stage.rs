//! What the tests stand on: a simulator, the service in process, a caller with a token.

use std::time::Duration;

use tongguan_access::{Access, Grant, generate_key};
use tongguan_api::common::v1 as common;
use tongguan_api::google::r#type::Date;
use tongguan_api::maintenance::v1 as pb;
use tongguan_api::maintenance::v1::maintenance_lookup_client::MaintenanceLookupClient;
use tongguan_maintenance::simulator::{self, Mood, VehicleFile, Visit};
use tongguan_maintenance::{Config, SourceConfig, serve, simulate};
use tongguan_rpc::{Channel, Tasks};
use tongguan_storage::Database;
use tongguan_vocabulary::World;
use tonic::{Code, Request, Status};

pub(crate) const VIN: &str = "LSVWY4180KN246094";
pub(crate) const OTHER_VIN: &str = "LBEHDAEB58Y038860";

/// A simulator and the service that asks it, with a clock that stands until it is moved.
pub(crate) struct Stage {
    pub(crate) client: MaintenanceLookupClient<Channel>,
    pub(crate) world: World,
    pub(crate) tasks: Tasks,
    pub(crate) simulator: std::net::SocketAddr,
    pub(crate) access: Access,
    pub(crate) database: Database,
    pub(crate) config: Config,
    http: reqwest::Client,
}

/// Every vehicle of these tests is known to the simulator with this ordinary history.
pub(crate) fn ordinary(vin: &str) -> VehicleFile {
    let visit = |list: &str, day: &str, km: &str, job: &str| Visit {
        shop: "模拟汽车维修厂".to_owned(),
        shop_code: "310101000000001".to_owned(),
        list: list.to_owned(),
        intake: day.to_owned(),
        mileage: km.to_owned(),
        jobs: vec![(job.to_owned(), "1.5".to_owned())],
        ..Visit::default()
    };
    VehicleFile {
        vin: vin.to_owned(),
        plate: "浙A12345".to_owned(),
        visits: vec![
            visit("A1", "20240310", "12000", "常规保养"),
            visit("A2", "20240915", "21000", "更换刹车片"),
            visit("A3", "20250320", "30500", "常规保养"),
            visit("A4", "20250925", "40100", "更换轮胎"),
        ],
        ..VehicleFile::default()
    }
}

impl Stage {
    pub(crate) async fn new(
        database: Database,
        simulated: simulator::Config,
        tune: impl Fn(&mut SourceConfig),
    ) -> Self {
        let tasks = Tasks::new();
        let simulator = simulate(simulated, &tasks).await.unwrap();
        let mut config = Config {
            worker_tick_ms: 20,
            raw_key: "5a".repeat(32),
            ..Config::simulated(simulator)
        };
        for source in config.sources.values_mut() {
            // No test fails because a machine is slow; those in which a source hangs say when to give up.
            source.timeout_ms = 20_000;
            source.retries = 1;
            source.retry_delay_ms = 1;
            tune(source);
        }
        let world = World::fixed(tongguan_testkit::noon());
        let access = Access::embedded(&generate_key().unwrap(), world.clock.clone()).unwrap();
        let channel = serve(
            config.clone(),
            database.clone(),
            &access,
            world.clone(),
            &tasks,
        )
        .await
        .unwrap();
        Self {
            client: MaintenanceLookupClient::new(channel),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            world,
            tasks,
            simulator,
            access,
            database,
            config,
        }
    }

    /// The service built anew over the same database, as after a restart.
    pub(crate) async fn restarted(&self) -> Self {
        let tasks = Tasks::new();
        let channel = serve(
            self.config.clone(),
            self.database.clone(),
            &self.access,
            self.world.clone(),
            &tasks,
        )
        .await
        .unwrap();
        Self {
            client: MaintenanceLookupClient::new(channel),
            http: self.http.clone(),
            world: self.world.clone(),
            tasks,
            simulator: self.simulator,
            access: self.access.clone(),
            database: self.database.clone(),
            config: self.config.clone(),
        }
    }

    pub(crate) fn sign<T>(&self, message: T, scope: &str) -> Request<T> {
        self.sign_as(message, scope, "acme")
    }

    pub(crate) fn sign_as<T>(&self, message: T, scope: &str, tenant: &str) -> Request<T> {
        let token = self
            .access
            .mint(&Grant::new(tenant.parse().unwrap(), "tester").scope(scope));
        let mut request = Request::new(message);
        request
            .metadata_mut()
            .insert("authorization", format!("Bearer {token}").parse().unwrap());
        request.set_timeout(Duration::from_mins(1));
        request
    }

    pub(crate) async fn look_up(
        &self,
        ask: pb::LookupHistoryRequest,
    ) -> Result<pb::History, Status> {
        let request = self.sign(ask, "maintenance.read");
        Ok(self
            .client
            .clone()
            .lookup_history(request)
            .await?
            .into_inner())
    }

    pub(crate) async fn start(
        &self,
        request_id: &str,
        lookup: pb::LookupHistoryRequest,
    ) -> common::Operation {
        let message = pb::StartLookupRequest {
            request_id: request_id.to_owned(),
            lookup: Some(lookup),
            deadline: None,
        };
        self.client
            .clone()
            .start_lookup(self.sign(message, "maintenance.write"))
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn progress(&self, lookup: &str) -> pb::Lookup {
        let message = pb::GetLookupRequest {
            lookup: lookup.to_owned(),
        };
        self.client
            .clone()
            .get_lookup(self.sign(message, "maintenance.read"))
            .await
            .unwrap()
            .into_inner()
    }

    /// Asks until the lookup is in `state`; the clock of the test bounds how long.
    pub(crate) async fn until(&self, lookup: &str, state: common::operation::State) -> pb::Lookup {
        let watched = async {
            loop {
                let progress = self.progress(lookup).await;
                if progress.operation.as_ref().unwrap().state() == state {
                    return progress;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), watched)
            .await
            .unwrap_or_else(|_| panic!("the lookup never was {state:?}"))
    }

    /// Returns when the worker has erased what is due: it does so between rounds, so that a second lookup comes after it.
    pub(crate) async fn worker_has_erased(&self) {
        for purpose in [pb::Purpose::ExportClearance, pb::Purpose::Audit] {
            let now = self.world.clock.now().unix_timestamp();
            let mut lookup = ask(OTHER_VIN, "hunan");
            lookup.purpose = purpose.into();
            let operation = self.start(&format!("{purpose:?} {now}"), lookup).await;
            self.until(&operation.result, common::operation::State::Succeeded)
                .await;
        }
    }

    pub(crate) async fn mood(&self, province: &str, mood: Mood) {
        let change = serde_json::json!({"province": province, "mood": mood});
        self.control("moods", &change.to_string()).await;
    }

    pub(crate) async fn file(&self, file: VehicleFile) {
        self.control("files", &serde_json::to_string(&[file]).unwrap())
            .await;
    }

    async fn control(&self, path: &str, body: &str) {
        let url = format!("http://{}/_simulator/{path}", self.simulator);
        let answer = self
            .http
            .post(url)
            .body(body.to_owned())
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert!(answer.contains("\"ok\":true"), "{answer}");
    }

    /// How many questions for records a province was asked.
    pub(crate) async fn calls(&self, province: &str) -> u64 {
        let url = format!("http://{}/_simulator/calls", self.simulator);
        let answer = self
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let calls: serde_json::Value = serde_json::from_str(&answer).unwrap();
        calls[province].as_u64().unwrap_or(0)
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "a date field of a message is an option"
)]
pub(crate) fn day(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

/// An ordinary question with a good consent.
pub(crate) fn ask(vin: &str, source: &str) -> pb::LookupHistoryRequest {
    pb::LookupHistoryRequest {
        vin: vin.to_owned(),
        plate: "浙A12345".to_owned(),
        consent: Some(pb::Consent {
            id: "consent-1".to_owned(),
            basis: pb::consent::Basis::Owner.into(),
            given: day(2026, 2, 20),
            ..pb::Consent::default()
        }),
        purpose: pb::Purpose::ExportClearance.into(),
        sources: vec![source.to_owned()],
        wait: Some(pbjson_types::Duration {
            seconds: 10,
            nanos: 0,
        }),
        first_registered: day(2024, 1, 15),
        ..pb::LookupHistoryRequest::default()
    }
}

pub(crate) fn refused(status: &Status, code: Code, reason: &str) {
    use tonic_types::StatusExt;
    let info = status.get_details_error_info().unwrap();
    assert_eq!(
        (status.code(), info.reason.as_str()),
        (code, reason),
        "{status:?}"
    );
}

/// Sources as they are.
pub(crate) fn plain(_: &mut SourceConfig) {}

/// A simulator that knows these vehicles.
pub(crate) fn known(files: &[VehicleFile]) -> simulator::Config {
    simulator::Config {
        files: files.to_vec(),
        ..simulator::Config::default()
    }
}
