//! How many planted faults of each kind are found, and how often a clean history is suspected; the figures of the method.

use time::Duration;
use time::macros::date;

use super::*;
use crate::domain::other_car::set_aside;
use crate::domain::record::{Record, Standing as Row};

const PLANTS: u64 = 1_000;
const CLEAN: u64 = 10_000;

/// SplitMix64: the same series for the same seed, everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn within(&mut self, from: u32, to: u32) -> u32 {
        from + (self.next() % u64::from(to - from + 1)) as u32
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.next() % 100 < chance
    }
}

fn km(reading: &Reading) -> u32 {
    match reading.meter {
        Meter::Shows(odometer) => odometer.value,
        _ => 0,
    }
}

fn set(reading: &mut Reading, km: u32) {
    reading.meter = Meter::Shows(Odometer::km(km));
}

/// One car's readings as shops write them down: 8 to 20 visits, 60 to 300 days and 15 to 90 km a day apart; three in ten
/// rounded to the hundred or thousand, one in ten a filler, one in five also sent by headquarters a day later, one in
/// twenty with the wrong day of the week before.
fn history(dice: &mut Dice, noise: bool) -> Timeline {
    let mut day = date!(2012 - 03 - 01) + Duration::days(i64::from(dice.within(0, 900)));
    let registered = day - Duration::days(20);
    let mut shown = dice.within(5, 40);
    let pace = dice.within(15, 90);
    let mut readings: Vec<Reading> = Vec::new();
    for _ in 0..dice.within(8, 20) {
        let days = dice.within(60, 300);
        day += Duration::days(i64::from(days));
        shown += days * dice.within(pace / 2, pace + pace / 2);
        let written = match dice.within(0, 9) {
            0 | 1 if noise => shown / 100 * 100,
            2 if noise => shown / 1_000 * 1_000,
            _ => shown,
        };
        let source = match dice.within(0, 9) {
            0 => Source::Inspection,
            1 => Source::Registration,
            _ => Source::Shop,
        };
        let mut reading = Reading {
            meter: Meter::Shows(Odometer::km(written.max(2))),
            date: day,
            source,
            party: format!("shop {}", dice.within(0, 3)),
            document: String::new(),
            replaced: false,
            other_car: false,
        };
        if prepare::is_sentinel(written) {
            set(&mut reading, written + 7);
        }
        if noise && dice.percent(10) {
            let filler = [0, 1, 999_999, 123_456][dice.within(0, 3) as usize];
            let mut blank = reading.clone();
            set(&mut blank, filler);
            readings.push(blank);
            continue;
        }
        if noise && source == Source::Shop && dice.percent(20) {
            let mut twin = reading.clone();
            twin.source = Source::Headquarters;
            twin.party = "headquarters".to_owned();
            twin.date += Duration::days(1);
            readings.push(twin);
        }
        if noise && dice.percent(5) {
            reading.date -= Duration::days(7);
        }
        readings.push(reading);
    }
    Timeline {
        as_of: day + Duration::days(30),
        readings,
        first_registered: Some(PartialDate::from(registered)),
        commercial: false,
        imported: false,
        stale: false,
    }
}

fn digits(number: u32) -> Vec<u8> {
    number.to_string().into_bytes()
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0_u32, |number, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u32::from(digit - b'0'))
    })
}

/// What a slip of this kind makes of a reading; nothing where it makes no difference.
fn slip(kind: &str, km: u32, earlier: u32, dice: &mut Dice) -> Option<u32> {
    let mut written = digits(km);
    let at = dice.within(0, (written.len() - 1) as u32) as usize;
    let digit = b'0' + dice.within(0, 9) as u8;
    let planted = match kind {
        "times ten" => km.checked_mul(10)?,
        "digit added" => {
            written.insert(at, digit);
            number(&written)
        }
        "digit lost" => {
            written.remove(at);
            number(&written)
        }
        "digit changed" => {
            written[at.min(1)] = digit;
            number(&written)
        }
        "digits swapped" => {
            let at = at.min(written.len().checked_sub(2)?);
            written.swap(at, at + 1);
            number(&written)
        }
        "miles as km" => (u64::from(km) * 1_000_000 / 1_609_344) as u32,
        "km as miles" => (u64::from(km) * 1_609_344 / 1_000_000) as u32,
        "万公里" => (km + 5_000) / 10_000,
        "sentinel" => [0, 1, 11_111, 123_456, 999_999][dice.within(0, 4) as usize],
        "copied" => earlier,
        _ => return None,
    };
    (planted != km && planted <= Odometer::MAX).then_some(planted)
}

/// Whether a reading can stand where it stands, give or take what copying forgives: then nobody can see the slip.
fn hidden(readings: &[Reading], at: usize) -> bool {
    let (own, day) = (km(&readings[at]), readings[at].date);
    let slack = tolerance(own) * 3;
    let after = |from: &Reading| {
        let days = chain::days(from.date, day);
        own + slack >= km(from) && own <= km(from) + chain::allowed_km(days) + slack
    };
    let before = |to: &Reading| {
        let days = chain::days(day, to.date);
        km(to) + slack >= own && km(to) <= own + chain::allowed_km(days) + slack
    };
    (at == 0 || after(&readings[at - 1])) && (at + 1 == readings.len() || before(&readings[at + 1]))
}

/// Of the plants of one kind: how many were left out of the chain with a verdict that is no rollback, how many of these
/// name the kind among their explanations, and how many name it first.
fn plant(kind: &str, named: Kind) -> (u64, u64, u64) {
    let mut dice = Dice(kind.bytes().map(u64::from).sum());
    let (mut found, mut among, mut first, mut planted) = (0, 0, 0, 0);
    while planted < PLANTS {
        let mut timeline = history(&mut dice, false);
        let at = dice.within(2, timeline.readings.len() as u32 - 2) as usize;
        let earlier = km(&timeline.readings[at - 2]);
        let Some(value) = slip(kind, km(&timeline.readings[at]), earlier, &mut dice) else {
            continue;
        };
        set(&mut timeline.readings[at], value);
        let filler = prepare::is_sentinel(value);
        if filler != (kind == "sentinel") || (!filler && hidden(&timeline.readings, at)) {
            continue;
        }
        planted += 1;
        let analysis = analyse(&timeline);
        let judged = &analysis.judged[at];
        let seen = match judged.standing {
            Standing::LeftOut => analysis.verdict == Verdict::OneReading,
            Standing::NotAReading => analysis.verdict == Verdict::Consistent,
            _ => false,
        };
        let kinds: Vec<Kind> = judged.explanations.iter().map(|known| known.kind).collect();
        found += u64::from(seen);
        among += u64::from(seen && kinds.contains(&named));
        first += u64::from(seen && kinds.first() == Some(&named));
    }
    (found, among, first)
}

#[test]
fn planted_slips_are_found_and_named() {
    // Kind, its name, and of 1,000: found, named among the explanations, named first. Measured, then held.
    for (kind, named, floors) in [
        ("times ten", Kind::DigitAdded, (1_000, 1_000, 1_000)),
        ("digit added", Kind::DigitAdded, (1_000, 1_000, 1_000)),
        ("digit lost", Kind::DigitLost, (1_000, 981, 980)),
        ("digit changed", Kind::DigitChanged, (910, 855, 636)),
        ("digits swapped", Kind::DigitsSwapped, (982, 873, 869)),
        ("miles as km", Kind::MilesAsKm, (901, 901, 239)),
        ("km as miles", Kind::KmAsMiles, (969, 969, 345)),
        ("万公里", Kind::WanKm, (1_000, 951, 951)),
        ("sentinel", Kind::Sentinel, (1_000, 1_000, 1_000)),
        ("copied", Kind::Copied, (991, 991, 984)),
    ] {
        let measured = plant(kind, named);
        let (found, among, first) = measured;
        assert!(
            found >= floors.0 && among >= floors.1 && first >= floors.2,
            "{kind}: {measured:?}, at least {floors:?} expected"
        );
    }
}

/// A car whose meter goes back by a third to two thirds in its middle, and is then used on as before.
fn turned_back(dice: &mut Dice) -> (Timeline, usize, u32) {
    let mut timeline = history(dice, true);
    let half = timeline.readings.len() / 2;
    let usable = |reading: &Reading| !prepare::is_sentinel(km(reading));
    let before = timeline.readings[..half]
        .iter()
        .filter(|reading| usable(reading))
        .map(km)
        .max()
        .unwrap_or(0);
    let off = before * dice.within(34, 66) / 100;
    for reading in timeline.readings[half..]
        .iter_mut()
        .filter(|reading| usable(reading))
    {
        let value = km(reading).saturating_sub(off).max(2);
        set(reading, value + u32::from(prepare::is_sentinel(value)) * 7);
    }
    (timeline, half, before)
}

#[test]
fn planted_rollbacks_and_replacements_are_found() {
    let mut dice = Dice(77);
    let (mut found, mut calmed, mut least, mut replaced) = (0, 0, 0, 0);
    let mut planted = 0;
    while planted < PLANTS {
        let (mut timeline, half, before) = turned_back(&mut dice);
        let after = timeline.readings[half..]
            .iter()
            .filter(|reading| !prepare::is_sentinel(km(reading)));
        // A fall must be there to be seen: two later readings below what was shown before.
        if after.filter(|reading| km(reading) + 3_000 < before).count() < 2 || before < 20_000 {
            continue;
        }
        planted += 1;
        let analysis = analyse(&timeline);
        found += u64::from(analysis.verdict == Verdict::Rollback);
        calmed += u64::from(analysis.verdict == Verdict::Consistent);
        least += u64::from(
            analysis.verdict == Verdict::Rollback && analysis.minimum_true_km >= Some(before),
        );
        let first_after = (half..timeline.readings.len())
            .find(|at| !prepare::is_sentinel(km(&timeline.readings[*at])))
            .unwrap();
        timeline.readings[first_after].replaced = true;
        replaced += u64::from(analyse(&timeline).verdict == Verdict::MeterReplaced);
    }
    // Where it is not called one, only one reading by one shop shows the higher level, or slips tell it as well.
    assert_eq!(calmed, 0, "no rollback passes for a clean history");
    assert!(
        found >= 888 && least == found && replaced >= 918,
        "{found} found, {least} with the least km, {replaced} replacements"
    );
}

#[test]
fn a_row_of_another_car_is_set_aside_and_never_makes_a_rollback() {
    let mut dice = Dice(5);
    let vin = "LSVWY4180KN246094".parse().unwrap();
    let (mut aside, mut others, mut fraud_marked, mut fraud_unmarked) = (0, 0, 0, 0);
    for _ in 0..PLANTS {
        let mut timeline = history(&mut dice, false);
        let at = dice.within(1, timeline.readings.len() as u32 - 1) as usize;
        let mut stray = timeline.readings[at].clone();
        stray.date -= Duration::days(10);
        stray.party = "quick repairs".to_owned();
        stray.source = Source::Shop;
        set(&mut stray, dice.within(2, 99_999));
        timeline.readings.insert(at, stray);
        fraud_unmarked += u64::from(analyse(&timeline).verdict == Verdict::Rollback);
        let mut records: Vec<Record> = timeline
            .readings
            .iter()
            .enumerate()
            .map(|(row, reading)| Record {
                plate: if row == at { "京N00009" } else { "沪AD1234" }.to_owned(),
                intake: Some(reading.date),
                odometer: Some(Odometer::km(km(reading))),
                ..Record::default()
            })
            .collect();
        set_aside(&mut records, &vin, "");
        for (row, record) in records.iter().enumerate() {
            let marked = record.standing == Row::SetAside;
            timeline.readings[row].other_car = marked;
            aside += u64::from(marked && row == at);
            others += u64::from(marked && row != at);
        }
        fraud_marked += u64::from(analyse(&timeline).verdict == Verdict::Rollback);
    }
    assert_eq!((aside, others), (PLANTS, 0), "it is seen by its plate");
    // Nor where nothing gives the row away: one reading by one shop accuses nobody.
    assert_eq!((fraud_marked, fraud_unmarked), (0, 0));
}

#[test]
fn clean_histories_with_the_noise_of_the_field_are_hardly_ever_suspected() {
    let mut dice = Dice(2026);
    let (mut rollbacks, mut slips, mut none) = (0, 0, 0);
    for _ in 0..CLEAN {
        match analyse(&history(&mut dice, true)).verdict {
            Verdict::Rollback | Verdict::MeterReplaced => rollbacks += 1,
            Verdict::OneReading => slips += 1,
            Verdict::Unknown(_) => none += 1,
            Verdict::Consistent => {}
        }
    }
    assert_eq!(rollbacks, 0, "nobody is accused");
    assert_eq!(slips, 0);
    // Those who came seldom: a gap of more than two years is no verdict, not a suspicion.
    assert!(none <= 91, "{none}");
}
