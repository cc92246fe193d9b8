//! How long the odometer analysis takes, in microseconds per timeline: clean, with one slip, and turned back.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::time::Instant;

use time::{Date, Duration, Month};
use tongguan_maintenance::domain::odometer::{Meter, Reading, Source, Timeline, analyse};
use tongguan_vocabulary::Odometer;

fn timeline(length: u32, tamper: impl Fn(u32, u32) -> u32) -> Timeline {
    let start = Date::from_calendar_date(2012, Month::January, 1).unwrap_or(Date::MIN);
    let readings = (0..length).map(|number| Reading {
        meter: Meter::Shows(Odometer::km(tamper(number, 1_000 + number * 450))),
        date: start + Duration::days(i64::from(number) * 9),
        source: Source::Shop,
        party: format!("shop {}", number % 7),
        document: String::new(),
        replaced: false,
        other_car: false,
    });
    Timeline {
        readings: readings.collect(),
        first_registered: None,
        as_of: start + Duration::days(i64::from(length) * 9),
        commercial: false,
        imported: false,
        stale: false,
    }
}

fn main() {
    for length in [2, 10, 50, 200, 500] {
        let half = length / 2;
        let stories = [
            ("clean", timeline(length, |_, km| km)),
            (
                "one slip",
                timeline(
                    length,
                    |number, km| if number == half { km * 10 } else { km },
                ),
            ),
            (
                "turned back",
                timeline(length, |number, km| if number > half { km / 2 } else { km }),
            ),
        ];
        for (story, timeline) in stories {
            let rounds = 20_000 / length;
            let started = Instant::now();
            for _ in 0..rounds {
                black_box(analyse(black_box(&timeline)));
            }
            let each = started.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
            println!("{length:>4} readings, {story:<12} {each:>9.1} µs");
        }
    }
}
