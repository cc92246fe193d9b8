//! The whole configuration: one section per role, and what a process needs around them. The defaults run.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tongguan_rpc::PeerTls;
use tongguan_runtime::issuers::IssuerConfig;
use tongguan_runtime::{RuntimeConfig, ServerConfig, ShutdownConfig};
use tongguan_storage as storage;

use crate::Role;

/// File that marks a folder as a demo's or a load run's: ours to empty, and no part of a backup.
pub(crate) const SCRATCH: &str = ".tongguan-demo";

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Files of the embedded default.
    pub data: Data,
    /// The public port.
    pub server: ServerConfig,
    /// The operators' port: health, reflection, log filter.
    pub admin: Admin,
    /// How the process stops.
    pub shutdown: ShutdownConfig,
    /// Logs, traces, metrics.
    pub telemetry: tongguan_telemetry::Config,
    /// Who is asking.
    pub access: Access,
    /// TLS towards other processes.
    pub peers: PeerFiles,
    /// Which vehicle is this.
    pub registry: Section<tongguan_registry::Config>,
    /// What did an accredited body measure.
    pub inspection: Section<tongguan_inspection::Config>,
    /// What do the national health records say.
    pub maintenance: Section<tongguan_maintenance::Config>,
    /// May it enter that market.
    pub destinations: Section<tongguan_destinations::Config>,
    /// May it leave.
    pub clearance: Section<tongguan_clearance::Config>,
    /// The door.
    pub gateway: Section<tongguan_gateway::Config>,
    /// Who watches a log, where this process does: `tongguan serve witness`.
    pub witness: Witness,
}

/// Files of the embedded default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    /// Folder of the SQLite files, keys and evidence, where a section names no other place.
    pub folder: PathBuf,
    /// Whether the bundled SIMULATED maintenance-record system is started where no source is configured.
    pub simulate_national_records: bool,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("data"),
            simulate_national_records: true,
        }
    }
}

/// The operators' port, with defaults of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Admin(pub ServerConfig);

impl Default for Admin {
    fn default() -> Self {
        Self(ServerConfig::admin())
    }
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// PKCS#8 file of our own token issuer (ES256), the same for every process of an installation; empty means
    /// `issuer.p8` in the data folder, made on first start.
    pub issuer_key: String,
    /// Outside issuers whose tokens count too, each with `name` (its exact `iss`), `keys_url` (its key set, fetched over
    /// HTTPS) and the `tenants` it may speak for.
    pub issuers: Vec<IssuerConfig>,
}

/// How this process shows itself to peers behind `https` addresses, and whom it trusts there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeerFiles {
    /// PEM file of the authorities that sign peers' certificates; empty trusts the public ones.
    pub authorities: PathBuf,
    /// PEM file of our certificate and its chain, for mutual TLS; empty shows none.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: PathBuf,
}

impl PeerFiles {
    /// The files' content; a file that can not be read is named.
    pub fn read(&self) -> Result<PeerTls, (PathBuf, std::io::Error)> {
        let read = |path: &Path| {
            if path.as_os_str().is_empty() {
                Ok(Vec::new())
            } else {
                std::fs::read(path).map_err(|error| (path.to_path_buf(), error))
            }
        };
        Ok(PeerTls {
            authorities: read(&self.authorities)?,
            certificate: read(&self.certificate)?,
            key: read(&self.key)?,
        })
    }
}

/// Who watches a log; a process of its own, on another machine than the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Witness {
    /// Its name in cosignatures: 1 to 64 printable characters without space and plus sign.
    pub name: String,
    /// The log it watches, as `tongguan log key` prints it.
    pub log: String,
    /// Folder of its key and of the last checkpoint it took; empty means `witness` in the data folder.
    pub folder: String,
}

impl Default for Witness {
    fn default() -> Self {
        Self {
            name: "tongguan-witness".to_owned(),
            log: String::new(),
            folder: String::new(),
        }
    }
}

/// One role: where it is, what it keeps its data in, how it is run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section<C> {
    /// Where another process serves the role, such as `http://registry:7070`; not used where this process does.
    pub address: String,
    /// Its database; an empty URL means a SQLite file in the data folder.
    pub database: storage::Config,
    /// Its own settings.
    pub service: C,
}

impl Settings {
    /// What the process around the roles needs.
    pub fn runtime(&self) -> RuntimeConfig {
        RuntimeConfig {
            server: self.server.clone(),
            admin: self.admin.0.clone(),
            shutdown: self.shutdown.clone(),
        }
    }

    /// The database of a role, with the embedded default filled in.
    pub fn database(&self, role: Role) -> storage::Config {
        let mut config = self.configured(role).clone();
        if config.url.is_empty() {
            config.url = format!(
                "sqlite://{}",
                self.data.folder.join(format!("{role}.db")).display()
            );
        }
        config
    }

    fn configured(&self, role: Role) -> &storage::Config {
        match role {
            Role::Registry => &self.registry.database,
            Role::Inspection => &self.inspection.database,
            Role::Maintenance => &self.maintenance.database,
            Role::Destinations => &self.destinations.database,
            Role::Clearance => &self.clearance.database,
            Role::Gateway => &self.gateway.database,
        }
    }

    /// What is configured as the database of a role.
    pub fn database_mut(&mut self, role: Role) -> &mut storage::Config {
        match role {
            Role::Registry => &mut self.registry.database,
            Role::Inspection => &mut self.inspection.database,
            Role::Maintenance => &mut self.maintenance.database,
            Role::Destinations => &mut self.destinations.database,
            Role::Clearance => &mut self.clearance.database,
            Role::Gateway => &mut self.gateway.database,
        }
    }

    /// Where another process serves a role; empty where none does.
    pub fn address(&self, role: Role) -> &str {
        match role {
            Role::Registry => &self.registry.address,
            Role::Inspection => &self.inspection.address,
            Role::Maintenance => &self.maintenance.address,
            Role::Destinations => &self.destinations.address,
            Role::Clearance => &self.clearance.address,
            Role::Gateway => &self.gateway.address,
        }
    }

    /// Where the witness keeps its key and what it saw.
    pub fn witness_folder(&self) -> PathBuf {
        match self.witness.folder.as_str() {
            "" => self.data.folder.join("witness"),
            path => PathBuf::from(path),
        }
    }

    /// The token issuer's key file.
    pub fn issuer_key(&self) -> PathBuf {
        match self.access.issuer_key.as_str() {
            "" => self.data.folder.join("issuer.p8"),
            path => PathBuf::from(path),
        }
    }

    /// Files and folders that the configuration puts outside the data folder.
    pub fn outside_files(&self) -> Vec<String> {
        let places = [
            Some(self.issuer_key()),
            Some(self.inspection.service.evidence_folder.clone()),
            Some(PathBuf::from(&self.clearance.service.keys)),
            self.maintenance.service.raw_key_file.clone(),
            self.registry.service.vault_key_file.clone(),
        ];
        places
            .into_iter()
            .flatten()
            .filter(|place| !place.starts_with(&self.data.folder))
            .map(|place| place.display().to_string())
            .collect()
    }

    /// The settings with every file under `folder`, ports chosen by the system: for demos and tests.
    pub fn under(folder: &Path) -> Self {
        let mut settings = Self::default();
        folder.clone_into(&mut settings.data.folder);
        "127.0.0.1:0".clone_into(&mut settings.server.listen);
        "127.0.0.1:0".clone_into(&mut settings.admin.0.listen);
        settings.placed()
    }

    /// The settings with the services' own folders moved under the data folder where they still have their defaults.
    #[must_use]
    pub fn placed(mut self) -> Self {
        let folder = &self.data.folder;
        if self.inspection.service.evidence_folder
            == tongguan_inspection::Config::default().evidence_folder
        {
            self.inspection.service.evidence_folder = folder.join("evidence");
        }
        if self.clearance.service.keys == tongguan_clearance::Config::default().keys {
            self.clearance.service.keys = folder.join("clearance-keys").display().to_string();
        }
        if self.gateway.service.webhook_key.is_empty()
            && self.gateway.service.webhook_key_file.is_none()
        {
            self.gateway.service.webhook_key_file = Some(folder.join("gateway-webhooks.key"));
        }
        if self.maintenance.service.raw_key.is_empty()
            && self.maintenance.service.raw_key_file.is_none()
        {
            self.maintenance.service.raw_key_file = Some(folder.join("maintenance-raw.key"));
        }
        if self.registry.service.vault_key.is_empty()
            && self.registry.service.vault_key_file.is_none()
        {
            self.registry.service.vault_key_file = Some(folder.join("registry-vault.key"));
        }
        self
    }
}
