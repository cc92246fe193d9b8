//! Requests of the registry, decoded.

mod amend;
mod batch_get;
mod bulk;
mod identity;

use time::OffsetDateTime;
use tongguan_api::registry::v1 as pb;
use tongguan_rpc::{Invalid, Violations, wire};
use tongguan_vocabulary::{PartialDate, Vin};
use uuid::Uuid;

pub(crate) use amend::amendment;
pub(crate) use batch_get::batch_get;
pub(crate) use bulk::{batch, import};
pub(crate) use identity::identity;

use super::{details, owners};
use crate::domain::{
    Change, Details, Encumbrance, EncumbranceKind, Owner, Reading, ReadingSource, State, Transfer,
};
use crate::service::Ground;
use crate::store::Filter;

/// Police status letters of GA/T 24.
const STATUS_LETTERS: &str = "ABCDEGHIJKLMNOPQ";

pub(crate) fn vin(text: &str) -> Result<Vin, Invalid> {
    let mut bad = Violations::default();
    let vin = bad.parse("vin", text);
    bad.finish_with(vin)
}

/// A vehicle to be registered.
pub(crate) struct Register {
    pub(crate) request_id: String,
    pub(crate) details: Details,
    pub(crate) owner: Option<Owner>,
    pub(crate) validate_only: bool,
}

pub(crate) fn register(request: pb::RegisterVehicleRequest) -> Result<Register, Invalid> {
    let mut bad = Violations::default();
    let request_id = key(&mut bad, &request.request_id);
    let details = details::decode(&mut bad, "vehicle", request.vehicle);
    let owner = owners::decode(&mut bad, "owner", request.owner);
    Ok(Register {
        request_id,
        details: bad.finish_with(details)?,
        owner,
        validate_only: request.validate_only,
    })
}

pub(crate) fn get(
    request: &pb::GetVehicleRequest,
) -> Result<(Vin, Option<OffsetDateTime>), Invalid> {
    let mut bad = Violations::default();
    let vin = bad.parse("vin", &request.vin);
    let as_of = request.as_of.as_ref().map(wire::instant);
    bad.check(as_of != Some(None), "as_of", || {
        "is out of range".to_owned()
    });
    Ok((bad.finish_with(vin)?, as_of.flatten()))
}

pub(crate) fn filter(request: &pb::ListVehiclesRequest) -> Result<Filter, Invalid> {
    let mut bad = Violations::default();
    let from = bad.optional_date("registered_from", request.registered_from);
    let until = bad.optional_date("registered_until", request.registered_until);
    bad.check(request.page_size >= 0, "page_size", || {
        "is negative".to_owned()
    });
    bad.finish()?;
    let category = request
        .category()
        .as_str_name()
        .trim_start_matches("VEHICLE_CATEGORY_");
    Ok(Filter {
        state: match request.state() {
            pb::vehicle::State::Unspecified => None,
            pb::vehicle::State::Registered => Some(State::Registered),
            pb::vehicle::State::TransferPendingExport => Some(State::TransferPendingExport),
            pb::vehicle::State::Deregistered => Some(State::Deregistered),
        },
        exporter: request.exporter.clone(),
        category: if category == "UNSPECIFIED" {
            String::new()
        } else {
            category.to_owned()
        },
        plate: request.plate.clone(),
        registered_from: from.map_or_else(Vec::new, |date| {
            let day = date.first().to_string();
            let (month, year) = (day[..7].to_owned(), day[..4].to_owned());
            vec![day, month, year]
        }),
        registered_until: until
            .map(|date| date.last().to_string())
            .unwrap_or_default(),
    })
}

pub(crate) fn transfer(
    request: pb::RecordTransferPendingExportRequest,
) -> Result<(Vin, Ground, Change, Option<Owner>), Invalid> {
    let mut bad = Violations::default();
    let ground = ground(&mut bad, &request.request_id, &request.document);
    let vin = bad.parse("vin", &request.vin);
    let transfer = bad
        .required("transfer", request.transfer)
        .unwrap_or_default();
    let code = &transfer.exporter;
    let shaped = code.len() == 18
        && code
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    bad.check(shaped, "transfer.exporter", || {
        "is a unified social credit code of 18 characters (GB 32100)".to_owned()
    });
    let exporter_name = bad.text("transfer.exporter_name", &transfer.exporter_name, 200);
    let date = bad.day("transfer.date", transfer.date);
    let filing = bad.day("transfer.filing_valid_until", transfer.filing_valid_until);
    let plate = transfer
        .temporary_plate_until
        .map(|until| bad.day("transfer.temporary_plate_until", Some(until)));
    let owner = owners::decode(&mut bad, "owner", request.owner);
    let whole = vin.zip(date).zip(filing);
    let ((vin, date), filing_valid_until) = bad.finish_with(whole)?;
    let change = Change::TransferPendingExport(Transfer {
        exporter: transfer.exporter,
        exporter_name,
        date,
        temporary_plate_until: plate.flatten(),
        filing_valid_until,
    });
    Ok((vin, ground, change, owner))
}

pub(crate) fn encumbrance(
    request: pb::RecordEncumbranceRequest,
) -> Result<(Vin, Ground, Change), Invalid> {
    let mut bad = Violations::default();
    let ground = ground(&mut bad, &request.request_id, "");
    let vin = bad.parse("vin", &request.vin);
    let burden = bad
        .required("encumbrance", request.encumbrance)
        .unwrap_or_default();
    let kind = bad.enumeration::<pb::encumbrance::Kind>("encumbrance.kind", burden.kind);
    let legal_basis = bad.text("encumbrance.legal_basis", &burden.legal_basis, 200);
    let holder = bad.optional_text("encumbrance.holder", &burden.holder, 200);
    let since = bad.date("encumbrance.since", burden.since);
    let whole = vin.zip(kind).zip(since);
    let ((vin, kind), since) = bad.finish_with(whole)?;
    let change = Change::Encumber(Encumbrance {
        id: Uuid::nil(),
        kind: match kind {
            pb::encumbrance::Kind::Mortgage | pb::encumbrance::Kind::Unspecified => {
                EncumbranceKind::Mortgage
            }
            pb::encumbrance::Kind::Pledge => EncumbranceKind::Pledge,
            pb::encumbrance::Kind::CustomsSupervision => EncumbranceKind::CustomsSupervision,
            pb::encumbrance::Kind::Seizure => EncumbranceKind::Seizure,
        },
        legal_basis,
        holder,
        since,
        lifted: None,
    });
    Ok((vin, ground, change))
}

pub(crate) fn lift(request: pb::LiftEncumbranceRequest) -> Result<(Vin, Ground, Change), Invalid> {
    let mut bad = Violations::default();
    let ground = ground(&mut bad, &request.request_id, &request.document);
    let vin = bad.parse("vin", &request.vin);
    let id = bad.parse("encumbrance", &request.encumbrance);
    let date = bad.day("date", request.date);
    let whole = vin.zip(id).zip(date);
    let ((vin, id), date) = bad.finish_with(whole)?;
    Ok((vin, ground, Change::Lift { id, date }))
}

pub(crate) fn status(request: pb::RecordStatusRequest) -> Result<(Vin, Ground, Change), Invalid> {
    let mut bad = Violations::default();
    let ground = ground(&mut bad, &request.request_id, &request.document);
    let vin = bad.parse("vin", &request.vin);
    bad.check(!request.letters.is_empty(), "letters", || {
        "is required; A alone is normal".to_owned()
    });
    let mut letters: Vec<char> = Vec::new();
    for (index, text) in request.letters.iter().enumerate() {
        match text
            .chars()
            .next()
            .filter(|letter| text.len() == 1 && STATUS_LETTERS.contains(*letter))
        {
            Some(letter) => letters.push(letter),
            None => bad.add(
                format!("letters[{index}]"),
                format!("{text:?} is not a status letter of GA/T 24"),
            ),
        }
    }
    letters.sort_unstable();
    letters.dedup();
    bad.check(
        letters.len() < 2 || !letters.contains(&'A'),
        "letters",
        || "A (normal) stands alone".to_owned(),
    );
    Ok((bad.finish_with(vin)?, ground, Change::Status(letters)))
}

pub(crate) fn odometer(
    request: pb::RecordOdometerRequest,
) -> Result<(Vin, Ground, Change), Invalid> {
    let mut bad = Violations::default();
    let reading = bad.required("reading", request.reading).unwrap_or_default();
    let ground = Ground {
        reason: bad.optional_text("lower_because", &request.lower_because, 500),
        ..ground(&mut bad, &request.request_id, "")
    };
    let vin = bad.parse("vin", &request.vin);
    let meter = bad
        .required("reading.odometer", reading.odometer)
        .and_then(|meter| match wire::odometer_reading(&meter) {
            Ok(meter) => Some(meter),
            Err(wrong) => {
                bad.add("reading.odometer", wrong);
                None
            }
        });
    let date = bad.day("reading.date", reading.date);
    let source = bad.enumeration::<pb::odometer_reading::Source>("reading.source", reading.source);
    let document = bad.optional_text("reading.document", &reading.document, 200);
    let whole = vin.zip(meter).zip(date).zip(source);
    let (((vin, odometer), date), source) = bad.finish_with(whole)?;
    let change = Change::Odometer {
        reading: Reading {
            odometer,
            date,
            source: match source {
                pb::odometer_reading::Source::Registration => ReadingSource::Registration,
                pb::odometer_reading::Source::Inspection => ReadingSource::Inspection,
                pb::odometer_reading::Source::Maintenance => ReadingSource::Maintenance,
                pb::odometer_reading::Source::Declared
                | pb::odometer_reading::Source::Unspecified => ReadingSource::Declared,
                pb::odometer_reading::Source::Telematics => ReadingSource::Telematics,
            },
            document,
        },
        lower_because: ground.reason.clone(),
    };
    Ok((vin, ground, change))
}

pub(crate) fn deregister(
    request: pb::DeregisterVehicleRequest,
) -> Result<(Vin, Ground, Change), Invalid> {
    let mut bad = Violations::default();
    let ground = ground(&mut bad, &request.request_id, &request.document);
    let vin = bad.parse("vin", &request.vin);
    let date = bad.day("date", request.date);
    let known = ["EXPORTED", "SCRAPPED", "OTHER"].contains(&request.reason.as_str());
    bad.check(known, "reason", || {
        "is EXPORTED, SCRAPPED or OTHER".to_owned()
    });
    let (vin, date) = bad.finish_with(vin.zip(date))?;
    let change = Change::Deregister {
        date,
        reason: request.reason,
    };
    Ok((vin, ground, change))
}

pub(crate) fn decode(
    request: pb::DecodeVinRequest,
) -> Result<(String, Option<PartialDate>), Invalid> {
    let mut bad = Violations::default();
    bad.text("text", &request.text, 64);
    let first_registered = bad.optional_date("first_registered", request.first_registered);
    bad.finish()?;
    Ok((request.text, first_registered))
}

fn key(bad: &mut Violations, request_id: &str) -> String {
    bad.optional_text("request_id", request_id, 64)
}

fn ground(bad: &mut Violations, request_id: &str, document: &str) -> Ground {
    Ground {
        request_id: key(bad, request_id),
        document: bad.optional_text("document", document, 200),
        ..Ground::default()
    }
}
