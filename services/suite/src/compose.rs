//! Roles composed: each is either built here, guarded and mounted, or addressed in another process.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tongguan_access::Access;
use tongguan_rpc::{Channel, Failure, PeerError, Routes, Tasks, remote_with};
use tongguan_runtime::issuers::{IssuerError, Keeper};
use tongguan_storage::{self as storage, Database, Migrations};
use tongguan_vocabulary::World;

use crate::{Role, Settings, keys};

/// The roles of a process, and what they share.
pub struct Suite {
    /// Every proto service that can be called, here or elsewhere.
    pub routes: Routes,
    /// Checks and mints tokens.
    pub access: Access,
    /// The databases of the roles built here.
    pub databases: Vec<(Role, Database)>,
    /// Background work.
    pub tasks: Tasks,
}

/// Why a suite can not be composed.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// A role is needed that is neither built nor addressed.
    #[error("{role} asks {missing}, which is neither served here nor addressed: set TONGGUAN_{}__ADDRESS", .missing.name().to_uppercase())]
    Missing {
        /// Who asks.
        role: Role,
        /// Who is missing.
        missing: Role,
    },
    /// A key file can not be read or made.
    #[error("the key file {} can not be used", .path.display())]
    Key {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key is no key.
    #[error("the token issuer's key is damaged")]
    Issuer(#[from] tongguan_access::KeyError),
    /// A database can not be used.
    #[error("the database of {role} can not be used")]
    Database {
        /// Whose.
        role: Role,
        /// Why.
        source: storage::Error,
    },
    /// A role refuses to start.
    #[error("{role} can not start: {message}")]
    Role {
        /// Which.
        role: Role,
        /// Why.
        message: String,
    },
    /// An outside issuer can not be trusted as configured.
    #[error(transparent)]
    Outside(#[from] IssuerError),
    /// An address is none.
    #[error(transparent)]
    Address(#[from] PeerError),
}

impl Suite {
    /// Builds the named roles and addresses the others.
    pub async fn compose(
        settings: &Settings,
        roles: &[Role],
        world: &World,
        tasks: &Tasks,
    ) -> Result<Self, ComposeError> {
        let path = settings.issuer_key();
        let key = keys::read_or_make(&path, tongguan_access::generate_key)
            .map_err(|source| ComposeError::Key { path, source })?;
        let kept = settings.access.issuers.iter().map(Keeper::new);
        let kept: Vec<_> = kept.collect::<Result<_, _>>()?;
        let (outside, keepers): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
        let access = Access::trusting(&key, outside, world.clock.clone())?;
        for keeper in keepers {
            keeper.run(tasks);
        }
        let tls = settings
            .peers
            .read()
            .map_err(|(path, source)| ComposeError::Key { path, source })?;
        let mut house = House {
            settings,
            access: &access,
            world,
            tasks,
            channels: BTreeMap::new(),
            databases: Vec::new(),
        };
        for role in Role::ALL {
            let address = settings.address(role);
            if roles.contains(&role) {
                let channel = Box::pin(house.build(role)).await?;
                house.channels.insert(role, channel);
            } else if !address.is_empty() {
                house
                    .channels
                    .insert(role, Parts::one(role, remote_with(address, Some(&tls))?));
            }
        }
        let channels = house.channels.into_values().flat_map(|parts| parts.0);
        let routes = Routes::new(channels.map(|(service, channel)| (service.to_owned(), channel)));
        Ok(Self {
            routes,
            databases: house.databases,
            access,
            tasks: tasks.clone(),
        })
    }
}

/// The proto services of a role, each with its channel.
struct Parts(Vec<(&'static str, Channel)>);

impl Parts {
    fn one(role: Role, channel: Channel) -> Self {
        Self(
            role.services()
                .iter()
                .map(|service| (*service, channel.clone()))
                .collect(),
        )
    }
}

struct House<'a> {
    settings: &'a Settings,
    access: &'a Access,
    world: &'a World,
    tasks: &'a Tasks,
    channels: BTreeMap<Role, Parts>,
    databases: Vec<(Role, Database)>,
}

impl House<'_> {
    async fn build(&mut self, role: Role) -> Result<Parts, ComposeError> {
        let (settings, access, world, tasks) =
            (self.settings, self.access, self.world.clone(), self.tasks);
        for asked in role.asks() {
            self.peer(role, *asked)?;
        }
        let database = self.database(role).await?;
        let channel = match role {
            Role::Registry => {
                let config = settings.registry.service.clone();
                started(
                    role,
                    tongguan_registry::serve(config, database, access, world, tasks).await,
                )?
            }
            Role::Maintenance => {
                let config = settings.maintenance.service.clone();
                started(
                    role,
                    tongguan_maintenance::serve(config, database, access, world, tasks).await,
                )?
            }
            Role::Destinations => {
                let config = settings.destinations.service.clone();
                started(
                    role,
                    tongguan_destinations::serve(config, database, access, world, tasks).await,
                )?
            }
            Role::Inspection => {
                let config = settings.inspection.service.clone();
                let peers = tongguan_inspection::Peers {
                    registry: self.peer(role, Role::Registry)?,
                };
                started(
                    role,
                    tongguan_inspection::serve(config, database, peers, access, world, tasks).await,
                )?
            }
            Role::Clearance => {
                let config = settings.clearance.service.clone();
                let peers = tongguan_clearance::Peers {
                    registry: self.peer(role, Role::Registry)?,
                    inspection: self.peer(role, Role::Inspection)?,
                    maintenance: self.peer(role, Role::Maintenance)?,
                    destinations: self.peer(role, Role::Destinations)?,
                };
                started(
                    role,
                    tongguan_clearance::serve(config, database, peers, access, world, tasks).await,
                )?
            }
            Role::Gateway => {
                let config = settings.gateway.service.clone();
                let peers = tongguan_gateway::Peers {
                    registry: self.peer(role, Role::Registry)?,
                    inspection: self.peer(role, Role::Inspection)?,
                    maintenance: self.peer(role, Role::Maintenance)?,
                    destinations: self.peer(role, Role::Destinations)?,
                    clearance: self.peer(role, Role::Clearance)?,
                };
                started(
                    role,
                    tongguan_gateway::serve(config, database, peers, access, world, tasks).await,
                )?
            }
        };
        Ok(Parts::one(role, channel))
    }

    fn peer(&self, role: Role, asked: Role) -> Result<Channel, ComposeError> {
        let parts = self.channels.get(&asked).and_then(|parts| parts.0.first());
        parts
            .map(|(_, channel)| channel.clone())
            .ok_or(ComposeError::Missing {
                role,
                missing: asked,
            })
    }

    async fn database(&mut self, role: Role) -> Result<Database, ComposeError> {
        let config = self.settings.database(role);
        let failed = |source| ComposeError::Database { role, source };
        let database = storage::connect(&config).await.map_err(failed)?;
        // SQLite is always brought up to date; PostgreSQL by `tongguan migrate`, unless it is told otherwise.
        if config.auto_migrate || matches!(database, storage::On::Sqlite(_)) {
            storage::migrate(&database, &migrations(role))
                .await
                .map_err(failed)?;
        }
        self.databases.push((role, database.clone()));
        Ok(database)
    }
}

/// The schema of a role.
pub fn migrations(role: Role) -> Migrations {
    match role {
        Role::Registry => tongguan_registry::migrations(),
        Role::Inspection => tongguan_inspection::migrations(),
        Role::Maintenance => tongguan_maintenance::migrations(),
        Role::Destinations => tongguan_destinations::migrations(),
        Role::Clearance => tongguan_clearance::migrations(),
        Role::Gateway => tongguan_gateway::migrations(),
    }
}

fn started<E: Failure>(role: Role, outcome: Result<Channel, E>) -> Result<Channel, ComposeError> {
    outcome.map_err(|error| {
        let mut message = chain(&error);
        for wrong in error.violations() {
            message = format!("{message}\n  {}: {}", wrong.field, wrong.description);
        }
        ComposeError::Role { role, message }
    })
}

/// An error with all of its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
