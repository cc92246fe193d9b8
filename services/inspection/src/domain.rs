//! The rules of inspection intake without I/O: bodies, catalogue, reports, judgement, anomalies.

pub(crate) mod anomaly;
pub(crate) mod assess;
pub(crate) mod body;
pub(crate) mod catalogue;
pub(crate) mod condition;
pub(crate) mod derive;
pub(crate) mod evidence;
pub(crate) mod exact;
pub(crate) mod identity;
pub(crate) mod inspection;
pub(crate) mod judge;
pub(crate) mod key;
pub(crate) mod picture;
pub(crate) mod report;
pub(crate) mod review;
pub(crate) mod signature;
pub(crate) mod unit;
pub(crate) mod vehicle;

/// One wrong field of a report: its path and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Path of the field in the report, such as `measurements[3].unit`.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) description: String,
}

impl Wrong {
    /// A wrong field.
    pub(crate) fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            description: description.into(),
        }
    }
}
