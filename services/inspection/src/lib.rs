//! What did an accredited body measure, and does it pass the standard.

mod config;
mod domain;
mod error;
mod objects;
mod peers;
mod rpc;
mod service;
mod store;
mod wire;

pub use config::{Bucket, Config, Mismatch, Signatures, Thresholds};
pub use error::Error;
pub use peers::Peers;

use tongguan_access::Access;
use tongguan_api::inspection::v1::inspection_intake_server::InspectionIntakeServer;
use tongguan_rpc::{Channel, Tasks, local};
use tongguan_storage::{Database, Migrations};
use tongguan_vocabulary::World;

/// The schema of this service.
pub fn migrations() -> Migrations {
    tongguan_storage::migrations!()
}

/// Builds the service over a migrated database.
#[expect(
    clippy::unused_async,
    reason = "every service is built the same way; others resume work here"
)]
pub async fn serve(
    config: Config,
    database: Database,
    peers: Peers,
    access: &Access,
    world: World,
    tasks: &Tasks,
) -> Result<Channel, Error> {
    let limit = config.max_message_bytes;
    let registry = peers::Registry::new(peers, access);
    let (store, committer) = store::Store::new(database);
    tasks.spawn(
        "inspection writer",
        committer.serve(tasks.stopping().cancelled_owned()),
    );
    let service = service::Service::new(config, store, registry, world, tasks.clone())?;
    let server =
        InspectionIntakeServer::new(rpc::Rpc::new(service)).max_decoding_message_size(limit);
    Ok(local(access.guard(server)))
}
