//! The vehicle registry answers which vehicle this is, who holds it, what burdens it, and what was known when.

mod config;
pub mod domain;
mod error;
mod rpc;
mod service;
mod store;
mod wire;

pub use config::Config;
pub use error::Error;

use tongguan_access::Access;
use tongguan_api::registry::v1::vehicle_registry_server::VehicleRegistryServer;
use tongguan_rpc::{Channel, Tasks, local};
use tongguan_storage::seal::configured_key;
use tongguan_storage::{Database, Migrations, Vault};
use tongguan_vocabulary::World;

/// The schema of this service.
pub fn migrations() -> Migrations {
    tongguan_storage::migrations!()
}

/// Builds the service over a migrated database.
#[expect(
    clippy::unused_async,
    reason = "one shape for six services, and others wait"
)]
pub async fn serve(
    config: Config,
    database: Database,
    access: &Access,
    world: World,
    tasks: &Tasks,
) -> Result<Channel, Error> {
    let key = configured_key(&config.vault_key, config.vault_key_file.as_deref())?;
    let (store, committer) = store::Store::new(database, Vault::new(&key)?, world.ids.clone());
    let stopping = tasks.stopping();
    let stopped = async move { stopping.cancelled().await };
    tasks.spawn("registry writer", committer.serve(stopped));
    let service = service::Service::new(&config, store, world, tasks.clone())?;
    let server = VehicleRegistryServer::new(rpc::Rpc::new(service))
        .max_decoding_message_size(config.max_message_bytes);
    Ok(local(access.guard(server)))
}
