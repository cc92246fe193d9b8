//! The command line: what each command is called, and what its exit code says.
//!
//! Exit codes: 0 done and good · 1 done, and the answer is no (not VALID, refused, another decision than
//! expected) · 2 wrong usage or input that can not be read · 3 something could not be reached or started.

mod backup;
mod check;
mod clear;
mod config;
mod demo;
mod doctor;
mod files;
mod import;
mod load;
mod log;
mod migrate;
mod out;
mod restore;
mod rules;
mod serve;
mod simulate;
mod token;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tongguan_runtime::config::{Layers, Loaded};

use crate::Settings;
use crate::compose::chain;

/// Used-vehicle export clearance: one process or one role of it. Nothing here is an official permit.
#[derive(Debug, Parser)]
#[command(name = "tongguan", version, about, disable_help_subcommand = true)]
struct Cli {
    /// Configuration file; ./tongguan.toml is read where it exists.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve every role, or the ones named (the default command).
    Serve(serve::Serve),
    /// Take the sample dossiers the whole way and check their decisions.
    Demo(demo::Demo),
    /// Take your own dossiers the whole way, embedded.
    Clear(clear::Clear),
    /// May this car go there: facts against one market or all.
    Check(check::Check),
    /// Verify a certificate: QR text, picture, page or envelope.
    Verify(verify::Verify),
    /// Look at the transparency log: check it, print its keys.
    Log(log::Log),
    /// Show, test and compare rule packs.
    Rules(rules::Rules),
    /// Register the vehicles of a file with a running suite.
    Import(import::Import),
    /// Make a token of this installation's own issuer.
    Token(token::Token),
    /// Print the effective configuration, secrets redacted.
    Config(config::Config),
    /// Bring the databases of the roles up to date.
    Migrate(migrate::Migrate),
    /// Copy the roles' databases, keys and evidence into a new folder.
    Backup(backup::Backup),
    /// Read a backup back into empty databases and check it.
    Restore(restore::Restore),
    /// Say what is wrong with this deployment.
    Doctor(doctor::Doctor),
    /// Put the suite under load and measure it beside the machine's limit.
    Load(load::Load),
    /// Start a SIMULATED outside system.
    Simulate(simulate::Simulate),
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// Why a command ended other than well.
#[derive(Debug)]
enum Failed {
    /// Done, and the answer is no; everything is printed already.
    No,
    /// Wrong usage or unreadable input.
    Input(String),
    /// Something could not be reached or started.
    Unreachable(String),
}

impl Failed {
    fn input(error: &dyn std::error::Error) -> Self {
        Self::Input(chain(error))
    }

    fn unreachable(error: &dyn std::error::Error) -> Self {
        Self::Unreachable(chain(error))
    }
}

/// Runs the command of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let layers = Layers::of_process(cli.config.as_deref());
    let command = cli
        .command
        .unwrap_or_else(|| Command::Serve(serve::Serve::default()));
    match run(command, &layers) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed::No) => ExitCode::from(1),
        Err(Failed::Input(message)) => {
            out::complain(&message);
            ExitCode::from(2)
        }
        Err(Failed::Unreachable(message)) => {
            out::complain(&message);
            ExitCode::from(3)
        }
    }
}

fn run(command: Command, layers: &Layers) -> Result<(), Failed> {
    match command {
        Command::Serve(command) => on_runtime(command.run(settings(layers)?.settings)),
        Command::Demo(command) => on_runtime(command.run()),
        Command::Clear(command) => on_runtime(command.run()),
        Command::Check(command) => command.run(),
        Command::Verify(command) => on_runtime(command.run()),
        Command::Log(command) => on_runtime(command.run(settings(layers)?.settings)),
        Command::Rules(command) => command.run(),
        Command::Import(command) => on_runtime(command.run(&settings(layers)?.settings)),
        Command::Token(command) => command.run(&settings(layers)?.settings),
        Command::Config(command) => command.run(&settings(layers)?),
        Command::Migrate(command) => on_runtime(command.run(settings(layers)?.settings)),
        Command::Backup(command) => on_runtime(command.run(settings(layers)?.settings)),
        Command::Restore(command) => on_runtime(command.run(settings(layers)?.settings)),
        Command::Doctor(command) => on_runtime(command.run(settings(layers)?.settings)),
        Command::Load(command) => on_runtime(command.run()),
        Command::Simulate(command) => on_runtime(command.run()),
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Cli::command(),
                "tongguan",
                &mut std::io::stdout(),
            );
            Ok(())
        }
    }
}

fn settings(layers: &Layers) -> Result<Loaded<Settings>, Failed> {
    let mut loaded = layers
        .load::<Settings>()
        .map_err(|error| Failed::input(&error))?;
    loaded.settings = loaded.settings.placed();
    Ok(loaded)
}

fn on_runtime(work: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime
        .map_err(|error| Failed::unreachable(&error))?
        .block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
