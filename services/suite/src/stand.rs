//! A suite set up for dossiers: a clock that stands still, the simulator holding the dossiers' records.

use time::macros::datetime;
use tongguan_maintenance::simulator;
use tongguan_vocabulary::{Clock, Ids, Tenant, TenantError, World};

use crate::dossier::Dossier;
use crate::journey::{Actors, JourneyError, Outcome};
use crate::start::{StartError, Started};
use crate::{Role, Settings, Suite};

/// Every role in one process, ready for dossiers.
pub struct Stand {
    /// The process.
    pub started: Started,
    /// The clock every role reads.
    pub clock: Clock,
    tenant: Tenant,
}

/// Why a stand can not be set up.
#[derive(Debug, thiserror::Error)]
pub enum StandError {
    /// The process does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The tenant has no name.
    #[error(transparent)]
    Tenant(#[from] TenantError),
}

impl Stand {
    /// Builds every role, with the simulator holding the dossiers' records.
    pub async fn set_up(settings: Settings, dossiers: &[Dossier]) -> Result<Self, StandError> {
        Self::on(settings, world(dossiers), records(dossiers)).await
    }

    /// The same with other records, on the day of one dossier.
    pub async fn with_records(
        settings: Settings,
        dossier: &Dossier,
        records: simulator::Config,
    ) -> Result<Self, StandError> {
        Self::on(settings, world(std::slice::from_ref(dossier)), records).await
    }

    async fn on(
        settings: Settings,
        world: World,
        records: simulator::Config,
    ) -> Result<Self, StandError> {
        let clock = world.clock.clone();
        // Boxed: what starts six roles is too large for the stacks of all who wait for it.
        let start = Started::start(settings, &Role::ALL, world, Some(records));
        let started = Box::pin(start).await?;
        Ok(Self {
            started,
            clock,
            tenant: "demo".parse()?,
        })
    }

    /// Takes one dossier the whole way, in process.
    pub async fn run(&self, dossier: &Dossier) -> Result<Outcome, JourneyError> {
        run(&self.started.suite, &self.tenant, &self.clock, dossier).await
    }

    /// Ends the background work.
    pub async fn stop(&self) {
        self.started.process.tasks.stop().await;
    }
}

/// Takes one dossier the whole way through whatever a suite routes to.
pub async fn run(
    suite: &Suite,
    tenant: &Tenant,
    clock: &Clock,
    dossier: &Dossier,
) -> Result<Outcome, JourneyError> {
    let actors = Actors::of(suite, tenant, dossier, clock).ok_or(JourneyError::RoleMissing)?;
    actors.run(dossier).await
}

/// The world of a set of dossiers: their day, and random ids.
pub fn world(dossiers: &[Dossier]) -> World {
    let noon = dossiers
        .iter()
        .find_map(Dossier::noon)
        .unwrap_or(datetime!(2026-03-02 04:00 UTC));
    World {
        clock: Clock::fixed(noon),
        ids: Ids::random(),
    }
}

/// The simulator's files and moods, from the dossiers.
pub fn records(dossiers: &[Dossier]) -> simulator::Config {
    let mut config = simulator::Config::default();
    for dossier in dossiers {
        if let Some(records) = &dossier.simulated_records {
            config.files.push(records.file.clone());
            if let Some(mood) = records.mood {
                config.vin_moods.insert(dossier.vehicle.vin.clone(), mood);
            }
        }
    }
    config
}

/// What differs between an outcome and what its dossier expects; empty where nothing does.
pub fn compare(dossier: &Dossier, outcome: &Outcome) -> Vec<String> {
    let Some(expected) = &dossier.expect else {
        return Vec::new();
    };
    let mut differences = Vec::new();
    if expected.state != outcome.state {
        differences.push(format!(
            "the case is {}, expected {}",
            outcome.state, expected.state
        ));
    }
    let decision = outcome
        .case
        .as_ref()
        .and_then(|case| case.decision.clone())
        .unwrap_or_default();
    for rule in &expected.rules {
        let told = decision
            .reasons
            .iter()
            .any(|reason| &reason.rule_id == rule);
        let refused = outcome
            .refusals
            .iter()
            .any(|refusal| &refusal.reason == rule);
        if !told && !refused {
            differences.push(format!("{rule} is not among the reasons"));
        }
    }
    if let Some(ship_by) = expected.ship_by {
        let found = decision
            .ship_by
            .and_then(|date| tongguan_rpc::wire::partial_date(&date).ok());
        if found != Some(ship_by) {
            let found = found.map_or("none".to_owned(), |date| date.to_string());
            differences.push(format!("ship by {found}, expected {ship_by}"));
        }
    }
    if outcome.state == "CERTIFIED" {
        let verdict = outcome
            .certificate
            .as_ref()
            .map(|issued| issued.offline.verdict);
        if verdict != Some(tongguan_certificate::Verdict::Valid) {
            differences.push(format!("the offline check says {verdict:?}"));
        }
    }
    differences
}
