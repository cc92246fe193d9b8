//! What clearance asks of the others, in its own words.

mod answers;
mod questions;
mod watch;

use std::time::Duration;

use tongguan_access::{Access, Identity};
use tongguan_api::destinations::v1 as destinations;
use tongguan_api::destinations::v1::destination_rules_client::DestinationRulesClient;
use tongguan_api::inspection::v1 as inspection;
use tongguan_api::inspection::v1::inspection_intake_client::InspectionIntakeClient;
use tongguan_api::maintenance::v1::maintenance_lookup_client::MaintenanceLookupClient;
use tongguan_api::registry::v1 as registry;
use tongguan_api::registry::v1::vehicle_registry_client::VehicleRegistryClient;
use tongguan_rpc::{Channel, PeerError, evidence};
use tongguan_vocabulary::{Country, Tenant, Vin};
use tonic::{Code, Request, Status};

pub(crate) use questions::value_of;
pub(crate) use watch::{InForce, Told};

use crate::config::Config;
use crate::domain::Case;
use crate::domain::decision::CHINA;
use crate::domain::evidence::{
    FactMap, Gathered, InspectionEvidence, Judgement, MaintenanceEvidence, VehicleEvidence,
};

/// The services clearance asks; each is in this process or behind a socket.
#[derive(Clone)]
pub struct Peers {
    /// The vehicle registry.
    pub registry: Channel,
    /// The inspection intake.
    pub inspection: Channel,
    /// The maintenance lookup.
    pub maintenance: Channel,
    /// The destination rules.
    pub destinations: Channel,
}

/// Asks the peers, as the service itself and for one tenant.
#[derive(Clone)]
pub(crate) struct Desk {
    peers: Peers,
    identity: Identity,
    timeout: Duration,
    maintenance_wait: Duration,
}

impl Desk {
    pub(crate) fn new(config: &Config, peers: Peers, access: &Access) -> Self {
        let scopes = [
            "registry.read",
            "inspection.read",
            "maintenance.read",
            "destinations.read",
        ];
        Self {
            peers,
            identity: Identity::new(access, "clearance", &scopes),
            timeout: Duration::from_millis(config.peer_timeout_ms),
            maintenance_wait: Duration::from_millis(config.maintenance_wait_ms.into()),
        }
    }

    /// Who asks: it knows which sandboxes live by another clock.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The vehicle as the registry knows it.
    pub(crate) async fn vehicle(
        &self,
        tenant: &Tenant,
        vin: &Vin,
    ) -> Result<Option<VehicleEvidence>, PeerError> {
        let question = registry::GetVehicleRequest {
            vin: vin.to_string(),
            as_of: None,
        };
        let mut client = VehicleRegistryClient::new(self.peers.registry.clone());
        match client
            .get_vehicle(self.ask(tenant, question, self.timeout))
            .await
        {
            Ok(answer) => Ok(Some(evidence::vehicle(answer.into_inner()))),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(PeerError::from_status("registry", &status)),
        }
    }

    /// The newest current inspection.
    pub(crate) async fn inspection(
        &self,
        tenant: &Tenant,
        vin: &Vin,
    ) -> Result<Option<InspectionEvidence>, PeerError> {
        let mut client = InspectionIntakeClient::new(self.peers.inspection.clone());
        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let question = inspection::ListInspectionsRequest {
                vin: vin.to_string(),
                state: inspection::inspection::State::Current.into(),
                page_size: 100,
                page_token,
                ..Default::default()
            };
            let page = client
                .list_inspections(self.ask(tenant, question, self.timeout))
                .await
                .map_err(refused("inspection"))?
                .into_inner();
            found.extend(page.inspections);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        Ok(evidence::newest(found))
    }

    /// The maintenance history, with the readings that others took.
    pub(crate) async fn maintenance(
        &self,
        tenant: &Tenant,
        case: &Case,
        gathered: &Gathered,
    ) -> Result<MaintenanceEvidence, PeerError> {
        let question = questions::history(case, gathered, self.maintenance_wait);
        let mut client = MaintenanceLookupClient::new(self.peers.maintenance.clone());
        match client
            .lookup_history(self.ask(tenant, question, self.timeout + self.maintenance_wait))
            .await
        {
            Ok(answer) => Ok(evidence::history(answer.into_inner())),
            // A question that is refused is an answer of its own: nothing is known, and asking again does not help.
            Err(status) if status.code() == Code::InvalidArgument => {
                Ok(MaintenanceEvidence::unanswered("bad_input"))
            }
            Err(status) if status.code() == Code::FailedPrecondition => {
                Ok(MaintenanceEvidence::unanswered("not_authorised"))
            }
            Err(status) => Err(PeerError::from_status("maintenance", &status)),
        }
    }

    /// What China's pack and the market's pack say of the facts.
    pub(crate) async fn judge(
        &self,
        tenant: &Tenant,
        facts: &FactMap,
        destination: Country,
    ) -> Result<Judgement, PeerError> {
        let markets = vec![CHINA.to_owned(), destination.to_string()];
        let question = destinations::EvaluateRequest {
            facts: Some(questions::facts(facts)),
            markets,
            ..Default::default()
        };
        let mut client = DestinationRulesClient::new(self.peers.destinations.clone());
        match client
            .evaluate(self.ask(tenant, question, self.timeout))
            .await
        {
            Ok(answer) => Ok(Judgement::Verdicts(
                answer
                    .into_inner()
                    .verdicts
                    .into_iter()
                    .map(answers::verdict)
                    .collect(),
            )),
            Err(status)
                if matches!(
                    status.code(),
                    Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition
                ) =>
            {
                Ok(answers::refusal(&status))
            }
            Err(status) => Err(PeerError::from_status("destinations", &status)),
        }
    }

    fn ask<M>(&self, tenant: &Tenant, message: M, time: Duration) -> Request<M> {
        let mut request = self.identity.request(tenant, message);
        request.set_timeout(time);
        request
    }
}

fn refused(peer: &'static str) -> impl Fn(Status) -> PeerError {
    move |status| PeerError::from_status(peer, &status)
}
