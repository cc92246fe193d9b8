//! Collects every wrong field of a request before refusing it once.

use std::fmt::Display;
use std::str::FromStr;

use tongguan_api::common::v1::ErrorReason;
use tongguan_api::google::r#type::Date;
use tongguan_vocabulary::PartialDate;
use tonic::{Code, Status};

use crate::{Failure, Violation, wire};

/// The wrong fields seen so far.
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

/// A request with wrong fields: all of them.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{} of the request {} wrong: {}", count(.0.len()), if .0.len() == 1 { "is" } else { "are" }, names(.0))]
pub struct Invalid(pub Vec<Violation>);

fn count(fields: usize) -> String {
    if fields == 1 {
        "one field".to_owned()
    } else {
        format!("{fields} fields")
    }
}

fn names(violations: &[Violation]) -> String {
    let mut names: Vec<&str> = violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    names.dedup();
    names.truncate(12);
    names.join(", ")
}

impl Violations {
    /// Notes that `field` is wrong.
    pub fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.0.push(Violation {
            field: field.into(),
            description: description.into(),
        });
    }

    /// Notes that `field` is wrong unless `holds`.
    pub fn check(&mut self, holds: bool, field: &str, description: impl FnOnce() -> String) {
        if !holds {
            self.add(field, description());
        }
    }

    /// Parses a required text field.
    pub fn parse<T>(&mut self, field: &str, text: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        if text.is_empty() {
            self.add(field, "is required");
            return None;
        }
        self.optional_parse(field, text)
    }

    /// Parses a text field that may be empty.
    pub fn optional_parse<T>(&mut self, field: &str, text: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        if text.is_empty() {
            return None;
        }
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(field, format!("{error}"));
                None
            }
        }
    }

    /// A required message field.
    pub fn required<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.add(field, "is required");
        }
        value
    }

    /// A required text of at most `max` characters without control characters.
    pub fn text(&mut self, field: &str, text: &str, max: usize) -> String {
        if text.trim().is_empty() {
            self.add(field, "is required");
        }
        self.optional_text(field, text, max)
    }

    /// A text of at most `max` characters without control characters; may be empty.
    pub fn optional_text(&mut self, field: &str, text: &str, max: usize) -> String {
        let length = text.chars().count();
        self.check(length <= max, field, || {
            format!("has {length} characters, at most {max} are taken")
        });
        self.check(!text.chars().any(char::is_control), field, || {
            "has control characters".to_owned()
        });
        text.trim().to_owned()
    }

    /// A required date, whole or partial.
    pub fn date(&mut self, field: &str, date: Option<Date>) -> Option<PartialDate> {
        let date = self.required(field, date)?;
        self.optional_date(field, Some(date))
    }

    /// A date, whole or partial, that may be absent.
    pub fn optional_date(&mut self, field: &str, date: Option<Date>) -> Option<PartialDate> {
        match wire::partial_date(&date?) {
            Ok(date) => Some(date),
            Err(error) => {
                self.add(field, error.to_string());
                None
            }
        }
    }

    /// A required date known to the day.
    pub fn day(&mut self, field: &str, date: Option<Date>) -> Option<time::Date> {
        let date = self.date(field, date)?;
        let day = date.exact();
        self.check(day.is_some(), field, || {
            format!("{date} must be known to the day")
        });
        day
    }

    /// A required enum field: unspecified and unknown values are wrong.
    pub fn enumeration<E>(&mut self, field: &str, value: i32) -> Option<E>
    where
        E: TryFrom<i32>,
    {
        if value == 0 {
            self.add(field, "is required");
            return None;
        }
        let known = E::try_from(value).ok();
        self.check(known.is_some(), field, || {
            format!("{value} is not a known value")
        });
        known
    }

    /// Refuses the request if any field was wrong.
    pub fn finish(self) -> Result<(), Invalid> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Invalid(self.0))
        }
    }

    /// Refuses with every wrong field, or answers what `value` holds.
    pub fn finish_with<T>(mut self, value: Option<T>) -> Result<T, Invalid> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => {
                if self.0.is_empty() {
                    self.add("", "is incomplete");
                }
                Err(Invalid(self.0))
            }
        }
    }
}

impl Failure for Invalid {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }

    fn reason(&self) -> ErrorReason {
        ErrorReason::InvalidFields
    }

    fn violations(&self) -> Vec<Violation> {
        self.0.clone()
    }
}

impl From<Invalid> for Status {
    fn from(invalid: Invalid) -> Self {
        crate::status(&invalid)
    }
}
