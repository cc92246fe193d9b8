//! A whole ship: many certificates at once, and what only shows when they are seen together.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::values::Timestamp;
use crate::verify::{Against, Report, Verdict, Verifier};

/// The answer for a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ManifestReport {
    /// One report a row, in the order given.
    pub rows: Vec<Report>,
    /// How many rows have each verdict.
    pub counts: BTreeMap<Verdict, usize>,
    /// Rows that present a certificate or a VIN that an earlier row presents already.
    pub repeated: Vec<Repeated>,
}

/// A row that repeats an earlier one: one of the two cars travels on another's paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Repeated {
    /// Row counted from 0.
    pub row: usize,
    /// The earlier row.
    pub earlier: usize,
    /// What they share.
    pub what: Shared,
}

/// What two rows share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shared {
    /// The certificate.
    Certificate,
    /// The VIN, under different certificates.
    Vin,
}

impl ManifestReport {
    /// True where every row is VALID and none repeats another.
    pub fn is_clean(&self) -> bool {
        self.repeated.is_empty() && self.rows.iter().all(|row| row.verdict == Verdict::Valid)
    }
}

impl Verifier {
    /// Verifies every row; `against` gives what each row is checked against, by its place.
    pub fn verify_manifest<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a [u8]>,
        mut against: impl FnMut(usize) -> Against<'a>,
        now: Timestamp,
    ) -> ManifestReport {
        let check = |(row, presented)| self.verify(presented, &against(row), now);
        let rows: Vec<Report> = rows.into_iter().enumerate().map(check).collect();
        let mut counts = BTreeMap::new();
        let (mut ids, mut vins) = (HashMap::new(), HashMap::new());
        let mut repeated = Vec::new();
        for (row, report) in rows.iter().enumerate() {
            *counts.entry(report.verdict).or_default() += 1;
            // Only where the signature holds is it known what the row presents.
            let Some(record) = &report.record else {
                continue;
            };
            let same_id = ids
                .get(&record.id)
                .map(|earlier| (*earlier, Shared::Certificate));
            let same_vin = vins
                .get(&record.vehicle.vin)
                .map(|earlier| (*earlier, Shared::Vin));
            if let Some((earlier, what)) = same_id.or(same_vin) {
                repeated.push(Repeated { row, earlier, what });
            }
            ids.entry(record.id).or_insert(row);
            vins.entry(record.vehicle.vin).or_insert(row);
        }
        ManifestReport {
            rows,
            counts,
            repeated,
        }
    }
}
