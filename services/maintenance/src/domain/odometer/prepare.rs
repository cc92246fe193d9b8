//! Sets aside what is no reading, and folds readings that say the same.

use time::{Date, Duration};

use super::{Explanation, Judged, Kind, Meter, Reading, Standing, Timeline, tolerance};

/// A distinct reading: a group of readings that say the same.
#[derive(Debug, Clone)]
pub(super) struct Point {
    /// Position of the heaviest reading of the group.
    pub(super) index: usize,
    pub(super) date: Date,
    pub(super) km: u32,
    /// Class times recency of the heaviest.
    pub(super) weight: f64,
    /// Independent witnesses, without sellers: one bit per voice.
    voices: u8,
    pub(super) declared_only: bool,
    pub(super) replaced: bool,
}

impl Point {
    /// How many independent witnesses stand behind it; a seller's word alone counts for none.
    pub(super) fn witnesses(&self) -> u32 {
        (self.voices & !(1 << 4)).count_ones()
    }

    /// Whether an authority, an accredited body or the vehicle itself stands behind it.
    pub(super) fn official(&self) -> bool {
        self.voices & 0b1011 != 0
    }
}

/// The readings made comparable.
pub(super) struct Prepared {
    /// By day, then by kilometres.
    pub(super) points: Vec<Point>,
    /// One entry per reading; points still stand as `OnChain`.
    pub(super) judged: Vec<Judged>,
    pub(super) other_car: usize,
}

/// Fillers met in real data instead of a reading: 111 rows of a real sample are 1, 7 are 999999.
pub(crate) fn is_sentinel(km: u32) -> bool {
    matches!(km, 0 | 1 | 11_111 | 111_111 | 123_456 | 999_990..=999_999) || km > 1_500_000
}

/// Days before first registration on which a dealer may already have noted a few kilometres (pre-delivery inspection).
const PRE_DELIVERY: (Duration, u32) = (Duration::days(60), 1_000);

pub(super) fn prepare(timeline: &Timeline) -> Prepared {
    let mut other_car = 0;
    let mut points: Vec<Point> = Vec::with_capacity(timeline.readings.len());
    let mut judged: Vec<Judged> = timeline
        .readings
        .iter()
        .enumerate()
        .map(|(index, reading)| {
            let weight = weight(reading, timeline.as_of);
            let (standing, explanation) = sort(reading, timeline);
            match (standing, reading.meter) {
                (Standing::OnChain, Meter::Shows(odometer)) => points.push(Point {
                    index,
                    date: reading.date,
                    km: odometer.to_km(),
                    weight,
                    voices: 1 << reading.source.voice(),
                    declared_only: reading.source == super::Source::Declared,
                    replaced: reading.replaced,
                }),
                (Standing::OtherCar, _) => other_car += 1,
                _ => {}
            }
            Judged {
                standing,
                explanations: explanation.into_iter().collect(),
                weight,
            }
        })
        .collect();
    // The heaviest first among equals, so that the group is named after it whatever the order of the input.
    points.sort_by(|a, b| {
        (a.date, a.km)
            .cmp(&(b.date, b.km))
            .then(b.weight.total_cmp(&a.weight))
            .then_with(|| key(timeline, a).cmp(&key(timeline, b)))
    });
    let points = fold(points, timeline, &mut judged);
    Prepared {
        points,
        judged,
        other_car,
    }
}

fn key<'a>(timeline: &'a Timeline, point: &Point) -> (&'a str, &'a str) {
    let reading = &timeline.readings[point.index];
    (&reading.party, &reading.document)
}

fn sort(reading: &Reading, timeline: &Timeline) -> (Standing, Option<Explanation>) {
    let plain = |kind| {
        Some(Explanation {
            kind,
            would_be_km: None,
            cost: 0.0,
        })
    };
    let km = match reading.meter {
        Meter::Shows(odometer) => odometer.to_km(),
        Meter::Unreadable | Meter::Absent => {
            return (Standing::NotAReading, plain(Kind::Unreadable));
        }
    };
    if reading.other_car {
        return (Standing::OtherCar, plain(Kind::OtherCar));
    }
    if reading.date > timeline.as_of || before_life(reading.date, km, timeline) {
        return (Standing::NotAReading, plain(Kind::DateImpossible));
    }
    if is_sentinel(km) {
        return (Standing::NotAReading, plain(Kind::Sentinel));
    }
    (Standing::OnChain, None)
}

fn before_life(date: Date, km: u32, timeline: &Timeline) -> bool {
    timeline.first_registered.is_some_and(|registered| {
        let first = registered.first();
        let pre_delivery = date >= first.saturating_sub(PRE_DELIVERY.0) && km < PRE_DELIVERY.1;
        date < first && !pre_delivery
    })
}

/// Recency halves in two years and never takes more than half: an old honest reading stays a witness.
fn weight(reading: &Reading, as_of: Date) -> f64 {
    let age = (as_of - reading.date).whole_days().max(0) as f64;
    reading.source.weight() * (0.5 + 0.5 * 0.5_f64.powf(age / 730.0))
}

/// Folds equal readings within a day of each other, and near-equal ones of one party.
fn fold(points: Vec<Point>, timeline: &Timeline, judged: &mut [Judged]) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        let neighbours = kept
            .iter()
            .rev()
            .take_while(|other| point.date - other.date <= Duration::days(1))
            .count();
        let start = kept.len() - neighbours;
        let same = kept[start..]
            .iter()
            .rposition(|other| says_the_same(other, &point, timeline))
            .map(|at| start + at);
        match same {
            None => kept.push(point),
            Some(at) => merge(&mut kept[at], point, judged),
        }
    }
    kept
}

fn says_the_same(earlier: &Point, later: &Point, timeline: &Timeline) -> bool {
    let one_party = || {
        let (a, b) = (
            &timeline.readings[earlier.index],
            &timeline.readings[later.index],
        );
        a.party == b.party && a.source == b.source && !a.party.is_empty()
    };
    earlier.km == later.km
        || (earlier.date == later.date
            && earlier.km.abs_diff(later.km) <= tolerance(earlier.km)
            && one_party())
}

fn merge(kept: &mut Point, other: Point, judged: &mut [Judged]) {
    kept.voices |= other.voices;
    kept.declared_only &= other.declared_only;
    kept.replaced |= other.replaced;
    if other.weight > kept.weight {
        judged[kept.index].standing = Standing::Folded;
        kept.weight = other.weight;
        kept.index = other.index;
        // The day and the number stay the earlier ones, so that the order by day still holds.
    } else {
        judged[other.index].standing = Standing::Folded;
    }
}
