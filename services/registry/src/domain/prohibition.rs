//! What of the ten prohibited situations (No. 6 of 2024, section 六) the registry can see.
//!
//! The mapping from police status letters (GA/T 24) to situations is a design inference, not part
//! of the rule; each answer names the letter it rests on.

use time::Date;

use super::scrapping::Scrapping;
use super::vehicle::{EncumbranceKind, Vehicle};

/// One situation seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prohibition {
    /// Number in section 六, 1–10.
    pub number: u32,
    /// Code.
    pub code: &'static str,
    /// The fact that shows it.
    pub fact: String,
}

impl Vehicle {
    /// The situations that hold on `day`, by number.
    pub fn prohibitions(&self, scrapping: &Scrapping, day: Date) -> Vec<Prohibition> {
        let mut seen: Vec<Prohibition> = self
            .status_letters
            .iter()
            .filter_map(|letter| from_letter(*letter))
            .collect();
        for burden in self
            .encumbrances
            .iter()
            .filter(|burden| burden.lifted.is_none())
        {
            let (number, code) = match burden.kind {
                EncumbranceKind::Mortgage
                | EncumbranceKind::Pledge
                | EncumbranceKind::CustomsSupervision => (2, "MORTGAGE_PLEDGE_CUSTOMS_SUPERVISION"),
                EncumbranceKind::Seizure => (3, "SEALED_OR_SEIZED"),
            };
            seen.push(Prohibition {
                number,
                code,
                fact: format!(
                    "{:?} {} since {}",
                    burden.kind, burden.legal_basis, burden.since
                ),
            });
        }
        if let Some(closed) = scrapping
            .export_closed_from()
            .filter(|closed| *closed <= day)
        {
            seen.push(Prohibition {
                number: 1,
                code: "SCRAP_OR_WITHIN_1Y",
                fact: format!("within one year of the service-life limit since {closed}"),
            });
        }
        seen.sort_by_key(|prohibition| prohibition.number);
        seen
    }
}

fn from_letter(letter: char) -> Option<Prohibition> {
    let (number, code) = match letter {
        'M' | 'P' => (1, "SCRAP_OR_WITHIN_1Y"),
        'H' => (2, "MORTGAGE_PLEDGE_CUSTOMS_SUPERVISION"),
        'K' | 'L' => (3, "SEALED_OR_SEIZED"),
        'C' => (4, "OBTAINED_BY_CRIME"),
        'G' | 'I' | 'N' => (9, "OPEN_VIOLATION_OR_ACCIDENT"),
        _ => return None,
    };
    Some(Prohibition {
        number,
        code,
        fact: format!("police status {letter}"),
    })
}
