//! `tongguan token`: a token of this installation's own issuer.

use std::time::Duration;

use clap::Args;
use tongguan_access::{Access, Grant, Role};
use tongguan_vocabulary::{Clock, Tenant};

use super::{Failed, out};
use crate::{Settings, keys};

/// Make a token of this installation's own issuer.
#[derive(Debug, Args)]
pub(super) struct Token {
    /// Role: exporter, marketplace_agent, inspection_body, licence_officer, customs_officer, rule_editor, auditor,
    /// operator, integrator; repeat for several.
    #[arg(long, required = true)]
    role: Vec<Role>,
    /// Tenant the bearer acts in.
    #[arg(long)]
    tenant: Tenant,
    /// Who the bearer is.
    #[arg(long, default_value = "cli")]
    subject: String,
    /// Unified social credit code of the bearer's organisation; exporters need it to submit.
    #[arg(long)]
    organisation: Option<String>,
    /// Whether the bearer is a natural person; overrides need two.
    #[arg(long)]
    person: bool,
    /// Hours the token lives.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=720))]
    hours: u64,
}

impl Token {
    pub(super) fn run(self, settings: &Settings) -> Result<(), Failed> {
        let path = settings.issuer_key();
        let key = keys::read_or_make(&path, tongguan_access::generate_key)
            .map_err(|error| Failed::Unreachable(format!("{}: {error}", path.display())))?;
        let access =
            Access::embedded(&key, Clock::system()).map_err(|error| Failed::unreachable(&error))?;
        let mut grant =
            Grant::new(self.tenant, self.subject).lifetime(Duration::from_secs(self.hours * 3_600));
        grant.roles = self.role;
        grant.organisation = self.organisation;
        grant.person = self.person;
        out::line(&access.mint(&grant));
        Ok(())
    }
}
