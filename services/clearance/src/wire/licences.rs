//! Licence batches, both ways.

use tongguan_api::clearance::v1 as pb;
use tongguan_rpc::{Invalid, Violations, wire};
use uuid::Uuid;

use super::cases::is_commodity_code;
use super::{day, optional_day, reason, request_id, uuid};
use crate::domain::batch::{Line, MOST};
use crate::domain::{Batch, BatchState};
use crate::service::{LicenceRecord, NewBatch};

pub(crate) fn create(
    message: pb::CreateLicenceBatchRequest,
) -> Result<(String, NewBatch), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let destination = bad.parse("destination", &message.destination);
    bad.check(
        is_commodity_code(&message.commodity_code),
        "commodity_code",
        || "is not ten digits".to_owned(),
    );
    let quantity = message.declared_quantity;
    bad.check(
        (1..=MOST as u32).contains(&quantity),
        "declared_quantity",
        || format!("is {quantity}, a batch declares 1 to {MOST} vehicles"),
    );
    let cases = ids(&mut bad, &message.case_ids);
    let new = destination.map(|destination| NewBatch {
        commodity_code: message.commodity_code,
        destination,
        declared_quantity: quantity,
        cases,
    });
    Ok((request_id, bad.finish_with(new)?))
}

pub(crate) fn add(
    message: pb::AddToLicenceBatchRequest,
) -> Result<(String, Uuid, Vec<Uuid>), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let id = uuid(&mut bad, "batch_id", &message.batch_id);
    bad.check(!message.case_ids.is_empty(), "case_ids", || {
        "is required".to_owned()
    });
    let cases = ids(&mut bad, &message.case_ids);
    bad.finish()?;
    Ok((request_id, id, cases))
}

fn ids(bad: &mut Violations, texts: &[String]) -> Vec<Uuid> {
    bad.check(texts.len() <= MOST, "case_ids", || {
        format!("has {} cases, a batch holds at most {MOST}", texts.len())
    });
    texts
        .iter()
        .take(MOST)
        .enumerate()
        .map(|(place, text)| uuid(bad, &format!("case_ids[{place}]"), text))
        .collect()
}

pub(crate) fn record(
    message: pb::RecordLicenceRequest,
) -> Result<(String, Uuid, LicenceRecord), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let id = uuid(&mut bad, "batch_id", &message.batch_id);
    let number = bad.text("licence_number", &message.licence_number, 40);
    let issuer = bad.text("issuer", &message.issuer, 200);
    let valid_until = optional_day(&mut bad, "valid_until", message.valid_until);
    let issued = bad.day("issued", message.issued);
    bad.check(message.quantity > 0, "quantity", || {
        "is required".to_owned()
    });
    let record = issued.map(|issued| LicenceRecord {
        number,
        issuer,
        issued,
        valid_until,
        quantity: message.quantity,
        simulated: message.simulated,
    });
    Ok((request_id, id, bad.finish_with(record)?))
}

pub(crate) fn cancel(
    message: pb::CancelLicenceBatchRequest,
) -> Result<(String, Uuid, String), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let id = uuid(&mut bad, "batch_id", &message.batch_id);
    let reason = reason(&mut bad, &message.reason, 1);
    bad.finish()?;
    Ok((request_id, id, reason))
}

pub(crate) fn batch_id(key: &str, text: &str) -> Result<(String, Uuid), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, key.to_owned());
    let id = uuid(&mut bad, "batch_id", text);
    bad.finish()?;
    Ok((request_id, id))
}

impl From<Batch> for pb::LicenceBatch {
    fn from(batch: Batch) -> Self {
        let state = match batch.state {
            BatchState::Open => pb::licence_batch::State::Open,
            BatchState::Submitted => pb::licence_batch::State::Submitted,
            BatchState::Licensed => pb::licence_batch::State::Licensed,
            BatchState::Cancelled => pb::licence_batch::State::Cancelled,
        };
        let licence = batch.licence.as_ref();
        Self {
            batch_id: batch.id.to_string(),
            state: state.into(),
            exporter_code: batch.exporter,
            commodity_code: batch.commodity_code,
            destination: batch.destination.to_string(),
            declared_quantity: batch.declared_quantity,
            schedule: batch.lines.into_iter().map(line).collect(),
            licence_number: licence
                .map(|licence| licence.number.clone())
                .unwrap_or_default(),
            licence_issuer: licence
                .map(|licence| licence.issuer.clone())
                .unwrap_or_default(),
            licence_issued: day(licence.map(|licence| licence.issued)),
            licence_valid_until: day(licence.map(|licence| licence.valid_until)),
            cancelled_because: batch.cancelled_because,
            etag: batch.version.to_string(),
            create_time: Some(wire::timestamp(batch.created_at)),
            update_time: Some(wire::timestamp(batch.updated_at)),
            simulated: licence.is_some_and(|licence| licence.simulated),
        }
    }
}

fn line(line: Line) -> pb::ScheduleLine {
    pb::ScheduleLine {
        case_id: line.case.to_string(),
        vin: line.vin.to_string(),
        brand: line.brand,
        model: line.model,
        first_registered: day(Some(line.first_registered)),
        transfer_pending_export: day(Some(line.transfer_pending_export)),
        manufacturer: line.manufacturer,
        confirmation_document_id: line
            .confirmation
            .map(|id| id.to_string())
            .unwrap_or_default(),
    }
}
