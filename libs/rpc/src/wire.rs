//! The shared words on the wire: proto ↔ vocabulary, once for all services.

use pbjson_types::Timestamp;
use time::OffsetDateTime;
use tongguan_api::common::v1 as pb;
use tongguan_api::google::r#type::Date;
use tongguan_vocabulary::{Odometer, OdometerUnit, PartialDate, PartialDateError};

/// `google.type.Date` of a date; unknown parts are 0.
pub fn date(date: PartialDate) -> Date {
    Date {
        year: date.year(),
        month: i32::from(date.month()),
        day: i32::from(date.day()),
    }
}

/// A `google.type.Date` read back.
pub fn partial_date(date: &Date) -> Result<PartialDate, PartialDateError> {
    PartialDate::from_parts(date.year.into(), date.month.into(), date.day.into())
}

/// `google.protobuf.Timestamp` of an instant.
pub fn timestamp(instant: OffsetDateTime) -> Timestamp {
    Timestamp {
        seconds: instant.unix_timestamp(),
        nanos: instant.nanosecond() as i32,
    }
}

/// An instant read back, to the microsecond; `None` where it is out of range.
pub fn instant(timestamp: &Timestamp) -> Option<OffsetDateTime> {
    let nanos = u32::try_from(timestamp.nanos)
        .ok()
        .filter(|nanos| *nanos < 1_000_000_000)?;
    let micros = nanos / 1_000 * 1_000;
    OffsetDateTime::from_unix_timestamp(timestamp.seconds)
        .ok()?
        .replace_nanosecond(micros)
        .ok()
}

/// An odometer reading on the wire.
pub fn odometer(odometer: Odometer) -> pb::Odometer {
    pb::Odometer {
        value: odometer.value,
        unit: match odometer.unit {
            OdometerUnit::Km => pb::odometer::Unit::Km,
            OdometerUnit::Mile => pb::odometer::Unit::Mile,
        }
        .into(),
    }
}

/// An odometer reading read back; says which part is wrong.
pub fn odometer_reading(odometer: &pb::Odometer) -> Result<Odometer, &'static str> {
    let unit = match odometer.unit() {
        pb::odometer::Unit::Km => OdometerUnit::Km,
        pb::odometer::Unit::Mile => OdometerUnit::Mile,
        pb::odometer::Unit::Unspecified => return Err("needs a unit: UNIT_KM or UNIT_MILE"),
    };
    if odometer.value > Odometer::MAX {
        return Err("is more than 9,999,999");
    }
    Ok(Odometer {
        value: odometer.value,
        unit,
    })
}
