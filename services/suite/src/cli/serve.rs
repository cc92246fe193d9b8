//! `tongguan serve`: the roles, on their ports, until told to stop.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tongguan_maintenance::simulator;
use tongguan_runtime::Process;
use tongguan_storage::ping;
use tongguan_vocabulary::World;

use super::{Failed, out};
use crate::{Role, Settings, Suite};

/// How often a role's database is looked at.
const HEALTH_INTERVAL: Duration = Duration::from_secs(5);

/// Serve every role, or the ones named.
#[derive(Debug, Default, Args)]
pub(super) struct Serve {
    /// Roles of this process: registry, inspection, maintenance, destinations, clearance, gateway; none means all.
    roles: Vec<Role>,
}

impl Serve {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Failed> {
        let roles = if self.roles.is_empty() {
            Role::ALL.to_vec()
        } else {
            self.roles
        };
        let name = if roles.len() == 1 {
            roles[0].name()
        } else {
            "tongguan"
        };
        let telemetry = tongguan_telemetry::init(&settings.telemetry, name)
            .map_err(|error| Failed::unreachable(&error))?;
        let filter = telemetry.filter();
        let started = start(settings, &roles, World::default()).await?;
        for line in welcome(&started, &roles) {
            out::line(&line);
        }
        let outcome = started.serve(Some(filter)).await;
        telemetry
            .shutdown()
            .map_err(|error| Failed::unreachable(&error))?;
        outcome
    }
}

/// A process whose roles are built and whose ports are taken.
pub(super) struct Started {
    pub(super) process: Process,
    pub(super) suite: Suite,
    pub(super) simulator: Option<std::net::SocketAddr>,
    settings: Settings,
    door: bool,
}

/// Takes the ports, starts the bundled simulator where it is wanted, and builds the roles.
pub(super) async fn start(
    mut settings: Settings,
    roles: &[Role],
    world: World,
) -> Result<Started, Failed> {
    let process = Process::bind(&settings.runtime())
        .await
        .map_err(|error| Failed::unreachable(&error))?;
    let wanted =
        settings.data.simulate_national_records && settings.maintenance.service.sources.is_empty();
    let mut simulated = None;
    if wanted && roles.contains(&Role::Maintenance) {
        let config = simulator::Config {
            invent: true,
            ..simulator::Config::default()
        };
        simulated = Some(simulate(&mut settings, config, &process).await?);
    }
    compose(settings, roles, world, process, simulated).await
}

/// Starts the simulator and points every source of the maintenance lookup at it.
pub(super) async fn simulate(
    settings: &mut Settings,
    config: simulator::Config,
    process: &Process,
) -> Result<std::net::SocketAddr, Failed> {
    let address = simulator::simulate(config, &process.tasks)
        .await
        .map_err(|error| Failed::unreachable(&error))?;
    let service = &mut settings.maintenance.service;
    service.sources = tongguan_maintenance::Config::simulated(address).sources;
    Ok(address)
}

pub(super) async fn compose(
    settings: Settings,
    roles: &[Role],
    world: World,
    process: Process,
    simulator: Option<std::net::SocketAddr>,
) -> Result<Started, Failed> {
    let suite = Suite::compose(&settings, roles, &world, &process.tasks)
        .await
        .map_err(|error| Failed::unreachable(&error))?;
    for (role, database) in &suite.databases {
        let database = database.clone();
        let check = move || {
            let database = database.clone();
            async move { ping(&database).await.is_ok() }
        };
        for service in role.services() {
            process
                .health
                .watch(&process.tasks, service, HEALTH_INTERVAL, check.clone())
                .await;
        }
    }
    let door = roles.contains(&Role::Gateway);
    Ok(Started {
        process,
        suite,
        simulator,
        settings,
        door,
    })
}

impl Started {
    /// Serves until a signal says stop.
    pub(super) async fn serve(
        self,
        filter: Option<tongguan_telemetry::LogFilter>,
    ) -> Result<(), Failed> {
        let descriptors = tongguan_api::DESCRIPTORS;
        let served = if self.door {
            let health = self.process.health.clone();
            let ready = Arc::new(move || health.ready());
            let door =
                tongguan_gateway::door(&self.settings.gateway.service, self.suite.routes, ready);
            self.process.serve(door, descriptors, filter).await
        } else {
            self.process
                .serve(self.suite.routes, descriptors, filter)
                .await
        };
        served.map_err(|error| Failed::unreachable(&error))
    }
}

fn welcome(started: &Started, roles: &[Role]) -> Vec<String> {
    let address = started.process.address();
    let mut lines = vec![format!(
        "tongguan {} serves {}",
        env!("CARGO_PKG_VERSION"),
        names(roles)
    )];
    lines.push(format!(
        "  gRPC    {address}   (also gRPC-Web; reflection and health on {})",
        started.process.admin_address()
    ));
    if started.door {
        lines.push(format!(
            "  JSON    http://{address}/v1/…   http://{address}/openapi.json"
        ));
        lines.push(format!("  docs    http://{address}/docs"));
    }
    if let Some(simulator) = started.simulator {
        lines.push(format!(
            "  records http://{simulator}   SIMULATED national maintenance-record system"
        ));
    }
    lines.push(
        "  token   tongguan token --role exporter --tenant acme --organisation 91310000MA1FL0AB1X"
            .to_owned(),
    );
    lines.push("Nothing here is an official permit. Ctrl-C stops.".to_owned());
    lines
}

fn names(roles: &[Role]) -> String {
    roles
        .iter()
        .map(|role| role.name())
        .collect::<Vec<_>>()
        .join(", ")
}
