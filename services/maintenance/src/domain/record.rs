//! One repair visit, read from a raw row: every value with its origin, every flaw with a code, no row dropped.

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use time::Date;
use tongguan_vocabulary::{Odometer, OdometerUnit};

use super::fields::{FIELDS, find};
use super::odometer::{Meter, Reading, Source};
use super::text::{Mileage, day, decimal, mileage, plain};
use super::words;

/// Names and texts as sent.
pub type Pairs = Vec<(String, String)>;

/// A row as sent, before any reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawRow {
    /// The elements of the visit.
    pub basic: Pairs,
    /// Its jobs.
    pub jobs: Vec<Pairs>,
    /// Its parts.
    pub parts: Vec<Pairs>,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Standing {
    /// It counts.
    #[default]
    Counted,
    /// It repeats another one.
    Folded,
    /// It may belong to another car.
    SetAside,
}

/// One job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// What was done.
    pub name: String,
    /// Labour in hours.
    pub hours: Option<f64>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its code.
    pub code: String,
    /// How many.
    pub quantity: Option<f64>,
}

/// One repair visit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Record {
    /// Equal content, equal key.
    pub key: String,
    /// The same visit keeps its identity when its content changes.
    pub identity: String,
    /// The source that told it.
    pub source: String,
    /// VIN as sent.
    pub vin: String,
    /// Plate as sent; never shown, it only tells cars apart.
    pub plate: String,
    /// Name of the shop.
    pub shop: String,
    /// Code of the shop.
    pub shop_code: String,
    /// Uploaded by the maker's headquarters.
    pub headquarters: bool,
    /// Settlement list number.
    pub list_number: String,
    /// Day the car came in.
    pub intake: Option<Date>,
    /// Day of settlement.
    pub settled: Option<Date>,
    /// Odometer at intake.
    pub odometer: Option<Odometer>,
    /// Fault as described.
    pub fault: String,
    /// Jobs done.
    pub jobs: Vec<Job>,
    /// Parts used.
    pub parts: Vec<Part>,
    /// What became of it.
    pub standing: Standing,
    /// Why.
    pub standing_codes: Vec<String>,
    /// The record it repeats.
    pub folded_into: String,
    /// Flaws met while reading.
    pub quality: Vec<String>,
    /// Field of ours, name on the wire, text as sent; without VIN and plate.
    pub origins: Vec<(String, String, String)>,
}

/// Labour above this many hours is a price: one large chain writes prices there.
const MOST_HOURS: f64 = 60.0;

impl Record {
    /// Reads a row; `None` where it holds nothing of a visit at all.
    pub fn read(source: &str, row: &RawRow, today: Date) -> Option<Self> {
        let mut record = Self {
            source: source.to_owned(),
            ..Self::default()
        };
        let mut known = false;
        let mut take =
            |field: &str, origins: &mut Vec<(String, String, String)>| -> Option<String> {
                let (wire, text) = find(&FIELDS.record, field, &row.basic)?;
                known = true;
                if !matches!(field, "vin" | "plate") {
                    origins.push((
                        field.to_owned(),
                        wire.clone(),
                        text.chars().take(200).collect(),
                    ));
                }
                (!FIELDS.is_blank(text)).then(|| plain(text))
            };
        let mut origins = Vec::new();
        let vin = take("vin", &mut origins).map(|vin| vin.to_uppercase());
        let plate = take("plate", &mut origins)
            .map(|plate| plate.to_uppercase().replace([' ', '·', '-'], ""));
        let shop = take("shop", &mut origins);
        let shop_code = take("shop_code", &mut origins);
        let list_number = take("list_number", &mut origins);
        let intake = take("intake", &mut origins);
        let settled = take("settled", &mut origins);
        let odometer = take("odometer", &mut origins);
        let fault = take("fault", &mut origins);
        let headquarters = take("headquarters", &mut origins);
        if !known {
            return None;
        }
        record.origins = origins;
        record.note(vin.is_none(), "VIN_BLANK");
        record.note(plate.is_none(), "PLATE_BLANK");
        record.note(list_number.is_none(), "LIST_NUMBER_BLANK");
        record.vin = vin.unwrap_or_default();
        record.plate = plate.unwrap_or_default();
        record.shop = shop.unwrap_or_default();
        record.shop_code = shop_code.unwrap_or_default();
        record.list_number = list_number.unwrap_or_default();
        record.headquarters = headquarters
            .is_some_and(|text| matches!(text.to_lowercase().as_str(), "1" | "true" | "是" | "y"));
        record.read_days(intake.as_deref(), settled.as_deref(), today);
        record.read_odometer(odometer.as_deref());
        record.read_fault(fault);
        record.jobs = row
            .jobs
            .iter()
            .filter_map(|pairs| job(pairs, &mut record.quality))
            .collect();
        record.parts = row
            .parts
            .iter()
            .filter_map(|pairs| part(pairs, &mut record.quality))
            .collect();
        record.quality.dedup();
        record.identity = record.hash(false);
        record.key = record.hash(true);
        Some(record)
    }

    fn note(&mut self, holds: bool, code: &str) {
        if holds {
            self.quality.push(code.to_owned());
        }
    }

    fn read_days(&mut self, intake: Option<&str>, settled: Option<&str>, today: Date) {
        self.intake = intake.and_then(day);
        self.settled = settled.and_then(day);
        self.note(
            intake.is_some() && self.intake.is_none(),
            "INTAKE_UNREADABLE",
        );
        self.note(
            settled.is_some() && self.settled.is_none(),
            "SETTLED_UNREADABLE",
        );
        let backwards = self
            .intake
            .zip(self.settled)
            .is_some_and(|(intake, settled)| settled < intake);
        self.note(backwards, "SETTLED_BEFORE_INTAKE");
        self.note(self.day().is_some_and(|day| day > today), "DATE_IN_FUTURE");
    }

    fn read_odometer(&mut self, text: Option<&str>) {
        match text.map(mileage) {
            None | Some(Mileage::Blank) => self.note(true, "MILEAGE_BLANK"),
            Some(Mileage::Unreadable) => self.note(true, "MILEAGE_UNREADABLE"),
            Some(Mileage::Shows { odometer, wan }) => {
                self.note(wan, "MILEAGE_IN_WAN_KM");
                self.note(odometer.unit == OdometerUnit::Mile, "MILEAGE_IN_MILES");
                self.odometer = Some(odometer);
            }
        }
    }

    fn read_fault(&mut self, fault: Option<String>) {
        let fault = fault.unwrap_or_default();
        let fixed = FIELDS.fixed_faults.contains(&fault);
        self.note(fixed, "FAULT_FIXED_PHRASE");
        if !fixed {
            self.fault = fault;
        }
    }

    /// The day of the visit: intake, else settlement. A settlement before the intake makes both doubtful; the earlier counts.
    pub fn day(&self) -> Option<Date> {
        match (self.intake, self.settled) {
            (Some(intake), Some(settled)) => Some(intake.min(settled)),
            (intake, settled) => intake.or(settled),
        }
    }

    /// Every text in which a word can give something away.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let jobs = self.jobs.iter().map(|job| job.name.as_str());
        let parts = self.parts.iter().map(|part| part.name.as_str());
        jobs.chain(parts)
            .chain([self.fault.as_str()])
            .filter(|text| !text.is_empty())
    }

    /// The shop's name for comparing: its code, else its name.
    pub fn shop_key(&self) -> &str {
        if self.shop_code.is_empty() {
            &self.shop
        } else {
            &self.shop_code
        }
    }

    /// The odometer reading of this visit, where there is one.
    pub fn reading(&self) -> Option<Reading> {
        Some(Reading {
            meter: Meter::Shows(self.odometer?),
            date: self.day()?,
            source: if self.headquarters {
                Source::Headquarters
            } else {
                Source::Shop
            },
            party: self.shop_key().to_owned(),
            document: self.list_number.clone(),
            replaced: self
                .texts()
                .any(|text| words::tells(words::Sign::Meter, text).is_some()),
            other_car: self.standing == Standing::SetAside,
        })
    }

    /// Hex of a hash over the identity (shop and list, else shop and day) or over the whole content.
    fn hash(&self, content: bool) -> String {
        let mut context = Context::new(&SHA256);
        let mut add = |text: &str| {
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        };
        let date = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        for text in [&self.source, &self.shop, &self.shop_code, &self.list_number] {
            add(text);
        }
        if content || self.list_number.is_empty() {
            add(&date(self.intake));
        }
        if content {
            for text in [&self.vin, &self.plate, &self.fault, &date(self.settled)] {
                add(text);
            }
            add(&self
                .odometer
                .map(|odometer| odometer.to_string())
                .unwrap_or_default());
            for job in &self.jobs {
                add(&job.name);
                add(&job.hours.map(|hours| hours.to_string()).unwrap_or_default());
            }
            for part in &self.parts {
                add(&part.name);
                add(&part.code);
                add(&part
                    .quantity
                    .map(|quantity| quantity.to_string())
                    .unwrap_or_default());
            }
        }
        super::text::hex(&context.finish().as_ref()[..16])
    }
}

fn job(pairs: &Pairs, quality: &mut Vec<String>) -> Option<Job> {
    let text = |field| {
        find(&FIELDS.job, field, pairs)
            .map(|(_, text)| plain(text))
            .filter(|text| !FIELDS.is_blank(text))
    };
    let name = text("name")?;
    let hours = text("hours").and_then(|text| decimal(&text));
    let price = hours.is_some_and(|hours| hours > MOST_HOURS);
    if price {
        quality.push("HOURS_ARE_A_PRICE".to_owned());
    }
    Some(Job {
        name,
        hours: hours.filter(|_| !price),
    })
}

fn part(pairs: &Pairs, quality: &mut Vec<String>) -> Option<Part> {
    let text = |field| {
        find(&FIELDS.part, field, pairs)
            .map(|(_, text)| plain(text))
            .filter(|text| !FIELDS.is_blank(text))
    };
    let name = text("name")?;
    if name.chars().count() == 50 {
        // One big client cuts names there.
        quality.push("NAME_CUT_AT_50".to_owned());
    }
    Some(Part {
        name,
        code: text("code").unwrap_or_default(),
        quantity: text("quantity").and_then(|text| decimal(&text)),
    })
}

#[cfg(test)]
mod tests;
