//! `tongguan simulate`: outside systems that are not real, labelled so in every answer.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use tongguan_maintenance::simulator;
use tongguan_rpc::Tasks;

use super::{Failed, out};

/// Start a SIMULATED outside system.
#[derive(Debug, Args)]
pub(super) struct Simulate {
    #[command(subcommand)]
    system: System,
}

#[derive(Debug, Subcommand)]
enum System {
    /// The national maintenance-record system, every provincial profile.
    NationalRecords {
        /// Where it listens.
        #[arg(long, default_value = "127.0.0.1:7079")]
        listen: SocketAddr,
        /// What invented records are derived from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Settings with files and moods (JSON); without it every vehicle gets an invented history.
        #[arg(long, value_name = "FILE")]
        settings: Option<PathBuf>,
    },
}

impl Simulate {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let System::NationalRecords {
            listen,
            seed,
            settings,
        } = self.system;
        let mut config = match settings {
            Some(path) => {
                let text = std::fs::read_to_string(&path)
                    .map_err(|error| Failed::Input(format!("{}: {error}", path.display())))?;
                serde_json::from_str(&text)
                    .map_err(|error| Failed::Input(format!("{}: {error}", path.display())))?
            }
            None => simulator::Config {
                invent: true,
                ..simulator::Config::default()
            },
        };
        (config.listen, config.seed) = (listen, seed);
        let tasks = Tasks::new();
        let address = simulator::simulate(config, &tasks)
            .await
            .map_err(|error| Failed::unreachable(&error))?;
        out::line(&format!(
            "SIMULATED national maintenance-record system on http://{address}; Ctrl-C stops"
        ));
        tokio::signal::ctrl_c()
            .await
            .map_err(|error| Failed::unreachable(&error))?;
        tasks.stop().await;
        Ok(())
    }
}
