//! `tongguan serve`: the roles, on their ports, until told to stop.

use clap::Args;
use tongguan_vocabulary::World;

use super::{Failed, out};
use crate::start::Started;
use crate::{Role, Settings};

/// Serve every role, or the ones named.
#[derive(Debug, Default, Args)]
pub(super) struct Serve {
    /// Roles of this process: registry, inspection, maintenance, destinations, clearance, gateway; none means all.
    roles: Vec<Role>,
}

impl Serve {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Failed> {
        let roles = if self.roles.is_empty() {
            Role::ALL.to_vec()
        } else {
            self.roles
        };
        let name = if roles.len() == 1 {
            roles[0].name()
        } else {
            "tongguan"
        };
        let telemetry = tongguan_telemetry::init(&settings.telemetry, name)
            .map_err(|error| Failed::unreachable(&error))?;
        let filter = telemetry.filter();
        let started = Started::start(settings, &roles, World::default(), None).await;
        let started = started.map_err(|error| Failed::unreachable(&error))?;
        // In one piece: a reader that has seen the first line may be gone before the last.
        out::line(&welcome(&started, &roles).join("\n"));
        let outcome = started.serve(Some(filter)).await;
        telemetry
            .shutdown()
            .map_err(|error| Failed::unreachable(&error))?;
        outcome.map_err(|error| Failed::unreachable(&error))
    }
}

fn welcome(started: &Started, roles: &[Role]) -> Vec<String> {
    let address = started.process.address();
    let mut lines = vec![format!(
        "tongguan {} serves {}",
        env!("CARGO_PKG_VERSION"),
        names(roles)
    )];
    lines.push(format!(
        "  gRPC    {address}   (also gRPC-Web; reflection and health on {})",
        started.process.admin_address()
    ));
    if started.is_door() {
        lines.push(format!(
            "  JSON    http://{address}/v1/…   http://{address}/openapi.json"
        ));
        lines.push(format!("  docs    http://{address}/docs"));
    }
    if let Some(simulator) = started.simulator {
        lines.push(format!(
            "  records http://{simulator}   SIMULATED national maintenance-record system"
        ));
    }
    lines.push(
        "  token   tongguan token --role exporter --tenant acme --organisation 91310000MA1FL0AB1X"
            .to_owned(),
    );
    lines.push("Nothing here is an official permit. Ctrl-C stops.".to_owned());
    lines
}

fn names(roles: &[Role]) -> String {
    roles
        .iter()
        .map(|role| role.name())
        .collect::<Vec<_>>()
        .join(", ")
}
