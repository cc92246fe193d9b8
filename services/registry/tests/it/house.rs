//! A registry in process, its client, and sample vehicles.

use tongguan_access::{Access, Grant};
use tongguan_api::common::v1 as common;
use tongguan_api::google::r#type::Date;
use tongguan_api::registry::v1 as pb;
use tongguan_api::registry::v1::identity_mark::Kind;
use tongguan_api::registry::v1::vehicle_registry_client::VehicleRegistryClient;
use tongguan_registry::{Config, serve};
use tongguan_rpc::{Channel, Tasks};
use tongguan_storage::Database;
use tongguan_testkit::noon;
use tongguan_vocabulary::{Clock, Ids, Vin, World};
use tonic::Request;

pub(crate) type Client = VehicleRegistryClient<Channel>;

/// A registry over a database, and the clock it reads.
pub(crate) struct House {
    pub(crate) client: Client,
    pub(crate) clock: Clock,
    access: Access,
}

impl House {
    pub(crate) async fn over(db: Database) -> Self {
        Self::built(db, Config::default(), World::fixed(noon()))
            .await
            .unwrap()
    }

    /// As configured; its ids are its own, so that several can stand over one database.
    pub(crate) async fn with(
        db: Database,
        config: Config,
    ) -> Result<Self, tongguan_registry::Error> {
        let world = World {
            ids: Ids::random(),
            ..World::fixed(noon())
        };
        Self::built(db, config, world).await
    }

    async fn built(
        db: Database,
        config: Config,
        world: World,
    ) -> Result<Self, tongguan_registry::Error> {
        let clock = world.clock.clone();
        let key = tongguan_access::generate_key().unwrap();
        let access = Access::embedded(&key, clock.clone()).unwrap();
        let channel = serve(config, db, &access, world, &Tasks::new()).await?;
        Ok(Self {
            client: VehicleRegistryClient::new(channel),
            clock,
            access,
        })
    }

    pub(crate) fn ask<M>(&self, message: M) -> Request<M> {
        self.ask_as("acme", message)
    }

    pub(crate) fn ask_as<M>(&self, tenant: &str, message: M) -> Request<M> {
        self.ask_with(tenant, &["registry.read", "registry.write"], message)
    }

    pub(crate) fn ask_with<M>(&self, tenant: &str, scopes: &[&str], message: M) -> Request<M> {
        let mut grant = Grant::new(tenant.parse().unwrap(), "tester");
        for scope in scopes {
            grant = grant.scope(*scope);
        }
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", self.access.mint(&grant));
        request
            .metadata_mut()
            .insert("authorization", bearer.parse().unwrap());
        request
    }

    pub(crate) async fn register(&self, vin: &str) -> pb::Vehicle {
        self.register_as(pb::RegisterVehicleRequest {
            vehicle: Some(car(vin)),
            ..Default::default()
        })
        .await
    }

    pub(crate) async fn register_as(&self, request: pb::RegisterVehicleRequest) -> pb::Vehicle {
        let request = self.ask(request);
        let answer = self.client.clone().register_vehicle(request).await;
        answer.unwrap().into_inner()
    }

    pub(crate) async fn get(&self, vin: &str) -> pb::Vehicle {
        let request = self.ask(pb::GetVehicleRequest {
            vin: vin.into(),
            as_of: None,
        });
        let answer = self.client.clone().get_vehicle(request).await;
        answer.unwrap().into_inner()
    }

    pub(crate) async fn identify(&self, request: pb::RecordIdentityRequest) -> pb::Vehicle {
        let request = self.ask(request);
        let answer = self.client.clone().record_identity(request).await;
        answer.unwrap().into_inner()
    }

    /// The kinds of a vehicle's events, in order.
    pub(crate) async fn kinds(&self, vin: &str) -> Vec<String> {
        let request = self.ask(pb::ListVehicleEventsRequest {
            vin: vin.into(),
            ..Default::default()
        });
        let answer = self.client.clone().list_vehicle_events(request).await;
        let events = answer.unwrap().into_inner().events;
        events.into_iter().map(|event| event.kind).collect()
    }
}

/// A made-up VIN of a number, with the check digit it should have.
pub(crate) fn vin(number: u32) -> String {
    let draft = format!("LTGD00000R1{number:06}");
    let parsed: Vin = draft.parse().unwrap();
    let digit = parsed.expected_check_digit();
    format!("{}{digit}{}", &draft[..8], &draft[9..])
}

pub(crate) fn date(year: i32, month: i32, day: i32) -> Date {
    Date { year, month, day }
}

pub(crate) fn car(vin: &str) -> pb::VehicleDetails {
    pb::VehicleDetails {
        vin: vin.into(),
        brand: "大众".into(),
        model: "SVW71811".into(),
        manufacturer: "上汽大众汽车有限公司".into(),
        category: common::VehicleCategory::M1.into(),
        vehicle_type: "K33".into(),
        use_nature: "A".into(),
        colour: "A".into(),
        powertrain: common::Powertrain::Ice.into(),
        fuel: common::Fuel::Petrol.into(),
        steering: common::Steering::Left.into(),
        // An engine moves in one car: other VINs have their own.
        engine_number: if vin == "LSVWY4180KN246094" {
            "CLS123456".into()
        } else {
            format!("E-{vin}")
        },
        engine_cc: Some(1_798),
        manufactured: Some(date(2019, 5, 0)),
        first_registered: Some(date(2019, 8, 15)),
        plate: "沪A12345".into(),
        ..Default::default()
    }
}

pub(crate) fn transfer(vin: &str) -> pb::RecordTransferPendingExportRequest {
    pb::RecordTransferPendingExportRequest {
        request_id: "transfer-1".into(),
        vin: vin.into(),
        transfer: Some(pb::TransferPendingExport {
            exporter: "91310000MA1FL0AB1X".into(),
            exporter_name: "上海某某汽车贸易有限公司".into(),
            date: Some(date(2026, 2, 20)),
            temporary_plate_until: Some(date(2026, 4, 21)),
            filing_valid_until: Some(date(2026, 12, 31)),
        }),
        document: "转移登记 2026-0001".into(),
        owner: None,
    }
}

/// A request that a vehicle be known by another mark.
pub(crate) fn mark(
    vin: &str,
    kind: Kind,
    value: &str,
    replaces: &str,
) -> pb::RecordIdentityRequest {
    pb::RecordIdentityRequest {
        vin: vin.into(),
        mark: Some(pb::IdentityMark {
            kind: kind.into(),
            value: value.into(),
            since: Some(date(2026, 1, 10)),
            until: None,
            document: "变更登记 7".into(),
        }),
        replaces: replaces.into(),
        reason: "engine worn out".into(),
        ..Default::default()
    }
}

/// A vehicle's notices: their codes, and whether they are hard.
pub(crate) fn alarms(vehicle: &pb::Vehicle) -> Vec<(&str, bool)> {
    let notices = vehicle.notices.iter();
    notices
        .map(|notice| (notice.code.as_str(), notice.hard))
        .collect()
}
