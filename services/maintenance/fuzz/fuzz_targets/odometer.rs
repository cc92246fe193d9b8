//! Any readings have a judgement, the same in any order, and a repeat changes nothing of the verdict.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use time::{Date, Duration};
use tongguan_maintenance::domain::odometer::{Meter, Reading, Source, Timeline, analyse};
use tongguan_vocabulary::{Odometer, OdometerUnit};

#[derive(Arbitrary, Debug)]
struct Row {
    day: u16,
    km: u32,
    miles: bool,
    source: u8,
    party: u8,
    flags: u8,
}

fn day(number: u16) -> Date {
    let start = Date::from_ordinal_date(2000, 1).unwrap_or(Date::MIN);
    start + Duration::days(i64::from(number))
}

fn reading(row: &Row) -> Reading {
    let sources = [
        Source::Registration,
        Source::Inspection,
        Source::Headquarters,
        Source::Shop,
        Source::Declared,
        Source::Telematics,
    ];
    let value = row.km % 10_000_000;
    Reading {
        meter: match row.flags & 3 {
            3 => Meter::Unreadable,
            _ if row.miles => Meter::Shows(Odometer {
                value,
                unit: OdometerUnit::Mile,
            }),
            _ => Meter::Shows(Odometer::km(value)),
        },
        date: day(row.day),
        source: sources[usize::from(row.source) % sources.len()],
        party: format!("p{}", row.party % 4),
        document: String::new(),
        replaced: row.flags & 4 != 0,
        other_car: row.flags & 8 != 0,
    }
}

fuzz_target!(|input: (Vec<Row>, u16, bool)| {
    let (rows, as_of, commercial) = input;
    let mut timeline = Timeline {
        readings: rows.iter().take(120).map(reading).collect(),
        first_registered: None,
        as_of: day(as_of),
        commercial,
        imported: false,
        stale: false,
    };
    let first = analyse(&timeline);
    assert_eq!(first.judged.len(), timeline.readings.len());
    assert!((0.0..1.0).contains(&first.confidence));
    timeline.readings.reverse();
    let turned = analyse(&timeline);
    assert_eq!(
        (first.verdict, first.minimum_true_km),
        (turned.verdict, turned.minimum_true_km)
    );
    if let Some(again) = timeline.readings.first().cloned() {
        timeline.readings.push(again);
        assert_eq!(analyse(&timeline).verdict, turned.verdict);
    }
});
