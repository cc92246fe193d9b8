//! Facts by dotted name, listed by a marketplace or known by a service.

use std::collections::BTreeMap;

use serde_json::Value;

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

/// Adds what a service knows to what is listed: the service's word stands, differences are noted.
pub(crate) fn learn(facts: &mut Facts, known: Facts, source: &'static str) -> Vec<Contradiction> {
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
