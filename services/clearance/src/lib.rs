//! Clearance answers whether a car may leave; it keeps the case, the licence batch, the certificate, its one-time use, its exit.

pub mod config;
pub mod domain;
mod error;
#[cfg(feature = "fail-points")]
pub mod fail;
#[cfg(not(feature = "fail-points"))]
mod fail;
mod follow;
pub mod fsck;
pub mod invariants;
mod issuer;
mod keys;
mod measures;
mod peers;
mod rpc;
mod service;
mod store;
mod wire;
mod witnesses;
mod worker;

use std::sync::Arc;

pub use config::Config;
pub use error::Error;
pub use peers::Peers;

use tongguan_access::Access;
use tongguan_api::clearance::v1::export_clearance_server::ExportClearanceServer;
use tongguan_rpc::{Channel, Tasks, local};
use tongguan_storage::{Database, Migrations};
use tongguan_vocabulary::World;

/// The schema of this service.
pub fn migrations() -> Migrations {
    tongguan_storage::migrations!()
}

/// Builds the service over a migrated database and starts its worker.
pub async fn serve(
    config: Config,
    database: Database,
    peers: Peers,
    access: &Access,
    world: World,
    tasks: &Tasks,
) -> Result<Channel, Error> {
    let store = store::Store::new(database);
    let issuer = issuer::Issuer::open(&config, store.clone(), world.clock.now()).await?;
    let limit = config.max_message_bytes;
    let service = service::Service {
        desk: peers::Desk::new(&config, peers, access),
        issuer: Arc::new(issuer),
        config: Arc::new(config),
        wake: Arc::default(),
        joined: Arc::default(),
        tasks: tasks.clone(),
        store,
        world,
    };
    tasks.spawn("clearance worker", worker::run(service.clone()));
    tasks.spawn("clearance followers", follow::run(service.clone()));
    tasks.spawn(
        "clearance witnesses",
        issuer::watched(service.issuer.clone(), &service.config, tasks),
    );
    tasks.spawn("clearance packs", follow::packs(service.clone()));
    tasks.spawn("clearance measures", measures::watch(service.clone()));
    let server = ExportClearanceServer::new(rpc::Rpc { service }).max_decoding_message_size(limit);
    Ok(local(access.guard(server)))
}
