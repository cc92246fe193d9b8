//! Licence batches (一批一证): at most 20 vehicles under one commodity code, quantity equal to the
//! declaration, cleared once; valid 6 months and never past the calendar year.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Date, Month, OffsetDateTime};
use tongguan_vocabulary::{Country, Vin};
use uuid::Uuid;

use super::case::Case;
use super::chart::State;
use super::document::DocumentKind;
use super::exit::plus_months;

/// The most vehicles on one licence.
pub const MOST: usize = 20;

/// Where a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BatchState {
    /// Vehicles can be added.
    Open,
    /// Handed to the authority.
    Submitted,
    /// The licence is recorded.
    Licensed,
    /// Given up.
    Cancelled,
}

impl BatchState {
    /// The word in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Submitted => "SUBMITTED",
            Self::Licensed => "LICENSED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// RPCs that are legal from here.
    pub fn legal(self) -> Vec<String> {
        let rpcs: &[&str] = match self {
            Self::Open => &[
                "AddToLicenceBatch",
                "SubmitLicenceBatch",
                "CancelLicenceBatch",
            ],
            Self::Submitted => &["RecordLicence", "CancelLicenceBatch"],
            Self::Licensed | Self::Cancelled => &[],
        };
        rpcs.iter().map(|rpc| (*rpc).to_owned()).collect()
    }
}

/// One line of the licence schedule (附表).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The case.
    pub case: Uuid,
    /// The vehicle.
    pub vin: Vin,
    /// Brand.
    pub brand: String,
    /// Model.
    pub model: String,
    /// First registration.
    pub first_registered: Date,
    /// Annotation 转让待出口.
    pub transfer_pending_export: Date,
    /// Manufacturer.
    pub manufacturer: String,
    /// The confirmation letter.
    pub confirmation: Option<Uuid>,
    /// SHA-256 of that letter's file, hex; empty where there is none. One letter serves several cases.
    #[serde(default)]
    pub letter: String,
}

/// A licence batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Identity.
    pub id: Uuid,
    /// Where it stands.
    pub state: BatchState,
    /// Exporter's unified social credit code.
    pub exporter: String,
    /// The one commodity code.
    pub commodity_code: String,
    /// Destination.
    pub destination: Country,
    /// Vehicles that will be declared.
    pub declared_quantity: u32,
    /// The schedule.
    pub lines: Vec<Line>,
    /// The official licence, as recorded.
    pub licence: Option<RecordedLicence>,
    /// Why it was cancelled.
    pub cancelled_because: String,
    /// Rises by one with each change.
    pub version: u64,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// The official licence, as recorded from the authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedLicence {
    /// Its number; never issued here.
    pub number: String,
    /// Who issued it.
    pub issuer: String,
    /// Day of issue.
    pub issued: Date,
    /// Last day of validity.
    pub valid_until: Date,
    /// Vehicles on it.
    pub quantity: u32,
    /// Whether a simulated authority gave it.
    pub simulated: bool,
}

impl Batch {
    /// Adds cases, all or none; otherwise everything that stands in the way, one sentence each.
    pub fn add(&mut self, cases: &[Case]) -> Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        let held = self.lines.len();
        let room = MOST.min(self.declared_quantity as usize);
        if held + cases.len() > room {
            wrong.push(format!(
                "the batch holds {held} of at most {room} vehicles, {} more do not fit",
                cases.len()
            ));
        }
        let mut lines = Vec::new();
        for (index, case) in cases.iter().enumerate() {
            let id = case.id;
            if cases.iter().take(index).any(|other| other.id == id)
                || self.lines.iter().any(|line| line.case == id)
            {
                wrong.push(format!("case {id} is in the batch already"));
                continue;
            }
            if case.state != State::Ready {
                wrong.push(format!("case {id} is {}, not READY", case.state));
            }
            if let Some(other) = case.batch.filter(|other| *other != self.id) {
                wrong.push(format!("case {id} is in batch {other}"));
            }
            if case.exporter.code != self.exporter {
                wrong.push(format!("case {id} is of another exporter"));
            }
            if case.destination != self.destination {
                wrong.push(format!(
                    "case {id} goes to {}, the batch to {}",
                    case.destination, self.destination
                ));
            }
            if case.trip.commodity_code != self.commodity_code {
                let code = if case.trip.commodity_code.is_empty() {
                    "none"
                } else {
                    &case.trip.commodity_code
                };
                wrong.push(format!(
                    "case {id} has commodity code {code}, the batch {}",
                    self.commodity_code
                ));
            }
            match line(case) {
                Some(line) => lines.push(line),
                None => wrong.push(format!("case {id} lacks a full first-registration or transfer-pending-export date for the licence schedule")),
            }
        }
        wrong.extend(letters(self.lines.iter().chain(&lines)));
        if wrong.is_empty() {
            self.lines.extend(lines);
            Ok(())
        } else {
            Err(wrong)
        }
    }

    /// What keeps the batch from being handed in.
    pub fn incomplete(&self) -> Option<String> {
        let held = self.lines.len();
        (held != self.declared_quantity as usize || held == 0)
            .then(|| format!("the batch holds {held} vehicles and declares {}; the licence quantity must equal the declared quantity", self.declared_quantity))
    }

    /// What is wrong with a licence for this batch.
    pub fn objections(&self, licence: &RecordedLicence, today: Date) -> Vec<String> {
        let mut wrong = Vec::new();
        if licence.quantity != self.declared_quantity {
            wrong.push(format!(
                "the licence is for {} vehicles, the batch declares {}",
                licence.quantity, self.declared_quantity
            ));
        }
        if licence.issued > today {
            wrong.push(format!(
                "the licence is dated {}, which is not yet",
                licence.issued
            ));
        }
        let longest = longest_validity(licence.issued);
        if licence.valid_until > longest {
            wrong.push(format!("a licence of {} ends on {longest} at the latest (6 months, not past the calendar year), not on {}", licence.issued, licence.valid_until));
        }
        if licence.valid_until < licence.issued {
            wrong.push("the licence ends before it begins".to_owned());
        }
        wrong
    }
}

/// Letters are one a manufacturer: none speaks for two, and no manufacturer sends several for one licence
/// (guidelines of 11 December 2025).
fn letters<'a>(lines: impl Iterator<Item = &'a Line>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut of_letter: BTreeMap<&str, &str> = BTreeMap::new();
    let mut of_manufacturer: BTreeMap<&str, &str> = BTreeMap::new();
    for line in lines.filter(|line| !line.letter.is_empty()) {
        let (letter, manufacturer) = (line.letter.as_str(), line.manufacturer.as_str());
        if *of_letter.entry(letter).or_insert(manufacturer) != manufacturer {
            wrong.push(format!(
                "case {} brings the confirmation of another manufacturer than {manufacturer}",
                line.case
            ));
        } else if *of_manufacturer.entry(manufacturer).or_insert(letter) != letter {
            wrong.push(format!(
                "case {} brings a second confirmation of {manufacturer}; one letter lists every vehicle",
                line.case
            ));
        }
    }
    wrong
}

fn line(case: &Case) -> Option<Line> {
    let vehicle = case.vehicle.as_ref()?;
    let letter = case.document(DocumentKind::AfterSalesConfirmation);
    Some(Line {
        case: case.id,
        vin: case.vin,
        brand: vehicle.brand.clone(),
        model: vehicle.model.clone(),
        first_registered: vehicle.first_registered?.exact()?,
        transfer_pending_export: vehicle.transfer_pending_export?.exact()?,
        manufacturer: vehicle.manufacturer.clone(),
        confirmation: letter.map(|letter| letter.id),
        letter: letter
            .map(|letter| letter.sha256.clone())
            .unwrap_or_default(),
    })
}

/// The last day a licence of this day can hold: 6 months from issue, not past the calendar year.
pub fn longest_validity(issued: Date) -> Date {
    let year_end =
        Date::from_calendar_date(issued.year(), Month::December, 31).unwrap_or(Date::MAX);
    plus_months(issued, 6).min(year_end)
}

#[cfg(test)]
mod tests;
