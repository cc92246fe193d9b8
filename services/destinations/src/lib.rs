//! The destination rules answer whether a vehicle may enter a market on a date, why, until when, and what would change it.
//!
//! To add a market: write `packs/<CODE>.yaml` (its format is documented in `tongguan_rules`), give every rule
//! at least three examples and its source, and run this crate's tests; the build lists the file by itself.

mod config;
mod domain;
mod error;
mod rpc;
mod service;
mod store;
mod wire;

pub use config::Config;
pub use domain::{Catalogue, PackProblem, effort, embedded};
pub use error::Error;

use tongguan_access::Access;
use tongguan_api::destinations::v1::destination_rules_server::DestinationRulesServer;
use tongguan_rpc::{Channel, Tasks, local};
use tongguan_storage::{Database, Migrations};
use tongguan_vocabulary::World;

/// The schema of this service.
pub fn migrations() -> Migrations {
    tongguan_storage::migrations!()
}

/// Builds the service over a migrated database; refuses to start where a pack of its own does not load.
pub async fn serve(
    config: Config,
    database: Database,
    access: &Access,
    world: World,
    tasks: &Tasks,
) -> Result<Channel, Error> {
    let limit = config.max_message_bytes;
    let service =
        service::Service::start(config, store::Store::new(database), world, tasks.clone()).await?;
    let server =
        DestinationRulesServer::new(rpc::Rpc::new(service)).max_decoding_message_size(limit);
    Ok(local(access.guard(server)))
}
