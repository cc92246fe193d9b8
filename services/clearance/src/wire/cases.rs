//! Requests about cases → domain.

use std::collections::BTreeMap;

use pbjson_types::value::Kind;
use pbjson_types::{Struct, Value};
use serde_json::{Value as Json, json};
use tongguan_api::clearance::v1 as pb;
use tongguan_rpc::{Invalid, Violations};
use uuid::Uuid;

use super::{credit_code, documents, optional_day, reason, request_id, uuid};
use crate::domain::case::{Declared, Exporter, ExporterKind, Trip};
use crate::domain::{Document, State};
use crate::service::{Opening, Submission};
use crate::store::Filter;

/// Entry modes of the fact schema.
const ENTRY_MODES: [&str; 5] = ["sea", "land", "air", "rail", "own_wheels"];
/// The most facts one case may declare.
const MOST_FACTS: usize = 200;

pub(crate) fn open(message: pb::OpenCaseRequest) -> Result<(String, Opening, bool), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let vin = bad.parse("vin", &message.vin);
    let destination = bad.parse("destination", &message.destination);
    let exporter = bad
        .required("exporter", message.exporter)
        .and_then(|exporter| read_exporter(&mut bad, exporter));
    let trip = read_trip(&mut bad, message.trip.unwrap_or_default());
    let declared = declared(&mut bad, message.declared_facts);
    let mandate = message
        .mandate
        .and_then(|mandate| documents::read(&mut bad, mandate));
    let opening = vin
        .zip(destination)
        .zip(exporter)
        .map(|((vin, destination), exporter)| Opening {
            vin,
            destination,
            exporter,
            trip,
            declared,
            mandate,
        });
    Ok((request_id, bad.finish_with(opening)?, message.validate_only))
}

fn read_exporter(bad: &mut Violations, message: pb::Exporter) -> Option<Exporter> {
    let kind = bad.enumeration::<pb::exporter::Kind>("exporter.kind", message.kind);
    Some(Exporter {
        code: credit_code(bad, "exporter.code", &message.code),
        name: bad.text("exporter.name", &message.name, 200),
        filing_valid_until: optional_day(
            bad,
            "exporter.filing_valid_until",
            message.filing_valid_until,
        ),
        kind: match kind? {
            pb::exporter::Kind::Producer => ExporterKind::Producer,
            pb::exporter::Kind::Trading | pb::exporter::Kind::Unspecified => ExporterKind::Trading,
        },
    })
}

fn read_trip(bad: &mut Violations, message: pb::Trip) -> Trip {
    let mode = message.entry_mode;
    bad.check(
        mode.is_empty() || ENTRY_MODES.contains(&mode.as_str()),
        "trip.entry_mode",
        || format!("{mode:?} is none of {}", ENTRY_MODES.join(", ")),
    );
    let code = message.commodity_code;
    bad.check(
        code.is_empty() || is_commodity_code(&code),
        "trip.commodity_code",
        || "is not ten digits".to_owned(),
    );
    bad.check(message.value_usd <= 1_000_000_000, "trip.value_usd", || {
        "is more than a billion".to_owned()
    });
    Trip {
        application_date: optional_day(bad, "trip.application_date", message.application_date),
        contract_date: bad.optional_date("trip.contract_date", message.contract_date),
        bill_of_lading: bad.optional_date("trip.bill_of_lading", message.bill_of_lading),
        departure: bad.optional_date("trip.departure", message.departure),
        arrival: bad.optional_date("trip.arrival", message.arrival),
        declaration: bad.optional_date("trip.declaration", message.declaration),
        registration_at_destination: bad.optional_date(
            "trip.registration_at_destination",
            message.registration_at_destination,
        ),
        entry_mode: mode,
        commodity_code: code,
        value_usd: message.value_usd,
    }
}

pub(super) fn is_commodity_code(code: &str) -> bool {
    code.len() == 10 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// Declared facts: names are checked by the rules when they are read; here only their shape.
fn declared(bad: &mut Violations, facts: Option<Struct>) -> Declared {
    let mut flat = BTreeMap::new();
    for (name, value) in facts.unwrap_or_default().fields {
        flatten(bad, name, value, 0, &mut flat);
    }
    bad.check(flat.len() <= MOST_FACTS, "declared_facts", || {
        format!("has {} facts, at most {MOST_FACTS} are taken", flat.len())
    });
    // What the service itself establishes can not be declared.
    for name in flat.keys() {
        let own = ["registry.", "case.", "inspection.", "maintenance."]
            .iter()
            .any(|prefix| name.starts_with(prefix))
            || name == "documents";
        let open = matches!(
            name.as_str(),
            "registry.in_miit_announcement" | "registry.ccc_valid" | "registry.scrap_mileage_km"
        );
        bad.check(!own || open, &format!("declared_facts.{name}"), || {
            "is established by evidence and can not be declared".to_owned()
        });
    }
    flat
}

fn flatten(bad: &mut Violations, name: String, value: Value, depth: u32, flat: &mut Declared) {
    let shape = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
    bad.check(
        name.len() <= 80 && name.chars().all(shape),
        "declared_facts",
        || {
            format!(
                "{:?} is not a fact name",
                name.chars().take(80).collect::<String>()
            )
        },
    );
    match value.kind {
        // A set with bounds stays an object; other objects are nested names.
        Some(Kind::StructValue(inner))
            if depth < 3
                && !inner.fields.contains_key("has")
                && !inner.fields.contains_key("not") =>
        {
            for (part, value) in inner.fields {
                flatten(bad, format!("{name}.{part}"), value, depth + 1, flat);
            }
        }
        kind => {
            flat.insert(name, to_json(kind));
        }
    }
}

fn to_json(kind: Option<Kind>) -> Json {
    match kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(flag)) => json!(flag),
        // The format has doubles only: a whole number is meant as one.
        Some(Kind::NumberValue(number)) if number.fract() == 0.0 && number.abs() < 9e15 => {
            json!(number as i64)
        }
        Some(Kind::NumberValue(number)) => json!(number),
        Some(Kind::StringValue(text)) => json!(text),
        Some(Kind::ListValue(list)) => list
            .values
            .into_iter()
            .map(|value| to_json(value.kind))
            .collect(),
        Some(Kind::StructValue(inner)) => Json::Object(
            inner
                .fields
                .into_iter()
                .map(|(name, value)| (name, to_json(value.kind)))
                .collect(),
        ),
    }
}

pub(crate) fn attach(
    message: pb::AttachDocumentRequest,
) -> Result<(String, Uuid, Document, Option<Uuid>), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let case = uuid(&mut bad, "case_id", &message.case_id);
    let replaces = bad.optional_parse("replaces", &message.replaces);
    let document = bad
        .required("document", message.document)
        .and_then(|document| documents::read(&mut bad, document));
    Ok((request_id, case, bad.finish_with(document)?, replaces))
}

pub(crate) fn submit(message: pb::SubmitCaseRequest) -> Result<(String, Submission), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let submission = Submission {
        id: uuid(&mut bad, "case_id", &message.case_id),
        etag: message.etag,
        trip: message.trip.map(|trip| read_trip(&mut bad, trip)),
        declared: declared(&mut bad, message.declared_facts),
    };
    bad.finish()?;
    Ok((request_id, submission))
}

pub(crate) fn withdraw(
    message: pb::WithdrawCaseRequest,
) -> Result<(String, Uuid, String), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let id = uuid(&mut bad, "case_id", &message.case_id);
    let reason = reason(&mut bad, &message.reason, 1);
    bad.finish()?;
    Ok((request_id, id, reason))
}

pub(crate) fn decide(
    message: pb::DecideCaseRequest,
) -> Result<(String, Uuid, bool, String), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let id = uuid(&mut bad, "case_id", &message.case_id);
    let ready = ready(&mut bad, message.outcome);
    let reason = reason(&mut bad, &message.reason, 10);
    Ok((request_id, id, bad.finish_with(ready)?, reason))
}

pub(crate) fn override_decision(
    message: pb::OverrideDecisionRequest,
) -> Result<(String, Uuid, bool, String), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let id = uuid(&mut bad, "case_id", &message.case_id);
    let ready = ready(&mut bad, message.outcome);
    let reason = reason(&mut bad, &message.reason, 20);
    Ok((request_id, id, bad.finish_with(ready)?, reason))
}

/// A person's outcome is READY or REFUSED.
fn ready(bad: &mut Violations, outcome: i32) -> Option<bool> {
    match bad.enumeration::<pb::decision::Outcome>("outcome", outcome)? {
        pb::decision::Outcome::Ready => Some(true),
        pb::decision::Outcome::Refused => Some(false),
        _ => {
            bad.add("outcome", "is READY or REFUSED");
            None
        }
    }
}

pub(crate) fn id(text: &str) -> Result<Uuid, Invalid> {
    let mut bad = Violations::default();
    let id = bad.parse("case_id", text);
    bad.finish_with(id)
}

pub(crate) fn filter(message: &pb::ListCasesRequest) -> Result<Filter, Invalid> {
    let mut bad = Violations::default();
    let state = pb::CaseState::try_from(message.state).ok();
    bad.check(state.is_some(), "state", || {
        format!("{} is not a known value", message.state)
    });
    let destination: Option<tongguan_vocabulary::Country> =
        bad.optional_parse("destination", &message.destination);
    let vin: Option<tongguan_vocabulary::Vin> = bad.optional_parse("vin", &message.vin);
    let word = state
        .map(|state| state.as_str_name().trim_start_matches("CASE_STATE_"))
        .unwrap_or_default();
    let filter = Filter {
        state: State::named(word),
        destination: destination
            .map(|country| country.to_string())
            .unwrap_or_default(),
        exporter: bad.optional_text("exporter_code", &message.exporter_code, 18),
        vin: vin.map(|vin| vin.to_string()).unwrap_or_default(),
    };
    bad.finish()?;
    Ok(filter)
}
