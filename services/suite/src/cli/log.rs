//! `tongguan log`: the transparency log looked at from outside and from inside.
//!
//! Exit codes of `fsck`: 0 nothing wrong · 1 faults, all of them printed · 2 wrong usage · 3 the log could not be
//! reached or read: says nothing about it.

use clap::{Args, Subcommand};
use serde::Serialize;
use tongguan_api::clearance::v1 as clearance;
use tongguan_api::clearance::v1::export_clearance_client::ExportClearanceClient;
use tongguan_certificate::log::audit;
use tongguan_certificate::log::tile::{Tile, WIDTH, grown};
use tongguan_certificate::{Algorithm, PublicKey, SignedCheckpoint, TrustBundle};
use tongguan_clearance::fsck::{Findings, fsck};
use tongguan_rpc::{Channel, remote};
use tongguan_storage::connect;

use super::{Failed, out};
use crate::{Role, Settings};

/// Look at the transparency log.
#[derive(Debug, Args)]
pub(super) struct Log {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check entries, tiles, checkpoints, trust bundles, certificates, status and keys: every fault is named.
    Fsck(Fsck),
    /// Print the keys of the log, by which a witness is told what to watch.
    Key(Key),
}

#[derive(Debug, Args)]
struct Fsck {
    /// Check the tiles that this server serves, as anyone can; absent means the clearance database of the configuration.
    #[arg(long, value_name = "ADDRESS")]
    server: Option<String>,
    /// Machine-readable result only.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Key {
    /// The issuer's address.
    #[arg(long, default_value = "http://127.0.0.1:7070")]
    server: String,
}

impl Log {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Failed> {
        match self.command {
            Command::Fsck(Fsck { server: None, json }) => of_database(settings, json).await,
            Command::Fsck(Fsck {
                server: Some(server),
                json,
            }) => of_tiles(&server, json).await,
            Command::Key(Key { server }) => {
                let (bundle, _) = Served::at(&server)?.anchors().await?;
                for log in &bundle.trust().logs {
                    out::line(&log.to_string());
                }
                Ok(())
            }
        }
    }
}

/// Holds the log, certificates, status and keys of the configuration's clearance against each other.
pub(super) async fn check(settings: &Settings) -> Result<Findings, Failed> {
    let database = connect(&settings.database(Role::Clearance)).await;
    let database = database.map_err(|error| Failed::unreachable(&error))?;
    let found = fsck(&settings.clearance.service, database).await;
    found.map_err(|error| Failed::unreachable(&error))
}

async fn of_database(settings: Settings, json: bool) -> Result<(), Failed> {
    let found = check(&settings).await?;
    if json {
        out::json(&found);
    } else {
        for fault in &found.faults {
            out::line(&fault.to_string());
        }
        out::line(&format!(
            "{} entries, {} tiles, {} checkpoints, {} trust bundles, {} certificates: {}",
            found.entries,
            found.tiles,
            found.checkpoints,
            found.trust_bundles,
            found.certificates,
            counted(found.faults.len())
        ));
    }
    verdict(found.faults.is_empty())
}

/// What anyone can check of a log without its database.
#[derive(Debug, Default, Serialize)]
struct Mirror {
    entries: u64,
    tiles: usize,
    faults: Vec<String>,
}

async fn of_tiles(server: &str, json: bool) -> Result<(), Failed> {
    let mut served = Served::at(server)?;
    let (bundle, note) = served.anchors().await?;
    let mut found = Mirror::default();
    let logs = &bundle.trust().logs;
    let signed = logs
        .iter()
        .find_map(|log| SignedCheckpoint::open(&note, log).ok());
    if let Some(signed) = signed {
        served.compare(&signed, &mut found).await?;
        let cosigners = signed.cosigners(&bundle.trust().witnesses).len() as u64;
        if cosigners < bundle.trust().quorum {
            let wanted = bundle.trust().quorum;
            let fault = format!("the checkpoint has {cosigners} cosignatures of {wanted}");
            found.faults.push(fault);
        }
    } else {
        let fault = "the checkpoint is not signed by a log of the trust bundle";
        found.faults.push(fault.to_owned());
    }
    if json {
        out::json(&found);
    } else {
        for fault in &found.faults {
            out::line(fault);
        }
        let (entries, tiles) = (found.entries, found.tiles);
        let faults = counted(found.faults.len());
        out::line(&format!("{entries} entries, {tiles} tiles: {faults}"));
    }
    verdict(found.faults.is_empty())
}

fn counted(faults: usize) -> String {
    match faults {
        0 => "no fault".to_owned(),
        1 => "1 fault".to_owned(),
        more => format!("{more} faults"),
    }
}

fn verdict(clean: bool) -> Result<(), Failed> {
    if clean { Ok(()) } else { Err(Failed::No) }
}

/// A server that publishes a log.
struct Served {
    address: String,
    client: ExportClearanceClient<Channel>,
}

impl Served {
    fn at(address: &str) -> Result<Self, Failed> {
        let channel = remote(address).map_err(|error| Failed::input(&error))?;
        Ok(Self {
            address: address.to_owned(),
            client: ExportClearanceClient::new(channel),
        })
    }

    fn unreachable(&self) -> impl Fn(tonic::Status) -> Failed + use<> {
        let address = self.address.clone();
        move |status| Failed::Unreachable(format!("{address}: {}", status.message()))
    }

    /// The trust bundle under the root key the server names, and its checkpoint.
    async fn anchors(&mut self) -> Result<(TrustBundle, String), Failed> {
        let unreachable = self.unreachable();
        let bundle = self
            .client
            .get_trust_bundle(clearance::GetTrustBundleRequest {});
        let bundle = bundle.await.map_err(&unreachable)?.into_inner();
        let checkpoint = self
            .client
            .get_checkpoint(clearance::GetCheckpointRequest {});
        let checkpoint = checkpoint.await.map_err(&unreachable)?.into_inner();
        let root = PublicKey::new(Algorithm::Es256, &bundle.root_key);
        let root = root.map_err(|error| Failed::input(&error))?;
        let bundle = TrustBundle::open(&bundle.bundle, &[root]);
        let bundle = bundle.map_err(|error| Failed::input(&error))?;
        Ok((bundle, checkpoint.note))
    }

    async fn tile(&mut self, path: String) -> Result<Option<Vec<u8>>, Failed> {
        let unreachable = self.unreachable();
        let asked = self
            .client
            .get_log_tile(clearance::GetLogTileRequest { path });
        match asked.await {
            Ok(tile) => Ok(Some(tile.into_inner().content.to_vec())),
            Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
            Err(status) => Err(unreachable(status)),
        }
    }

    /// Rebuilds the tree from the entries served and holds tiles and checkpoint against it.
    async fn compare(
        &mut self,
        signed: &SignedCheckpoint,
        found: &mut Mirror,
    ) -> Result<(), Failed> {
        let size = signed.checkpoint().size;
        let mut bundles = Vec::new();
        for index in 0..size.div_ceil(WIDTH) {
            let width = u16::try_from((size - index * WIDTH).min(WIDTH)).unwrap_or_default();
            let tile = Tile {
                level: 0,
                index,
                width,
            };
            match self.tile(tile.entries_path()).await? {
                Some(bytes) => bundles.push(bytes),
                None => found
                    .faults
                    .push(format!("{} is not served", tile.entries_path())),
            }
        }
        let published = [signed.checkpoint().clone()];
        let (tree, findings) = audit(bundles.iter().map(Vec::as_slice), &published);
        found.entries = tree.size();
        found
            .faults
            .extend(findings.iter().map(ToString::to_string));
        for tile in grown(0, size.min(tree.size())) {
            found.tiles += 1;
            match self.tile(tile.path()).await? {
                Some(bytes) if tile.bytes(&tree).is_ok_and(|ours| ours == bytes) => {}
                Some(_) => found
                    .faults
                    .push(format!("{} is not what the entries give", tile.path())),
                None => found.faults.push(format!("{} is not served", tile.path())),
            }
        }
        Ok(())
    }
}
