//! Which vehicles and circumstances an item or limit is for; an unknown fact makes the answer unknown.

use serde::{Deserialize, Serialize};

use super::vehicle::{Category, Chemistry, Fuel, Powertrain};

/// The end of the vehicle an axle is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum End {
    /// A front axle.
    Front,
    /// Any other axle.
    Rear,
}

/// A half-open or closed range of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Range {
    /// Inclusive.
    pub(crate) at_least: Option<f64>,
    /// Inclusive.
    pub(crate) at_most: Option<f64>,
    /// Exclusive.
    pub(crate) below: Option<f64>,
}

impl Range {
    fn holds(self, value: f64) -> bool {
        self.at_least.is_none_or(|bound| value >= bound)
            && self.at_most.is_none_or(|bound| value <= bound)
            && self.below.is_none_or(|bound| value < bound)
    }

    fn words(self) -> String {
        let mut parts = Vec::new();
        if let Some(bound) = self.at_least {
            parts.push(format!("at least {bound}"));
        }
        if let Some(bound) = self.at_most {
            parts.push(format!("at most {bound}"));
        }
        if let Some(bound) = self.below {
            parts.push(format!("below {bound}"));
        }
        parts.join(" and ")
    }
}

/// What is known of the vehicle and the place of a measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Facts {
    /// UNECE category.
    pub(crate) category: Category,
    /// What moves it.
    pub(crate) powertrain: Powertrain,
    /// What it burns, where it burns.
    pub(crate) fuel: Option<Fuel>,
    /// Battery chemistry, where known.
    pub(crate) chemistry: Option<Chemistry>,
    /// Curb mass in kilograms.
    pub(crate) curb_mass_kg: Option<u32>,
    /// Gross mass in kilograms.
    pub(crate) gross_mass_kg: Option<u32>,
    /// Main head lamps.
    pub(crate) headlamps: Option<u32>,
    /// Maximum design speed in km/h.
    pub(crate) max_speed_kmh: Option<u32>,
    /// Whether it was tested laden.
    pub(crate) laden: bool,
    /// The end of the axle, where one is meant.
    pub(crate) end: Option<End>,
    /// Brake ratio of the axle in percent, where measured.
    pub(crate) axle_ratio: Option<f64>,
}

/// All given parts must hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Condition {
    /// One of these categories.
    pub(crate) category: Vec<Category>,
    /// One of these powertrains.
    pub(crate) powertrain: Vec<Powertrain>,
    /// One of these fuels.
    pub(crate) fuel: Vec<Fuel>,
    /// This battery chemistry.
    pub(crate) chemistry: Option<Chemistry>,
    /// Curb mass in kilograms.
    pub(crate) curb_mass_kg: Option<Range>,
    /// Gross mass in kilograms.
    pub(crate) gross_mass_kg: Option<Range>,
    /// Gross over curb mass.
    pub(crate) gross_to_curb: Option<Range>,
    /// This number of main head lamps.
    pub(crate) headlamps: Option<u32>,
    /// Maximum design speed in km/h.
    pub(crate) max_speed_kmh: Option<Range>,
    /// Tested laden or not.
    pub(crate) laden: Option<bool>,
    /// At this end.
    pub(crate) end: Option<End>,
    /// Brake ratio of the axle in percent.
    pub(crate) axle_ratio: Option<Range>,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It depends on the fact named.
    Unknown(&'static str),
}

impl Condition {
    /// Whether it holds for what is known: a part that fails decides, else a part that is unknown.
    pub(crate) fn holds(&self, facts: &Facts) -> Holds {
        let ratio = match (facts.gross_mass_kg, facts.curb_mass_kg) {
            (Some(gross), Some(curb)) if curb > 0 => Some(f64::from(gross) / f64::from(curb)),
            _ => None,
        };
        let parts = [
            given(
                !self.category.is_empty(),
                self.category.contains(&facts.category),
            ),
            given(
                !self.powertrain.is_empty(),
                self.powertrain.contains(&facts.powertrain),
            ),
            self.fuel_holds(facts),
            self.chemistry.map_or(Holds::Yes, |wanted| {
                known("battery_chemistry", facts.chemistry, |c| c == wanted)
            }),
            ranged(
                self.curb_mass_kg,
                "curb_mass_kg",
                facts.curb_mass_kg.map(f64::from),
            ),
            ranged(
                self.gross_mass_kg,
                "gross_mass_kg",
                facts.gross_mass_kg.map(f64::from),
            ),
            ranged(self.gross_to_curb, "gross_mass_kg and curb_mass_kg", ratio),
            self.headlamps.map_or(Holds::Yes, |wanted| {
                known("headlamps", facts.headlamps, |n| n == wanted)
            }),
            ranged(
                self.max_speed_kmh,
                "max_speed_kmh",
                facts.max_speed_kmh.map(f64::from),
            ),
            given(self.laden.is_some(), self.laden == Some(facts.laden)),
            self.end.map_or(Holds::Yes, |wanted| {
                known("axle", facts.end, |end| end == wanted)
            }),
            ranged(self.axle_ratio, "brake.axle_ratio", facts.axle_ratio),
        ];
        if parts.contains(&Holds::No) {
            return Holds::No;
        }
        let unknown = parts
            .into_iter()
            .find(|part| matches!(part, Holds::Unknown(_)));
        unknown.unwrap_or(Holds::Yes)
    }

    /// Whether any vehicle of `category` can meet it.
    pub(crate) fn allows(&self, category: Category) -> bool {
        self.category.is_empty() || self.category.contains(&category)
    }

    fn fuel_holds(&self, facts: &Facts) -> Holds {
        if self.fuel.is_empty() {
            return Holds::Yes;
        }
        if !facts.powertrain.burns() {
            return Holds::No;
        }
        known("fuel", facts.fuel, |fuel| self.fuel.contains(&fuel))
    }

    /// The condition in words; empty where it has no parts.
    pub(crate) fn words(&self) -> String {
        let mut parts = Vec::new();
        let mut list = |name: &str, values: Vec<String>| {
            if !values.is_empty() {
                parts.push(format!("{name} {}", values.join(", ")));
            }
        };
        list(
            "category",
            self.category.iter().map(ToString::to_string).collect(),
        );
        list(
            "powertrain",
            self.powertrain
                .iter()
                .map(|p| format!("{p:?}").to_uppercase())
                .collect(),
        );
        list(
            "fuel",
            self.fuel
                .iter()
                .map(|f| format!("{f:?}").to_lowercase())
                .collect(),
        );
        list(
            "battery",
            self.chemistry
                .iter()
                .map(|c| c.as_str().to_owned())
                .collect(),
        );
        list(
            "curb mass (kg)",
            self.curb_mass_kg.iter().map(|r| r.words()).collect(),
        );
        list(
            "gross mass (kg)",
            self.gross_mass_kg.iter().map(|r| r.words()).collect(),
        );
        list(
            "gross over curb mass",
            self.gross_to_curb.iter().map(|r| r.words()).collect(),
        );
        list(
            "main head lamps",
            self.headlamps.iter().map(ToString::to_string).collect(),
        );
        list(
            "maximum speed (km/h)",
            self.max_speed_kmh.iter().map(|r| r.words()).collect(),
        );
        list(
            "tested",
            self.laden
                .iter()
                .map(|l| if *l { "laden" } else { "unladen" }.to_owned())
                .collect(),
        );
        list(
            "axle",
            self.end
                .iter()
                .map(|e| format!("{e:?}").to_lowercase())
                .collect(),
        );
        list(
            "axle brake ratio (%)",
            self.axle_ratio.iter().map(|r| r.words()).collect(),
        );
        parts.join("; ")
    }
}

fn given(asked: bool, holds: bool) -> Holds {
    if !asked || holds {
        Holds::Yes
    } else {
        Holds::No
    }
}

fn known<T>(name: &'static str, value: Option<T>, holds: impl FnOnce(T) -> bool) -> Holds {
    value.map_or(Holds::Unknown(name), |value| given(true, holds(value)))
}

fn ranged(range: Option<Range>, name: &'static str, value: Option<f64>) -> Holds {
    range.map_or(Holds::Yes, |range| {
        known(name, value, |value| range.holds(value))
    })
}
