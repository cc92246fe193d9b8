//! The values of a report in the catalogue's units, with what follows from raw forces and loads.

use super::place;
use crate::domain::catalogue::{Catalogue, Kind};
use crate::domain::derive::{self, TOLERANCE, Values};
use crate::domain::judge::figure;
use crate::domain::report::Report;
use crate::domain::{Wrong, unit};

/// The stated values in catalogue units; notes unknown items, units, places, doubles and impossible numbers.
pub(super) fn values(catalogue: &Catalogue, report: &Report, wrong: &mut Vec<Wrong>) -> Values {
    let mut values = Values::new();
    for (index, given) in report.measurements.iter().enumerate() {
        let mut note = |part: &str, text: String| {
            wrong.push(Wrong::new(format!("measurements[{index}].{part}"), text));
        };
        let Some(item) = catalogue
            .item(&given.item)
            .filter(|item| item.kind != Kind::Checked)
        else {
            note(
                "item",
                format!("{:?} is not a measured item of the catalogue", given.item),
            );
            continue;
        };
        if !place::is_valid(item.place, &given.position, report.vehicle.axles) {
            let places = place::all(item.place, &report.vehicle).join(", ");
            note(
                "position",
                format!(
                    "{:?} is not a place of {} (such as {places:?})",
                    given.position, item.id
                ),
            );
        }
        let Some(value) = unit::convert(given.value, &given.unit, &item.unit) else {
            note(
                "unit",
                format!(
                    "{:?} does not measure {}, which is in {}",
                    given.unit, item.id, item.unit
                ),
            );
            continue;
        };
        let plausible = item
            .plausible
            .is_some_and(|(low, high)| (low..=high).contains(&value));
        if !plausible {
            let (low, high) = item.plausible.unwrap_or_default();
            note(
                "value",
                format!(
                    "{value} {} is not possible (an instrument shows {low} to {high})",
                    item.unit
                ),
            );
        }
        let key = (item.id.clone(), given.position.clone());
        if values.insert(key, value).is_some() {
            note(
                "position",
                format!("{} at {:?} is given twice", item.id, given.position),
            );
        }
    }
    for (index, finding) in report.findings.iter().enumerate() {
        let known = catalogue
            .item(&finding.item)
            .is_some_and(|item| item.kind == Kind::Checked);
        let twice = report.findings[..index]
            .iter()
            .any(|other| other.item == finding.item);
        if !known {
            let text = format!("{:?} is not a checked item of the catalogue", finding.item);
            wrong.push(Wrong::new(format!("findings[{index}].item"), text));
        } else if twice {
            wrong.push(Wrong::new(
                format!("findings[{index}].item"),
                format!("{} is given twice", finding.item),
            ));
        }
    }
    values
}

/// Adds what follows from raw forces and loads; notes stated ratios that do not follow from them.
pub(super) fn with_derived(
    catalogue: &Catalogue,
    report: &Report,
    stated: &Values,
    wrong: &mut Vec<Wrong>,
) -> Values {
    let mut all = stated.clone();
    let mut found = Vec::new();
    for axle in 1..=report.vehicle.axles {
        let position = format!("axle{axle}");
        let front = axle <= report.vehicle.front_axles;
        found.push((
            "brake.axle_ratio",
            position.clone(),
            derive::axle_ratio(stated, &position),
        ));
        found.push((
            "brake.imbalance",
            position.clone(),
            derive::imbalance(stated, &position, front),
        ));
    }
    found.push((
        "brake.total_ratio",
        String::new(),
        derive::total_ratio(stated, report.vehicle.axles),
    ));
    for (item, position, derived) in found {
        let (Some(derived), Some(known)) = (derived, catalogue.item(item)) else {
            continue;
        };
        let key = (item.to_owned(), position.clone());
        match all.get(&key) {
            Some(stated) if (stated - derived).abs() > TOLERANCE => wrong.push(Wrong::new(
                format!("measurements[{item}@{position}]"),
                format!(
                    "{} {unit} does not follow from the forces and loads, which give {} {unit}",
                    figure(*stated),
                    figure(derived),
                    unit = known.unit
                ),
            )),
            Some(_) => {}
            None => {
                all.insert(key, derived);
            }
        }
    }
    all
}
