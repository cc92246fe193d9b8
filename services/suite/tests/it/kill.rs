//! Kill -9 in the middle of writes: nothing that was acknowledged is lost, and the same request answers the same.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tongguan_access::{Access, Grant, Role};
use tongguan_api::common::v1 as common;
use tongguan_api::google::r#type::Date;
use tongguan_api::registry::v1 as pb;
use tongguan_api::registry::v1::vehicle_registry_client::VehicleRegistryClient;
use tongguan_rpc::{Channel, remote};
use tongguan_vocabulary::{Clock, Ids, Vin};
use tonic::Request;

/// The suite as a process of its own; killed when the test ends, however it ends.
pub(crate) struct Suite {
    process: Child,
    /// Host and port.
    pub(crate) address: String,
    pub(crate) client: VehicleRegistryClient<Channel>,
}

impl Suite {
    pub(crate) fn start(folder: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tongguan"))
            .args(["serve", "registry"])
            .current_dir(folder)
            .env("TONGGUAN_SERVER__LISTEN", "127.0.0.1:0")
            .env("TONGGUAN_ADMIN__LISTEN", "127.0.0.1:0")
            .env("TONGGUAN_TELEMETRY__LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(process.stdout.take().unwrap());
        let line = out
            .lines()
            .map(Result::unwrap)
            .find(|line| line.trim_start().starts_with("gRPC"));
        let address = line.unwrap().split_whitespace().nth(1).unwrap().to_owned();
        Self {
            process,
            client: VehicleRegistryClient::new(remote(&format!("http://{address}")).unwrap()),
            address,
        }
    }

    /// SIGKILL: no drain, no flush.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Suite {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Requests as one exporter makes them, with tokens of the installation's own issuer.
#[derive(Clone)]
pub(crate) struct Exporter(String);

impl Exporter {
    pub(crate) fn of(folder: &Path) -> Self {
        let key = std::fs::read(folder.join("data/issuer.p8")).unwrap();
        let access = Access::embedded(&key, Clock::system()).unwrap();
        let grant = Grant::new("acme".parse().unwrap(), "exporter").role(Role::Exporter);
        Self(format!("Bearer {}", access.mint(&grant)))
    }

    pub(crate) fn ask<M>(&self, message: M) -> Request<M> {
        let mut request = Request::new(message);
        request
            .metadata_mut()
            .insert("authorization", self.0.parse().unwrap());
        request
    }

    fn register(&self, number: u32) -> Request<pb::RegisterVehicleRequest> {
        self.ask(pb::RegisterVehicleRequest {
            request_id: format!("kill-{number}"),
            vehicle: Some(car(number)),
            ..Default::default()
        })
    }
}

pub(crate) fn car(number: u32) -> pb::VehicleDetails {
    pb::VehicleDetails {
        vin: vin(number),
        brand: "试验牌".into(),
        model: "T1".into(),
        category: common::VehicleCategory::M1.into(),
        vehicle_type: "K33".into(),
        use_nature: "A".into(),
        colour: "A".into(),
        powertrain: common::Powertrain::Ice.into(),
        first_registered: Some(Date {
            year: 2_024,
            month: 5,
            day: 0,
        }),
        ..Default::default()
    }
}

/// A made-up VIN with the check digit it should have.
pub(crate) fn vin(number: u32) -> String {
    let draft = format!("LTGD00000R1{number:06}");
    let parsed: Vin = draft.parse().unwrap();
    format!(
        "{}{}{}",
        &draft[..8],
        parsed.expected_check_digit(),
        &draft[9..]
    )
}

pub(crate) fn fresh_folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tongguan-kill-{}", Ids::random().next()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_loses_nothing_it_acknowledged() {
    let folder = fresh_folder();
    let suite = Suite::start(&folder);
    let exporter = Exporter::of(&folder);
    let mut acknowledged: Vec<(u32, pb::Vehicle)> = Vec::new();
    let mut writers = tokio::task::JoinSet::new();
    let enough = tongguan_rpc::Tasks::new();
    for writer in 0..4_u32 {
        let (mut client, exporter, stop) =
            (suite.client.clone(), exporter.clone(), enough.stopping());
        writers.spawn(async move {
            let mut stored = Vec::new();
            for number in (writer * 1_000)..(writer * 1_000 + 1_000) {
                match client.register_vehicle(exporter.register(number)).await {
                    Ok(answer) => stored.push((number, answer.into_inner())),
                    // Unanswered: it may be stored or not, and the same request id finds out.
                    Err(_) => break,
                }
                if stored.len() == 40 {
                    stop.cancel();
                }
            }
            stored
        });
    }
    let stop = enough.stopping();
    let patience = std::time::Duration::from_mins(1);
    tokio::time::timeout(patience, stop.cancelled())
        .await
        .unwrap();
    suite.kill();
    while let Some(stored) = writers.join_next().await {
        acknowledged.extend(stored.unwrap());
    }
    assert!(
        acknowledged.len() >= 40,
        "only {} writes before the kill",
        acknowledged.len()
    );
    assert!(
        acknowledged.len() < 4_000,
        "the kill came after the last write"
    );

    let suite = Suite::start(&folder);
    let mut client = suite.client.clone();
    for (number, before) in &acknowledged {
        let again = client
            .register_vehicle(exporter.register(*number))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            &again, before,
            "the same request id answered something else"
        );
    }
    // What was in flight at the kill is either whole or absent, and can be sent again.
    for writer in 0..4_u32 {
        let next = acknowledged
            .iter()
            .map(|(number, _)| *number)
            .filter(|number| number / 1_000 == writer)
            .max();
        let next = next.map_or(writer * 1_000, |last| last + 1);
        let stored = client
            .register_vehicle(exporter.register(next))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(stored.version, 1);
        let events = pb::ListVehicleEventsRequest {
            vin: vin(next),
            ..Default::default()
        };
        let events = client
            .list_vehicle_events(exporter.ask(events))
            .await
            .unwrap()
            .into_inner()
            .events;
        assert_eq!(events.len(), 1);
    }
    suite.kill();
    std::fs::remove_dir_all(folder).unwrap();
}
