//! A process from its settings to its roles built and its ports taken.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tongguan_api::clearance::v1::GetCheckpointRequest;
use tongguan_api::clearance::v1::export_clearance_client::ExportClearanceClient;
use tongguan_maintenance::simulator;
use tongguan_meters::{POOL, POOL_MOST, label};
use tongguan_rpc::{Channel, PeerError};
use tongguan_runtime::{Process, Readiness};
use tongguan_storage::{ping, pool};
use tongguan_telemetry::LogFilter;
use tongguan_vocabulary::{Clock, World};

use crate::compose::{ComposeError, chain};
use crate::{Role, Settings, Suite};

/// How often a role's database is looked at.
const HEALTH_INTERVAL: Duration = Duration::from_secs(5);

/// Clearance's reason once a witness disagrees: `ERROR_REASON_LOG_BARRED`.
const BARRED: &str = "LOG_BARRED";

/// Why a process can not start or serve.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port can not be taken, or serving failed.
    #[error(transparent)]
    Runtime(#[from] tongguan_runtime::Error),
    /// A role can not be built.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// A door was asked for without the gateway's role.
    #[error("the door needs the gateway's role in the same process")]
    NoDoor,
    /// The bundled simulator can not listen.
    #[error("the bundled simulator can not listen")]
    Simulator(#[from] std::io::Error),
}

/// A process whose ports are taken and whose roles are built.
pub struct Started {
    /// Ports, health, background work.
    pub process: Process,
    /// The roles.
    pub suite: Suite,
    /// Where the bundled SIMULATED maintenance-record system listens, where it was started.
    pub simulator: Option<SocketAddr>,
    /// What the process was started with.
    pub settings: Settings,
    roles: Vec<Role>,
    clock: Clock,
}

impl Started {
    /// Takes the ports, starts the bundled simulator where `records` are given or none is configured, and builds
    /// the roles.
    pub async fn start(
        mut settings: Settings,
        roles: &[Role],
        world: World,
        records: Option<simulator::Config>,
    ) -> Result<Self, StartError> {
        let process = Process::bind(&settings.runtime()).await?;
        let unconfigured = settings.data.simulate_national_records
            && settings.maintenance.service.sources.is_empty();
        let records = records.or_else(|| {
            unconfigured.then(|| simulator::Config {
                invent: true,
                ..simulator::Config::default()
            })
        });
        let mut simulator = None;
        if let Some(records) = records.filter(|_| roles.contains(&Role::Maintenance)) {
            let address = simulator::simulate(records, &process.tasks).await?;
            settings.maintenance.service.sources =
                tongguan_maintenance::Config::simulated(address).sources;
            simulator = Some(address);
        }
        let suite = Suite::compose(&settings, roles, &world, &process.tasks).await?;
        let started = Self {
            process,
            suite,
            simulator,
            settings,
            roles: roles.to_vec(),
            clock: world.clock,
        };
        started.watch_health().await;
        started.measure_pools();
        Ok(started)
    }

    /// Whether this process is the door.
    pub fn is_door(&self) -> bool {
        self.roles.contains(&Role::Gateway)
    }

    /// A role is ready while its database answers; clearance only on a log that no witness disagrees with.
    async fn watch_health(&self) {
        for (role, database) in &self.suite.databases {
            let database = database.clone();
            let clearance = (*role == Role::Clearance)
                .then(|| self.suite.routes.get(role.services().first()?).cloned())
                .flatten();
            let check = move || {
                let (database, clearance) = (database.clone(), clearance.clone());
                async move {
                    if let Err(error) = ping(&database).await {
                        return Err(chain(&error));
                    }
                    match clearance {
                        Some(channel) => log_stands(channel).await,
                        None => Ok(()),
                    }
                }
            };
            for service in role.services() {
                let health = &self.process.health;
                health
                    .watch(&self.process.tasks, service, HEALTH_INTERVAL, check.clone())
                    .await;
            }
        }
    }

    /// Tells how many connections every role's pool has.
    fn measure_pools(&self) {
        let databases = self.suite.databases.clone();
        let stopping = self.process.tasks.stopping();
        self.process.tasks.spawn("pool measures", async move {
            let mut ticks = tokio::time::interval(HEALTH_INTERVAL);
            loop {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    _ = ticks.tick() => {}
                }
                for (role, database) in &databases {
                    let pool = pool(database);
                    let name = || label("db.client.connection.pool.name", role.name());
                    let state = |state| [name(), label("db.client.connection.state", state)];
                    POOL.set(pool.used.into(), &state("used"));
                    POOL.set(pool.idle.into(), &state("idle"));
                    POOL_MOST.set(pool.most.into(), &[name()]);
                }
            }
        });
    }

    /// Serves until a signal, or the process's own shutdown, says stop.
    pub async fn serve(self, filter: Option<LogFilter>) -> Result<(), StartError> {
        let descriptors = tongguan_api::DESCRIPTORS;
        if self.is_door() {
            let health = self.process.health.clone();
            let database = self.suite.databases.iter();
            let database = database
                .filter(|(role, _)| *role == Role::Gateway)
                .map(|(_, database)| database.clone())
                .next();
            let around = tongguan_gateway::Around {
                routes: self.suite.routes,
                ready: Arc::new(move || health.ready()),
                access: self.suite.access.clone(),
                database: database.ok_or(StartError::NoDoor)?,
                clock: self.clock,
                tasks: self.process.tasks.clone(),
            };
            let door = tongguan_gateway::door(&self.settings.gateway.service, around);
            let process = self.process.with_lanes(&self.suite.access);
            process.serve(door, descriptors, filter).await?;
        } else {
            self.process
                .with_lanes(&self.suite.access)
                .serve(self.suite.routes, descriptors, filter)
                .await?;
        }
        Ok(())
    }
}

/// Not ready once a witness saw a log that the stored one does not continue; whatever else fails is no matter of it.
async fn log_stands(clearance: Channel) -> Readiness {
    let mut client = ExportClearanceClient::new(clearance);
    match client.get_checkpoint(GetCheckpointRequest {}).await {
        Ok(_) => Ok(()),
        Err(status) => match PeerError::from_status("clearance", &status) {
            PeerError::Refused {
                reason, message, ..
            } if reason == BARRED => Err(message),
            _ => Ok(()),
        },
    }
}
