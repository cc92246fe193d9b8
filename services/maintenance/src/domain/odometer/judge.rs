//! The verdict: what the left-out readings are, whether a lower level lasts, and how sure that is.

use time::Duration;

use super::chain::{days, follows, heaviest};
use super::explain::{self, Place, ROLLBACK, UNEXPLAINED};
use super::prepare::{Point, Prepared};
use super::{
    Analysis, Explanation, Kind, Meter, Pace, Reason, Standing, Timeline, Verdict, tolerance,
};

/// Without a reading for longer than this nobody can say what happened in between.
const LONG_GAP: u32 = 731;
/// Days after the drop within which a note of a replaced meter still belongs to it.
const REPLACEMENT_NOTE: Duration = Duration::days(30);

/// A drop from one level to a lower one.
struct Drop {
    /// Positions of the points that show the higher level before, and the lower one after it.
    high: Vec<usize>,
    low: Vec<usize>,
    /// Kilometres taken off.
    missing: u32,
}

pub(super) fn judge(timeline: &Timeline, prepared: Prepared, chain: Vec<usize>) -> Analysis {
    let Prepared {
        points,
        mut judged,
        other_car,
    } = prepared;
    let chain = &refine(&points, chain)[..];
    let on_chain: Vec<bool> = marks(points.len(), chain);
    let numbers: Vec<u32> = chain.iter().map(|at| points[*at].km).collect();
    let mut contradictions = Vec::new();
    for at in (0..points.len()).filter(|at| !on_chain[*at]) {
        let place = place(&points, &on_chain, at);
        let mut list = explain::slips(&place, &numbers);
        if place.nearly_takes(points[at].km) {
            let harmless = Explanation {
                kind: Kind::WithinTolerance,
                would_be_km: None,
                cost: 0.1,
            };
            list.insert(0, harmless);
        } else {
            contradictions.push(at);
            list.extend(beyond_slips(&place, &points, at));
        }
        list.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        list.truncate(6);
        let entry = &mut judged[points[at].index];
        entry.standing = Standing::LeftOut;
        entry.explanations = list;
    }

    let drop = lasting_drop(&points, chain, &contradictions);
    let replaced = drop
        .as_ref()
        .is_some_and(|drop| noted_replacement(&points, drop))
        || contradictions
            .iter()
            .any(|at| points[*at].replaced && below_before(&points, *at));
    let best = |at: &usize| {
        judged[points[*at].index]
            .explanations
            .first()
            .map_or(UNEXPLAINED, |first| first.cost)
    };
    let lesser = drop.iter().flat_map(|drop| lesser_side(drop, &on_chain));
    let slips =
        cost_of_slips(lesser.map(|at| (&points[at], &judged[points[at].index].explanations)));
    let lasting = drop.as_ref().is_some_and(|drop| {
        witnesses(&points, &drop.low) >= 2 && drop_is_cheaper(drop, &on_chain, slips)
    });

    let verdict = if replaced {
        Verdict::MeterReplaced
    } else if lasting {
        Verdict::Rollback
    } else if !contradictions.is_empty() {
        // One slip, or few enough in a long series that healing them one by one is the simplest story.
        let healed = contradictions.len() == 1
            || (contradictions.len() * 10 <= points.len()
                && contradictions.iter().all(|at| best(at) <= 2.2));
        if healed {
            Verdict::OneReading
        } else {
            Verdict::Unknown(Reason::Contradictory)
        }
    } else {
        without_contradiction(timeline, &points, chain, other_car)
    };

    if let (Some(drop), Verdict::Rollback | Verdict::MeterReplaced) = (&drop, verdict) {
        let kind = if replaced {
            Kind::MeterReplaced
        } else {
            Kind::Rollback
        };
        for at in lesser_side(drop, &on_chain) {
            let list = &mut judged[points[at].index].explanations;
            list.retain(|known| known.kind != kind);
            list.insert(
                0,
                Explanation {
                    kind,
                    would_be_km: None,
                    cost: 0.5,
                },
            );
        }
    }

    let shown = points.last().map(|point| point.km);
    let (missing_km, minimum_true_km) = totals(&points, chain, drop.as_ref(), verdict);
    let confidence = confidence(
        &points,
        chain,
        &contradictions,
        drop.as_ref(),
        verdict,
        timeline,
    );
    Analysis {
        verdict,
        confidence,
        minimum_true_km,
        last_shown_km: shown,
        missing_km,
        judged,
        pace: pace(&points, chain, timeline.commercial),
    }
}

fn marks(length: usize, chain: &[usize]) -> Vec<bool> {
    let mut marks = vec![false; length];
    for at in chain {
        marks[*at] = true;
    }
    marks
}

fn place(points: &[Point], on_chain: &[bool], at: usize) -> Place {
    let seen = |other: usize| (points[other].date, points[other].km);
    Place {
        date: points[at].date,
        km: points[at].km,
        before: (0..at).rfind(|other| on_chain[*other]).map(seen),
        after: (at + 1..points.len())
            .find(|other| on_chain[*other])
            .map(seen),
    }
}

/// Where two chains weigh nearly the same, takes the one whose left-out reading is explained more easily:
/// of 37,500 and a later 18,000 that copies an earlier visit, the copy is the odd one out.
fn refine(points: &[Point], chain: Vec<usize>) -> Vec<usize> {
    const NEARLY: f64 = 0.4;
    let mut on_chain = marks(points.len(), &chain);
    if points.len() - chain.len() != 1 {
        return chain;
    }
    let Some(left) = (0..points.len()).find(|at| !on_chain[*at]) else {
        return chain;
    };
    let numbers = |on_chain: &[bool]| {
        points
            .iter()
            .zip(on_chain)
            .filter(|(_, on)| **on)
            .map(|(point, _)| point.km)
            .collect::<Vec<_>>()
    };
    let cost = |on_chain: &[bool], at: usize| {
        let slips = explain::slips(&place(points, on_chain, at), &numbers(on_chain));
        slips.first().map_or(ROLLBACK, |slip| slip.cost)
    };
    let own = cost(&on_chain, left);
    let before = (0..left).rfind(|at| on_chain[*at]);
    let after = (left + 1..points.len()).find(|at| on_chain[*at]);
    for rival in before.into_iter().chain(after) {
        on_chain[rival] = false;
        let fits = place(points, &on_chain, left).takes(points[left].km);
        on_chain[left] = true;
        let cheaper = cost(&on_chain, rival) + NEARLY < own;
        if fits && cheaper && points[rival].weight - points[left].weight < NEARLY {
            return (0..points.len()).filter(|at| on_chain[*at]).collect();
        }
        (on_chain[rival], on_chain[left]) = (true, false);
    }
    chain
}

/// Explanations that are no slip of the pen.
fn beyond_slips(place: &Place, points: &[Point], at: usize) -> Vec<Explanation> {
    let plain = |kind, cost| Explanation {
        kind,
        would_be_km: None,
        cost,
    };
    let mut list = Vec::new();
    let lower = below_before(points, at);
    if points[at].replaced && lower {
        list.push(plain(Kind::MeterReplaced, 0.5));
    }
    let higher_than_later = points[at + 1..]
        .iter()
        .any(|later| later.km + tolerance(place.km) < place.km);
    if lower || higher_than_later {
        list.push(plain(Kind::Rollback, ROLLBACK + 0.5));
    }
    if place
        .before
        .is_some_and(|before| place.km > before.1 && !follows(before, (place.date, place.km)))
    {
        list.push(plain(Kind::TooFast, 2.4));
    }
    list.push(plain(Kind::OtherCar, 4.0));
    list.push(plain(Kind::Unexplained, UNEXPLAINED));
    list
}

fn below_before(points: &[Point], at: usize) -> bool {
    let km = points[at].km;
    points[..at]
        .iter()
        .any(|earlier| earlier.km > km + tolerance(earlier.km))
}

/// Looks for one drop that divides the series into a higher level before and a lower one that lasts to its end.
///
/// The two levels are the chain and the heaviest chain among what it leaves out; either may be the higher.
fn lasting_drop(points: &[Point], chain: &[usize], contradictions: &[usize]) -> Option<Drop> {
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

fn high_side(points: &[Point], chain: &[usize], low: u32) -> Vec<usize> {
    let above = |at: &usize| points[*at].km > low + tolerance(points[*at].km);
    chain.iter().copied().filter(above).collect()
}

fn witnesses(points: &[Point], positions: &[usize]) -> u32 {
    positions.iter().map(|at| points[*at].witnesses()).sum()
}

/// The points of a drop that the chain leaves out: those that need an explanation.
fn lesser_side(drop: &Drop, on_chain: &[bool]) -> Vec<usize> {
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
fn cost_of_slips<'a>(readings: impl Iterator<Item = (&'a Point, &'a Vec<Explanation>)>) -> f64 {
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
fn drop_is_cheaper(drop: &Drop, on_chain: &[bool], slips: f64) -> bool {
    !lesser_side(drop, on_chain).is_empty() && ROLLBACK < slips
}

fn noted_replacement(points: &[Point], drop: &Drop) -> bool {
    let from = drop.high.iter().map(|at| points[*at].date).max();
    let to = drop.low.iter().map(|at| points[*at].date).min();
    let (Some(from), Some(to)) = (from, to) else {
        return false;
    };
    points.iter().any(|point| {
        point.replaced && from <= point.date && point.date <= to.saturating_add(REPLACEMENT_NOTE)
    })
}

fn without_contradiction(
    timeline: &Timeline,
    points: &[Point],
    chain: &[usize],
    other_car: usize,
) -> Verdict {
    let kept: Vec<&Point> = chain.iter().map(|at| &points[*at]).collect();
    let given = timeline
        .readings
        .iter()
        .filter(|reading| matches!(reading.meter, Meter::Shows(_)))
        .count();
    let one_day = kept.windows(2).all(|pair| pair[0].date == pair[1].date);
    let gap = kept
        .windows(2)
        .map(|pair| days(pair[0].date, pair[1].date))
        .max()
        .unwrap_or(0);
    let tail = kept
        .last()
        .map_or(0, |last| days(last.date, timeline.as_of));
    Verdict::Unknown(if other_car > 0 && (one_day || other_car * 2 >= given) {
        Reason::OtherCarRows
    } else if one_day {
        Reason::TooFew
    } else if kept.iter().all(|point| point.declared_only) {
        Reason::LowTrust
    } else if timeline.imported {
        Reason::Imported
    } else if gap.max(tail) > LONG_GAP {
        Reason::LongGap
    } else if timeline.stale {
        Reason::Stale
    } else {
        return Verdict::Consistent;
    })
}

/// What was taken off, and the least the vehicle has run: the highest trusted reading (as Japan prints it).
fn totals(
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
            let lowest = drop.low.iter().map(|at| points[*at].km).min();
            let second = highest(&drop.low)
                .zip(lowest)
                .map_or(0, |(high, low)| high - low);
            (
                Some(drop.missing),
                highest(&drop.high).map(|high| high + second),
            )
        }
        _ => (None, trusted),
    }
}

fn confidence(
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
fn pace(points: &[Point], chain: &[usize], commercial: bool) -> Vec<Pace> {
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
