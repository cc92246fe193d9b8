//! The heaviest chain of readings that one vehicle can have shown: never falling, never faster than the caps.

use time::Date;

use super::prepare::Point;
use super::tolerance;

/// Kilometres that `days` can hold at most, whatever the vehicle: 1,500 in a day, 700 a day over a week,
/// 450 over a month, 350 over a quarter and beyond. Rising with `days`.
pub fn allowed_km(days: u32) -> u32 {
    match days {
        0 | 1 => 1_500,
        2..=6 => (1_500 * days).min(700 * 7),
        7..=29 => (700 * days).min(450 * 30),
        30..=89 => (450 * days).min(350 * 90),
        _ => days.saturating_mul(350),
    }
}

/// Whole days from `from` to `to`; 0 where `to` is earlier.
pub(super) fn days(from: Date, to: Date) -> u32 {
    u32::try_from((to - from).whole_days()).unwrap_or(0)
}

/// Whether a vehicle that showed `from` can show `to` afterwards.
pub(super) fn follows(from: (Date, u32), to: (Date, u32)) -> bool {
    to.1 >= from.1 && to.1 - from.1 <= allowed_km(days(from.0, to.0))
}

/// Positions of the heaviest chain, in order. Ties go to the longer chain, then to the one that ends later.
pub(super) fn heaviest(points: &[Point]) -> Vec<usize> {
    // The usual series holds as it stands, and then the whole of it is the heaviest chain.
    let holds = |pair: &[Point]| follows((pair[0].date, pair[0].km), (pair[1].date, pair[1].km));
    if points.windows(2).all(holds) {
        return (0..points.len()).collect();
    }
    let links = ending(points.iter().map(seen));
    let end = best(&links).map(|(at, _)| at);
    let mut chain = back(&links, end);
    chain.reverse();
    chain
}

/// The two heaviest chains of which the second begins lower than, and after, the first ends; nothing where no such pair is.
pub(super) fn heaviest_pair(points: &[Point]) -> Option<(Vec<usize>, Vec<usize>)> {
    let forwards = ending(points.iter().map(seen));
    // Seen from the end, with kilometres counted down, a chain is a chain.
    let backwards = ending(points.iter().rev().map(|point| {
        let (day, km, weight) = seen(point);
        (-day, u32::MAX - km, weight)
    }));
    let last = points.len().checked_sub(1)?;
    // The best chain that ends before each place, and the best that begins at or after it.
    let mut before: Vec<usize> = Vec::with_capacity(points.len());
    let mut after: Vec<usize> = Vec::with_capacity(points.len());
    for at in 0..points.len() {
        for (best, links) in [(&mut before, &forwards), (&mut after, &backwards)] {
            let own = match best.last() {
                Some(known) if !links[at].outweighs(&links[*known]) => *known,
                _ => at,
            };
            best.push(own);
        }
    }
    let pairs = (1..points.len()).filter_map(|cut| {
        let (first, second) = (before[cut - 1], after[last - cut]);
        let (high, low) = (points[first].km, points[last - second].km);
        let weight = forwards[first].weight + backwards[second].weight;
        (high > low + tolerance(high)).then_some((weight, first, second))
    });
    let (_, first, second) = pairs.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let mut high = back(&forwards, Some(first));
    high.reverse();
    let low = back(&backwards, Some(second));
    Some((high, low.into_iter().map(|at| last - at).collect()))
}

/// The best chain that ends at one point.
struct Link {
    weight: f64,
    length: u32,
    before: Option<usize>,
}

impl Link {
    fn is_above(&self, other: &Self) -> bool {
        self.weight > other.weight || (self.weight >= other.weight && self.length > other.length)
    }

    fn outweighs(&self, other: &Self) -> bool {
        self.weight > other.weight || (self.weight >= other.weight && self.length >= other.length)
    }
}

/// Days as plain numbers: the inner loop runs often.
fn seen(point: &Point) -> (i32, u32, f64) {
    (point.date.to_julian_day(), point.km, point.weight)
}

/// The best chain that ends at each point.
fn ending(points: impl Iterator<Item = (i32, u32, f64)>) -> Vec<Link> {
    let points: Vec<(i32, u32, f64)> = points.collect();
    let mut links: Vec<Link> = Vec::with_capacity(points.len());
    // Places by the weight of their chains, the heaviest first: the first that can go before a point is the best, and is
    // found soon even where many contradict each other.
    let mut ranked: Vec<usize> = Vec::with_capacity(points.len());
    for (at, (day, km, weight)) in points.iter().enumerate() {
        let before = ranked.iter().copied().find(|before| {
            let (earlier, from, _) = points[*before];
            from <= *km && km - from <= allowed_km(day.abs_diff(earlier))
        });
        let link = Link {
            weight: weight + before.map_or(0.0, |before| links[before].weight),
            length: 1 + before.map_or(0, |before| links[before].length),
            before,
        };
        // Of equals the earlier stays first.
        let place = ranked.partition_point(|known| !link.is_above(&links[*known]));
        ranked.insert(place, at);
        links.push(link);
    }
    links
}

fn best(links: &[Link]) -> Option<(usize, &Link)> {
    links
        .iter()
        .enumerate()
        .max_by(|(_, a), (_, b)| a.weight.total_cmp(&b.weight).then(a.length.cmp(&b.length)))
}

/// The positions of a chain from its end to its beginning.
fn back(links: &[Link], end: Option<usize>) -> Vec<usize> {
    std::iter::successors(end, |at| links[*at].before).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every place before each point looked at, as the definition says.
    fn looked_at_one_by_one(points: &[(i32, u32, f64)]) -> Vec<(f64, u32)> {
        let mut best: Vec<(f64, u32)> = Vec::new();
        for (at, (day, km, weight)) in points.iter().enumerate() {
            let fits = (0..at).filter(|before| {
                let (earlier, from, _) = points[*before];
                from <= *km && km - from <= allowed_km(day.abs_diff(earlier))
            });
            let (heaviest, length) = fits.map(|before| best[before]).fold((0.0, 0), |a, b| {
                if b.0 > a.0 || (b.0 >= a.0 && b.1 > a.1) {
                    b
                } else {
                    a
                }
            });
            best.push((weight + heaviest, 1 + length));
        }
        best
    }

    proptest! {
        #[test]
        fn the_best_chains_are_those_found_one_by_one(
            mut points in prop::collection::vec((0_i32..2_000, 0_u32..200_000, 1_u32..5), 0..60),
        ) {
            points.sort_unstable();
            let points: Vec<(i32, u32, f64)> = points
                .into_iter()
                .map(|(day, km, weight)| (day, km, f64::from(weight) * 0.25))
                .collect();
            let found: Vec<(f64, u32)> = ending(points.iter().copied())
                .iter()
                .map(|link| (link.weight, link.length))
                .collect();
            prop_assert_eq!(found, looked_at_one_by_one(&points));
        }
    }
}
