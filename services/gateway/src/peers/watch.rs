//! The streams that the event log is fed from, without what is personal: no actors, reasons or papers.

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use tongguan_api::clearance::v1 as clearance;
use tongguan_api::clearance::v1::export_clearance_client::ExportClearanceClient;
use tongguan_api::registry::v1 as registry;
use tongguan_api::registry::v1::vehicle_registry_client::VehicleRegistryClient;
use tongguan_rpc::{PeerError, wire};
use tongguan_vocabulary::Tenant;

use super::Desk;
use crate::domain::{Feed, Happening};

impl Desk {
    /// What happens to the tenant's cases or vehicles after a resume token.
    pub(crate) async fn watch(
        &self,
        tenant: &Tenant,
        feed: Feed,
        resume_token: String,
    ) -> Result<BoxStream<'static, Result<Happening, PeerError>>, PeerError> {
        match feed {
            Feed::Cases => {
                let failed = |status| PeerError::from_status("clearance", &status);
                let question = clearance::WatchCasesRequest {
                    resume_token,
                    ..Default::default()
                };
                let request = self.identity.request(tenant, question);
                let mut client = ExportClearanceClient::new(self.peers.clearance.clone());
                let events = client.watch_cases(request).await.map_err(failed)?;
                Ok(events.into_inner().map_ok(case).map_err(failed).boxed())
            }
            Feed::Vehicles => {
                let failed = |status| PeerError::from_status("registry", &status);
                let question = registry::WatchVehiclesRequest { resume_token };
                let request = self.identity.request(tenant, question);
                let mut client = VehicleRegistryClient::new(self.peers.registry.clone());
                let events = client.watch_vehicles(request).await.map_err(failed)?;
                Ok(events.into_inner().map_ok(vehicle).map_err(failed).boxed())
            }
        }
    }
}

fn case(event: clearance::CaseEvent) -> Happening {
    let mut data = Map::new();
    let state = event.state().as_str_name();
    data.insert("state".to_owned(), Value::from(state));
    data.insert("version".to_owned(), Value::from(event.version));
    if !event.certificate_id.is_empty() {
        // Whoever was given the certificate hears of its change by the certificate's own name.
        data.insert(
            "certificate".to_owned(),
            Value::from(event.certificate_id.as_str()),
        );
    }
    Happening {
        version: event.version,
        kind: format!("case.{}", event.kind.to_lowercase()),
        subject: format!("cases/{}", event.case_id),
        at: instant(event.record_time.as_ref()),
        data,
        token: event.resume_token,
    }
}

fn vehicle(event: registry::VehicleEvent) -> Happening {
    let mut data = Map::new();
    data.insert("version".to_owned(), Value::from(event.version));
    data.insert("vin".to_owned(), Value::from(event.vin.as_str()));
    Happening {
        version: event.version,
        kind: format!("vehicle.{}", event.kind.to_lowercase()),
        subject: format!("vehicles/{}", event.vin),
        at: instant(event.record_time.as_ref()),
        data,
        token: event.resume_token,
    }
}

/// To the microsecond, which is what a database keeps and a hash is made of.
fn instant(time: Option<&pbjson_types::Timestamp>) -> OffsetDateTime {
    let at = time
        .and_then(wire::instant)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.replace_nanosecond(at.microsecond() * 1_000)
        .unwrap_or(at)
}
