//! Domain → proto.

use tongguan_api::common::v1 as common;
use tongguan_api::inspection::v1 as pb;
use tongguan_rpc::wire;
use uuid::Uuid;

use crate::domain::assess::{ItemResult, Verdict};
use crate::domain::body::{Accreditation, Body, Scheme, Suspension};
use crate::domain::identity::Difference;
use crate::domain::inspection::{Inspection, Notice, State};
use crate::domain::judge::ItemVerdict;
use crate::domain::key::{Algorithm, Key};
use crate::domain::report::{Found, Report, Vehicle};
use crate::domain::signature::Signature;
use crate::domain::vehicle::{Category, Fuel, Powertrain};

fn id(id: Option<Uuid>) -> String {
    id.filter(|id| !id.is_nil())
        .map(|id| id.to_string())
        .unwrap_or_default()
}

pub(super) fn category(category: Category) -> i32 {
    use common::VehicleCategory as Wire;
    let wire = match category {
        Category::M1 => Wire::M1,
        Category::M2 => Wire::M2,
        Category::M3 => Wire::M3,
        Category::N1 => Wire::N1,
        Category::N2 => Wire::N2,
        Category::N3 => Wire::N3,
        Category::O1 => Wire::O1,
        Category::O2 => Wire::O2,
        Category::O3 => Wire::O3,
        Category::O4 => Wire::O4,
    };
    wire.into()
}

fn powertrain(powertrain: Powertrain) -> i32 {
    use common::Powertrain as Wire;
    let wire = match powertrain {
        Powertrain::Ice => Wire::Ice,
        Powertrain::Hev => Wire::Hev,
        Powertrain::Phev => Wire::Phev,
        Powertrain::Erev => Wire::Erev,
        Powertrain::Bev => Wire::Bev,
        Powertrain::Fcev => Wire::Fcev,
        Powertrain::None => Wire::None,
    };
    wire.into()
}

fn fuel(fuel: Option<Fuel>) -> i32 {
    use common::Fuel as Wire;
    let wire = match fuel {
        None => Wire::Unspecified,
        Some(Fuel::Petrol) => Wire::Petrol,
        Some(Fuel::Diesel) => Wire::Diesel,
        Some(Fuel::Cng) => Wire::Cng,
        Some(Fuel::Lng) => Wire::Lng,
        Some(Fuel::Lpg) => Wire::Lpg,
        Some(Fuel::Methanol) => Wire::Methanol,
        Some(Fuel::Hydrogen) => Wire::Hydrogen,
    };
    wire.into()
}

fn verdict(verdict: Verdict) -> i32 {
    let wire = match verdict {
        Verdict::Passed => pb::Verdict::Passed,
        Verdict::PassedWithWarnings => pb::Verdict::PassedWithWarnings,
        Verdict::Referred => pb::Verdict::Referred,
        Verdict::Failed => pb::Verdict::Failed,
    };
    wire.into()
}

pub(super) fn item_verdict(verdict: ItemVerdict) -> i32 {
    let wire = match verdict {
        ItemVerdict::NotApplicable => pb::ItemVerdict::NotApplicable,
        ItemVerdict::Recorded => pb::ItemVerdict::Recorded,
        ItemVerdict::Pass => pb::ItemVerdict::Pass,
        ItemVerdict::Warn => pb::ItemVerdict::Warn,
        ItemVerdict::Refer => pb::ItemVerdict::Refer,
        ItemVerdict::Fail => pb::ItemVerdict::Fail,
    };
    wire.into()
}

impl From<Body> for pb::InspectionBody {
    fn from(body: Body) -> Self {
        Self {
            id: body.id.to_string(),
            etag: body.etag(),
            name: body.name,
            organisation: body.organisation,
            accreditations: body.accreditations.into_iter().map(Into::into).collect(),
            suspensions: body.suspensions.into_iter().map(Into::into).collect(),
            create_time: Some(wire::timestamp(body.created_at)),
            update_time: Some(wire::timestamp(body.updated_at)),
            keys: body.keys.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Accreditation> for pb::Accreditation {
    fn from(held: Accreditation) -> Self {
        let scheme = match held.scheme {
            Scheme::Cma => pb::accreditation::Scheme::Cma,
            Scheme::Cnas => pb::accreditation::Scheme::Cnas,
            Scheme::CommodityInspection => pb::accreditation::Scheme::CommodityInspection,
        };
        let scopes = held.scopes.into_iter().map(|scope| pb::AccreditationScope {
            standard: scope.standard,
            categories: scope.categories.into_iter().map(category).collect(),
        });
        Self {
            scheme: scheme.into(),
            number: held.number,
            valid_from: Some(wire::date(held.valid_from)),
            valid_until: Some(wire::date(held.valid_until)),
            scopes: scopes.collect(),
        }
    }
}

fn algorithm(algorithm: Algorithm) -> i32 {
    let wire = match algorithm {
        Algorithm::Es256 => pb::body_key::Algorithm::Es256,
        Algorithm::Ed25519 => pb::body_key::Algorithm::Ed25519,
    };
    wire.into()
}

impl From<Key> for pb::BodyKey {
    fn from(key: Key) -> Self {
        Self {
            public_key: key.jwk(),
            algorithm: algorithm(key.algorithm),
            id: key.id,
            valid_from: Some(wire::date(key.valid_from)),
            valid_until: key.valid_until.map(wire::date),
        }
    }
}

impl From<Signature> for pb::ReportSignature {
    fn from(signature: Signature) -> Self {
        Self {
            jws: signature.jws,
            key: signature.key,
            algorithm: algorithm(signature.algorithm),
        }
    }
}

impl From<Suspension> for pb::Suspension {
    fn from(suspension: Suspension) -> Self {
        Self {
            from: Some(wire::date(suspension.from)),
            until: suspension.until.map(wire::date),
            reason: suspension.reason,
        }
    }
}

impl From<Inspection> for pb::Inspection {
    fn from(inspection: Inspection) -> Self {
        let state = match inspection.state {
            State::Current => pb::inspection::State::Current,
            State::Withdrawn => pb::inspection::State::Withdrawn,
            State::Superseded => pb::inspection::State::Superseded,
        };
        Self {
            id: id(Some(inspection.id)),
            report: Some(report(inspection.report, &inspection.stored)),
            state: state.into(),
            verdict: verdict(inspection.verdict),
            items: inspection
                .assessment
                .items
                .into_iter()
                .map(Into::into)
                .collect(),
            catalogue_version: inspection.assessment.catalogue,
            differences: inspection.differences.into_iter().map(Into::into).collect(),
            notices: inspection.notices.into_iter().map(Into::into).collect(),
            supersedes: id(inspection.supersedes),
            superseded_by: id(inspection.superseded_by),
            reason: inspection.reason,
            accreditations: inspection.accreditations,
            report_sha256: inspection.report_sha256,
            version: inspection.version as u64,
            create_time: Some(wire::timestamp(inspection.created_at)),
            update_time: Some(wire::timestamp(inspection.updated_at)),
            etag: format!("v{}", inspection.version),
            under_review: inspection.under_review,
            signature: inspection.signature.map(Into::into),
            canonical_report: String::new(),
        }
    }
}

pub(super) fn report(report: Report, stored: &[String]) -> pb::InspectionReport {
    let measurements = report
        .measurements
        .into_iter()
        .map(|measured| pb::Measurement {
            item: measured.item,
            position: measured.position,
            value: measured.value,
            unit: measured.unit,
        });
    let findings = report.findings.into_iter().map(|finding| pb::Finding {
        item: finding.item,
        result: match finding.found {
            Found::Conforming => pb::finding::Result::Conforming,
            Found::Nonconforming => pb::finding::Result::Nonconforming,
            Found::NotApplicable => pb::finding::Result::NotApplicable,
        }
        .into(),
        note: finding.note,
    });
    let evidence = report.evidence.into_iter().map(|evidence| pb::Evidence {
        stored: stored.contains(&evidence.sha256),
        sha256: evidence.sha256,
        shot: evidence.shot,
    });
    pb::InspectionReport {
        body: report.body.to_string(),
        report_number: report.report_number,
        standard: report.standard,
        date: Some(wire::date(report.date)),
        start_time: report.times.map(|(start, _)| wire::timestamp(start)),
        end_time: report.times.map(|(_, end)| wire::timestamp(end)),
        inspector: report.inspector,
        vehicle: Some(report.vehicle.into()),
        measurements: measurements.collect(),
        findings: findings.collect(),
        evidence: evidence.collect(),
        claimed_verdict: report.claimed.map_or(0, verdict),
        reinspection_of: id(report.reinspection_of),
        valid_until: report.valid_until.map(wire::date),
        client: report.client,
    }
}

impl From<Vehicle> for pb::InspectedVehicle {
    fn from(vehicle: Vehicle) -> Self {
        Self {
            vin: vehicle.vin.to_string(),
            category: category(vehicle.category),
            engine_number: vehicle.engine_number,
            colour: vehicle.colour,
            plate: vehicle.plate,
            powertrain: powertrain(vehicle.powertrain),
            fuel: fuel(vehicle.fuel),
            curb_mass_kg: vehicle.curb_mass_kg,
            gross_mass_kg: vehicle.gross_mass_kg,
            axles: vehicle.axles.into(),
            front_axles: vehicle.front_axles.into(),
            headlamps: vehicle.headlamps,
            max_speed_kmh: vehicle.max_speed_kmh,
            odometer: vehicle.odometer.map(wire::odometer),
            battery_id: vehicle.battery_id,
            battery_chemistry: vehicle
                .chemistry
                .map(|chemistry| chemistry.as_str().to_owned())
                .unwrap_or_default(),
            laden: vehicle.laden,
        }
    }
}

impl From<ItemResult> for pb::ItemResult {
    fn from(item: ItemResult) -> Self {
        Self {
            item: item.item,
            position: item.position,
            verdict: item_verdict(item.verdict),
            value: item.value,
            unit: item.unit,
            derived: item.derived,
            limit: item.limit,
            confidence: item
                .confidence
                .map(|confidence| confidence.as_str().to_owned())
                .unwrap_or_default(),
            source: item.source,
            reason: item.reason,
        }
    }
}

impl From<Difference> for pb::VehicleDifference {
    fn from(difference: Difference) -> Self {
        Self {
            field: difference.field,
            reported: difference.reported,
            registered: difference.registered,
        }
    }
}

impl From<Notice> for pb::Notice {
    fn from(notice: Notice) -> Self {
        Self {
            code: notice.code,
            message: notice.message,
        }
    }
}
