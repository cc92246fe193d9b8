//! Six roles on six ports, called through the gateway's, as in production.

use std::path::Path;

use tongguan::dossier::Dossier;
use tongguan::journey::Outcome;
use tongguan::start::Started;
use tongguan::{Role, Settings, Suite, stand};
use tongguan_access::Access;
use tongguan_rpc::{Routes, Tasks, remote};
use tongguan_runtime::Shutdown;
use tongguan_vocabulary::Clock;

/// Six roles that serve, and the suite as a caller outside sees it.
pub(crate) struct Apart {
    pub(crate) suite: Suite,
    pub(crate) clock: Clock,
    shutdowns: Vec<Shutdown>,
    serving: Vec<tokio::task::JoinHandle<()>>,
}

impl Apart {
    /// Starts each role with the addresses of those it asks; `database` names each role's database.
    pub(crate) async fn start(
        folder: &Path,
        dossiers: &[Dossier],
        database: impl AsyncFn(Role) -> String,
    ) -> Self {
        let world = stand::world(dossiers);
        let mut settings = Settings::under(folder);
        let (mut shutdowns, mut serving) = (Vec::new(), Vec::new());
        for role in Role::ALL {
            let url = database(role).await;
            place(&mut settings, role, |section| {
                section.0.url.clone_from(&url);
            });
            place(&mut settings, role, |section| section.0.auto_migrate = true);
            let records = Some(stand::records(dossiers));
            let started = Started::start(settings.clone(), &[role], world.clone(), records)
                .await
                .unwrap();
            let address = format!("http://{}", started.process.address());
            place(&mut settings, role, |section| {
                section.1.clone_from(&address);
            });
            shutdowns.push(started.process.shutdown.clone());
            serving.push(spawn(started));
        }
        let gateway = remote(&settings.gateway.address).unwrap();
        let services = Role::ALL.iter().flat_map(|role| role.services());
        let routes = Routes::new(services.map(|service| ((*service).to_owned(), gateway.clone())));
        let key = std::fs::read(settings.issuer_key()).unwrap();
        let suite = Suite {
            routes,
            access: Access::embedded(&key, world.clock.clone()).unwrap(),
            databases: Vec::new(),
            tasks: Tasks::new(),
        };
        Self {
            suite,
            clock: world.clock,
            shutdowns,
            serving,
        }
    }

    pub(crate) async fn run(&self, dossier: &Dossier) -> Outcome {
        stand::run(&self.suite, &"demo".parse().unwrap(), &self.clock, dossier)
            .await
            .unwrap()
    }

    /// Stops the roles, the door first, and waits until each has drained.
    pub(crate) async fn stop(self) {
        for shutdown in self.shutdowns.iter().rev() {
            shutdown.stop();
        }
        for role in self.serving {
            role.await.unwrap();
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "each role is a process of its own here, and the test waits for its end"
)]
fn spawn(started: Started) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move { started.serve(None).await.unwrap() })
}

/// A role's database settings and address.
type Placed<'a> = (&'a mut tongguan_storage::Config, &'a mut String);

fn place(settings: &mut Settings, role: Role, change: impl FnOnce(Placed<'_>)) {
    match role {
        Role::Registry => change((
            &mut settings.registry.database,
            &mut settings.registry.address,
        )),
        Role::Inspection => change((
            &mut settings.inspection.database,
            &mut settings.inspection.address,
        )),
        Role::Maintenance => change((
            &mut settings.maintenance.database,
            &mut settings.maintenance.address,
        )),
        Role::Destinations => change((
            &mut settings.destinations.database,
            &mut settings.destinations.address,
        )),
        Role::Clearance => change((
            &mut settings.clearance.database,
            &mut settings.clearance.address,
        )),
        Role::Gateway => change((
            &mut settings.gateway.database,
            &mut settings.gateway.address,
        )),
    }
}

/// Sets the database of every role of an embedded suite.
pub(crate) async fn place_all(settings: &mut Settings, database: impl AsyncFn(Role) -> String) {
    for role in Role::ALL {
        let url = database(role).await;
        place(settings, role, |(database, _)| {
            database.url = url;
            database.auto_migrate = true;
            database.max_connections = 4;
        });
    }
}
