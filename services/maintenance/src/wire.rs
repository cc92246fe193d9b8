//! Requests of the maintenance lookup read: every wrong field at once. Answers are written in the modules below.

pub(crate) mod history;
pub(crate) mod odometer;
pub(crate) mod operation;
pub(crate) mod sources;

use prost::Message;
use time::OffsetDateTime;
use tongguan_api::maintenance::v1 as pb;
use tongguan_rpc::{Invalid, Violations, wire as shared};
use tongguan_vocabulary::{PartialDate, Vin};
use uuid::Uuid;

use crate::domain::history::Known;
use crate::domain::lookup::{Ask, Basis, Consent, Purpose};
use crate::domain::text::{hex, plain};
use crate::error::Error;

/// Readings that may come with a lookup.
const READINGS: usize = 200;

/// A lookup as asked.
pub(crate) fn lookup(message: pb::LookupHistoryRequest) -> Result<Ask, Error> {
    read_lookup("", message, Violations::default(), |ask| ask)
}

/// A durable lookup as asked: key, canonical bytes, what to look up, deadline.
pub(crate) fn start(
    message: pb::StartLookupRequest,
) -> Result<(String, Vec<u8>, Ask, Option<OffsetDateTime>), Error> {
    let mut bad = Violations::default();
    let request_id = bad.optional_text("request_id", &message.request_id, 64);
    let canonical = pb::StartLookupRequest {
        request_id: String::new(),
        ..message.clone()
    }
    .encode_to_vec();
    let deadline = message.deadline.as_ref().and_then(|deadline| {
        let instant = shared::instant(deadline);
        bad.check(instant.is_some(), "deadline", || "is no instant".to_owned());
        instant
    });
    let Some(lookup) = bad.required("lookup", message.lookup) else {
        bad.finish()?;
        return Err(Error::ConsentRequired);
    };
    read_lookup("lookup.", lookup, bad, |ask| {
        let ask = Ask {
            wait_ms: None,
            ..ask
        };
        (request_id, canonical, ask, deadline)
    })
}

fn read_lookup<T>(
    path: &str,
    message: pb::LookupHistoryRequest,
    mut bad: Violations,
    finish: impl FnOnce(Ask) -> T,
) -> Result<T, Error> {
    let at = |field: &str| format!("{path}{field}");
    let vin: Option<Vin> = bad.parse(&at("vin"), &message.vin);
    let plate = bad.optional_text(&at("plate"), &message.plate, 12);
    let purpose = bad
        .enumeration::<pb::Purpose>(&at("purpose"), message.purpose)
        .and_then(purpose);
    bad.check(message.sources.len() <= 40, &at("sources"), || {
        "has more than 40 ids".to_owned()
    });
    let wait_ms = duration(&mut bad, &at("wait"), message.wait.as_ref(), 30_000);
    let max_age = duration(
        &mut bad,
        &at("max_age"),
        message.max_age.as_ref(),
        3_650 * 86_400_000,
    );
    bad.check(message.readings.len() <= READINGS, &at("readings"), || {
        format!(
            "has {}, at most {READINGS} are taken",
            message.readings.len()
        )
    });
    let readings = message.readings.into_iter().take(READINGS).enumerate();
    let readings: Vec<_> = readings
        .filter_map(|(number, reading)| {
            odometer::reading(&mut bad, &at(&format!("readings[{number}]")), reading)
        })
        .collect();
    let first_registered = bad.optional_date(&at("first_registered"), message.first_registered);
    let missing = message.consent.is_none();
    let consent = message
        .consent
        .and_then(|given| consent(&mut bad, &at("consent"), given));
    bad.finish()?;
    let (Some(vin), Some(purpose)) = (vin, purpose) else {
        return Err(incomplete().into());
    };
    // A consent that is missing is a refusal of its own: nothing is wrong with the fields.
    let consent = if missing {
        return Err(Error::ConsentRequired);
    } else {
        consent.ok_or_else(incomplete)?
    };
    Ok(finish(Ask {
        vin,
        consent,
        purpose,
        sources: message.sources,
        wait_ms,
        max_age_s: max_age.map(|millis| millis / 1_000),
        known: Known {
            plate: plain(&plate).to_uppercase().replace([' ', '·', '-'], ""),
            readings,
            first_registered,
            commercial: message.commercial,
            imported: message.imported,
        },
    }))
}

fn incomplete() -> Invalid {
    Invalid(vec![tongguan_rpc::Violation {
        field: String::new(),
        description: "is incomplete".to_owned(),
    }])
}

fn consent(bad: &mut Violations, field: &str, given: pb::Consent) -> Option<Consent> {
    let known = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    let id = bad.text(&format!("{field}.id"), &given.id, 64);
    bad.check(given.id.chars().all(known), &format!("{field}.id"), || {
        "holds characters other than letters, digits, \"-\", \"_\", \".\" and \":\"".to_owned()
    });
    let basis = bad
        .enumeration::<pb::consent::Basis>(&format!("{field}.basis"), given.basis)
        .and_then(basis);
    let day: Option<PartialDate> = bad.date(&format!("{field}.given"), given.given);
    let valid_until = bad.optional_date(&format!("{field}.valid_until"), given.valid_until);
    let length = given.document_sha256.len();
    bad.check(
        matches!(length, 0 | 32),
        &format!("{field}.document_sha256"),
        || format!("has {length} bytes, a SHA-256 has 32"),
    );
    Some(Consent {
        id,
        basis: basis?,
        given: day?,
        valid_until,
        document_sha256: hex(&given.document_sha256),
    })
}

fn duration(
    bad: &mut Violations,
    field: &str,
    duration: Option<&pbjson_types::Duration>,
    max_ms: u64,
) -> Option<u64> {
    let duration = duration?;
    let whole = u64::try_from(duration.seconds)
        .ok()
        .and_then(|seconds| seconds.checked_mul(1_000));
    let millis = whole
        .zip(u64::try_from(duration.nanos).ok())
        .map(|(whole, nanos)| whole + nanos / 1_000_000);
    let good = millis.filter(|millis| *millis <= max_ms);
    bad.check(good.is_some(), field, || {
        format!("must be 0 to {} s", max_ms / 1_000)
    });
    good
}

fn purpose(purpose: pb::Purpose) -> Option<Purpose> {
    Some(match purpose {
        pb::Purpose::Unspecified => return None,
        pb::Purpose::ExportClearance => Purpose::ExportClearance,
        pb::Purpose::Sale => Purpose::Sale,
        pb::Purpose::Audit => Purpose::Audit,
    })
}

fn basis(basis: pb::consent::Basis) -> Option<Basis> {
    Some(match basis {
        pb::consent::Basis::Unspecified => return None,
        pb::consent::Basis::Owner => Basis::Owner,
        pb::consent::Basis::ExporterMandate => Basis::ExporterMandate,
        pb::consent::Basis::Authority => Basis::Authority,
    })
}

/// The id of a lookup from any of its names.
pub(crate) fn lookup_id(text: &str) -> Result<Uuid, Error> {
    let bare = text
        .strip_prefix("lookups/")
        .or_else(|| text.strip_prefix("operations/"))
        .unwrap_or(text);
    let mut bad = Violations::default();
    let id = bad.parse::<Uuid>("lookup", bare);
    Ok(bad.finish_with(id)?)
}

/// What to erase: key, canonical bytes, VIN, consent, reason.
pub(crate) fn purge(
    message: pb::PurgeHistoryRequest,
) -> Result<(String, Vec<u8>, Vin, String, String), Error> {
    let mut bad = Violations::default();
    let request_id = bad.optional_text("request_id", &message.request_id, 64);
    let canonical = pb::PurgeHistoryRequest {
        request_id: String::new(),
        ..message.clone()
    }
    .encode_to_vec();
    let vin = bad.parse("vin", &message.vin);
    let consent = bad.optional_text("consent", &message.consent, 64);
    let reason = bad.text("reason", &message.reason, 200);
    let vin = bad.finish_with(vin)?;
    Ok((request_id, canonical, vin, consent, reason))
}
