//! The maintenance lookup answers what the national health-record system says of a vehicle, how fresh that is, and
//! whether the odometer holds. An outage is an outcome of its own and never an empty history.

mod config;
pub mod domain;
mod error;
mod fetch;
mod measures;
pub mod reading;
mod rpc;
mod service;
pub mod simulator;
mod store;
mod upstream;
mod vault;
mod wire;
mod worker;

pub use config::{Config, SourceConfig};
pub use error::Error;
pub use simulator::simulate;

use tongguan_access::Access;
use tongguan_api::maintenance::v1::maintenance_lookup_server::MaintenanceLookupServer;
use tongguan_rpc::{Channel, Tasks, local};
use tongguan_storage::{Database, Migrations};
use tongguan_vocabulary::World;

/// The schema of this service.
pub fn migrations() -> Migrations {
    tongguan_storage::migrations!()
}

/// Builds the service over a migrated database and starts its worker.
#[expect(
    clippy::unused_async,
    reason = "the six services are built alike, and others await while they are"
)]
pub async fn serve(
    config: Config,
    database: Database,
    access: &Access,
    world: World,
    tasks: &Tasks,
) -> Result<Channel, Error> {
    let store = store::Store::new(database);
    let owner = world.ids.next().to_string();
    let service = service::Service::new(config, store, world, tasks.clone())?;
    worker::start(service.clone(), owner, tasks);
    let server =
        MaintenanceLookupServer::new(rpc::Rpc::new(service)).max_decoding_message_size(256 << 10);
    Ok(local(access.guard(server)))
}
