//! `tongguan config`: the effective configuration.

use clap::Args;
use tongguan_runtime::config::Loaded;

use super::{Failed, out};
use crate::Settings;

/// Print the effective configuration, secrets redacted.
#[derive(Debug, Args)]
pub(super) struct Config {
    /// Only say whether it can be used.
    #[arg(long)]
    check: bool,
}

impl Config {
    pub(super) fn run(self, loaded: &Loaded<Settings>) -> Result<(), Failed> {
        if self.check {
            out::line("the configuration can be used");
            return Ok(());
        }
        let printed = loaded.printed().map_err(|error| Failed::input(&error))?;
        out::print(&printed);
        Ok(())
    }
}
