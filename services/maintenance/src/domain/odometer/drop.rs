//! One drop that divides a series into a higher level before and a lower one that lasts.

use time::Duration;

use super::chain::heaviest_pair;
use super::explain::{ROLLBACK, UNEXPLAINED};
use super::prepare::Point;
use super::{Explanation, Kind, tolerance};

/// Days after the drop within which a note of a replaced meter still belongs to it.
pub(super) const REPLACEMENT_NOTE: Duration = Duration::days(30);

/// A drop from one level to a lower one, from which the vehicle may have run past the old one again.
pub(super) struct Drop {
    /// Positions of the points that show more than the lower level began with, and after it less than was shown before.
    pub(super) high: Vec<usize>,
    pub(super) low: Vec<usize>,
    /// Every point of both levels, by position.
    told: Vec<bool>,
    /// Kilometres taken off.
    pub(super) missing: u32,
    /// Kilometres run since, by the lower level.
    pub(super) since: u32,
}

pub(super) fn below_before(points: &[Point], at: usize) -> bool {
    let km = points[at].km;
    points[..at]
        .iter()
        .any(|earlier| earlier.km > km + tolerance(earlier.km))
}

/// Looks for the one drop that explains most: the heaviest pair of chains of which the later begins below the earlier's end.
///
/// Each of the two is a chain that one vehicle can have shown, so a level that cannot have been reached is none.
pub(super) fn lasting_drop(points: &[Point]) -> Option<Drop> {
    let (before, after) = heaviest_pair(points)?;
    let (top, bottom) = (points[*before.last()?].km, points[*after.first()?].km);
    let mut told = vec![false; points.len()];
    for at in before.iter().chain(&after) {
        told[*at] = true;
    }
    let since = points[*after.last()?].km - bottom;
    let above = |at: &usize| points[*at].km > bottom + tolerance(points[*at].km);
    let below = |at: &usize| top > points[*at].km + tolerance(top);
    Some(Drop {
        high: before.into_iter().filter(above).collect(),
        low: after.into_iter().filter(below).collect(),
        told,
        missing: top - bottom,
        since,
    })
}

/// Whether both levels stand on more than one word: the lower must last, and one high reading by one shop may be another
/// car's; one by an authority will do.
pub(super) fn is_attested(points: &[Point], drop: &Drop) -> bool {
    let official = drop.high.iter().any(|at| points[*at].official());
    witnesses(points, &drop.low) >= 2 && (official || witnesses(points, &drop.high) >= 2)
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

/// One turning back, with what it leaves unexplained, must be a simpler story than a slip for each contradiction.
pub(super) fn drop_is_cheaper(
    points: &[Point],
    drop: &Drop,
    contradictions: &[usize],
    explanations: impl Fn(usize) -> Vec<Explanation>,
) -> bool {
    let lists: Vec<(usize, Vec<Explanation>)> = contradictions
        .iter()
        .map(|at| (*at, explanations(*at)))
        .collect();
    let cost = |of: &dyn Fn(usize) -> bool| {
        cost_of_slips(
            lists
                .iter()
                .filter(|(at, _)| of(*at))
                .map(|(at, list)| (&points[*at], list)),
        )
    };
    let (all, left) = (cost(&|_| true), cost(&|at| !drop.told[at]));
    contradictions.iter().any(|at| drop.told[*at]) && ROLLBACK + left < all
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
