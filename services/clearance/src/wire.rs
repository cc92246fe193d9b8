//! Proto ↔ domain: decoding is validation, all wrong fields at once.

mod answers;
mod cases;
mod certificates;
mod decisions;
mod documents;
mod figures;
mod licences;

use time::Date;
use tongguan_api::google::r#type::Date as PbDate;
use tongguan_rpc::{Violations, wire};
use tongguan_vocabulary::PartialDate;
use uuid::Uuid;

pub(crate) use answers::{event, listed, operation, state_chart};
pub(crate) use cases::{attach, decide, filter, id, open, override_decision, submit, withdraw};
pub(crate) use certificates::{
    amend, bundle, certificate, check, checked, checkpoint, consume, invalidate, manifest,
    manifest_question, release, rendered, reserve, verification, verify,
};
pub(crate) use figures::{deregistration, exit, movements, statistics};
pub(crate) use licences::{add, batch_id, cancel, create, record};

/// An id in a request.
fn uuid(bad: &mut Violations, field: &str, text: &str) -> Uuid {
    bad.parse(field, text).unwrap_or_default()
}

/// The idempotency key of a write.
fn request_id(bad: &mut Violations, text: String) -> String {
    bad.optional_text("request_id", &text, 64);
    text
}

/// A reason of a least length.
fn reason(bad: &mut Violations, text: &str, least: usize) -> String {
    let text = bad.text("reason", text, 1_000);
    let length = text.chars().count();
    bad.check(length == 0 || length >= least, "reason", || {
        format!("has {length} characters, at least {least} are asked")
    });
    text
}

/// A date that must be known to the day where it is given.
fn optional_day(bad: &mut Violations, field: &str, date: Option<PbDate>) -> Option<Date> {
    let date = bad.optional_date(field, date)?;
    let day = date.exact();
    bad.check(day.is_some(), field, || {
        format!("{date} must be known to the day")
    });
    day
}

/// A unified social credit code (GB 32100-2015): 18 digits and capitals without I, O, S, V, Z.
fn credit_code(bad: &mut Violations, field: &str, text: &str) -> String {
    if text.is_empty() {
        bad.add(field, "is required");
        return String::new();
    }
    let known = |c: char| {
        c.is_ascii_digit() || (c.is_ascii_uppercase() && !matches!(c, 'I' | 'O' | 'S' | 'V' | 'Z'))
    };
    bad.check(
        text.chars().count() == 18 && text.chars().all(known),
        field,
        || {
            "is not a unified social credit code (18 digits and capitals without I, O, S, V, Z)"
                .to_owned()
        },
    );
    text.to_owned()
}

fn day(date: Option<Date>) -> Option<PbDate> {
    date.map(|date| wire::date(PartialDate::from(date)))
}

fn partial(date: Option<PartialDate>) -> Option<PbDate> {
    date.map(wire::date)
}
