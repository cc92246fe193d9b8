//! Answers of the registry, encoded.

use tongguan_api::registry::v1 as pb;
use tongguan_rpc::wire;
use tongguan_vocabulary::CheckDigit;

use crate::domain::decode::Notice;
use crate::domain::{
    Decoded, Encumbrance, EncumbranceKind, Mark, MarkKind, Prohibition, Reading, ReadingSource,
    Scrapping, State, Transfer,
};
use crate::service::View;
use crate::store::Event;

impl From<View> for pb::Vehicle {
    fn from(view: View) -> Self {
        let vehicle = view.vehicle;
        Self {
            etag: vehicle.etag(),
            state: match vehicle.state {
                State::Registered => pb::vehicle::State::Registered,
                State::TransferPendingExport => pb::vehicle::State::TransferPendingExport,
                State::Deregistered => pb::vehicle::State::Deregistered,
            }
            .into(),
            transfer: vehicle.transfer.map(pb::TransferPendingExport::from),
            encumbrances: vehicle
                .encumbrances
                .into_iter()
                .map(pb::Encumbrance::from)
                .collect(),
            status_letters: vehicle.status_letters.iter().map(char::to_string).collect(),
            status_time: vehicle.status_at.map(wire::timestamp),
            odometer_readings: vehicle
                .readings
                .into_iter()
                .map(pb::OdometerReading::from)
                .collect(),
            prohibitions: view
                .prohibitions
                .into_iter()
                .map(pb::Prohibition::from)
                .collect(),
            scrapping: Some(view.scrapping.into()),
            notices: view.notices.into_iter().map(pb::Notice::from).collect(),
            identities: view
                .identities
                .into_iter()
                .map(pb::IdentityMark::from)
                .collect(),
            version: vehicle.version as u64,
            create_time: Some(wire::timestamp(vehicle.created_at)),
            update_time: Some(wire::timestamp(vehicle.updated_at)),
            deregistered: vehicle.deregistered.map(|date| wire::date(date.into())),
            details: Some(vehicle.details.into()),
        }
    }
}

impl From<Transfer> for pb::TransferPendingExport {
    fn from(transfer: Transfer) -> Self {
        Self {
            exporter: transfer.exporter,
            exporter_name: transfer.exporter_name,
            date: Some(wire::date(transfer.date.into())),
            temporary_plate_until: transfer
                .temporary_plate_until
                .map(|date| wire::date(date.into())),
            filing_valid_until: Some(wire::date(transfer.filing_valid_until.into())),
        }
    }
}

impl From<Encumbrance> for pb::Encumbrance {
    fn from(burden: Encumbrance) -> Self {
        Self {
            id: burden.id.to_string(),
            kind: match burden.kind {
                EncumbranceKind::Mortgage => pb::encumbrance::Kind::Mortgage,
                EncumbranceKind::Pledge => pb::encumbrance::Kind::Pledge,
                EncumbranceKind::CustomsSupervision => pb::encumbrance::Kind::CustomsSupervision,
                EncumbranceKind::Seizure => pb::encumbrance::Kind::Seizure,
            }
            .into(),
            legal_basis: burden.legal_basis,
            holder: burden.holder,
            since: Some(wire::date(burden.since)),
            lifted: burden.lifted.map(|date| wire::date(date.into())),
        }
    }
}

impl From<Reading> for pb::OdometerReading {
    fn from(reading: Reading) -> Self {
        Self {
            odometer: Some(wire::odometer(reading.odometer)),
            date: Some(wire::date(reading.date.into())),
            source: match reading.source {
                ReadingSource::Registration => pb::odometer_reading::Source::Registration,
                ReadingSource::Inspection => pb::odometer_reading::Source::Inspection,
                ReadingSource::Maintenance => pb::odometer_reading::Source::Maintenance,
                ReadingSource::Declared => pb::odometer_reading::Source::Declared,
                ReadingSource::Telematics => pb::odometer_reading::Source::Telematics,
            }
            .into(),
            document: reading.document,
        }
    }
}

impl From<Mark> for pb::IdentityMark {
    fn from(mark: Mark) -> Self {
        Self {
            kind: match mark.kind {
                MarkKind::Plate => pb::identity_mark::Kind::Plate,
                MarkKind::Engine => pb::identity_mark::Kind::Engine,
                MarkKind::Battery => pb::identity_mark::Kind::Battery,
                MarkKind::StampedVin => pb::identity_mark::Kind::StampedVin,
            }
            .into(),
            value: mark.value,
            since: mark.since.map(wire::date),
            until: mark.until.map(wire::date),
            document: mark.document,
        }
    }
}

impl From<Prohibition> for pb::Prohibition {
    fn from(prohibition: Prohibition) -> Self {
        Self {
            number: prohibition.number,
            code: prohibition.code.to_owned(),
            fact: prohibition.fact,
        }
    }
}

impl From<Scrapping> for pb::Scrapping {
    fn from(scrapping: Scrapping) -> Self {
        let (verdict, limit, closed, basis) = match scrapping {
            Scrapping::NoYearLimit { row } => {
                (pb::scrapping::Verdict::NoYearLimit, None, None, row)
            }
            Scrapping::Limited {
                limit,
                closed_from,
                row,
            } => (
                pb::scrapping::Verdict::Limited,
                Some(limit),
                Some(closed_from),
                row,
            ),
            Scrapping::Refer { reason } => (pb::scrapping::Verdict::Refer, None, None, reason),
        };
        Self {
            verdict: verdict.into(),
            limit: limit.map(|date| wire::date(date.into())),
            export_closed_from: closed.map(|date| wire::date(date.into())),
            basis,
        }
    }
}

impl From<Notice> for pb::Notice {
    fn from(notice: Notice) -> Self {
        Self {
            code: notice.code.to_owned(),
            hard: notice.hard,
            message: notice.message,
        }
    }
}

impl From<Decoded> for pb::DecodeVinResponse {
    fn from(decoded: Decoded) -> Self {
        let (check_digit, expected) = match decoded.check_digit {
            None => (pb::decode_vin_response::CheckDigit::Unspecified, None),
            Some(CheckDigit::Matches) => (pb::decode_vin_response::CheckDigit::Matches, None),
            Some(CheckDigit::WrongHard { expected }) => (
                pb::decode_vin_response::CheckDigit::WrongHard,
                Some(expected),
            ),
            Some(CheckDigit::WrongAdvisory { expected }) => (
                pb::decode_vin_response::CheckDigit::WrongAdvisory,
                Some(expected),
            ),
        };
        let (maker, maker_source) = decoded.maker.unwrap_or_default();
        Self {
            valid: decoded.vin.is_some(),
            wmi: decoded.normalised.chars().take(3).collect(),
            notices: decoded.notices.into_iter().map(pb::Notice::from).collect(),
            normalised: decoded.normalised,
            check_digit: check_digit.into(),
            expected_check_digit: expected.map(String::from).unwrap_or_default(),
            maker,
            maker_source,
            region: decoded.region.to_owned(),
            model_years: decoded.model_years,
            repairs: decoded.repairs.into_iter().map(String::from).collect(),
            repair_count: decoded.repair_count as u32,
        }
    }
}

/// One line of the history; `resume_token` continues a watch after it.
pub(crate) fn event(event: Event, resume_token: String) -> pb::VehicleEvent {
    pb::VehicleEvent {
        vin: event.vin,
        version: event.version as u64,
        kind: event.kind,
        actor: event.actor,
        reason: event.reason,
        document: event.document,
        record_time: Some(wire::timestamp(event.recorded_at)),
        change_json: event.change.to_string(),
        resume_token,
    }
}
