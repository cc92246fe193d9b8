//! From a whole report to a verdict per item and overall, computed from the catalogue alone.

use serde::{Deserialize, Serialize};

use super::catalogue::{Catalogue, Confidence, Item, Kind, Presence, Standard};
use super::condition::{End, Facts};
use super::derive::{self, TOLERANCE, Values};
use super::judge::{ItemVerdict, figure, judge};
use super::report::{Found, Report, Vehicle};
use super::{Wrong, unit};

mod place;

/// What a whole report came to, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Every item passes.
    Passed,
    /// Nothing fails or is referred; something warns.
    PassedWithWarnings,
    /// Nothing fails; a person decides something.
    Referred,
    /// Something fails.
    Failed,
}

impl Verdict {
    /// The word in tables and events.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::PassedWithWarnings => "passed_with_warnings",
            Self::Referred => "referred",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing stands in the way as far as the inspection goes.
    pub(crate) fn is_pass(self) -> bool {
        matches!(self, Self::Passed | Self::PassedWithWarnings)
    }
}

/// One judged item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ItemResult {
    /// Catalogue item.
    pub(crate) item: String,
    /// Where.
    pub(crate) position: String,
    /// What it came to.
    pub(crate) verdict: ItemVerdict,
    /// In the catalogue's unit.
    #[serde(with = "super::exact::optional")]
    pub(crate) value: Option<f64>,
    /// The catalogue's unit.
    pub(crate) unit: String,
    /// Computed from forces and loads.
    pub(crate) derived: bool,
    /// In words.
    pub(crate) limit: String,
    /// How sure the limit is.
    pub(crate) confidence: Option<Confidence>,
    /// Where it was read.
    pub(crate) source: String,
    /// Why, where it is not a plain pass.
    pub(crate) reason: String,
}

/// What a report came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Assessment {
    /// Version of the catalogue.
    pub(crate) catalogue: String,
    /// Every item.
    pub(crate) items: Vec<ItemResult>,
    /// The whole.
    pub(crate) verdict: Verdict,
}

/// Why a report is not judged: everything that is wrong, and everything that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Unfit {
    /// Wrong fields.
    pub(crate) wrong: Vec<Wrong>,
    /// Mandatory items left out.
    pub(crate) missing: Vec<Wrong>,
}

/// Judges a report by a standard of the catalogue.
pub(crate) fn assess(
    catalogue: &Catalogue,
    standard: &Standard,
    report: &Report,
) -> Result<Assessment, Unfit> {
    let mut unfit = Unfit::default();
    if !standard.categories.contains(&report.vehicle.category) {
        let text = format!(
            "{} is not for category {}",
            standard.id, report.vehicle.category
        );
        unfit.wrong.push(Wrong::new("standard", text));
    }
    unfit.wrong.extend(report.vehicle.wrong());
    let stated = values(catalogue, report, &mut unfit.wrong);
    let complete = with_derived(catalogue, report, &stated, &mut unfit.wrong);
    let mut items = Vec::new();
    for item in &catalogue.items {
        match item.kind {
            Kind::Checked => check(item, report, &mut items, &mut unfit),
            Kind::Measured | Kind::Recorded => {
                measure(item, report, &stated, &complete, &mut items, &mut unfit);
            }
        }
    }
    if unfit != Unfit::default() {
        return Err(unfit);
    }
    let worst = items
        .iter()
        .map(|item| item.verdict)
        .max()
        .unwrap_or(ItemVerdict::Refer);
    let verdict = match worst {
        ItemVerdict::Fail => Verdict::Failed,
        ItemVerdict::Refer => Verdict::Referred,
        ItemVerdict::Warn => Verdict::PassedWithWarnings,
        ItemVerdict::Pass | ItemVerdict::Recorded | ItemVerdict::NotApplicable => Verdict::Passed,
    };
    Ok(Assessment {
        catalogue: catalogue.version.clone(),
        items,
        verdict,
    })
}

/// What is known of the vehicle, at an axle where one is meant.
pub(crate) fn facts(vehicle: &Vehicle, laden: bool, axle: Option<u8>) -> Facts {
    Facts {
        category: vehicle.category,
        powertrain: vehicle.powertrain,
        fuel: vehicle.fuel,
        chemistry: vehicle.chemistry,
        curb_mass_kg: vehicle.curb_mass_kg,
        gross_mass_kg: vehicle.gross_mass_kg,
        headlamps: vehicle.headlamps,
        max_speed_kmh: vehicle.max_speed_kmh,
        laden,
        end: axle.map(|axle| {
            if axle <= vehicle.front_axles {
                End::Front
            } else {
                End::Rear
            }
        }),
        axle_ratio: None,
    }
}

/// The stated values in catalogue units; notes unknown items, units, places, doubles and impossible numbers.
fn values(catalogue: &Catalogue, report: &Report, wrong: &mut Vec<Wrong>) -> Values {
    let mut values = Values::new();
    for (index, given) in report.measurements.iter().enumerate() {
        let mut note = |part: &str, text: String| {
            wrong.push(Wrong::new(format!("measurements[{index}].{part}"), text))
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
fn with_derived(
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

fn check(item: &Item, report: &Report, items: &mut Vec<ItemResult>, unfit: &mut Unfit) {
    let facts = facts(&report.vehicle, report.vehicle.laden, None);
    let applies = item.is_for(&facts);
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.item == item.id);
    let (verdict, reason) = match finding {
        None if !applies || item.presence == Presence::Optional => return,
        None if item.presence == Presence::Mandatory => {
            unfit.missing.push(Wrong::new(
                "findings",
                format!("{} is missing: {}", item.id, item.text.en),
            ));
            return;
        }
        None => (ItemVerdict::Warn, "not reported".to_owned()),
        Some(_) if !applies => (ItemVerdict::NotApplicable, String::new()),
        Some(finding) => match finding.found {
            Found::Conforming => (ItemVerdict::Pass, String::new()),
            Found::Nonconforming => (
                item.nonconforming.unwrap_or(ItemVerdict::Refer),
                if finding.note.is_empty() {
                    "found not in order".to_owned()
                } else {
                    finding.note.clone()
                },
            ),
            Found::NotApplicable if item.presence == Presence::Mandatory => {
                unfit.missing.push(Wrong::new(
                    "findings",
                    format!("{} can not be left out as not applicable", item.id),
                ));
                return;
            }
            Found::NotApplicable => (ItemVerdict::NotApplicable, String::new()),
        },
    };
    items.push(result(item, String::new(), verdict, reason));
}

fn measure(
    item: &Item,
    report: &Report,
    stated: &Values,
    all: &Values,
    items: &mut Vec<ItemResult>,
    unfit: &mut Unfit,
) {
    let vehicle = &report.vehicle;
    let applies = item.is_for(&facts(vehicle, vehicle.laden, None));
    let given: Vec<_> = all.iter().filter(|((id, _), _)| *id == item.id).collect();
    for ((_, position), value) in &given {
        let axle = place::axle(position);
        let mut facts = facts(vehicle, vehicle.laden, axle);
        if let Some(axle) = axle {
            facts.axle_ratio = all
                .get(&("brake.axle_ratio".to_owned(), format!("axle{axle}")))
                .copied();
        }
        let judged = judge(item, &facts, **value);
        items.push(ItemResult {
            verdict: if applies {
                judged.verdict
            } else {
                ItemVerdict::NotApplicable
            },
            value: Some(**value),
            derived: !stated.contains_key(&(item.id.clone(), position.clone())),
            limit: judged.limit,
            confidence: judged.confidence,
            source: judged.source,
            reason: judged.reason,
            ..result(item, position.clone(), ItemVerdict::Recorded, String::new())
        });
    }
    let replaced = all.keys().any(|(id, _)| item.instead.contains(id));
    if !applies || item.presence == Presence::Optional || replaced {
        return;
    }
    let places = place::all(item.place, vehicle);
    let left_out = places.into_iter().filter(|place| {
        !given
            .iter()
            .any(|((_, position), _)| position.starts_with(place.as_str()))
    });
    for place in left_out {
        if item.presence == Presence::Mandatory {
            let at = if place.is_empty() {
                String::new()
            } else {
                format!(" at {place}")
            };
            let text = format!(
                "{}{at} is missing: {} ({})",
                item.id, item.text.en, item.unit
            );
            unfit.missing.push(Wrong::new("measurements", text));
        } else {
            items.push(result(
                item,
                place,
                ItemVerdict::Warn,
                "not reported".to_owned(),
            ));
        }
    }
}

fn result(item: &Item, position: String, verdict: ItemVerdict, reason: String) -> ItemResult {
    ItemResult {
        item: item.id.clone(),
        position,
        verdict,
        value: None,
        unit: item.unit.clone(),
        derived: false,
        limit: String::new(),
        confidence: Some(item.confidence),
        source: item.source.clone(),
        reason,
    }
}

#[cfg(test)]
mod tests;
