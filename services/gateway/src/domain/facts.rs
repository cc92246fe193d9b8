//! Facts by dotted name, listed by a marketplace or known by a service.

use std::collections::BTreeMap;

use serde_json::Value;
use tongguan_vocabulary::Vin;
use tongguan_vocabulary::evidence::{self, Gathered};

/// Facts by dotted name, such as `vehicle.first_registered`. What is not known is not there.
pub(crate) type Facts = BTreeMap<String, Value>;

/// A fact that the listing and a service state differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contradiction {
    pub(crate) fact: String,
    pub(crate) listed: String,
    pub(crate) known: String,
    pub(crate) source: &'static str,
}

/// Names every leaf of nested objects by its path; lists and the sets of `has`/`not` are leaves.
pub(crate) fn flatten(facts: serde_json::Map<String, Value>) -> Facts {
    let mut flat = Facts::new();
    for (name, value) in facts {
        descend(name, value, &mut flat);
    }
    flat
}

fn descend(name: String, value: Value, flat: &mut Facts) {
    match value {
        Value::Object(inner) if !inner.is_empty() && !inner.contains_key("has") => {
            for (part, value) in inner {
                descend(format!("{name}.{part}"), value, flat);
            }
        }
        Value::Null => {}
        value => {
            flat.insert(name, value);
        }
    }
}

/// Adds everything the services know of a car, as the decision reads it, and tells what the listing
/// states differently.
pub(crate) fn learn_all(facts: &mut Facts, vin: Vin, gathered: &Gathered) -> Vec<Contradiction> {
    let mut told = Vec::new();
    if let Some(vehicle) = &gathered.vehicle {
        told.extend(learn(facts, evidence::of_vehicle(vin, vehicle), "registry"));
    }
    if let Some(inspection) = &gathered.inspection {
        told.extend(learn(
            facts,
            evidence::of_inspection(inspection),
            "inspection",
        ));
    }
    if let Some(records) = &gathered.maintenance {
        told.extend(learn(
            facts,
            evidence::of_maintenance(records),
            "maintenance",
        ));
    }
    facts.extend(evidence::known(vin, gathered));
    let listed = facts.get("vehicle.damage").cloned();
    evidence::complete(facts, &Facts::new(), gathered);
    if let Some((listed, known)) = listed.zip(facts.get("vehicle.damage"))
        && listed != *known
    {
        let by_inspection = gathered
            .inspection
            .as_ref()
            .is_some_and(|inspection| !inspection.damage.is_empty());
        told.push(Contradiction {
            fact: "vehicle.damage".to_owned(),
            listed: text(&listed),
            known: text(known),
            source: if by_inspection {
                "inspection"
            } else {
                "maintenance"
            },
        });
    }
    told
}

/// Adds what a service knows to what is listed: the service's word stands, differences are noted.
fn learn(facts: &mut Facts, known: Facts, source: &'static str) -> Vec<Contradiction> {
    let mut contradictions = Vec::new();
    for (fact, value) in known {
        if let Some(listed) = facts.get(&fact).filter(|listed| !agree(listed, &value)) {
            contradictions.push(Contradiction {
                fact: fact.clone(),
                listed: text(listed),
                known: text(&value),
                source,
            });
        }
        facts.insert(fact, value);
    }
    contradictions
}

/// Whether two values may be the same thing: numbers by value, and a date that is less exact agrees
/// with one that begins with it.
fn agree(listed: &Value, known: &Value) -> bool {
    match (listed, known) {
        (Value::Number(listed), Value::Number(known)) => listed.as_f64() == known.as_f64(),
        (Value::String(listed), Value::String(known)) => {
            let (short, long) = if listed.len() < known.len() {
                (listed, known)
            } else {
                (known, listed)
            };
            listed.eq_ignore_ascii_case(known)
                || long
                    .strip_prefix(short.as_str())
                    .is_some_and(|rest| rest.starts_with('-'))
        }
        _ => listed == known,
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn flat(value: Value) -> Facts {
        flatten(value.as_object().unwrap().clone())
    }

    #[test]
    fn nested_and_flat_facts_are_the_same_and_null_is_not_known() {
        let nested = flat(
            json!({"vehicle": {"seats": 5, "emission_standard": {"china": "china.6b"}, "doors": null}}),
        );
        let dotted =
            flat(json!({"vehicle.seats": 5, "vehicle.emission_standard.china": "china.6b"}));
        assert_eq!(nested, dotted);
        assert_eq!(
            flat(json!({"registry.prohibited": {"has": [], "not": []}})).len(),
            1
        );
    }

    #[test]
    fn damage_in_the_records_beats_a_listing_without_any() {
        let mut facts = flat(json!({"vehicle.damage": [], "vehicle.battery_soh_percent": 96}));
        let gathered = Gathered {
            vehicle: None,
            inspection: Some(evidence::Inspection {
                battery_soh_percent: Some(82.4),
                ..Default::default()
            }),
            maintenance: Some(evidence::Maintenance {
                outcome: "found".into(),
                flood: true,
                ..Default::default()
            }),
        };
        let told = learn_all(&mut facts, "LSVWY4180KN246094".parse().unwrap(), &gathered);
        assert_eq!(facts["vehicle.damage"], json!(["flood"]));
        assert_eq!(facts["vehicle.battery_soh_percent"], json!(82.4));
        let named: Vec<&str> = told.iter().map(|one| one.fact.as_str()).collect();
        assert_eq!(named, ["vehicle.battery_soh_percent", "vehicle.damage"]);
    }

    #[test]
    fn a_service_knows_better_and_the_difference_is_told() {
        let mut facts = flat(
            json!({"vehicle.seats": 5, "vehicle.first_registered": "2019-01", "vehicle.make": "vw", "trip.arrival": "2026-05-01"}),
        );
        let known = flat(
            json!({"vehicle.seats": 7.0, "vehicle.first_registered": "2019-01-15", "vehicle.make": "VW", "vehicle.doors": 5}),
        );
        let told = learn(&mut facts, known, "registry");
        assert_eq!(told.len(), 1);
        assert_eq!(
            (
                told[0].fact.as_str(),
                told[0].listed.as_str(),
                told[0].known.as_str()
            ),
            ("vehicle.seats", "5", "7.0")
        );
        assert_eq!(facts["vehicle.first_registered"], "2019-01-15");
        assert_eq!(facts["trip.arrival"], "2026-05-01");
        assert_eq!(facts.len(), 5);
    }
}
