//! What the peers' messages say of a car, kept as evidence, and the question that follows from it.

use tongguan_api::google::r#type::Date;
use tongguan_api::{maintenance::v1 as maintenance, registry::v1 as registry};
use tongguan_rpc::{evidence, wire};
use tongguan_vocabulary::evidence::Vehicle as Evidence;

use super::{History, Vehicle};

pub(super) fn vehicle(vehicle: registry::Vehicle) -> Vehicle {
    let details = vehicle.details.clone().unwrap_or_default();
    let readings = vehicle.odometer_readings.iter();
    let history = maintenance::LookupHistoryRequest {
        plate: details.plate,
        readings: readings.filter_map(reading).take(200).collect(),
        first_registered: details.first_registered,
        commercial: !matches!(details.use_nature.as_str(), "A" | ""),
        imported: details.imported,
        ..Default::default()
    };
    let evidence: Evidence = evidence::vehicle(vehicle);
    Vehicle { evidence, history }
}

fn reading(reading: &registry::OdometerReading) -> Option<maintenance::Reading> {
    use registry::odometer_reading::Source;
    let whole = |date: &Date| date.month != 0 && date.day != 0;
    Some(maintenance::Reading {
        odometer: reading.odometer,
        date: Some(reading.date.filter(whole)?),
        source: match reading.source() {
            Source::Registration => maintenance::ReadingSource::Registration,
            Source::Inspection => maintenance::ReadingSource::Inspection,
            Source::Maintenance => maintenance::ReadingSource::Shop,
            Source::Telematics => maintenance::ReadingSource::Telematics,
            Source::Declared | Source::Unspecified => maintenance::ReadingSource::Declared,
        }
        .into(),
        party: "registry".to_owned(),
        document: reading.document.chars().take(100).collect(),
        result: maintenance::reading::Result::Read.into(),
        meter_replaced: false,
    })
}

pub(super) fn history(history: maintenance::History) -> History {
    History {
        down: history.outcome() == maintenance::Outcome::UpstreamDown,
        fetched: history.fetched_at.as_ref().and_then(wire::instant),
        evidence: evidence::history(history),
    }
}
