//! The numbers beside the verdict: kilometres at least, kilometres missing, confidence, pace.

use super::chain::days;
use super::drop::{Drop, witnesses};
use super::judge::LONG_GAP;
use super::prepare::Point;
use super::{Pace, Timeline, Verdict};

/// What was taken off, and the least the vehicle has run: the highest trusted reading (as Japan prints it).
pub(super) fn totals(
    points: &[Point],
    chain: &[usize],
    drop: Option<&Drop>,
    verdict: Verdict,
) -> (Option<u32>, Option<u32>) {
    let highest = |positions: &[usize]| positions.iter().map(|at| points[*at].km).max();
    let trusted = highest(chain);
    match (drop, verdict) {
        (Some(drop), Verdict::Rollback) => (Some(drop.missing), trusted.max(highest(&drop.high))),
        (Some(drop), Verdict::MeterReplaced) => {
            // A documented second meter counts on top of the first.
            (
                Some(drop.missing),
                highest(&drop.high).map(|high| high + drop.since),
            )
        }
        _ => (None, trusted),
    }
}

pub(super) fn confidence(
    points: &[Point],
    chain: &[usize],
    contradictions: &[usize],
    drop: Option<&Drop>,
    verdict: Verdict,
    timeline: &Timeline,
) -> f64 {
    let weight: f64 = chain.iter().map(|at| points[*at].weight).sum();
    let support = 1.0 - (-0.7 * weight).exp();
    let value = match verdict {
        Verdict::Unknown(_) => 0.0,
        Verdict::Consistent => {
            // Years before the first reading are years in which nobody looked.
            let head = timeline
                .first_registered
                .zip(chain.first())
                .map_or(0, |(registered, first)| {
                    days(registered.first(), points[*first].date)
                });
            support * if head > LONG_GAP { 0.8 } else { 1.0 }
        }
        Verdict::OneReading => 0.9 * support / f64::from(contradictions.len().max(1) as u32).sqrt(),
        Verdict::MeterReplaced => 0.9 * support,
        Verdict::Rollback => drop.map_or(0.0, |drop| {
            let side = |positions: &[usize]| f64::from(witnesses(points, positions));
            1.0 - 0.5_f64.powf(side(&drop.high).min(side(&drop.low)).max(1.0) * 0.9)
        }),
    };
    (value.clamp(0.0, 0.99) * 1000.0).round() / 1000.0
}

/// Stretches of a quarter or more that run faster than 300 km a day (commercial) or 150 (private).
pub(super) fn pace(points: &[Point], chain: &[usize], commercial: bool) -> Vec<Pace> {
    let usual = if commercial { 300.0 } else { 150.0 };
    chain
        .windows(2)
        .filter_map(|pair| {
            let (from, to) = (&points[pair[0]], &points[pair[1]]);
            let span = days(from.date, to.date);
            let km_per_day = f64::from(to.km - from.km) / f64::from(span.max(1));
            (span >= 90 && km_per_day > usual).then_some(Pace {
                from: from.date,
                to: to.date,
                km_per_day: (km_per_day * 10.0).round() / 10.0,
                usual,
            })
        })
        .collect()
}
