//! Evidence turned into the facts that the rule packs read, by name. What nobody knows is left out:
//! an unknown is not a pass.

use serde_json::{Value, json};

use super::codes::{body, colour, situation, standard, use_nature};
use super::{FactMap, Gathered, Inspection, Maintenance, Vehicle, damage};
use crate::{Odometer, PartialDate, Vin};

/// What the evidence says of a vehicle, by fact name, nothing declared among it. The reading of the
/// inspection goes before those of the registry.
pub fn known(vin: Vin, gathered: &Gathered) -> FactMap {
    let mut facts = FactMap::new();
    if let Some(vehicle) = &gathered.vehicle {
        facts.extend(of_vehicle(vin, vehicle));
    }
    if let Some(inspection) = &gathered.inspection {
        facts.extend(of_inspection(inspection));
        if inspection.verdict == "FAILED" {
            add_situation(&mut facts, "inspection_failed");
        }
    }
    if let Some(maintenance) = &gathered.maintenance {
        facts.extend(of_maintenance(maintenance));
    }
    facts
}

/// Adds what was declared where nothing better is known, then the damage the evidence shows, then the
/// body as the type code says it, which is only rough.
pub fn complete(facts: &mut FactMap, declared: &FactMap, gathered: &Gathered) {
    for (name, value) in declared {
        facts.entry(name.clone()).or_insert_with(|| value.clone());
    }
    damage::add(facts, gathered);
    let body = gathered
        .vehicle
        .as_ref()
        .map_or("", |vehicle| body(&vehicle.vehicle_type));
    if !body.is_empty() {
        facts
            .entry("vehicle.body".to_owned())
            .or_insert_with(|| body.into());
    }
}

/// What the registry says of a vehicle, by fact name.
pub fn of_vehicle(vin: Vin, vehicle: &Vehicle) -> FactMap {
    let mut facts = Facts::default();
    identity(&mut facts, vin, vehicle);
    build(&mut facts, vehicle);
    standing(&mut facts, vehicle);
    facts.0
}

/// What an inspection says, by fact name; whose client the exporter is, only a case can tell.
pub fn of_inspection(inspection: &Inspection) -> FactMap {
    let mut facts = Facts::default();
    let passed = match inspection.verdict.as_str() {
        _ if inspection.under_review => None,
        "PASSED" | "PASSED_WITH_WARNINGS" => Some(true),
        "FAILED" => Some(false),
        _ => None,
    };
    facts.maybe("inspection.passed", passed);
    facts.set("inspection.standard", standard(&inspection.standard));
    facts.date("inspection.performed", inspection.date);
    facts.set(
        "inspection.body_accredited",
        inspection.accredited && !inspection.under_review,
    );
    facts.maybe(
        "vehicle.battery_soh_percent",
        inspection.battery_soh_percent,
    );
    facts.maybe(
        "vehicle.odometer_km",
        inspection.odometer.map(Odometer::to_km),
    );
    facts.0
}

/// What the maintenance records say, by fact name. Records too old to be relied on clear nobody: only
/// the damage they show stands.
pub fn of_maintenance(maintenance: &Maintenance) -> FactMap {
    let mut facts = Facts::default();
    let expired = maintenance.freshness == "expired";
    if !expired {
        facts.text("maintenance.outcome", &maintenance.outcome);
        facts.text(
            "maintenance.odometer_verdict",
            &maintenance.odometer_verdict,
        );
        facts.maybe("maintenance.minimum_true_km", maintenance.minimum_true_km);
    }
    let found = !expired && matches!(maintenance.outcome.as_str(), "found" | "found_partial");
    // Nothing found in a full history says "no sign of it"; without a history nothing is said.
    for (name, sign) in [
        ("maintenance.structural_damage", maintenance.structural),
        ("maintenance.flood", maintenance.flood),
        ("maintenance.fire", maintenance.fire),
    ] {
        if sign || found {
            facts.set(name, sign);
        }
    }
    facts.0
}

#[derive(Default)]
struct Facts(FactMap);

impl Facts {
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn maybe<T: Into<Value>>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.set(name, value);
        }
    }

    fn date(&mut self, name: &str, value: Option<PartialDate>) {
        self.maybe(name, value.map(|date| date.to_string()));
    }
}

fn identity(facts: &mut Facts, vin: Vin, vehicle: &Vehicle) {
    facts.text("vehicle.category", &vehicle.category);
    facts.text("vehicle.use_nature", use_nature(&vehicle.use_nature));
    facts.text("vehicle.make", &vehicle.brand);
    facts.text("vehicle.model", &vehicle.model);
    facts.set("vehicle.wmi", vin.wmi());
    if !vehicle.imported && vin.as_str().starts_with('L') {
        facts.set("vehicle.origin_country", "CN");
    }
    facts.set("vehicle.last_registration_country", "CN");
    facts.text("vehicle.colour", colour(&vehicle.colour));
    facts.text("vehicle.steering", &vehicle.steering);
    facts.date("vehicle.manufactured", vehicle.manufactured);
    facts.date("vehicle.first_registered", vehicle.first_registered);
    facts.maybe(
        "vehicle.ever_registered",
        vehicle.first_registered.map(|_| true),
    );
    facts.maybe("vehicle.title_model_year", vehicle.model_year);
    facts.maybe("vehicle.model_year", vehicle.model_year);
}

fn build(facts: &mut Facts, vehicle: &Vehicle) {
    facts.maybe("vehicle.seats", vehicle.seats);
    facts.maybe("vehicle.gross_mass_kg", vehicle.gross_mass_kg);
    facts.maybe("vehicle.curb_mass_kg", vehicle.curb_mass_kg);
    facts.maybe("vehicle.engine_cc", vehicle.engine_cc);
    facts.maybe("vehicle.power_kw", vehicle.power_kw);
    // A trailer has no engine, and no word of the schema for that.
    if vehicle.powertrain != "NONE" {
        facts.text("vehicle.powertrain", &vehicle.powertrain);
        facts.set(
            "vehicle.engine_number_present",
            !vehicle.engine_number.is_empty(),
        );
    }
    facts.text(
        "vehicle.fuel",
        if vehicle.powertrain == "BEV" {
            "electric"
        } else {
            &vehicle.fuel
        },
    );
    // One family a registration: a declared stage of another family stands beside it.
    if let Some((family, _)) = vehicle.emission_stage.split_once('.') {
        facts.text(
            &format!("vehicle.emission_standard.{family}"),
            &vehicle.emission_stage,
        );
    }
    let newest = vehicle.readings.last();
    facts.maybe(
        "vehicle.odometer_km",
        newest.map(|reading| reading.odometer.to_km()),
    );
}

fn standing(facts: &mut Facts, vehicle: &Vehicle) {
    let has = |kind: &str| vehicle.burdens.iter().any(|burden| burden == kind);
    facts.set("registry.encumbered", has("MORTGAGE") || has("PLEDGE"));
    facts.set("registry.customs_supervision", has("CUSTOMS_SUPERVISION"));
    facts.date(
        "registry.transfer_pending_export",
        vehicle.transfer.as_ref().and_then(|transfer| transfer.date),
    );
    facts.maybe("registry.scrap_limit_applies", vehicle.scrap_limited);
    facts.date("registry.scrap_limit_date", vehicle.scrap_limit);
    facts.set("registry.deregistered", vehicle.deregistered.is_some());
    facts.date("registry.deregistration_date", vehicle.deregistered);
    facts.set("registry.modified", vehicle.modified);
    let numbers = vehicle.prohibitions.iter();
    let mut situations: Vec<&str> = numbers
        .filter_map(|prohibition| situation(prohibition.number))
        .collect();
    situations.sort_unstable();
    situations.dedup();
    if vehicle.status_known {
        facts.set("registry.status", json!(vehicle.status_letters));
        facts.set("registry.prohibited", json!(situations));
        facts.set(
            "vehicle.stolen",
            vehicle.status_letters.iter().any(|letter| letter == "C"),
        );
    } else {
        // Never read from the police: what was found stands, nothing is ruled out.
        facts.set(
            "registry.prohibited",
            json!({ "has": situations, "not": [] }),
        );
    }
}

/// Adds a prohibited situation to those the registry shows, where the registry said anything at all.
fn add_situation(facts: &mut FactMap, word: &str) {
    let list = match facts.get_mut("registry.prohibited") {
        Some(Value::Object(bounds)) => bounds.get_mut("has"),
        exact => exact,
    };
    if let Some(list) = list.and_then(Value::as_array_mut)
        && !list.contains(&json!(word))
    {
        list.push(json!(word));
        list.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Prohibition;

    fn vin() -> Vin {
        "LSVWY4180KN246094".parse().unwrap()
    }

    fn gathered() -> Gathered {
        Gathered {
            vehicle: Some(Vehicle {
                vehicle_type: "K33".into(),
                emission_stage: "china.6b".into(),
                status_known: true,
                prohibitions: vec![Prohibition {
                    number: 2,
                    ..Prohibition::default()
                }],
                ..Vehicle::default()
            }),
            inspection: Some(Inspection {
                verdict: "FAILED".into(),
                battery_soh_percent: Some(82.4),
                ..Inspection::default()
            }),
            maintenance: Some(Maintenance {
                outcome: "found".into(),
                flood: true,
                ..Maintenance::default()
            }),
        }
    }

    #[test]
    fn evidence_beats_what_is_declared() {
        let declared = FactMap::from([
            ("vehicle.battery_soh_percent".to_owned(), json!(96)),
            ("vehicle.damage".to_owned(), json!([])),
            ("vehicle.body".to_owned(), json!("estate")),
            ("vehicle.emission_standard.euro".to_owned(), json!("euro.6")),
        ]);
        let mut facts = known(vin(), &gathered());
        complete(&mut facts, &declared, &gathered());
        assert_eq!(facts["vehicle.battery_soh_percent"], json!(82.4));
        assert_eq!(facts["vehicle.damage"], json!(["flood"]));
        assert_eq!(facts["vehicle.body"], "estate", "a type code is only rough");
        assert_eq!(facts["vehicle.emission_standard.euro"], "euro.6");
        assert_eq!(facts["vehicle.emission_standard.china"], "china.6b");
    }

    #[test]
    fn a_failed_inspection_is_a_prohibited_situation_of_its_own() {
        let facts = known(vin(), &gathered());
        assert_eq!(
            facts["registry.prohibited"],
            json!(["encumbered_or_supervised", "inspection_failed"])
        );
        let mut unread = gathered();
        unread.vehicle.as_mut().unwrap().status_known = false;
        assert_eq!(
            known(vin(), &unread)["registry.prohibited"],
            json!({ "has": ["encumbered_or_supervised", "inspection_failed"], "not": [] })
        );
    }

    #[test]
    fn expired_records_clear_nobody_and_their_damage_stands() {
        let mut old = gathered();
        old.maintenance.as_mut().unwrap().freshness = "expired".into();
        let facts = known(vin(), &old);
        assert_eq!(facts["maintenance.flood"], true);
        assert!(!facts.contains_key("maintenance.fire"));
        assert!(!facts.contains_key("maintenance.outcome"));
    }

    #[test]
    fn what_nobody_asked_is_not_there() {
        assert!(known(vin(), &Gathered::default()).is_empty());
    }
}
