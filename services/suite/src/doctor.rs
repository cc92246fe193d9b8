//! What is wrong with a deployment: each thing looked at, what was found, and what to do about it.

use std::net::ToSocketAddrs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use tongguan_storage::{self as storage, examine};
use tongguan_vocabulary::Clock;

use crate::compose::{chain, migrations};
use crate::{Role, Settings};

/// Longest a peer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// Clocks further apart than this are told: leases and tokens have times.
const SKEW: Duration = Duration::from_secs(2);

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// As it should be.
    Good,
    /// It runs, and an operator should know.
    Notice,
    /// It does not run, or can lose what it acknowledged.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub weight: Weight,
    /// What was looked at, such as `clearance database`.
    pub what: String,
    /// What was found, and what to do about it.
    pub found: String,
}

impl Finding {
    fn new(weight: Weight, what: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            weight,
            what: what.into(),
            found: found.into(),
        }
    }
}

/// Looks at everything the roles named need; changes nothing.
pub async fn examine_all(settings: &Settings, roles: &[Role], clock: &Clock) -> Vec<Finding> {
    let mut findings = vec![key("token issuer's key", &settings.issuer_key())];
    findings.extend(listener(settings));
    if roles.contains(&Role::Maintenance) {
        findings.push(records(settings));
    }
    for role in Role::ALL {
        if roles.contains(&role) {
            findings.extend(database(settings, role, clock).await);
            if role == Role::Clearance {
                findings.extend(certificate_keys(settings).await);
            }
        } else if roles.iter().any(|asking| asking.asks().contains(&role)) {
            findings.push(peer(settings, role));
        }
    }
    findings
}

/// Whether a secret file is there and readable by its owner alone.
fn key(what: &str, path: &Path) -> Finding {
    let shown = path.display();
    let Ok(about) = std::fs::metadata(path) else {
        let found = format!(
            "{shown} is not there yet: the first start makes it; processes of one installation share it"
        );
        return Finding::new(Weight::Notice, what, found);
    };
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            let found = format!(
                "{shown} can be read by others (mode {mode:o}): chmod 600 it, and think of replacing it"
            );
            return Finding::new(Weight::Wrong, what, found);
        }
    }
    Finding::new(
        Weight::Good,
        what,
        format!("{shown}, {} bytes, its owner's alone", about.len()),
    )
}

/// Who can reach the public port, and how.
fn listener(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (what, server) in [
        ("public port", &settings.server),
        ("operators' port", &settings.admin.0),
    ] {
        let listen = &server.listen;
        let finding = match listen.parse::<std::net::SocketAddr>() {
            Ok(address) if address.ip().is_loopback() => {
                Finding::new(Weight::Good, what, format!("{listen}, this machine only"))
            }
            Ok(_) if server.tls.certificate.as_os_str().is_empty() => Finding::new(
                Weight::Notice,
                what,
                format!(
                    "{listen} is open to the network without TLS: put a proxy or [server.tls] before it"
                ),
            ),
            Ok(_) => Finding::new(Weight::Good, what, format!("{listen}, with TLS")),
            Err(_) => Finding::new(
                Weight::Wrong,
                what,
                format!(
                    "{listen:?} is no address: write host:port in numbers, such as 0.0.0.0:7070"
                ),
            ),
        };
        findings.push(finding);
    }
    findings
}

/// Whether the maintenance records are real.
fn records(settings: &Settings) -> Finding {
    let what = "maintenance records";
    let sources = settings.maintenance.service.sources.len();
    match (sources, settings.data.simulate_national_records) {
        (0, true) => Finding::new(
            Weight::Notice,
            what,
            "SIMULATED: no source is configured, the bundled simulator answers with invented records",
        ),
        (0, false) => Finding::new(
            Weight::Wrong,
            what,
            "no source is configured: every case will be parked; add [[maintenance.service.sources]]",
        ),
        (count, _) => Finding::new(
            Weight::Good,
            what,
            format!("{count} sources are configured"),
        ),
    }
}

/// What is to be said of one role's database.
pub(crate) async fn database(settings: &Settings, role: Role, clock: &Clock) -> Vec<Finding> {
    let what = format!("{role} database");
    let config = settings.database(role);
    if let Some(path) = config.url.strip_prefix("sqlite://")
        && !Path::new(path).exists()
    {
        let found = format!("{path} is not there yet: the first start makes it");
        return vec![Finding::new(Weight::Notice, what, found)];
    }
    let began = Instant::now();
    let examined = match storage::connect(&config).await {
        Ok(database) => examine::examine(&database, &migrations(role)).await,
        Err(error) => Err(error),
    };
    let examined = match examined {
        Ok(examined) => examined,
        Err(error) => return vec![Finding::new(Weight::Wrong, what, chain(&error))],
    };
    let mut findings = Vec::new();
    let mut wrong =
        |found: String| findings.push(Finding::new(Weight::Wrong, what.as_str(), found));
    for setting in &examined.unsafe_settings {
        wrong(format!("acknowledged writes are not safe: {setting}"));
    }
    for line in &examined.damage {
        wrong(format!("damaged, restore a backup: {line}"));
    }
    if !examined.unknown.is_empty() {
        wrong(format!(
            "a newer program migrated it ({:?}): upgrade this one",
            examined.unknown
        ));
    }
    let migrates = config.auto_migrate || config.url.starts_with("sqlite");
    if !examined.pending.is_empty() && !migrates {
        wrong(format!(
            "lacks the migrations {:?}: run tongguan migrate {role}",
            examined.pending
        ));
    }
    if let Some(theirs) = examined.clock_micros {
        let ours = clock.now().unix_timestamp_nanos() / 1_000;
        let apart = Duration::from_micros(ours.abs_diff(i128::from(theirs)) as u64);
        if apart > SKEW {
            wrong(format!(
                "its clock is {:.1} s apart from this machine's",
                apart.as_secs_f64()
            ));
        }
    }
    if findings.is_empty() {
        let found = format!(
            "{}, answers in {} ms",
            examined.engine,
            began.elapsed().as_millis()
        );
        findings.push(Finding::new(Weight::Good, what, found));
    }
    findings
}

/// Whether the keys that sign certificates are those that verifiers were told, and their owner's alone.
///
/// Says nothing where the database itself can not be read: that is another finding.
async fn certificate_keys(settings: &Settings) -> Vec<Finding> {
    let what = "certificate issuer's keys";
    let config = settings.database(Role::Clearance);
    let started = match config.url.strip_prefix("sqlite://") {
        Some(path) => Path::new(path).exists(),
        None => true,
    };
    let mut findings = Vec::new();
    if started && let Ok(database) = storage::connect(&config).await {
        match tongguan_clearance::fsck::keys(&settings.clearance.service, database).await {
            Ok(None) | Err(tongguan_clearance::Error::Storage(_)) => {}
            Ok(Some(found)) if found.faults.is_empty() => {
                let found = format!(
                    "they are those of the newest of {} trust bundles",
                    found.trust_bundles
                );
                findings.push(Finding::new(Weight::Good, what, found));
            }
            Ok(Some(found)) => findings.extend(found.faults.iter().map(|fault| {
                let found = format!("{fault}: restore the keys that belong to this database");
                Finding::new(Weight::Wrong, what, found)
            })),
            Err(error) => findings.push(Finding::new(Weight::Wrong, what, chain(&error))),
        }
    }
    let folder = Path::new(&settings.clearance.service.keys);
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let keys = files
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "pk8"));
    findings.extend(
        keys.map(|path| key(what, &path))
            .filter(|finding| finding.weight == Weight::Wrong),
    );
    findings
}

/// Whether something listens where a peer is said to be.
fn peer(settings: &Settings, role: Role) -> Finding {
    let what = format!("{role} in another process");
    let address = settings.address(role);
    if address.is_empty() {
        let found = format!(
            "neither served here nor addressed: set TONGGUAN_{}__ADDRESS",
            role.name().to_uppercase()
        );
        return Finding::new(Weight::Wrong, what, found);
    }
    let uri: Option<http::Uri> = address.parse().ok();
    let Some((host, port)) = uri
        .as_ref()
        .and_then(|uri| Some((uri.host()?, uri.port_u16()?)))
    else {
        let found = format!("{address:?} is no address: write http://host:port");
        return Finding::new(Weight::Wrong, what, found);
    };
    let reached = (host, port).to_socket_addrs().map(|mut found| {
        found.any(|at| std::net::TcpStream::connect_timeout(&at, PATIENCE).is_ok())
    });
    match reached {
        Ok(true) => Finding::new(Weight::Good, what, format!("{address} takes connections")),
        Ok(false) => Finding::new(
            Weight::Wrong,
            what,
            format!("{address} takes no connection"),
        ),
        Err(error) => Finding::new(Weight::Wrong, what, format!("{address}: {error}")),
    }
}
