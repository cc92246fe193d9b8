//! The heaviest chain of readings that one vehicle can have shown: never falling, never faster than the caps.

use time::Date;

use super::prepare::Point;

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
    // Days as plain numbers: the inner loop runs up to n²/2 times.
    let seen: Vec<(i32, u32)> = points
        .iter()
        .map(|point| (point.date.to_julian_day(), point.km))
        .collect();
    let mut best: Vec<(f64, u32, Option<usize>)> = Vec::with_capacity(points.len());
    for (at, point) in points.iter().enumerate() {
        let (day, km) = seen[at];
        let mut own = (0.0, 0, None);
        for (before, (earlier, from)) in seen[..at].iter().enumerate() {
            let (weight, length, _) = best[before];
            let heavier = weight > own.0 || (weight >= own.0 && length > own.1);
            if heavier && *from <= km && km - from <= allowed_km(day.abs_diff(*earlier)) {
                own = (weight, length, Some(before));
            }
        }
        best.push((own.0 + point.weight, own.1 + 1, own.2));
    }
    let end = best
        .iter()
        .enumerate()
        .max_by(|(_, a), (_, b)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
        .map(|(at, _)| at);
    let mut chain: Vec<usize> = std::iter::successors(end, |at| best[*at].2).collect();
    chain.reverse();
    chain
}
