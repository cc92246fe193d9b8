//! What the peers tell by themselves: streams of events, and the packs in force.

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use tongguan_api::destinations::v1 as destinations;
use tongguan_api::destinations::v1::destination_rules_client::DestinationRulesClient;
use tongguan_api::inspection::v1 as inspection;
use tongguan_api::inspection::v1::inspection_intake_client::InspectionIntakeClient;
use tongguan_api::registry::v1 as registry;
use tongguan_api::registry::v1::vehicle_registry_client::VehicleRegistryClient;
use tongguan_rpc::PeerError;
use tongguan_vocabulary::Tenant;

use super::{Desk, refused};
use crate::domain::told::{Feed, Touched};

/// Something that a peer told, and the token that resumes after it.
pub(crate) struct Told {
    pub(crate) touched: Touched,
    pub(crate) token: String,
}

/// A market with the pack in force.
pub(crate) struct InForce {
    pub(crate) market: String,
    pub(crate) digest: String,
    pub(crate) layers: Vec<String>,
}

impl Desk {
    /// What a peer tells after a resume token.
    pub(crate) async fn watch(
        &self,
        tenant: &Tenant,
        feed: Feed,
        resume_token: String,
    ) -> Result<BoxStream<'static, Result<Told, PeerError>>, PeerError> {
        match feed {
            Feed::Vehicles => {
                let question = registry::WatchVehiclesRequest { resume_token };
                let mut client = VehicleRegistryClient::new(self.peers.registry.clone());
                let told = client
                    .watch_vehicles(self.identity.request(tenant, question))
                    .await
                    .map_err(refused("registry"))?;
                let told = told.into_inner().map_err(refused("registry"));
                Ok(told.map_ok(vehicle).boxed())
            }
            Feed::Inspections => {
                let question = inspection::WatchInspectionsRequest { resume_token };
                let mut client = InspectionIntakeClient::new(self.peers.inspection.clone());
                let told = client
                    .watch_inspections(self.identity.request(tenant, question))
                    .await
                    .map_err(refused("inspection"))?;
                let told = told.into_inner().map_err(refused("inspection"));
                Ok(told.map_ok(inspected).boxed())
            }
        }
    }

    /// The packs in force, of every market.
    pub(crate) async fn packs(&self, tenant: &Tenant) -> Result<Vec<InForce>, PeerError> {
        let mut client = DestinationRulesClient::new(self.peers.destinations.clone());
        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let question = destinations::ListMarketsRequest {
                page_size: 200,
                page_token,
            };
            let page = client
                .list_markets(self.ask(tenant, question, self.timeout))
                .await
                .map_err(refused("destinations"))?
                .into_inner();
            found.extend(page.markets.into_iter().map(|market| InForce {
                digest: market.pack.map(|pack| pack.digest).unwrap_or_default(),
                market: market.market,
                layers: market.layers,
            }));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(found);
            }
        }
    }
}

fn vehicle(event: registry::VehicleEvent) -> Told {
    Told {
        touched: Touched::Vin(event.vin),
        token: event.resume_token,
    }
}

/// What befalls a body touches whatever rests on its tests.
fn inspected(event: inspection::InspectionEvent) -> Told {
    Told {
        touched: if event.vin.is_empty() {
            Touched::All
        } else {
            Touched::Vin(event.vin)
        },
        token: event.resume_token,
    }
}
