//! Damage that the evidence shows joins what was declared: a declared "none" never hides a record.

use serde_json::{Value, json};

use super::{FactMap, Gathered};

/// The fact that holds damage.
pub(super) const FACT: &str = "vehicle.damage";

/// Adds the damage shown by repair records and by the inspection.
pub(super) fn add(facts: &mut FactMap, gathered: &Gathered) {
    let mut shown: Vec<&str> = Vec::new();
    if let Some(inspection) = &gathered.inspection {
        shown.extend(inspection.damage.iter().map(String::as_str));
    }
    if let Some(records) = &gathered.maintenance {
        let signs = [
            (records.structural, "structural"),
            (records.flood, "flood"),
            (records.fire, "fire"),
        ];
        shown.extend(
            signs
                .into_iter()
                .filter(|(sign, _)| *sign)
                .map(|(_, word)| word),
        );
    }
    shown.sort_unstable();
    shown.dedup();
    if shown.is_empty() {
        return;
    }
    let missing_from = |list: &[Value]| -> Vec<Value> {
        let fresh = shown.iter().map(|word| json!(word));
        fresh.filter(|word| !list.contains(word)).collect()
    };
    let joined = match facts.get(FACT) {
        // An exact list grows by what is shown.
        Some(Value::Array(declared)) => {
            let mut declared = declared.clone();
            declared.extend(missing_from(&declared));
            Value::Array(declared)
        }
        Some(Value::Object(bounds)) => {
            let list = |key: &str| {
                let list = bounds.get(key).and_then(Value::as_array);
                list.cloned().unwrap_or_default()
            };
            let mut has = list("has");
            has.extend(missing_from(&has));
            let not: Vec<Value> = list("not")
                .into_iter()
                .filter(|word| !has.contains(word))
                .collect();
            json!({ "has": has, "not": not })
        }
        // Nothing declared: what is shown is there, the rest is not known.
        _ => json!({ "has": shown, "not": [] }),
    };
    facts.insert(FACT.to_owned(), joined);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Inspection, Maintenance};

    fn shown_with(declared: Option<Value>) -> Value {
        let mut facts: FactMap = declared
            .map(|value| (FACT.to_owned(), value))
            .into_iter()
            .collect();
        let gathered = Gathered {
            vehicle: None,
            inspection: Some(Inspection {
                damage: vec!["structural".into()],
                ..Inspection::default()
            }),
            maintenance: Some(Maintenance {
                flood: true,
                ..Maintenance::default()
            }),
        };
        add(&mut facts, &gathered);
        facts[FACT].clone()
    }

    #[test]
    fn a_declared_none_does_not_hide_what_the_records_show() {
        assert_eq!(shown_with(Some(json!([]))), json!(["flood", "structural"]));
        assert_eq!(
            shown_with(Some(json!(["hail"]))),
            json!(["hail", "flood", "structural"])
        );
    }

    #[test]
    fn what_nobody_declared_stays_unknown_beside_what_is_shown() {
        assert_eq!(
            shown_with(None),
            json!({ "has": ["flood", "structural"], "not": [] })
        );
        let bounds = json!({ "has": ["flood"], "not": ["structural", "fire"] });
        assert_eq!(
            shown_with(Some(bounds)),
            json!({ "has": ["flood", "structural"], "not": ["fire"] })
        );
    }
}
