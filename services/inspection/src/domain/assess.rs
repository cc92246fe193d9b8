//! From a whole report to a verdict per item and overall, computed from the catalogue alone.

use serde::{Deserialize, Serialize};

use super::Wrong;
use super::catalogue::{Catalogue, Confidence, Item, Kind, Presence, Standard};
use super::condition::{End, Facts};
use super::derive::Values;
use super::judge::{ItemVerdict, judge};
use super::report::{Found, Report, Vehicle};
use values::{values, with_derived};

mod place;
mod values;

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
