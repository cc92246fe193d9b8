//! Tables of the field's faults, and properties over generated histories.

use proptest::prelude::*;
use time::macros::date;
use time::{Date, Duration};

use super::*;

fn reading(date: Date, km: u32, source: Source, party: &str) -> Reading {
    Reading {
        meter: Meter::Shows(Odometer::km(km)),
        date,
        source,
        party: party.to_owned(),
        document: String::new(),
        replaced: false,
        other_car: false,
    }
}

fn timeline(readings: Vec<Reading>) -> Timeline {
    Timeline {
        readings,
        first_registered: Some(PartialDate::from(date!(2019 - 01 - 10))),
        as_of: date!(2026 - 03 - 02),
        commercial: false,
        imported: false,
        stale: false,
    }
}

/// A reading every half year from July 2019 on, by changing shops.
fn half_yearly(kms: &[u32]) -> Timeline {
    let shops = ["沪A修理厂", "沪B修理厂", "沪C修理厂"];
    let readings = kms.iter().enumerate().map(|(at, km)| {
        let day = date!(2019 - 07 - 01) + Duration::days(182 * at as i64);
        reading(day, *km, Source::Shop, shops[at % 3])
    });
    let readings: Vec<Reading> = readings.collect();
    let mut timeline = timeline(readings);
    timeline.as_of = timeline
        .readings
        .last()
        .map_or(timeline.as_of, |last| last.date + Duration::days(30));
    timeline
}

#[test]
fn the_verdicts_follow_the_story_the_readings_tell() {
    let cases: [(&[u32], Verdict, Option<Kind>); 13] = [
        (
            &[8_000, 17_500, 26_000, 35_000, 44_000],
            Verdict::Consistent,
            None,
        ),
        (
            &[8_000, 17_500, 260_000, 35_000, 44_000],
            Verdict::OneReading,
            Some(Kind::DigitAdded),
        ),
        (
            &[8_000, 17_500, 2_600, 35_000, 44_000],
            Verdict::OneReading,
            Some(Kind::DigitLost),
        ),
        (
            &[8_000, 17_500, 62_000, 35_000, 44_000],
            Verdict::OneReading,
            Some(Kind::DigitsSwapped),
        ),
        (
            &[18_000, 37_500, 5, 65_000, 84_000],
            Verdict::OneReading,
            Some(Kind::WanKm),
        ),
        (
            &[18_000, 37_500, 18_000, 65_000, 84_000],
            Verdict::OneReading,
            Some(Kind::Copied),
        ),
        // Many readings on the higher level, and a lower one that lasts.
        (
            &[20_000, 55_000, 90_000, 125_000, 60_000, 66_000],
            Verdict::Rollback,
            Some(Kind::Rollback),
        ),
        // Few on the higher level, many on the lower.
        (
            &[
                10_000, 20_000, 80_900, 120_700, 60_000, 65_000, 70_000, 75_000,
            ],
            Verdict::Rollback,
            Some(Kind::Rollback),
        ),
        // A fall in the last reading only is not settled by it.
        (
            &[20_000, 55_000, 90_000, 125_000, 61_000],
            Verdict::OneReading,
            None,
        ),
        // A fall within max(100 km, 1 %) is copying noise.
        (
            &[20_000, 55_000, 54_700, 90_000],
            Verdict::Consistent,
            Some(Kind::WithinTolerance),
        ),
        (&[20_000], Verdict::Unknown(Reason::TooFew), None),
        (&[], Verdict::Unknown(Reason::TooFew), None),
        // Two shops that always write one digit too many are slips, not a rollback.
        (
            &[8_000, 175_000, 260_000, 35_000, 44_000],
            Verdict::Unknown(Reason::Contradictory),
            Some(Kind::DigitAdded),
        ),
    ];
    for (kms, verdict, kind) in cases {
        let analysis = analyse(&half_yearly(kms));
        assert_eq!(analysis.verdict, verdict, "{kms:?}: {:#?}", analysis.judged);
        if let Some(kind) = kind {
            let first = |judged: &Judged| judged.explanations.first().map(|first| first.kind);
            assert!(
                analysis
                    .judged
                    .iter()
                    .any(|judged| first(judged) == Some(kind)),
                "{kms:?}: {:#?}",
                analysis.judged
            );
        }
    }
}

#[test]
fn the_least_a_rolled_back_car_has_run_is_its_highest_trusted_reading() {
    let analysis = analyse(&half_yearly(&[
        20_000, 55_000, 90_000, 125_000, 60_000, 66_000,
    ]));
    assert_eq!(analysis.minimum_true_km, Some(125_000));
    assert_eq!(analysis.missing_km, Some(65_000));
    assert_eq!(analysis.last_shown_km, Some(66_000));
    let spike = analyse(&half_yearly(&[8_000, 17_500, 260_000, 35_000, 44_000]));
    assert_eq!(spike.minimum_true_km, Some(44_000), "a slip is not trusted");
}

#[test]
fn a_documented_second_meter_counts_on_top_of_the_first() {
    let mut series = half_yearly(&[20_000, 55_000, 90_000, 1_200, 9_000]);
    series.readings[3].replaced = true;
    let analysis = analyse(&series);
    assert_eq!(analysis.verdict, Verdict::MeterReplaced);
    assert_eq!(analysis.minimum_true_km, Some(90_000 + 9_000 - 1_200));
}

#[test]
fn a_row_of_another_car_never_makes_a_rollback() {
    let mut series = half_yearly(&[20_000, 55_000, 90_000, 125_000, 60_000, 66_000]);
    series.readings[4].other_car = true;
    series.readings[5].other_car = true;
    assert_eq!(analyse(&series).verdict, Verdict::Consistent);
    series.readings[1].other_car = true;
    assert_eq!(
        analyse(&series).verdict,
        Verdict::Unknown(Reason::OtherCarRows)
    );
}

#[test]
fn two_witnesses_of_one_low_reading_confirm_each_other() {
    let mut series = half_yearly(&[20_000, 55_000, 91_000, 125_000, 60_000]);
    let last = series.readings[4].clone();
    assert_eq!(analyse(&series).verdict, Verdict::OneReading);
    series
        .readings
        .push(reading(last.date, 60_000, Source::Declared, "seller"));
    assert_eq!(
        analyse(&series).verdict,
        Verdict::OneReading,
        "a seller confirms nothing"
    );
    series
        .readings
        .push(reading(last.date, 60_000, Source::Inspection, "body"));
    assert_eq!(analyse(&series).verdict, Verdict::Rollback);
}

#[test]
fn no_verdict_says_why() {
    let mut abroad = half_yearly(&[8_000, 17_500, 26_000]);
    abroad.imported = true;
    assert_eq!(analyse(&abroad).verdict, Verdict::Unknown(Reason::Imported));
    let mut old = half_yearly(&[8_000, 17_500, 26_000]);
    old.stale = true;
    assert_eq!(analyse(&old).verdict, Verdict::Unknown(Reason::Stale));
    old.as_of += Duration::days(800);
    assert_eq!(analyse(&old).verdict, Verdict::Unknown(Reason::LongGap));
    let mut told = half_yearly(&[8_000, 17_500, 26_000]);
    for reading in &mut told.readings {
        reading.source = Source::Declared;
    }
    assert_eq!(analyse(&told).verdict, Verdict::Unknown(Reason::LowTrust));
}

#[test]
fn fillers_and_impossible_days_are_no_readings() {
    let mut series = half_yearly(&[8_000, 0, 26_000, 999_999, 44_000, 1_600_000]);
    series
        .readings
        .push(reading(date!(2018 - 03 - 01), 30_000, Source::Shop, "x"));
    series.readings.push(reading(
        date!(2018 - 12 - 20),
        15,
        Source::Headquarters,
        "pre-delivery",
    ));
    series
        .readings
        .push(reading(date!(2031 - 01 - 01), 90_000, Source::Shop, "x"));
    let analysis = analyse(&series);
    assert_eq!(analysis.verdict, Verdict::Consistent);
    let standing: Vec<Standing> = analysis
        .judged
        .iter()
        .map(|judged| judged.standing)
        .collect();
    assert_eq!(
        standing,
        [
            Standing::OnChain,
            Standing::NotAReading,
            Standing::OnChain,
            Standing::NotAReading,
            Standing::OnChain,
            Standing::NotAReading,
            Standing::NotAReading,
            Standing::OnChain,
            Standing::NotAReading
        ]
    );
}

#[test]
fn the_caps_rise_with_the_days() {
    for day in 0..1_000 {
        assert!(allowed_km(day) <= allowed_km(day + 1), "day {day}");
    }
    assert_eq!(
        (allowed_km(1), allowed_km(7), allowed_km(30), allowed_km(90)),
        (1_500, 4_900, 13_500, 31_500)
    );
}

/// Histories of one vehicle: 20 to 400 days and 10 to 140 km a day between readings, changing sources.
fn histories() -> impl Strategy<Value = Timeline> {
    let step = (20_i64..400, 10_u32..140, 0_u8..4, 0_u8..3);
    prop::collection::vec(step, 6..40).prop_map(|steps| {
        let mut day = date!(2010 - 01 - 01);
        let mut km = 0;
        let mut readings = Vec::new();
        for (days, pace, source, party) in steps {
            day += Duration::days(days);
            km += days as u32 * pace;
            if prepare::is_sentinel(km) {
                km += 7;
            }
            let source = [
                Source::Shop,
                Source::Headquarters,
                Source::Inspection,
                Source::Registration,
            ][usize::from(source)];
            readings.push(reading(day, km, source, &format!("party {party}")));
        }
        Timeline {
            readings,
            first_registered: Some(PartialDate::from(date!(2009 - 12 - 20))),
            as_of: day + Duration::days(10),
            commercial: false,
            imported: false,
            stale: false,
        }
    })
}

proptest! {
    #[test]
    fn a_clean_rising_series_is_consistent(timeline in histories()) {
        let analysis = analyse(&timeline);
        prop_assert_eq!(analysis.verdict, Verdict::Consistent);
        let highest = timeline.readings.iter().filter_map(|reading| match reading.meter { Meter::Shows(odometer) => Some(odometer.value), _ => None }).max();
        prop_assert!(analysis.minimum_true_km == highest);
    }

    #[test]
    fn adding_a_duplicate_changes_nothing(timeline in histories(), which in any::<prop::sample::Index>(), turned in any::<bool>(), back in 2_000_u32..90_000) {
        let mut timeline = timeline;
        if turned {
            // Also where there is something to find.
            let half = timeline.readings.len() / 2;
            for reading in &mut timeline.readings[half..] {
                if let Meter::Shows(odometer) = &mut reading.meter { odometer.value = odometer.value.saturating_sub(back).max(2); }
            }
        }
        let before = analyse(&timeline);
        let copy = timeline.readings[which.index(timeline.readings.len())].clone();
        timeline.readings.push(copy);
        let after = analyse(&timeline);
        prop_assert_eq!(before.verdict, after.verdict);
        prop_assert!((before.confidence - after.confidence).abs() < 1e-9);
        prop_assert_eq!(before.minimum_true_km, after.minimum_true_km);
        prop_assert_eq!(before.missing_km, after.missing_km);
    }

    #[test]
    fn a_planted_rollback_is_found(timeline in histories(), share in 40_u32..80) {
        let mut timeline = timeline;
        let half = timeline.readings.len() / 2;
        let at = |reading: &Reading| match reading.meter { Meter::Shows(odometer) => odometer.value, _ => 0 };
        let (before, turned) = (at(&timeline.readings[half - 1]), at(&timeline.readings[half]));
        let low = before * (100 - share) / 100;
        // Turned back, and then driven little: a car that soon runs past its old level hides the fall.
        for reading in &mut timeline.readings[half..] {
            if let Meter::Shows(odometer) = &mut reading.meter { odometer.value = low + (odometer.value - turned) / 20; }
        }
        let last = timeline.readings.last().map_or(0, at);
        prop_assume!(at(&timeline.readings[half - 2]) > low + 5_000 && before > last + 5_000);
        prop_assume!(timeline.readings.iter().all(|reading| !prepare::is_sentinel(at(reading))));
        // A fall whose remains could be lost digits reads as slips, and then there must be no verdict that calms.
        let analysis = analyse(&timeline);
        prop_assert!(matches!(analysis.verdict, Verdict::Rollback | Verdict::Unknown(Reason::Contradictory)), "{:?}", analysis.verdict);
        prop_assert!(analysis.verdict != Verdict::Rollback || analysis.minimum_true_km >= Some(before));
    }

    #[test]
    fn a_planted_slip_is_found_and_explained(timeline in histories(), fault in 0_u8..3, which in 2_usize..100) {
        let mut timeline = timeline;
        let last = timeline.readings.len() - 1;
        let at = 2 + which % (last - 2).max(1);
        let Meter::Shows(odometer) = timeline.readings[at].meter else { return Ok(()) };
        let before = odometer.value;
        let (planted, kind) = match fault {
            0 => (before * 10, Kind::DigitAdded),
            1 => (before / 10, Kind::DigitLost),
            _ => (before / 10_000, Kind::WanKm),
        };
        let shown = |at: usize| match timeline.readings[at].meter { Meter::Shows(odometer) => odometer.value, _ => 0 };
        // The slip must stand out from its neighbours at all, and from two of them on its lower side.
        let apart = if planted > before { planted > shown(last.min(at + 1)) + 3_000 } else { planted + 3_000 < shown(at - 2) };
        prop_assume!(apart && at < last && !prepare::is_sentinel(planted) && planted > 0 && (fault != 2 || planted >= 2));
        timeline.readings[at].meter = Meter::Shows(Odometer::km(planted));
        let analysis = analyse(&timeline);
        prop_assert_eq!(analysis.verdict, Verdict::OneReading);
        let judged = &analysis.judged[at];
        prop_assert_eq!(judged.standing, Standing::LeftOut);
        prop_assert!(judged.explanations.iter().any(|explanation| explanation.kind == kind), "{:?}", judged);
    }

    #[test]
    fn any_input_has_an_answer(kms in prop::collection::vec((0_u32..3_000, 0_u32..=9_999_999, 0_u8..6, any::<bool>()), 0..120)) {
        let sources = [Source::Shop, Source::Headquarters, Source::Inspection, Source::Registration, Source::Declared, Source::Telematics];
        let readings = kms.iter().map(|(day, km, source, flag)| {
            let mut made = reading(date!(2018 - 01 - 01) + Duration::days(i64::from(*day)), *km, sources[usize::from(*source)], "p");
            made.replaced = *flag;
            made
        });
        let analysis = analyse(&timeline(readings.collect()));
        prop_assert_eq!(analysis.judged.len(), kms.len());
        prop_assert!((0.0..1.0).contains(&analysis.confidence));
    }
}
