//! Raw answers read the way the service reads them, without asking anybody: what became of an answer, and what fuzzing feeds.

use serde_json::Value;
use time::Date;

use crate::domain::outcome::Outcome;
use crate::domain::record::Record;
use crate::upstream::profile::{NAMES, Page, Profile, Refusal, by_name};
use crate::upstream::provinces::Dialect;
use crate::upstream::{Fetched, conclude, explanation, read, refused};

/// The wire profiles, by name.
pub const PROFILES: [&str; 5] = NAMES;

/// What an answer says.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What it came to.
    pub outcome: Outcome,
    /// The records that could be read.
    pub records: Vec<Record>,
    /// Rows that could not.
    pub unreadable: u32,
}

/// Reads a list as `profile` does, and the details of its records where it holds ids only; `None` for an unknown profile.
///
/// `today` is the day in China; later days in a record are noted as a flaw.
pub fn answer(profile: &str, list: &[u8], details: &[&[u8]], today: Date) -> Option<Told> {
    let profile = by_name(profile, &Dialect::default())?;
    let told = read::json(list)
        .and_then(|body| profile.read_list(&body))
        .and_then(|page| with_details(&*profile, page, details));
    let mut fetched = conclude(told.map_err(refused), Vec::new());
    let records = records("read", &mut fetched, today);
    Some(Told {
        outcome: fetched.outcome,
        records,
        unreadable: fetched.unreadable,
    })
}

/// Whether an answer grants a token, as `profile` understands it; `None` for an unknown profile.
pub fn grants_token(profile: &str, raw: &[u8]) -> Option<bool> {
    let profile = by_name(profile, &Dialect::default())?;
    let body: Result<Value, Refusal> = read::json(raw);
    Some(body.and_then(|body| profile.read_token(&body)).is_ok())
}

fn with_details(profile: &dyn Profile, mut page: Page, details: &[&[u8]]) -> Result<Page, Refusal> {
    let mut details = details.iter();
    for _ in std::mem::take(&mut page.details) {
        let told = details
            .next()
            .ok_or(Refusal::Senseless)
            .and_then(|raw| read::json(raw))
            .and_then(|body| profile.read_detail(&body));
        match told {
            Ok(row) => page.rows.push(row),
            Err(Refusal::Senseless) => page.unreadable += 1,
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(page)
}

/// The records of an answer; rows that are none count as unreadable, and an answer with such rows is partial.
pub(crate) fn records(source: &str, fetched: &mut Fetched, today: Date) -> Vec<Record> {
    let sent = fetched.rows.len();
    let mut records = Vec::with_capacity(sent);
    fetched.rows.retain(|row| {
        let record = Record::read(source, row, today);
        let read = record.is_some();
        records.extend(record);
        read
    });
    fetched.unreadable += (sent - records.len()) as u32;
    if fetched.unreadable > 0 && fetched.outcome == Outcome::Found {
        fetched.outcome = Outcome::FoundPartial;
        explanation(fetched.outcome).clone_into(&mut fetched.detail);
    }
    records
}

#[cfg(test)]
mod tests;
