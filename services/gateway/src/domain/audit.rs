//! Who read and wrote what: entries sealed into a chain, and what of them left the country.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use tongguan_vocabulary::Tenant;

use super::Basis;

/// Subjects named in one entry at most; a batch of a thousand VINs is one call about many.
pub(crate) const MOST_SUBJECTS: usize = 20;

/// One call: who, what, why, from where. Its JSON text is what is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Visit {
    /// When it was answered, microseconds since 1970.
    pub(crate) micros: i64,
    pub(crate) caller: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) organisation: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) on_behalf_of: String,
    pub(crate) method: String,
    pub(crate) write: bool,
    pub(crate) subjects: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) purpose: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) network: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) region: String,
    pub(crate) code: i32,
    /// Fields that identify a vehicle or a person in an answer that went abroad.
    #[serde(default)]
    pub(crate) vin_fields: u64,
    #[serde(default)]
    pub(crate) personal_fields: u64,
    /// Why it may be shown abroad, where the caller said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) basis: Option<Basis>,
}

impl Visit {
    /// Whether something was shown to somebody abroad. China's law counts what a foreign caller can see.
    pub(crate) fn left_the_country(&self) -> bool {
        is_abroad(&self.region) && self.code == 0 && self.vin_fields + self.personal_fields > 0
    }
}

/// Whether a caller's country is not China's mainland, whose law draws the border: Hong Kong and Macao lie outside.
pub(crate) fn is_abroad(region: &str) -> bool {
    !region.is_empty() && region != "CN"
}

/// A visit and whose log it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) tenant: Tenant,
    pub(crate) visit: Visit,
}

/// A visit in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) sequence: u64,
    pub(crate) body: String,
    pub(crate) previous: String,
    pub(crate) sha256: String,
}

impl Sealed {
    /// Seals the text of a visit behind the entry whose hash is `previous`.
    pub(crate) fn new(tenant: &Tenant, sequence: u64, body: String, previous: &str) -> Self {
        let sha256 = hash(tenant, sequence, &body, previous);
        Self {
            sequence,
            body,
            previous: previous.to_owned(),
            sha256,
        }
    }

    /// Whether it is what was sealed, and stands where it stood.
    pub(crate) fn fits(&self, tenant: &Tenant, sequence: u64, previous: &str) -> bool {
        self.sequence == sequence
            && self.previous == previous
            && self.sha256 == hash(tenant, sequence, &self.body, previous)
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hash(tenant: &Tenant, sequence: u64, body: &str, previous: &str) -> String {
    let mut context = Context::new(&SHA256);
    // Lines, none of which can hold a line end: JSON escapes it.
    for part in [previous, tenant.as_str(), &sequence.to_string(), body] {
        context.update(part.as_bytes());
        context.update(b"\n");
    }
    hex(context.finish().as_ref())
}

/// What callers of one country were shown in a year on one ground.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shown {
    pub(crate) region: String,
    pub(crate) basis: Option<Basis>,
    pub(crate) answers: u64,
    pub(crate) subjects: u64,
    pub(crate) vin_fields: u64,
    pub(crate) personal_fields: u64,
    pub(crate) without_purpose: u64,
}

/// What the law asks for from so many subjects a year on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Thresholds {
    pub(crate) contract: u64,
    pub(crate) assessment: u64,
}

impl Thresholds {
    /// What to do now that so many different subjects were shown abroad.
    pub(crate) fn warnings(&self, subjects: u64, without_purpose: u64) -> Vec<String> {
        let mut warnings = Vec::new();
        let steps = [
            (
                self.assessment,
                "a security assessment of the cyberspace administration",
            ),
            (
                self.contract,
                "a standard contract that is filed, or a certification",
            ),
        ];
        for (threshold, needed) in steps {
            if subjects >= threshold {
                warnings.push(format!(
                    "{subjects} subjects were shown abroad this year: from {threshold} on, {needed} is needed"
                ));
                break;
            }
            if subjects.saturating_mul(10) >= threshold.saturating_mul(9) {
                warnings.push(format!(
                    "{subjects} subjects were shown abroad this year: at {threshold}, {needed} will be needed"
                ));
            }
        }
        if without_purpose > 0 {
            warnings.push(format!(
                "{without_purpose} answers with personal fields went abroad without a purpose: send `x-purpose`"
            ));
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::GENESIS;

    #[test]
    fn a_changed_moved_or_lost_entry_is_noticed() {
        let tenant: Tenant = "acme".parse().unwrap();
        let first = Sealed::new(&tenant, 1, "{\"code\":0}".into(), GENESIS);
        let second = Sealed::new(&tenant, 2, "{\"code\":5}".into(), &first.sha256);
        assert!(first.fits(&tenant, 1, GENESIS) && second.fits(&tenant, 2, &first.sha256));
        let mut changed = second.clone();
        changed.body = "{\"code\":0}".into();
        assert!(!changed.fits(&tenant, 2, &first.sha256));
        assert!(!second.fits(&tenant, 1, GENESIS), "the first was lost");
        assert!(!second.fits(&"other".parse().unwrap(), 2, &first.sha256));
    }

    #[test]
    fn thresholds_warn_before_they_are_reached_and_the_higher_one_speaks_alone() {
        let thresholds = Thresholds {
            contract: 100,
            assessment: 1_000,
        };
        let about = |subjects| thresholds.warnings(subjects, 0).join("; ");
        assert_eq!(about(89), "");
        assert!(about(90).contains("at 100"));
        assert!(about(100).contains("from 100 on"));
        assert!(about(950).contains("at 1000") && about(950).contains("from 100 on"));
        assert!(about(1_000).contains("from 1000 on") && !about(1_000).contains("from 100 on,"));
        assert!(thresholds.warnings(0, 3)[0].contains("x-purpose"));
    }

    #[test]
    fn hong_kong_is_abroad_and_nobody_is_not() {
        assert!(is_abroad("KE") && is_abroad("HK"));
        assert!(!is_abroad("CN") && !is_abroad(""));
    }
}
