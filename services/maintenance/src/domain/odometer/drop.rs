//! One drop that divides a series into a higher level before and a lower one that lasts.

use time::Duration;

use super::chain::{follows, heaviest};
use super::explain::{ROLLBACK, UNEXPLAINED};
use super::prepare::Point;
use super::{Explanation, Kind, tolerance};

/// Days after the drop within which a note of a replaced meter still belongs to it.
pub(super) const REPLACEMENT_NOTE: Duration = Duration::days(30);

/// A drop from one level to a lower one.
pub(super) struct Drop {
    /// Positions of the points that show the higher level before, and the lower one after it.
    pub(super) high: Vec<usize>,
    pub(super) low: Vec<usize>,
    /// Kilometres taken off.
    pub(super) missing: u32,
}

pub(super) fn below_before(points: &[Point], at: usize) -> bool {
    let km = points[at].km;
    points[..at]
        .iter()
        .any(|earlier| earlier.km > km + tolerance(earlier.km))
}

/// Looks for one drop that divides the series into a higher level before and a lower one that lasts to its end.
///
/// The two levels are the chain and the heaviest chain among what it leaves out; either may be the higher.
pub(super) fn lasting_drop(
    points: &[Point],
    chain: &[usize],
    contradictions: &[usize],
) -> Option<Drop> {
    let rest: Vec<Point> = contradictions
        .iter()
        .map(|at| points[*at].clone())
        .collect();
    let second: Vec<usize> = heaviest(&rest)
        .into_iter()
        .map(|at| contradictions[at])
        .collect();
    let (first, last) = (*second.first()?, *second.last()?);
    let highest_before = chain
        .iter()
        .filter(|at| **at < first)
        .map(|at| points[*at].km)
        .max();
    let chain_after: Vec<usize> = chain.iter().copied().filter(|at| *at > last).collect();
    let falls = |from: u32, to: u32| from > to + tolerance(from);
    let seen = |at: usize| (points[at].date, points[at].km);

    if chain_after.is_empty() && highest_before.is_some_and(|high| falls(high, points[first].km)) {
        // The chain is the higher level and what it leaves out goes on below it to the end.
        let later_high = chain.iter().any(|at| *at > first);
        if later_high {
            return None;
        }
        let high = high_side(points, chain, points[first].km);
        let missing = highest_before? - points[first].km;
        return Some(Drop {
            high,
            low: second,
            missing,
        });
    }
    let next = *chain_after.first()?;
    // A level that the vehicle cannot have reached is a fault of the records, not something to turn back from.
    let reached = chain
        .iter()
        .rfind(|at| **at < first)
        .is_none_or(|before| follows(seen(*before), seen(first)));
    if reached
        && falls(points[last].km, points[next].km)
        && !chain.iter().any(|at| first < *at && *at < last)
    {
        // What the chain leaves out is the higher level, and the chain goes on below it.
        let mut high = second.clone();
        high.extend(
            chain
                .iter()
                .filter(|at| **at < first && falls(points[**at].km, points[next].km)),
        );
        return Some(Drop {
            high,
            low: chain_after,
            missing: points[last].km - points[next].km,
        });
    }
    None
}

pub(super) fn high_side(points: &[Point], chain: &[usize], low: u32) -> Vec<usize> {
    let above = |at: &usize| points[*at].km > low + tolerance(points[*at].km);
    chain.iter().copied().filter(above).collect()
}

pub(super) fn witnesses(points: &[Point], positions: &[usize]) -> u32 {
    positions.iter().map(|at| points[*at].witnesses()).sum()
}

/// The points of a drop that the chain leaves out: those that need an explanation.
pub(super) fn lesser_side(drop: &Drop, on_chain: &[bool]) -> Vec<usize> {
    let out = |side: &[usize]| {
        side.iter()
            .copied()
            .filter(|at| !on_chain[*at])
            .collect::<Vec<_>>()
    };
    let high = out(&drop.high);
    if high.is_empty() {
        out(&drop.low)
    } else {
        high
    }
}

/// What the readings cost as slips. A shop that always writes the same digit too many slips once, not each time;
/// two independent witnesses of one number do not slip alike.
pub(super) fn cost_of_slips<'a>(
    readings: impl Iterator<Item = (&'a Point, &'a Vec<Explanation>)>,
) -> f64 {
    let mut habits: Vec<Kind> = Vec::new();
    readings
        .map(|(point, list)| {
            let Some(first) = list.first() else {
                return UNEXPLAINED;
            };
            let habit = first.cost <= 1.0
                && matches!(first.kind, Kind::DigitAdded | Kind::DigitLost | Kind::WanKm);
            if habit && habits.contains(&first.kind) {
                return 0.3;
            }
            habits.push(first.kind);
            first.cost * f64::from(point.witnesses().max(1))
        })
        .sum()
}

/// One turning back must be a simpler story than as many slips as there are readings to explain.
pub(super) fn drop_is_cheaper(drop: &Drop, on_chain: &[bool], slips: f64) -> bool {
    !lesser_side(drop, on_chain).is_empty() && ROLLBACK < slips
}

pub(super) fn noted_replacement(points: &[Point], drop: &Drop) -> bool {
    let from = drop.high.iter().map(|at| points[*at].date).max();
    let to = drop.low.iter().map(|at| points[*at].date).min();
    let (Some(from), Some(to)) = (from, to) else {
        return false;
    };
    points.iter().any(|point| {
        point.replaced && from <= point.date && point.date <= to.saturating_add(REPLACEMENT_NOTE)
    })
}
