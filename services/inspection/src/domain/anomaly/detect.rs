//! The patterns, each a function from a report and its surroundings to what was seen, with the figures.

use super::{Alike, Figure, Kind, Other, Seen, Surroundings, Thresholds};
use crate::domain::picture;
use crate::domain::report::Report;

/// Every pattern the report shows among its surroundings.
pub(crate) fn detect(report: &Report, around: &Surroundings, thresholds: &Thresholds) -> Vec<Seen> {
    let all = [
        pace(report, around, thresholds),
        all_pass(around, thresholds),
        cloned(report, around),
        odometer(report, around),
    ];
    all.into_iter()
        .flatten()
        .chain(reused(report, around))
        .chain(photographs(report, around))
        .collect()
}

fn pace(report: &Report, around: &Surroundings, thresholds: &Thresholds) -> Option<Seen> {
    let tests = around.same_day.len() as u32 + 1;
    let gap = i64::from(thresholds.minutes_between_tests) * 60;
    let close: Vec<&Other> = around
        .same_day
        .iter()
        .filter(|other| match (report.times, other.started_at) {
            (Some((start, _)), Some(started)) => (start - started).whole_seconds().abs() < gap,
            _ => false,
        })
        .collect();
    let inspector = &report.inspector;
    let per_day = Figure::new(
        "tests_of_the_day",
        f64::from(tests),
        Some(f64::from(thresholds.tests_per_day)),
        "1",
    );
    let (related, explanation, figures) = if !close.is_empty() {
        let nearest = close
            .iter()
            .filter_map(|other| Some((report.times?.0 - other.started_at?).whole_seconds().abs()))
            .min()
            .unwrap_or(0) as f64
            / 60.0;
        let text = format!(
            "inspector {inspector} began {} other test(s) within {} minutes of this one on {}, the nearest {nearest:.1} \
             minutes away, and reported {tests} test(s) of that day",
            close.len(),
            thresholds.minutes_between_tests,
            report.date
        );
        let least = f64::from(thresholds.minutes_between_tests);
        let figures = vec![
            Figure::count("tests_too_close", close.len()),
            Figure::new("minutes_to_the_nearest", nearest, Some(least), "min"),
            per_day,
        ];
        (close.iter().map(|other| other.id).collect(), text, figures)
    } else if tests > thresholds.tests_per_day {
        let text = format!(
            "inspector {inspector} reported {tests} tests on {}, more than {}",
            report.date, thresholds.tests_per_day
        );
        (Vec::new(), text, vec![per_day])
    } else {
        return None;
    };
    Some(Seen {
        related,
        figures,
        ..Seen::plain(Kind::ImpossiblePace, explanation)
    })
}

fn all_pass(around: &Surroundings, thresholds: &Thresholds) -> Option<Seen> {
    let run = around.passes_in_a_row;
    // Once per full run, so that a good body does not flood the queue.
    let full =
        thresholds.passes_in_a_row > 0 && run > 0 && run.is_multiple_of(thresholds.passes_in_a_row);
    let limit = f64::from(thresholds.passes_in_a_row);
    full.then(|| Seen {
        figures: vec![Figure::new("passes_in_a_row", f64::from(run), Some(limit), "1")],
        ..Seen::plain(
            Kind::AllPass,
            format!(
                "the last {run} reports of this body passed without one failure or referral; {limit} in a row are looked at"
            ),
        )
    })
}

fn cloned(report: &Report, around: &Surroundings) -> Option<Seen> {
    let others: Vec<&Other> = around
        .same_values
        .iter()
        .filter(|other| other.vin != report.vehicle.vin)
        .collect();
    (!others.is_empty()).then(|| Seen {
        related: others.iter().map(|other| other.id).collect(),
        figures: vec![
            Figure::count("equal_values", report.measurements.len()),
            Figure::count("reports_of_other_vehicles", others.len()),
        ],
        ..Seen::plain(
            Kind::ClonedValues,
            format!(
                "all {} measured values equal those of {} report(s) of other vehicles, such as {}",
                report.measurements.len(),
                others.len(),
                others[0].vin
            ),
        )
    })
}

fn odometer(report: &Report, around: &Surroundings) -> Option<Seen> {
    let shown = report.vehicle.odometer?;
    let earlier = around
        .readings
        .iter()
        .filter(|(day, _, _)| day.last() <= report.day());
    let (day, before, inspection) = earlier.max_by_key(|(_, reading, _)| reading.to_km())?;
    let back = before.to_km().saturating_sub(shown.to_km());
    (back > 0).then(|| Seen {
        related: inspection.iter().copied().collect(),
        figures: vec![
            Figure::new(
                "odometer",
                f64::from(shown.to_km()),
                Some(f64::from(before.to_km())),
                "km",
            ),
            Figure::new("went_back", f64::from(back), Some(0.0), "km"),
        ],
        ..Seen::plain(
            Kind::OdometerWentBack,
            format!("the odometer shows {shown} and showed {before} on {day}: {back} km less"),
        )
    })
}

fn reused(report: &Report, around: &Surroundings) -> Vec<Seen> {
    let mut all = Vec::new();
    for evidence in &report.evidence {
        let others: Vec<&Other> = around
            .same_evidence
            .iter()
            .filter(|(hash, other)| *hash == evidence.sha256 && other.vin != report.vehicle.vin)
            .map(|(_, other)| other)
            .collect();
        if !others.is_empty() {
            all.push(Seen {
                related: others.iter().map(|other| other.id).collect(),
                figures: vec![Figure::count("reports_of_other_vehicles", others.len())],
                evidence: vec![evidence.sha256.clone()],
                ..Seen::plain(
                    Kind::EvidenceReused,
                    format!(
                        "the evidence {} ({}) belongs to {} report(s) of other vehicles too, such as {}",
                        short(&evidence.sha256),
                        evidence.shot,
                        others.len(),
                        others[0].vin
                    ),
                )
            });
        }
    }
    all
}

/// One for each photograph of the report that looks like another vehicle's; equal bytes are [`reused`]'s to tell.
fn photographs(report: &Report, around: &Surroundings) -> Vec<Seen> {
    let mut all = Vec::new();
    for evidence in &report.evidence {
        let mut alike: Vec<(u32, &Alike)> = around
            .alike
            .iter()
            .filter(|alike| alike.mine.0 == evidence.sha256 && alike.theirs.0 != evidence.sha256)
            .filter(|alike| alike.other.vin != report.vehicle.vin)
            .map(|alike| (alike.mine.1.distance(&alike.theirs.1), alike))
            .filter(|(distance, _)| *distance <= picture::SAME)
            .collect();
        alike.sort_by_key(|(distance, alike)| (*distance, alike.other.id));
        let Some((distance, nearest)) = alike.first() else {
            continue;
        };
        let mut hashes = vec![evidence.sha256.clone()];
        let mut related = Vec::new();
        for (_, alike) in &alike {
            if !hashes.contains(&alike.theirs.0) {
                hashes.push(alike.theirs.0.clone());
            }
            if !related.contains(&alike.other.id) {
                related.push(alike.other.id);
            }
        }
        let (limit, bits) = (picture::SAME, picture::BITS);
        let text = format!(
            "the photograph {} ({}) looks like {} of {}: their looks differ in {distance} of {bits} bits, and up to {limit} \
             are one picture packed, sized or cropped anew",
            short(&evidence.sha256),
            evidence.shot,
            short(&nearest.theirs.0),
            nearest.other.vin
        );
        all.push(Seen {
            related,
            figures: vec![
                Figure::new(
                    "differing_bits",
                    f64::from(*distance),
                    Some(f64::from(limit)),
                    "1",
                ),
                Figure::count("photographs_of_other_vehicles", hashes.len() - 1),
            ],
            evidence: hashes,
            ..Seen::plain(Kind::PhotoDuplicate, text)
        });
    }
    all
}

fn short(sha256: &str) -> &str {
    &sha256[..sha256.len().min(12)]
}
