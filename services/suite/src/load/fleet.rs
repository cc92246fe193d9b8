//! Synthetic cars: the sample dossiers in number, each with identities of its own.
//!
//! No official breakdown of China's used-car exports by market, class and energy is published; the weights below
//! are this suite's assumption: mostly Central Asia, Russia and the Gulf, a third of them electric, one in ten
//! not fit to leave.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tongguan_maintenance::simulator;
use tongguan_vocabulary::Vin;

use crate::dossier::{self, Dossier, DossierError};
use crate::stand;

/// Which samples the fleet is made of, and how many groups in a hundred follow each.
const MIX: &[(&str, u32)] = &[
    ("01-kz-petrol-sedan", 14),
    ("02-ru-battery-electric-by-rail", 10),
    ("03-kg-plug-in-hybrid", 8),
    ("04-uz-tractor-unit", 3),
    ("05-ge-tourist-coach", 2),
    ("06-kz-semi-trailer", 2),
    ("07-ae-battery-electric", 14),
    ("08-sa-petrol-suv", 6),
    ("09-jo-battery-electric", 6),
    ("10-ke-ambulance", 1),
    ("11-ng-sedan-by-sea", 4),
    ("12-vn-suv-through-hai-phong", 4),
    ("13-ge-imported-european-vin", 2),
    ("14-uz-mileage-one-digit-too-many", 3),
    ("15-uz-181-days-no-letter", 7),
    ("19-ge-transferred-before-2026", 4),
    ("22-uz-contract-without-after-sales", 3),
    ("26-uz-mortgaged", 2),
    ("33-ge-brakes-failed", 2),
    ("36-ke-left-hand-drive", 1),
    ("38-ru-year-only-straddles", 2),
];

/// A cars' number has at most six digits, as its VIN's serial has.
pub const MOST: u32 = 1_000_000;

/// The samples a fleet is made of.
pub struct Fleet {
    models: Vec<Model>,
    weight: u32,
}

struct Model {
    text: &'static str,
    sample: Dossier,
    until: u32,
}

impl Fleet {
    /// The fleet of the built-in samples.
    pub fn of_samples() -> Result<Self, DossierError> {
        let samples: BTreeMap<_, _> = dossier::samples().into_iter().collect();
        let (mut models, mut weight) = (Vec::new(), 0);
        for (name, share) in MIX {
            let file = format!("{name}.json");
            let Some(text) = samples.get(file.as_str()) else {
                continue;
            };
            weight += share;
            models.push(Model {
                text,
                sample: dossier::parse(&file, text)?,
                until: weight,
            });
        }
        Ok(Self { models, weight })
    }

    /// How many models it has.
    pub fn models(&self) -> usize {
        self.models.len()
    }

    /// The model of a group of cars: models follow one another by their share, not in runs.
    pub fn model_of(&self, group: u32) -> usize {
        // A step coprime to every total below it visits each share once a round.
        let place = (u64::from(group) * 7_919 % u64::from(self.weight.max(1))) as u32;
        self.models
            .iter()
            .position(|model| place < model.until)
            .unwrap_or(0)
    }

    /// The sample a model follows.
    pub fn sample(&self, model: usize) -> &Dossier {
        &self.models[model].sample
    }

    /// One car of a model; the number makes its VIN, plate, engine, battery and papers its own.
    pub fn car(&self, model: usize, number: u32) -> Result<Dossier, DossierError> {
        let Model { text, sample, .. } = &self.models[model];
        let vehicle = &sample.vehicle;
        let mut text = (*text).to_owned();
        let mut name = |old: &str, new: &str| {
            if !old.is_empty() {
                text = text.replace(old, new);
            }
        };
        name(&vehicle.vin, &vin(&vehicle.vin, number));
        let plate: String = vehicle.plate.chars().take(2).collect();
        name(&vehicle.plate, &format!("{plate}{}", places(number)));
        for old in [
            &vehicle.engine_number,
            &vehicle.battery_id,
            &vehicle.certificate_number,
        ] {
            let kept = old.len().saturating_sub(6);
            name(old, &format!("{}{number:06}", &old[..kept]));
        }
        if let Some(report) = &sample.inspection {
            let old = &report.report_number;
            name(old, &format!("{old}-{number:06}"));
        }
        name(&sample.name, &format!("{}-{number:06}", sample.name));
        dossier::parse(&sample.name, &distinct_digests(&text, number))
    }

    /// What the simulated national system holds: one file for all cars of a model.
    pub fn records(&self) -> simulator::Config {
        let samples: Vec<Dossier> = self
            .models
            .iter()
            .map(|model| model.sample.clone())
            .collect();
        let mut config = stand::records(&samples);
        for file in &mut config.files {
            file.vin = format!("{}*", &file.vin[..8]);
            file.plate.clear();
            for visit in &mut file.visits {
                visit.plate.clear();
            }
        }
        config
    }
}

/// The VIN with another serial, its check digit made right where it was right.
fn vin(old: &str, number: u32) -> String {
    let changed = format!("{}{number:06}", &old[..11]);
    match changed.parse::<Vin>() {
        Ok(vin) => format!(
            "{}{}{}",
            &old[..8],
            vin.expected_check_digit(),
            &changed[9..]
        ),
        Err(_) => changed,
    }
}

/// Five characters of a plate, in base 32 without the letters that look like digits.
fn places(mut number: u32) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKLMNPQRSTUVWX";
    let mut out = [b'0'; 5];
    for place in out.iter_mut().rev() {
        *place = DIGITS[(number % 32) as usize];
        number /= 32;
    }
    out.iter().map(|digit| char::from(*digit)).collect()
}

/// Every digest of the text changed by the number, so that no two cars share a photograph or a paper.
fn distinct_digests(text: &str, number: u32) -> String {
    const FIELD: &str = "\"sha256\": \"";
    let mut out = String::with_capacity(text.len());
    for (place, part) in text.split(FIELD).enumerate() {
        match (place, part.get(8..)) {
            (0, _) | (_, None) => out.push_str(part),
            (_, Some(rest)) => {
                out.push_str(FIELD);
                let _infallible = write!(out, "{number:08x}{rest}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_named_sample_exists_and_groups_follow_the_shares() {
        let fleet = Fleet::of_samples().unwrap();
        assert_eq!(fleet.models(), MIX.len());
        assert_eq!(fleet.weight, 100);
        let mut seen = vec![0; fleet.models()];
        for group in 0..1_000 {
            seen[fleet.model_of(group)] += 1;
        }
        let shares: Vec<u32> = MIX.iter().map(|(_, share)| share * 10).collect();
        assert_eq!(seen, shares);
    }

    #[test]
    fn two_cars_of_a_model_share_no_identity() {
        let fleet = Fleet::of_samples().unwrap();
        for model in 0..fleet.models() {
            let mut seen = HashSet::new();
            for number in [1, 2, 999_999] {
                let car = fleet.car(model, number).unwrap();
                let sample = &fleet.sample(model).vehicle;
                let vin: Vin = car.vehicle.vin.parse().unwrap();
                let kept: Vin = sample.vin.parse().unwrap();
                if kept.check_digit_is_mandatory() {
                    assert_eq!(vin.as_str()[8..9], vin.expected_check_digit().to_string());
                }
                assert!(seen.insert(car.vehicle.vin.clone()));
                assert!(seen.insert(car.vehicle.plate.clone()) || sample.plate.is_empty());
                assert!(
                    seen.insert(car.vehicle.engine_number.clone())
                        || sample.engine_number.is_empty()
                );
                assert!(seen.insert(car.name.clone()));
                let report = car.inspection.unwrap();
                assert!(seen.insert(report.report_number));
                assert_eq!(report.vehicle.unwrap().vin, car.vehicle.vin);
                for photo in report.evidence {
                    assert!(seen.insert(photo.sha256));
                }
            }
        }
    }
}
