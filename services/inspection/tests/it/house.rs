//! An intake in process over a fake registry, its client, a body, and sample reports.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tongguan_access::{Access, Grant, Role};
use tongguan_api::common::v1 as common;
use tongguan_api::google::r#type::Date;
use tongguan_api::inspection::v1 as pb;
use tongguan_api::inspection::v1::inspection_intake_client::InspectionIntakeClient;
use tongguan_api::registry::v1 as registry;
use tongguan_inspection::{Config, Peers, serve};
use tongguan_rpc::{Channel, Tasks};
use tongguan_storage::Database;
use tongguan_testkit::faults::{self, Faults};
use tongguan_testkit::noon;
use tongguan_vocabulary::{Clock, World};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::registry::Table;

pub(crate) const VIN: &str = "LSVWY4180KN246094";
pub(crate) const OTHER: &str = "LBEHDAEB58Y038860";
pub(crate) const USCC: &str = "91310000MA1K000001";

/// An intake over a database, the registry it asks, and the clock it reads.
pub(crate) struct House {
    pub(crate) client: InspectionIntakeClient<Channel>,
    pub(crate) clock: Clock,
    pub(crate) db: Database,
    pub(crate) table: Table,
    pub(crate) registry: Faults,
    pub(crate) folder: PathBuf,
    access: Access,
}

impl Drop for House {
    fn drop(&mut self) {
        // Only the tests that upload have made it.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl House {
    pub(crate) async fn over(db: Database) -> Self {
        Self::with(db, Config::default()).await
    }

    pub(crate) async fn with(db: Database, config: Config) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!(
            "tongguan-inspection-{}-{number}",
            std::process::id()
        ));
        let config = Config {
            evidence_folder: folder.clone(),
            ..config
        };
        let world = World::fixed(noon());
        let clock = world.clock.clone();
        let key = tongguan_access::generate_key().unwrap();
        let access = Access::embedded(&key, clock.clone()).unwrap();
        let table = Table::default();
        table.put(registered(VIN, 80_000));
        table.put(registered(OTHER, 0));
        let (channel, registry) = faults::channel(table.channel());
        let peers = Peers { registry: channel };
        let channel = serve(config, db.clone(), peers, &access, world, &Tasks::new())
            .await
            .unwrap();
        Self {
            client: InspectionIntakeClient::new(channel),
            clock,
            db,
            table,
            registry,
            folder,
            access,
        }
    }

    pub(crate) fn ask<M>(&self, message: M) -> Request<M> {
        self.ask_as("acme", message)
    }

    pub(crate) fn ask_as<M>(&self, tenant: &str, message: M) -> Request<M> {
        let grant = Grant::new(tenant.parse().unwrap(), "tester");
        let scopes = [
            "inspection.read",
            "inspection.write",
            "inspection.supervise",
        ];
        self.bear(scopes.into_iter().fold(grant, Grant::scope), message)
    }

    /// A request of an inspection body with its own organisation.
    pub(crate) fn ask_for<M>(&self, organisation: &str, message: M) -> Request<M> {
        let grant = Grant::new("acme".parse().unwrap(), "station");
        self.bear(
            grant.role(Role::InspectionBody).organisation(organisation),
            message,
        )
    }

    fn bear<M>(&self, grant: Grant, message: M) -> Request<M> {
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", self.access.mint(&grant));
        request
            .metadata_mut()
            .insert("authorization", bearer.parse().unwrap());
        request
    }

    /// Registers the test station, accredited for everything in 2025 and 2026.
    pub(crate) async fn station(&self) -> pb::InspectionBody {
        let request = pb::RegisterBodyRequest {
            request_id: "station".into(),
            body: Some(station()),
        };
        self.client
            .clone()
            .register_body(self.ask(request))
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn submit(
        &self,
        report: pb::InspectionReport,
    ) -> Result<pb::Inspection, Status> {
        let request = pb::SubmitInspectionRequest {
            request_id: String::new(),
            report: Some(report),
            validate_only: false,
            ..Default::default()
        };
        Ok(self
            .client
            .clone()
            .submit_inspection(self.ask(request))
            .await?
            .into_inner())
    }

    pub(crate) async fn get(&self, id: &str) -> pb::Inspection {
        let request = pb::GetInspectionRequest { id: id.into() };
        self.client
            .clone()
            .get_inspection(self.ask(request))
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn stored(&self) -> usize {
        let request = pb::ListInspectionsRequest::default();
        self.client
            .clone()
            .list_inspections(self.ask(request))
            .await
            .unwrap()
            .into_inner()
            .inspections
            .len()
    }

    pub(crate) async fn anomalies(&self) -> Vec<pb::Anomaly> {
        let request = pb::ListAnomaliesRequest::default();
        self.client
            .clone()
            .list_anomalies(self.ask(request))
            .await
            .unwrap()
            .into_inner()
            .anomalies
    }

    /// Kinds of the events in the outbox, oldest first.
    pub(crate) async fn events(&self) -> Vec<String> {
        let tenant = "acme".parse().unwrap();
        let events = tongguan_storage::outbox::after(&self.db, &tenant, "inspections", 0, 100)
            .await
            .unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }
}

pub(crate) fn date(year: i32, month: i32, day: i32) -> Date {
    Date { year, month, day }
}

pub(crate) fn station() -> pb::InspectionBody {
    use common::VehicleCategory::{M1, M3, N1, N3, O4};
    let scope = |standard: &str, categories: &[common::VehicleCategory]| pb::AccreditationScope {
        standard: standard.into(),
        categories: categories
            .iter()
            .map(|category| i32::from(*category))
            .collect(),
    };
    pb::InspectionBody {
        name: "Test station".into(),
        organisation: USCC.into(),
        accreditations: vec![pb::Accreditation {
            scheme: pb::accreditation::Scheme::Cma.into(),
            number: "CMA-310".into(),
            valid_from: Some(date(2025, 1, 1)),
            valid_until: Some(date(2026, 12, 31)),
            scopes: vec![
                scope("WM/T 8-2022", &[M1]),
                scope("WM/T 9-2022", &[M3, N1, N3, O4]),
            ],
        }],
        ..Default::default()
    }
}

/// What the registry says of a car, with one odometer reading where it is not 0.
pub(crate) fn registered(vin: &str, km: u32) -> registry::Vehicle {
    let reading = registry::OdometerReading {
        odometer: Some(odometer(km)),
        date: Some(date(2025, 6, 1)),
        ..Default::default()
    };
    registry::Vehicle {
        details: Some(registry::VehicleDetails {
            vin: vin.into(),
            category: common::VehicleCategory::M1.into(),
            powertrain: common::Powertrain::Ice.into(),
            engine_number: "EA211-88".into(),
            colour: "A".into(),
            curb_mass_kg: Some(1_400),
            ..Default::default()
        }),
        odometer_readings: if km > 0 { vec![reading] } else { vec![] },
        ..Default::default()
    }
}

pub(crate) fn odometer(km: u32) -> common::Odometer {
    common::Odometer {
        value: km,
        unit: common::odometer::Unit::Km.into(),
    }
}

pub(crate) fn value(item: &str, position: &str, value: f64, unit: &str) -> pb::Measurement {
    pb::Measurement {
        item: item.into(),
        position: position.into(),
        value,
        unit: unit.into(),
    }
}

/// A complete report of a good car; values differ a little by VIN and number, as they do on a bench.
pub(crate) fn report(body: &pb::InspectionBody, number: &str, vin: &str) -> pb::InspectionReport {
    let jitter = f64::from(
        number
            .bytes()
            .chain(vin.bytes())
            .map(u32::from)
            .sum::<u32>()
            % 50,
    ) / 100.0;
    let mut measurements = vec![];
    for axle in ["axle1", "axle2"] {
        measurements.push(value("brake.axle_ratio", axle, 65.0 + jitter, "%"));
        measurements.push(value("brake.imbalance", axle, 8.0, "%"));
        for side in ["left", "right"] {
            measurements.push(value("tyre.tread", &format!("{axle}.{side}"), 5.0, "mm"));
        }
    }
    for side in ["left", "right"] {
        measurements.push(value("headlamp.high_beam", side, 22_000.0, "cd"));
    }
    let findings = [
        "identity.vin",
        "identity.engine_number",
        "identity.appearance",
    ]
    .map(|item| pb::Finding {
        item: item.into(),
        result: pb::finding::Result::Conforming.into(),
        note: String::new(),
    });
    pb::InspectionReport {
        body: body.id.clone(),
        report_number: number.into(),
        standard: "WM/T 8-2022".into(),
        date: Some(date(2026, 2, 27)),
        inspector: "I-7".into(),
        vehicle: Some(pb::InspectedVehicle {
            vin: vin.into(),
            category: common::VehicleCategory::M1.into(),
            engine_number: "ea211 88".into(),
            colour: "A".into(),
            powertrain: common::Powertrain::Ice.into(),
            fuel: common::Fuel::Petrol.into(),
            curb_mass_kg: Some(1_400),
            headlamps: Some(2),
            max_speed_kmh: Some(170),
            odometer: Some(odometer(81_000)),
            ..Default::default()
        }),
        measurements,
        findings: findings.into(),
        ..Default::default()
    }
}

pub(crate) fn set(report: &mut pb::InspectionReport, item: &str, position: &str, number: f64) {
    let found = report
        .measurements
        .iter_mut()
        .find(|m| m.item == item && m.position == position);
    found.unwrap().value = number;
}

/// Asserts how a call was refused; answers the fields named.
pub(crate) fn refusal<T: std::fmt::Debug>(
    answer: Result<T, Status>,
    code: Code,
    reason: &str,
) -> Vec<String> {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), code, "{status:?}");
    assert_eq!(
        status.get_details_error_info().unwrap().reason,
        reason,
        "{status:?}"
    );
    let named = status
        .get_details_bad_request()
        .map(|bad| bad.field_violations)
        .unwrap_or_default();
    named.into_iter().map(|violation| violation.field).collect()
}
