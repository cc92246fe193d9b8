//! Proto ↔ domain: decoding is validation, and names every wrong field at once.

mod answers;
mod bodies;
mod canonical;
mod catalogue;
mod report;
mod review;
mod told;

use tongguan_api::common::v1 as common;
use tongguan_api::inspection::v1 as pb;
use tongguan_rpc::{Invalid, Violation, Violations, wire};
use uuid::Uuid;

use crate::domain::Wrong;
use crate::domain::anomaly;
use crate::domain::assess::Verdict;
use crate::domain::evidence::Media;
use crate::domain::inspection::{Inspection, State};
use crate::domain::report::Sent;
use crate::domain::review::Standing;
use crate::domain::signature::Signed;
use crate::domain::vehicle::{Category, Powertrain};
use crate::store::{AnomalyFilter, InspectionFilter};

pub(crate) use bodies::{register_body, suspension, update_body};
pub(crate) use catalogue::catalogue;
pub(crate) use told::event;

/// The category of the wire; `None` where it is not stated.
pub(crate) fn category(value: common::VehicleCategory) -> Option<Category> {
    use common::VehicleCategory as Wire;
    Some(match value {
        Wire::Unspecified => return None,
        Wire::M1 => Category::M1,
        Wire::M2 => Category::M2,
        Wire::M3 => Category::M3,
        Wire::N1 => Category::N1,
        Wire::N2 => Category::N2,
        Wire::N3 => Category::N3,
        Wire::O1 => Category::O1,
        Wire::O2 => Category::O2,
        Wire::O3 => Category::O3,
        Wire::O4 => Category::O4,
    })
}

/// The powertrain of the wire; `None` where it is not stated.
pub(crate) fn powertrain(value: common::Powertrain) -> Option<Powertrain> {
    use common::Powertrain as Wire;
    Some(match value {
        Wire::Unspecified => return None,
        Wire::Ice => Powertrain::Ice,
        Wire::Hev => Powertrain::Hev,
        Wire::Phev => Powertrain::Phev,
        Wire::Erev => Powertrain::Erev,
        Wire::Bev => Powertrain::Bev,
        Wire::Fcev => Powertrain::Fcev,
        Wire::None => Powertrain::None,
    })
}

fn verdict(value: pb::Verdict) -> Option<Verdict> {
    match value {
        pb::Verdict::Unspecified => None,
        pb::Verdict::Passed => Some(Verdict::Passed),
        pb::Verdict::PassedWithWarnings => Some(Verdict::PassedWithWarnings),
        pb::Verdict::Referred => Some(Verdict::Referred),
        pb::Verdict::Failed => Some(Verdict::Failed),
    }
}

/// A field that may be unspecified, but not unknown.
fn optional<E: TryFrom<i32>>(bad: &mut Violations, field: &str, value: i32) -> Option<E> {
    if value == 0 {
        None
    } else {
        bad.enumeration(field, value)
    }
}

/// The idempotency key.
fn request_id(bad: &mut Violations, text: &str) -> String {
    bad.optional_text("request_id", text, 64)
}

/// The id of a read.
pub(crate) fn id(text: &str) -> Result<Uuid, Invalid> {
    let mut bad = Violations::default();
    let id = bad.parse("id", text);
    bad.finish_with(id)
}

/// A report to submit.
pub(crate) struct Submit {
    /// The idempotency key.
    pub(crate) key: String,
    /// The report.
    pub(crate) sent: Sent,
    /// Whether it is a dry run.
    pub(crate) validate_only: bool,
    /// What a dry run shows: the bytes to sign.
    pub(crate) shown: String,
}

/// Decodes a report to submit.
pub(crate) fn submit(message: pb::SubmitInspectionRequest) -> Result<Submit, Invalid> {
    let mut bad = Violations::default();
    let key = request_id(&mut bad, &message.request_id);
    let sent = sent(bad, message.report, message.signature)?;
    let shown = if message.validate_only {
        String::from_utf8_lossy(&sent.signed.canonical).into_owned()
    } else {
        String::new()
    };
    Ok(Submit {
        key,
        sent,
        validate_only: message.validate_only,
        shown,
    })
}

/// A corrected report to submit in place of another.
pub(crate) struct Supersede {
    /// The idempotency key.
    pub(crate) key: String,
    /// The one it replaces.
    pub(crate) id: Uuid,
    /// The corrected report.
    pub(crate) sent: Sent,
    /// Why.
    pub(crate) reason: String,
}

/// Decodes a corrected report.
pub(crate) fn supersede(message: pb::SupersedeInspectionRequest) -> Result<Supersede, Invalid> {
    let mut bad = Violations::default();
    let key = request_id(&mut bad, &message.request_id);
    let id: Option<Uuid> = bad.parse("id", &message.id);
    let reason = bad.text("reason", &message.reason, 500);
    let sent = sent(bad, message.report, message.signature)?;
    // Without an id there is at least that to tell, and nothing to look up.
    let Some(id) = id else {
        let wrong = sent.wrong.into_iter().map(|wrong| Violation {
            field: wrong.field,
            description: wrong.description,
        });
        return Err(Invalid(wrong.collect()));
    };
    Ok(Supersede {
        key,
        id,
        sent,
        reason,
    })
}

/// The report with whatever is wrong with it so far: where enough of it can be read, its values are judged all the same,
/// so that one answer names everything.
fn sent(
    mut bad: Violations,
    report: Option<pb::InspectionReport>,
    jws: String,
) -> Result<Sent, Invalid> {
    let report = bad
        .required("report", report)
        .and_then(|report| report::decode(&mut bad, report));
    let Some(report) = report else {
        return bad.finish_with(None);
    };
    let canonical = canonical::canonical(&report);
    bad.check(canonical.is_some(), "report", || {
        "has no JSON form to sign".to_owned()
    });
    let invalid = bad.finish().err().map_or_else(Vec::new, |Invalid(all)| all);
    let wrong = invalid
        .into_iter()
        .map(|violation| Wrong::new(violation.field, violation.description));
    Ok(Sent {
        report,
        signed: Signed {
            canonical: canonical.unwrap_or_default(),
            jws,
        },
        wrong: wrong.collect(),
    })
}

/// An inspection as a dry run shows it, with the bytes to sign.
pub(crate) fn judged(inspection: Inspection, shown: String) -> pb::Inspection {
    pb::Inspection {
        canonical_report: shown,
        ..inspection.into()
    }
}

/// A review: key, anomaly, where it stands from now on, why.
pub(crate) fn resolve(
    message: &pb::ResolveAnomalyRequest,
) -> Result<(String, Uuid, Standing, String), Invalid> {
    let mut bad = Violations::default();
    let key = request_id(&mut bad, &message.request_id);
    let id = bad.parse("id", &message.id);
    let verdict = bad.enumeration("verdict", message.verdict);
    let reason = bad.text("reason", &message.reason, 500);
    let (id, verdict) = bad.finish_with(id.zip(verdict.and_then(standing)))?;
    Ok((key, id, verdict, reason))
}

fn standing(state: pb::anomaly::State) -> Option<Standing> {
    match state {
        pb::anomaly::State::Unspecified => None,
        pb::anomaly::State::Open => Some(Standing::Open),
        pb::anomaly::State::Confirmed => Some(Standing::Confirmed),
        pb::anomaly::State::Dismissed => Some(Standing::Dismissed),
    }
}

/// A withdrawal: key, id, why.
pub(crate) fn withdraw(
    message: &pb::WithdrawInspectionRequest,
) -> Result<(String, Uuid, String), Invalid> {
    let mut bad = Violations::default();
    let key = request_id(&mut bad, &message.request_id);
    let id = bad.parse("id", &message.id);
    let reason = bad.text("reason", &message.reason, 500);
    let id = bad.finish_with(id)?;
    Ok((key, id, reason))
}

/// A filter of inspections.
pub(crate) fn inspections(
    message: &pb::ListInspectionsRequest,
) -> Result<InspectionFilter, Invalid> {
    let mut bad = Violations::default();
    let state = optional::<pb::inspection::State>(&mut bad, "state", message.state);
    let filter = InspectionFilter {
        vin: bad.optional_parse("vin", &message.vin),
        body: bad.optional_parse("body", &message.body),
        state: state.and_then(|state| match state {
            pb::inspection::State::Unspecified => None,
            pb::inspection::State::Current => Some(State::Current),
            pb::inspection::State::Withdrawn => Some(State::Withdrawn),
            pb::inspection::State::Superseded => Some(State::Superseded),
        }),
        verdict: optional(&mut bad, "verdict", message.verdict).and_then(verdict),
        // A month or year as a bound means all of its days.
        tested_from: bad
            .optional_date("tested_from", message.tested_from)
            .map(|date| date.first().into()),
        tested_until: bad
            .optional_date("tested_until", message.tested_until)
            .map(|date| date.last().into()),
        under_review: message.under_review,
        usable_on: message
            .usable_on
            .and_then(|day| bad.day("usable_on", Some(day)))
            .map(Into::into),
    };
    bad.finish()?;
    Ok(filter)
}

/// A filter of anomalies.
pub(crate) fn anomalies(message: &pb::ListAnomaliesRequest) -> Result<AnomalyFilter, Invalid> {
    let mut bad = Violations::default();
    let kind = optional::<pb::anomaly::Kind>(&mut bad, "kind", message.kind);
    let mut instant = |field: &str, at: &Option<pbjson_types::Timestamp>| {
        at.as_ref()
            .and_then(|at| bad.required(field, wire::instant(at)))
    };
    let found_from = instant("found_from", &message.found_from);
    let found_until = instant("found_until", &message.found_until);
    let filter = AnomalyFilter {
        kind: kind.and_then(anomaly_kind),
        inspection: bad.optional_parse("inspection", &message.inspection),
        body: bad.optional_parse("body", &message.body),
        vin: bad.optional_parse("vin", &message.vin),
        standing: optional(&mut bad, "state", message.state).and_then(standing),
        found_from,
        found_until,
    };
    bad.finish()?;
    Ok(filter)
}

fn anomaly_kind(kind: pb::anomaly::Kind) -> Option<anomaly::Kind> {
    use pb::anomaly::Kind as Wire;
    match kind {
        Wire::Unspecified => None,
        Wire::ImpossiblePace => Some(anomaly::Kind::ImpossiblePace),
        Wire::AllPass => Some(anomaly::Kind::AllPass),
        Wire::ClonedValues => Some(anomaly::Kind::ClonedValues),
        Wire::OdometerWentBack => Some(anomaly::Kind::OdometerWentBack),
        Wire::EvidenceReused => Some(anomaly::Kind::EvidenceReused),
        Wire::VerdictMismatch => Some(anomaly::Kind::VerdictMismatch),
        Wire::VehicleMismatch => Some(anomaly::Kind::VehicleMismatch),
        Wire::BodySuspended => Some(anomaly::Kind::BodySuspended),
        Wire::PhotoDuplicate => Some(anomaly::Kind::PhotoDuplicate),
    }
}

/// What a catalogue is asked for: the standard, its version, one category or all.
pub(crate) fn catalogue_request(
    message: &pb::GetCatalogueRequest,
) -> Result<Option<Category>, Invalid> {
    let mut bad = Violations::default();
    bad.text("standard", &message.standard, 40);
    let only = optional(&mut bad, "category", message.category).and_then(category);
    bad.finish()?;
    Ok(only)
}

/// The head of an upload: type, announced length, expected hash.
pub(crate) fn upload(
    message: Option<pb::UploadEvidenceRequest>,
) -> Result<(Media, Option<u64>, String), Invalid> {
    let mut bad = Violations::default();
    let part = message.and_then(|message| message.part);
    let Some(pb::upload_evidence_request::Part::Header(header)) = part else {
        bad.add("header", "is required in the first message");
        return bad.finish_with(None);
    };
    let media = Media::named(&header.media_type);
    bad.check(media.is_some(), "header.media_type", || {
        "is not image/jpeg, image/png or application/pdf".to_owned()
    });
    let hash = header.sha256.is_empty() || is_sha256(&header.sha256);
    bad.check(hash, "header.sha256", || {
        "is not 64 lower-case hexadecimal digits".to_owned()
    });
    let media = bad.finish_with(media)?;
    Ok((
        media,
        (header.size > 0).then_some(header.size),
        header.sha256,
    ))
}

/// The bytes of a later message of an upload.
pub(crate) fn chunk(message: pb::UploadEvidenceRequest) -> Result<bytes::Bytes, Invalid> {
    const MOST: usize = 1 << 20;
    let mut bad = Violations::default();
    let chunk = if let Some(pb::upload_evidence_request::Part::Chunk(chunk)) = message.part {
        Some(chunk)
    } else {
        bad.add("chunk", "is required in every message after the first");
        None
    };
    let fits = chunk.as_ref().is_none_or(|chunk| chunk.len() <= MOST);
    bad.check(fits, "chunk", || format!("has more than {MOST} bytes"));
    bad.finish_with(chunk)
}

/// Whether the text is a SHA-256 in lower-case hexadecimal.
fn is_sha256(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether the text has the form of a unified social credit code (GB 32100): 18 digits and capitals.
fn is_organisation(text: &str) -> bool {
    text.len() == 18
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}
