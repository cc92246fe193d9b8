//! What is asked of the vehicle registry: whether the vehicle found is the one registered.

use tongguan_access::{Access, Identity};
use tongguan_api::common::v1 as common;
use tongguan_api::registry::v1 as pb;
use tongguan_api::registry::v1::vehicle_registry_client::VehicleRegistryClient;
use tongguan_rpc::{Channel, PeerError, wire};
use tongguan_vocabulary::{Tenant, Vin};

use crate::domain::identity::Registered;
use crate::wire::{category, powertrain};

/// The services that the inspection intake asks.
#[derive(Clone)]
pub struct Peers {
    /// The vehicle registry.
    pub registry: Channel,
}

/// The registry in our words.
#[derive(Clone)]
pub(crate) struct Registry {
    client: VehicleRegistryClient<Channel>,
    identity: Identity,
}

impl Registry {
    pub(crate) fn new(peers: Peers, access: &Access) -> Self {
        Self {
            client: VehicleRegistryClient::new(peers.registry),
            identity: Identity::new(access, "inspection", &["registry.read"]),
        }
    }

    /// The vehicle as registered; `None` where the tenant has none of this VIN.
    pub(crate) async fn find(
        &self,
        tenant: &Tenant,
        vin: Vin,
    ) -> Result<Option<Registered>, PeerError> {
        let message = pb::GetVehicleRequest {
            vin: vin.to_string(),
            as_of: None,
        };
        let answer = self
            .client
            .clone()
            .get_vehicle(self.identity.request(tenant, message))
            .await;
        match answer {
            Ok(vehicle) => Ok(Some(registered(vehicle.into_inner())?)),
            Err(status) => match PeerError::from_status("registry", &status) {
                error if error.is_not_found() => Ok(None),
                error => Err(error),
            },
        }
    }
}

fn registered(vehicle: pb::Vehicle) -> Result<Registered, PeerError> {
    let details = vehicle.details.ok_or(PeerError::Incomplete {
        peer: "registry",
        what: "details",
    })?;
    let readings = vehicle.odometer_readings.iter().filter_map(|reading| {
        let day = wire::partial_date(reading.date.as_ref()?).ok()?;
        let odometer = wire::odometer_reading(reading.odometer.as_ref()?).ok()?;
        Some((day, odometer))
    });
    Ok(Registered {
        category: common::VehicleCategory::try_from(details.category)
            .ok()
            .and_then(category),
        powertrain: common::Powertrain::try_from(details.powertrain)
            .ok()
            .and_then(powertrain),
        readings: readings.collect(),
        engine_number: details.engine_number,
        colour: details.colour,
        plate: details.plate,
        battery_id: details.battery_id,
        curb_mass_kg: details.curb_mass_kg,
        gross_mass_kg: details.gross_mass_kg,
    })
}
