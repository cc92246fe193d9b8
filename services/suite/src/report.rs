//! What came of a dossier, as a person likes to read it.

use std::fmt::Write as _;

use tongguan_api::clearance::v1 as clearance;
use unicode_width::UnicodeWidthStr;

use crate::journey::Outcome;

/// Widest line of running text.
const WIDTH: usize = 100;

/// One car, in a block of lines.
pub fn text(number: usize, outcome: &Outcome) -> String {
    let mut out = String::new();
    let head = format!("── {number:02} {} ", outcome.name);
    let rule = "─".repeat(WIDTH.saturating_sub(head.width()));
    line(&mut out, &format!("{head}{rule}"));
    line(
        &mut out,
        &format!("   {} · {}", outcome.title[0], outcome.title[1]),
    );
    field(&mut out, "VIN", &outcome.vin);
    field(&mut out, "car", &outcome.car);
    field(&mut out, "destination", &outcome.destination);
    field(&mut out, "decision", &decision_line(outcome));
    if let Some(case) = &outcome.case {
        decision(&mut out, case);
    }
    for refusal in &outcome.refusals {
        field(
            &mut out,
            "refused",
            &format!(
                "{} → {} {}: {}",
                refusal.step, refusal.code, refusal.reason, refusal.message
            ),
        );
        for wrong in &refusal.fields {
            field(&mut out, "", wrong);
        }
    }
    if let Some(issued) = &outcome.certificate {
        let size = format!(
            "{} bytes, entry {} of the log",
            issued.bytes, issued.log_index
        );
        field(
            &mut out,
            "certificate",
            &format!("{} ({size})", issued.certificate_id),
        );
        for file in &issued.files {
            field(&mut out, "", file);
        }
        verification(&mut out, issued);
        if let Ok(qr) = tongguan_certificate::qr::to_terminal(&issued.qr_text) {
            out.push_str(&qr);
            out.push('\n');
        }
    }
    out
}

fn decision_line(outcome: &Outcome) -> String {
    let decision = outcome
        .case
        .as_ref()
        .and_then(|case| case.decision.as_ref());
    match decision {
        Some(decision) => format!(
            "{}   (China {}, {} {})",
            outcome.state, decision.china_verdict, outcome.destination, decision.market_verdict
        ),
        None => outcome.state.clone(),
    }
}

fn decision(out: &mut String, case: &clearance::Case) {
    if let Some(parked) = &case.parked_because {
        field(
            out,
            "waits",
            &format!(
                "{}; nothing was decided, it is tried again by itself",
                parked.message
            ),
        );
    }
    let Some(decision) = &case.decision else {
        return;
    };
    if let Some(ship_by) = &decision.ship_by {
        let day = format!(
            "{:04}-{:02}-{:02}",
            ship_by.year, ship_by.month, ship_by.day
        );
        field(out, "ship by", &day);
    }
    reasons(out, decision);
    let mut label = "missing";
    for document in &decision.missing_documents {
        let who = if document.who.is_empty() {
            String::new()
        } else {
            format!(" from the {}", document.who)
        };
        let when = if document.blocks {
            ""
        } else {
            " (later on the way)"
        };
        let problem = if document.problem.is_empty() {
            String::new()
        } else {
            format!(": {}", document.problem)
        };
        field(
            out,
            label,
            &format!("document {}{who}{when}{problem}", document.code),
        );
        label = "";
    }
    for fact in &decision.missing_facts {
        field(
            out,
            label,
            &format!("fact {} ({})", fact.name, fact.text_en),
        );
        label = "";
    }
}

/// Every reason with its rule: what refuses first, then what asks, then what is only told, in one line each.
fn reasons(out: &mut String, decision: &clearance::Decision) {
    use clearance::reason::Weight::{Asks, Refuses, Tells, Unspecified};
    let mut label = "reasons";
    for (weight, word) in [
        (Refuses, "refuses"),
        (Asks, "asks"),
        (Tells, "tells"),
        (Unspecified, "tells"),
    ] {
        for reason in decision
            .reasons
            .iter()
            .filter(|reason| reason.weight() == weight)
        {
            let told = matches!(weight, Tells | Unspecified);
            // The engine appends the facts it read to the rule's own text, in brackets.
            let own = reason.text_en.split(" [").next().unwrap_or_default();
            let text = if told { own } else { reason.text_en.as_str() };
            let source = [reason.instrument.as_str(), reason.confidence.as_str()];
            let source = source
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join("; ");
            let source = if source.is_empty() || told {
                String::new()
            } else {
                format!(" ({source})")
            };
            field(
                out,
                label,
                &format!("{} {word}: {text}{source}", reason.rule_id),
            );
            if !told && !reason.text_zh.is_empty() {
                field(out, "", &format!("  {}", reason.text_zh));
            }
            if own == reason.text_en && !reason.facts.is_empty() {
                field(out, "", &format!("  read: {}", reason.facts.join(", ")));
            }
            label = "";
        }
    }
}

fn verification(out: &mut String, issued: &crate::journey::Issued) {
    let report = &issued.offline;
    let passed = report
        .checks
        .iter()
        .map(|check| format!("{:?} {:?}", check.name, check.outcome).to_lowercase());
    let verdict = format!("{:?}", report.verdict).to_uppercase();
    let simulated = if report.simulated {
        ", SIMULATED issuer: not an official permit"
    } else {
        ""
    };
    field(
        out,
        "offline check",
        &format!("{verdict} ({}){simulated}", report.reason.code()),
    );
    field(out, "", &passed.collect::<Vec<_>>().join(" · "));
    let compare = report
        .compare_with_car
        .iter()
        .map(|field| format!("{} {}", field.field, field.stated));
    field(out, "compare", &compare.collect::<Vec<_>>().join(" · "));
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

/// A label of 14 columns and a text wrapped beside it.
fn field(out: &mut String, label: &str, text: &str) {
    let mut label = label;
    for part in wrap(text, WIDTH - 17) {
        let _never = writeln!(out, "   {label:<14}{part}");
        label = "";
    }
}

/// Breaks a text at spaces, and Chinese text anywhere, so that no line is wider than `width` columns.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in text.split_inclusive(' ') {
        let mut rest = word;
        while current.width() + rest.trim_end().width() > width {
            let room = width.saturating_sub(current.width());
            if rest.is_ascii() || room < 4 {
                if current.trim().is_empty() {
                    break;
                }
                lines.push(std::mem::take(&mut current).trim_end().to_owned());
            } else {
                let cut = cut_at(rest, room);
                current.push_str(&rest[..cut]);
                rest = &rest[cut..];
                lines.push(std::mem::take(&mut current).trim_end().to_owned());
            }
        }
        current.push_str(rest);
    }
    if !current.trim().is_empty() || lines.is_empty() {
        lines.push(current.trim_end().to_owned());
    }
    lines
}

/// The longest prefix of at most `room` columns, in bytes; at least one character.
fn cut_at(text: &str, room: usize) -> usize {
    let mut width = 0;
    for (index, character) in text.char_indices() {
        width += unicode_width::UnicodeWidthChar::width(character).unwrap_or(0);
        if width > room && index > 0 {
            return index;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_asked_and_nothing_is_lost() {
        for text in [
            "a plain sentence of several words that is long",
            "转让待出口的车辆不得再在国内办理转让登记，只能出口。",
            "mixed 中文 and words 混合在一起 of both kinds",
        ] {
            let lines = wrap(text, 20);
            assert!(lines.iter().all(|line| line.width() <= 20), "{lines:?}");
            let squeeze = |text: &str| text.replace(' ', "");
            assert_eq!(squeeze(&lines.concat()), squeeze(text));
        }
        assert_eq!(wrap("", 10), [""]);
        assert_eq!(
            wrap("https://example.org/an-address-that-can-not-be-broken", 10).len(),
            1
        );
    }
}
