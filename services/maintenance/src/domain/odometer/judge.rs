//! The verdict: what the left-out readings are, whether a lower level lasts, and how sure that is.

use super::chain::{days, follows};
use super::drop::{
    below_before, drop_is_cheaper, is_attested, lasting_drop, lesser_side, noted_replacement,
};
use super::explain::{self, Place, ROLLBACK, UNEXPLAINED};
use super::measure::{confidence, pace, totals};
use super::prepare::{Point, Prepared};
use super::{Analysis, Explanation, Kind, Meter, Reason, Standing, Timeline, Verdict, tolerance};

/// Without a reading for longer than this nobody can say what happened in between.
pub(super) const LONG_GAP: u32 = 731;

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

    let drop = (!contradictions.is_empty())
        .then(|| lasting_drop(&points))
        .flatten();
    let replaced = drop
        .as_ref()
        .is_some_and(|drop| noted_replacement(&points, drop))
        || contradictions
            .iter()
            .any(|at| points[*at].replaced && below_before(&points, *at));
    let explanations = |at: usize| judged[points[at].index].explanations.clone();
    let best = |at: &usize| {
        explanations(*at)
            .first()
            .map_or(UNEXPLAINED, |first| first.cost)
    };
    let lasting = drop.as_ref().is_some_and(|drop| {
        is_attested(&points, drop) && drop_is_cheaper(&points, drop, &contradictions, explanations)
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
