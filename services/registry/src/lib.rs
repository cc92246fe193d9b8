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
use tongguan_storage::seal::{configured_key, older_keys};
use tongguan_storage::{self as storage, Database, Migrations, Vault};
use tongguan_vocabulary::World;

/// The schema of this service.
pub fn migrations() -> Migrations {
    tongguan_storage::migrations!()
}

/// Builds the service over a migrated database.
pub async fn serve(
    config: Config,
    database: Database,
    access: &Access,
    world: World,
    tasks: &Tasks,
) -> Result<Channel, Error> {
    let vault = vault(&config, &database, tasks).await?;
    let (store, committer) = store::Store::new(database, vault, world.ids.clone());
    let stopping = tasks.stopping();
    let stopped = async move { stopping.cancelled().await };
    tasks.spawn("registry writer", committer.serve(stopped));
    let service = service::Service::new(&config, store, world, tasks.clone())?;
    let server = VehicleRegistryServer::new(rpc::Rpc::new(service))
        .max_decoding_message_size(config.max_message_bytes);
    Ok(local(access.guard(server)))
}

/// The vault under the configured keys; where older ones are among them, all is wrapped anew beside the work.
async fn vault(config: &Config, database: &Database, tasks: &Tasks) -> Result<Vault, Error> {
    let current = configured_key(&config.vault_key, config.vault_key_file.as_deref())?;
    if config.vault_key.is_empty() && config.vault_key_file.is_none() {
        return Ok(Vault::new(&current)?);
    }
    let older = older_keys(&config.vault_old_key, &config.vault_old_key_files)?;
    let rotating = !older.is_empty();
    let masters: Vec<_> = std::iter::once(current).chain(older).collect();
    let vault = Vault::open(database, &masters)?;
    match vault.check().await {
        Err(wrong @ (storage::Error::Key(_) | storage::Error::MasterKey { .. })) => {
            return Err(wrong.into());
        }
        // A database that is away, or not migrated yet, is no reason not to start.
        Err(error) => {
            tracing::warn!(%error, "the vault's keys could not be compared with the database");
        }
        Ok(()) => {}
    }
    if rotating {
        let (vault, database, stopping) = (vault.clone(), database.clone(), tasks.stopping());
        tasks.spawn("vault rewrap", async move {
            let rewrapped = tokio::select! {
                rewrapped = vault.rewrap(&database) => rewrapped,
                () = stopping.cancelled() => return,
            };
            match rewrapped {
                Ok(persons) => tracing::info!(
                    persons,
                    "the vault is wrapped under its current master key: where every replica says so, older keys can go"
                ),
                Err(error) => tracing::error!(%error, "the vault could not be wrapped anew; the next start tries again"),
            }
        });
    }
    Ok(vault)
}
