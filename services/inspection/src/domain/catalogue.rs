//! The catalogue of items and limits: data files of `catalogue/`, read and checked once at start.

mod versions;

use serde::{Deserialize, Serialize};
use tongguan_vocabulary::PartialDate;

use super::condition::{Condition, Facts, Holds};
use super::judge::ItemVerdict;
use super::unit;
use super::vehicle::Category;

pub(crate) use versions::Catalogues;

/// Every file of `catalogue/`: one version each.
const BUNDLED: &[&str] = include!(concat!(env!("OUT_DIR"), "/catalogues.rs"));

/// How sure a figure is: A and B may fail a vehicle, C only warns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Confidence {
    A,
    B,
    C,
}

impl Confidence {
    /// The letter.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }
}

/// How an item is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// By a number compared with limits.
    Measured,
    /// By a finding.
    Checked,
    /// By a number that is kept.
    Recorded,
}

/// Whether a report must answer an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Presence {
    /// Else it is refused.
    Mandatory,
    /// Else it warns.
    Expected,
    /// It may be left out.
    Optional,
}

/// Where an item is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// Once for the vehicle.
    #[default]
    Vehicle,
    /// On each axle.
    Axle,
    /// On each wheel.
    Wheel,
    /// On each main head lamp side.
    Lamp,
}

impl Place {
    /// The word in the data file.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Vehicle => "vehicle",
            Self::Axle => "axle",
            Self::Wheel => "wheel",
            Self::Lamp => "lamp",
        }
    }
}

/// Another reading of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dispute {
    /// Least value under that reading.
    #[serde(default)]
    pub(crate) min: Option<f64>,
    /// Greatest value under that reading.
    #[serde(default)]
    pub(crate) max: Option<f64>,
    /// Where that reading comes from.
    pub(crate) source: String,
}

/// A limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limit {
    /// What it is for.
    #[serde(default)]
    pub(crate) when: Condition,
    /// Least value that passes.
    #[serde(default)]
    pub(crate) min: Option<f64>,
    /// Greatest value that passes.
    #[serde(default)]
    pub(crate) max: Option<f64>,
    /// How sure it is.
    pub(crate) confidence: Confidence,
    /// What a breach leads to, where it is not what the confidence says.
    #[serde(default)]
    pub(crate) breach: Option<ItemVerdict>,
    /// Where it was read.
    pub(crate) source: String,
    /// Another reading.
    #[serde(default)]
    pub(crate) dispute: Option<Dispute>,
}

impl Limit {
    /// What a value outside leads to: fail for confidence A and B, warn for C, unless the data say something milder.
    pub(crate) fn breach(&self) -> ItemVerdict {
        self.breach.unwrap_or(match self.confidence {
            Confidence::A | Confidence::B => ItemVerdict::Fail,
            Confidence::C => ItemVerdict::Warn,
        })
    }
}

/// An item's text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    /// English.
    pub(crate) en: String,
    /// Chinese.
    pub(crate) zh: String,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    /// Stable id.
    pub(crate) id: String,
    /// How it is answered.
    pub(crate) kind: Kind,
    /// Whether it must be.
    pub(crate) presence: Presence,
    /// Items that answer it as well.
    #[serde(default)]
    pub(crate) instead: Vec<String>,
    /// Vehicles it is for.
    #[serde(default, rename = "for")]
    pub(crate) applies: Condition,
    /// Where it is measured.
    #[serde(default)]
    pub(crate) place: Place,
    /// Unit of its limits.
    #[serde(default)]
    pub(crate) unit: String,
    /// Least and greatest value that an instrument can show.
    #[serde(default)]
    pub(crate) plausible: Option<(f64, f64)>,
    /// In words.
    pub(crate) text: Text,
    /// What a negative finding leads to.
    #[serde(default)]
    pub(crate) nonconforming: Option<ItemVerdict>,
    /// Where the item comes from.
    pub(crate) source: String,
    /// How sure that is.
    pub(crate) confidence: Confidence,
    /// The version in which it took its present form; absent means the version of its file.
    #[serde(default)]
    pub(crate) since: Option<String>,
    /// Its limits.
    #[serde(default)]
    pub(crate) limits: Vec<Limit>,
    /// Worked cases, run by the tests.
    #[serde(default)]
    pub(crate) examples: Vec<serde_json::Value>,
}

impl Item {
    /// Whether the item is for this vehicle; an unknown fact counts as yes.
    pub(crate) fn is_for(&self, facts: &Facts) -> bool {
        self.applies.holds(facts) != Holds::No
    }
}

/// A standard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Standard {
    /// Its name with the year, such as `WM/T 8-2022`.
    pub(crate) id: String,
    /// Its title.
    pub(crate) title: Text,
    /// Vehicles it is for.
    pub(crate) categories: Vec<Category>,
}

impl Standard {
    /// A stand-in for a standard that is not known, so that a report's other fields are still checked.
    pub(crate) fn unknown(category: Category) -> Self {
        Self {
            id: String::new(),
            title: Text {
                en: String::new(),
                zh: String::new(),
            },
            categories: vec![category],
        }
    }
}

/// One version of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Catalogue {
    /// Its version.
    pub(crate) version: String,
    /// First test day it is for.
    pub(crate) effective_from: PartialDate,
    /// What is not settled.
    pub(crate) open_questions: Vec<String>,
    /// The standards.
    pub(crate) standards: Vec<Standard>,
    /// Photographs a report should carry.
    pub(crate) shots: Vec<String>,
    /// The items.
    pub(crate) items: Vec<Item>,
}

/// The catalogue does not hold together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the inspection catalogue is wrong: {0}")]
pub(crate) struct CatalogueError(pub String);

impl Catalogue {
    /// Reads and checks a catalogue.
    pub(crate) fn parse(text: &str) -> Result<Self, CatalogueError> {
        let catalogue: Self =
            serde_saphyr::from_str(text).map_err(|error| CatalogueError(error.to_string()))?;
        let mut problems = Vec::new();
        for item in &catalogue.items {
            catalogue.check(item, &mut problems);
        }
        if problems.is_empty() {
            Ok(catalogue)
        } else {
            Err(CatalogueError(problems.join("; ")))
        }
    }

    /// The item of this id.
    pub(crate) fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// The standard of this name.
    pub(crate) fn standard(&self, id: &str) -> Option<&Standard> {
        self.standards.iter().find(|standard| standard.id == id)
    }

    fn check(&self, item: &Item, problems: &mut Vec<String>) {
        let mut wrong = |text: &str| problems.push(format!("{}: {text}", item.id));
        if self
            .items
            .iter()
            .filter(|other| other.id == item.id)
            .count()
            > 1
        {
            wrong("the id is used twice");
        }
        if item.instead.iter().any(|id| self.item(id).is_none()) {
            wrong("an item named in `instead` does not exist");
        }
        if item.examples.is_empty() {
            wrong("has no example");
        }
        if item.kind == Kind::Checked {
            match item.nonconforming {
                None => wrong("a checked item says what nonconforming leads to"),
                Some(ItemVerdict::Fail) if item.confidence == Confidence::C => {
                    wrong("confidence C never fails a vehicle");
                }
                Some(_) => {}
            }
        } else {
            if !unit::is_known(&item.unit) {
                wrong("its unit is not known");
            }
            if item.plausible.is_none_or(|(low, high)| low >= high) {
                wrong("needs a plausible range");
            }
        }
        if (item.kind == Kind::Measured) == item.limits.is_empty() {
            wrong("measured items have limits, others have none");
        }
        for limit in &item.limits {
            if limit.min.is_none() && limit.max.is_none() {
                wrong("a limit without min and max");
            }
            if limit.confidence == Confidence::C && limit.breach() == ItemVerdict::Fail {
                wrong("confidence C never fails a vehicle");
            }
        }
    }
}
