//! What the values of a record may be; every violation is named at once.

use time::Date;
use uuid::Uuid;

use super::Record;
use crate::error::{Error, Result, Violation};

/// Why `text` may not stand in a certificate, if it may not.
///
/// Control characters and the bidirectional overrides of Unicode are refused: they make a printed
/// paper read differently from the bytes that were signed.
pub(crate) fn text_problem(text: &str, most: usize) -> Option<String> {
    let hidden =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.is_empty() {
        Some("is empty".to_owned())
    } else if text.len() > most {
        Some(format!(
            "has {} bytes, at most {most} are allowed",
            text.len()
        ))
    } else if text.chars().any(hidden) {
        Some("has control or direction-changing characters".to_owned())
    } else if text.starts_with(' ') || text.ends_with(' ') {
        Some("begins or ends with a space".to_owned())
    } else {
        None
    }
}

fn tail_problem(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    ((1..=8).contains(&text.len()) && text.chars().all(plain))
        .then_some(())
        .map_or_else(
            || Some("is not 1 to 8 ASCII letters, digits or hyphens".to_owned()),
            |()| None,
        )
}

/// Years that the decimal date form of the certificate can say.
pub(super) fn day_fits(day: Date) -> bool {
    (1886..=2199).contains(&day.year())
}

pub(super) fn validate(record: &Record) -> Result<()> {
    let mut found = Vec::new();
    let mut check = |field: &str, problem: Option<String>| {
        found.extend(problem.map(|problem| Violation::new(field, problem)));
    };
    let vehicle = &record.vehicle;
    let decision = &record.decision;
    check("issuer", text_problem(&record.issuer, 64));
    check(
        "expires_at",
        (record.expires_at <= record.issued_at).then(|| "is not after issued_at".to_owned()),
    );
    check("vehicle.make", text_problem(&vehicle.make, 40));
    check("vehicle.model", text_problem(&vehicle.model, 60));
    check("vehicle.colour", text_problem(&vehicle.colour, 30));
    check(
        "vehicle.model_year",
        vehicle
            .model_year
            .filter(|year| !(1886..=2199).contains(year))
            .map(|year| format!("{year} is outside 1886 to 2199")),
    );
    check(
        "vehicle.engine_tail",
        vehicle.engine_tail.as_deref().and_then(tail_problem),
    );
    check(
        "vehicle.battery_tail",
        vehicle.battery_tail.as_deref().and_then(tail_problem),
    );
    check(
        "decision.china_pack.name",
        text_problem(&decision.china_pack.name, 32),
    );
    check(
        "decision.market_pack.name",
        text_problem(&decision.market_pack.name, 32),
    );
    check(
        "decision.engine_version",
        text_problem(&decision.engine_version, 24),
    );
    check(
        "decision.ship_by",
        decision
            .ship_by
            .filter(|day| !day_fits(*day))
            .map(|day| format!("{day} is outside 1886 to 2199")),
    );
    check("exporter", text_problem(&record.exporter, 32));
    check(
        "licence_number",
        record
            .licence_number
            .as_deref()
            .and_then(|number| text_problem(number, 40)),
    );
    let count = record.evidence.len();
    check(
        "evidence",
        (count > 12).then(|| format!("has {count} entries, at most 12 are allowed")),
    );
    for evidence in &record.evidence {
        check("evidence.id", text_problem(&evidence.id, 64));
    }
    check("status.list", text_problem(&record.status.list, 96));
    if found.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid(found))
    }
}

/// The 16 bytes of an id written as a canonical UUID (lower case, hyphens); other ids stay text.
pub(super) fn compact_id(id: &str) -> Option<[u8; 16]> {
    let uuid = Uuid::try_parse(id).ok()?;
    (uuid.as_hyphenated().to_string() == id).then(|| *uuid.as_bytes())
}
