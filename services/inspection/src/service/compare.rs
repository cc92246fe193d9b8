//! What a judged report is compared with: the registered vehicle, the body's own verdict, the shots to be taken.

use tongguan_rpc::Violation;

use super::Service;
use crate::config::Mismatch;
use crate::domain::anomaly::{Kind, Seen};
use crate::domain::assess::{Assessment, Verdict};
use crate::domain::identity::{Registered, differences};
use crate::domain::inspection::{Claim, Inspection, Notice, claim};
use crate::domain::judge::ItemVerdict;
use crate::domain::report::Report;
use crate::error::Error;

impl Service {
    pub(super) fn notices(&self, report: &Report, stored: &[String]) -> Vec<Notice> {
        let mut notices = Vec::new();
        let absent = report
            .evidence
            .iter()
            .filter(|evidence| !stored.contains(&evidence.sha256))
            .count();
        if absent > 0 {
            notices.push(Notice::new(
                "EVIDENCE_NOT_STORED",
                format!("the bytes of {absent} piece(s) of evidence are not stored here"),
            ));
        }
        let missing = self.missing_shots(report);
        if !missing.is_empty() {
            notices.push(Notice::new(
                "SHOTS_MISSING",
                format!("no evidence shows {}", missing.join(", ")),
            ));
        }
        if report.vehicle.powertrain.has_plug() && report.vehicle.battery_id.is_empty() {
            notices.push(Notice::new(
                "BATTERY_ID_MISSING",
                "the traction battery is not identified",
            ));
        }
        notices
    }

    /// Shots of the catalogue that no evidence of the report shows.
    pub(super) fn missing_shots(&self, report: &Report) -> Vec<&str> {
        let shown = |shot: &str| report.evidence.iter().any(|evidence| evidence.shot == shot);
        let shots = self.catalogues.on(report.day()).shots.iter();
        shots
            .map(String::as_str)
            .filter(|shot| !shown(shot))
            .collect()
    }

    pub(super) fn compare_vehicle(
        &self,
        inspection: &mut Inspection,
        registered: &Registered,
        seen: &mut Vec<Seen>,
    ) -> Result<(), Error> {
        let found = differences(&inspection.report.vehicle, registered);
        if found.is_empty() {
            return Ok(());
        }
        let fields: Vec<String> = found
            .iter()
            .map(|difference| difference.field.clone())
            .collect();
        if self.config.on_vehicle_mismatch == Mismatch::Refuse {
            return Err(Error::VehicleMismatch { fields });
        }
        inspection.verdict = inspection.verdict.max(Verdict::Referred);
        let text = format!(
            "the vehicle differs from the one registered in {}",
            fields.join(", ")
        );
        inspection
            .notices
            .push(Notice::new("VEHICLE_MISMATCH", text.clone()));
        inspection.differences = found;
        seen.push(Seen::plain(Kind::VehicleMismatch, text));
        Ok(())
    }

    pub(super) fn compare_verdict(
        &self,
        inspection: &mut Inspection,
        seen: &mut Vec<Seen>,
    ) -> Result<(), Error> {
        let computed = inspection.assessment.verdict;
        let Some(claimed) = inspection.report.claimed else {
            return Ok(());
        };
        match claim(Some(claimed), computed) {
            Claim::Agrees => return Ok(()),
            Claim::Stricter => {
                let text = format!(
                    "the body states {}, the measured values come to {}",
                    claimed.as_str(),
                    computed.as_str()
                );
                inspection
                    .notices
                    .push(Notice::new("BODY_IS_STRICTER", text));
            }
            Claim::Contradicts if self.config.on_verdict_mismatch == Mismatch::Refuse => {
                return Err(Error::VerdictMismatch {
                    claimed: claimed.as_str(),
                    computed: computed.as_str(),
                    items: deciding(&inspection.assessment),
                });
            }
            Claim::Contradicts => {
                let text = format!(
                    "the body claims {}, the measured values come to {}",
                    claimed.as_str(),
                    computed.as_str()
                );
                inspection
                    .notices
                    .push(Notice::new("VERDICT_MISMATCH", text.clone()));
                seen.push(Seen::plain(Kind::VerdictMismatch, text));
            }
        }
        // A claim never makes a verdict better; a stricter one brings in a person.
        inspection.verdict = inspection.verdict.max(Verdict::Referred);
        Ok(())
    }
}

/// The items that fail, as the sender can find them.
fn deciding(assessment: &Assessment) -> Vec<Violation> {
    let failed = assessment
        .items
        .iter()
        .filter(|item| item.verdict == ItemVerdict::Fail);
    let at = |position: &str| {
        if position.is_empty() {
            String::new()
        } else {
            format!("@{position}")
        }
    };
    let named = failed.map(|item| Violation {
        field: format!("report[{}{}]", item.item, at(&item.position)),
        description: format!("{} (limit: {})", item.reason, item.limit),
    });
    let claimed = Violation {
        field: "report.claimed_verdict".to_owned(),
        description: "differs from the computed verdict".to_owned(),
    };
    std::iter::once(claimed).chain(named).collect()
}
