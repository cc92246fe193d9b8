//! `tongguan serve`: the roles, on their ports, until told to stop.

use std::str::FromStr;

use clap::Args;
use tongguan_runtime::Process;
use tongguan_vocabulary::World;

use super::{Failed, out};
use crate::role::UnknownRole;
use crate::start::Started;
use crate::witness::Witness;
use crate::{Role, Settings};

/// Serve every role, or the ones named.
#[derive(Debug, Default, Args)]
pub(super) struct Serve {
    /// Roles of this process: registry, inspection, maintenance, destinations, clearance, gateway; none means all.
    /// Or `witness` alone: it watches the log of another installation.
    roles: Vec<Part>,
}

/// What a process can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Role(Role),
    Witness,
}

impl FromStr for Part {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        if text == "witness" {
            return Ok(Self::Witness);
        }
        text.parse().map(Self::Role)
    }
}

impl Serve {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Failed> {
        let named = |part: &Part| match part {
            Part::Role(role) => Some(*role),
            Part::Witness => None,
        };
        let roles: Vec<Role> = match self.roles.as_slice() {
            [] => Role::ALL.to_vec(),
            [Part::Witness] => return witness(settings).await,
            parts if parts.contains(&Part::Witness) => {
                let problem = "a witness stands apart from what it watches: serve it alone";
                return Err(Failed::Input(problem.to_owned()));
            }
            parts => parts.iter().filter_map(named).collect(),
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

/// Watches a log, on the port of the settings.
async fn witness(settings: Settings) -> Result<(), Failed> {
    let telemetry = tongguan_telemetry::init(&settings.telemetry, "witness")
        .map_err(|error| Failed::unreachable(&error))?;
    let filter = telemetry.filter();
    let witness = Witness::open(&settings, World::default().clock);
    let witness = witness.map_err(|error| Failed::unreachable(&error))?;
    let process = Process::bind(&settings.runtime()).await;
    let process = process.map_err(|error| Failed::unreachable(&error))?;
    let lines = [
        format!("tongguan {} serves witness", env!("CARGO_PKG_VERSION")),
        format!(
            "  watches {} ({} entries seen)",
            witness.log(),
            witness.seen()
        ),
        format!("  key     {}", witness.vkey()),
        format!(
            "  takes   http://{}/add-checkpoint (C2SP tlog-witness)",
            process.address()
        ),
    ];
    out::line(&lines.join("\n"));
    let served = process.serve(witness.routes(), tongguan_api::DESCRIPTORS, Some(filter));
    let outcome = served.await;
    telemetry
        .shutdown()
        .map_err(|error| Failed::unreachable(&error))?;
    outcome.map_err(|error| Failed::unreachable(&error))
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
