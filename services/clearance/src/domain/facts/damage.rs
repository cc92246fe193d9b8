//! Damage that the evidence shows joins what the exporter declares: a declared "none" never hides a record.

use serde_json::{Value, json};

use super::super::evidence::{FactMap, Gathered};

const FACT: &str = "vehicle.damage";

/// Adds the damage shown by repair records and by the inspection.
pub(super) fn add(facts: &mut FactMap, gathered: &Gathered) {
    let mut shown: Vec<String> = Vec::new();
    if let Some(inspection) = &gathered.inspection {
        shown.extend(inspection.damage.iter().cloned());
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
                .map(|(_, word)| word.to_owned()),
        );
    }
    shown.sort_unstable();
    shown.dedup();
    if shown.is_empty() {
        return;
    }
    let joined = match facts.get(FACT) {
        // An exact list grows by what is shown.
        Some(Value::Array(declared)) => {
            let more = shown.iter().filter(|word| !declared.contains(&json!(word)));
            Value::Array(
                declared
                    .iter()
                    .cloned()
                    .chain(more.map(|word| json!(word)))
                    .collect(),
            )
        }
        Some(Value::Object(bounds)) => {
            let list = |key: &str| {
                bounds
                    .get(key)
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default()
            };
            let mut has = list("has");
            has.extend(shown.iter().map(|word| json!(word)));
            has.dedup();
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
    use crate::domain::evidence::{InspectionEvidence, MaintenanceEvidence};

    fn shown_with(declared: Option<Value>) -> Value {
        let mut facts: FactMap = declared
            .map(|value| (FACT.to_owned(), value))
            .into_iter()
            .collect();
        let gathered = Gathered {
            vehicle: None,
            inspection: Some(InspectionEvidence {
                damage: vec!["structural".into()],
                ..InspectionEvidence::default()
            }),
            maintenance: Some(MaintenanceEvidence {
                flood: true,
                ..MaintenanceEvidence::default()
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
        let bounds = json!({ "has": [], "not": ["flood", "fire"] });
        assert_eq!(
            shown_with(Some(bounds)),
            json!({ "has": ["flood", "structural"], "not": ["fire"] })
        );
    }
}
