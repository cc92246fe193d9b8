//! Certificates and verifications, both ways.

use std::collections::BTreeMap;

use time::{Date, Duration, OffsetDateTime};
use tongguan_api::clearance::v1 as pb;
use tongguan_certificate::verify::Outcome as CheckOutcome;
use tongguan_certificate::{Certificate, SignedCheckpoint, TrustBundle, Verdict};
use tongguan_rpc::{Invalid, Violations, wire};
use uuid::Uuid;

use super::{optional_day, reason, request_id, uuid};
use crate::domain::certificate::{Life, Reservation};
use crate::error::Error;
use crate::service::{Checked, Line, Manifest, Published, Seen, Service, Shown, Verified};
use crate::store::Held;

/// The most QR texts of one manifest.
const MOST_TEXTS: usize = 5_000;

pub(crate) fn certificate(text: &str) -> Result<Uuid, Invalid> {
    let mut bad = Violations::default();
    let id = bad.parse("certificate_id", text);
    bad.finish_with(id)
}

pub(crate) fn verify(
    message: pb::VerifyCertificateRequest,
) -> Result<(Shown, Option<Seen>), Invalid> {
    use pb::verify_certificate_request::Presented;
    let mut bad = Violations::default();
    let shown = bad
        .required("presented", message.presented)
        .map(|presented| match presented {
            Presented::QrText(text) => Shown::Text(text),
            Presented::Cose(cose) => Shown::Cose(cose.to_vec()),
        });
    let seen = message.seen.map(|seen| read_seen(&mut bad, seen));
    Ok((bad.finish_with(shown)?, seen))
}

fn read_seen(bad: &mut Violations, message: pb::SeenOnCar) -> Seen {
    Seen {
        vin: bad.optional_text("seen.vin", &message.vin, 32),
        colour: bad.optional_text("seen.colour", &message.colour, 40),
        engine_tail: bad.optional_text("seen.engine_tail", &message.engine_tail, 40),
        make: bad.optional_text("seen.make", &message.make, 100),
    }
}

pub(crate) fn manifest_question(
    message: pb::VerifyManifestRequest,
) -> Result<(Vec<String>, Vec<String>), Invalid> {
    let mut bad = Violations::default();
    let count = message.qr_texts.len();
    bad.check((1..=MOST_TEXTS).contains(&count), "qr_texts", || {
        format!("has {count} texts, 1 to {MOST_TEXTS} are taken")
    });
    bad.check(message.vins.len() <= MOST_TEXTS, "vins", || {
        format!("has more than {MOST_TEXTS} VINs")
    });
    for (place, vin) in message.vins.iter().enumerate().take(MOST_TEXTS) {
        bad.parse::<tongguan_vocabulary::Vin>(&format!("vins[{place}]"), vin);
    }
    bad.finish()?;
    Ok((message.qr_texts, message.vins))
}

pub(crate) fn check(message: pb::CheckCertificateRequest) -> Result<(Uuid, Option<Seen>), Invalid> {
    let mut bad = Violations::default();
    let id = uuid(&mut bad, "certificate_id", &message.certificate_id);
    let seen = message.seen.map(|seen| read_seen(&mut bad, seen));
    bad.finish()?;
    Ok((id, seen))
}

pub(crate) fn reserve(
    message: pb::ReserveCertificateRequest,
) -> Result<(String, Uuid, String, Duration), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let id = uuid(&mut bad, "certificate_id", &message.certificate_id);
    let movement = bad.text("movement", &message.movement, 64);
    let hold = message.hold.map_or(Duration::DAY, |hold| {
        Duration::new(hold.seconds, hold.nanos)
    });
    bad.check(
        hold > Duration::ZERO && hold <= Duration::hours(72),
        "hold",
        || "is more than nothing and at most 72 hours".to_owned(),
    );
    bad.finish()?;
    Ok((request_id, id, movement, hold))
}

pub(crate) fn consume(
    message: pb::ConsumeCertificateRequest,
) -> Result<(String, Uuid, Uuid, String), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let id = uuid(&mut bad, "certificate_id", &message.certificate_id);
    let reservation = uuid(&mut bad, "reservation_id", &message.reservation_id);
    let why = bad.optional_text("override_reason", &message.override_reason, 1_000);
    bad.finish()?;
    Ok((request_id, id, reservation, why))
}

pub(crate) fn release(
    message: pb::ReleaseReservationRequest,
) -> Result<(String, Uuid, Uuid, String), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let id = uuid(&mut bad, "certificate_id", &message.certificate_id);
    let reservation = uuid(&mut bad, "reservation_id", &message.reservation_id);
    let why = bad.optional_text("reason", &message.reason, 1_000);
    bad.finish()?;
    Ok((request_id, id, reservation, why))
}

pub(crate) fn amend(
    message: pb::AmendCertificateRequest,
) -> Result<(String, Uuid, String, Option<Date>), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let id = uuid(&mut bad, "certificate_id", &message.certificate_id);
    let reason = reason(&mut bad, &message.reason, 10);
    let valid_until = optional_day(&mut bad, "valid_until", message.valid_until);
    bad.finish()?;
    Ok((request_id, id, reason, valid_until))
}

pub(crate) fn invalidate(
    message: pb::InvalidateCertificateRequest,
) -> Result<(String, Uuid, String), Invalid> {
    let mut bad = Violations::default();
    let request_id = request_id(&mut bad, message.request_id);
    let id = uuid(&mut bad, "certificate_id", &message.certificate_id);
    let reason = reason(&mut bad, &message.reason, 10);
    bad.finish()?;
    Ok((request_id, id, reason))
}

impl From<Held> for pb::Certificate {
    fn from(held: Held) -> Self {
        use pb::certificate::State;
        let parsed = Certificate::from_cose(&held.cose).ok();
        let (state, reason) = match &held.life {
            Life::Live => (State::Live, String::new()),
            Life::Reserved { .. } => (State::Reserved, String::new()),
            Life::Suspended { reason, .. } => (State::Suspended, reason.clone()),
            Life::Used { .. } => (State::Used, String::new()),
            Life::Revoked { reason, .. } => (State::Revoked, reason.clone()),
            Life::Superseded { .. } => (State::Superseded, String::new()),
            Life::Expired => (State::Expired, String::new()),
        };
        let superseded_by = if let Life::Superseded { by } = &held.life {
            by.to_string()
        } else {
            String::new()
        };
        let reservation = if let Life::Reserved { reservation } = &held.life {
            Some(hold(held.id, reservation))
        } else {
            None
        };
        Self {
            certificate_id: held.id.to_string(),
            case_id: held.case.to_string(),
            state: state.into(),
            qr_text: parsed
                .as_ref()
                .and_then(|certificate| certificate.to_qr_text().ok())
                .unwrap_or_default(),
            cose: held.cose.into(),
            record_json: held.record.to_string(),
            html: String::new(),
            issue_time: Some(wire::timestamp(held.issued_at)),
            expire_time: Some(wire::timestamp(held.expires_at)),
            log_index: held.log_index,
            status_index: held.status_index,
            superseded_by,
            simulated: held.simulated,
            reservation,
            reason,
        }
    }
}

/// A certificate, with its printable page where that is asked for.
pub(crate) fn rendered(held: Held, with_html: bool) -> Result<pb::Certificate, Error> {
    let html = if with_html {
        Certificate::from_cose(&held.cose)?.to_html(None)?
    } else {
        String::new()
    };
    Ok(pb::Certificate {
        html,
        ..held.into()
    })
}

fn hold(certificate: Uuid, reservation: &Reservation) -> pb::Reservation {
    pb::Reservation {
        reservation_id: reservation.id.to_string(),
        certificate_id: certificate.to_string(),
        holder: reservation.holder.clone(),
        movement: reservation.movement.clone(),
        expire_time: Some(wire::timestamp(reservation.until)),
        create_time: Some(wire::timestamp(reservation.since)),
    }
}

impl From<Held> for pb::Reservation {
    fn from(held: Held) -> Self {
        match &held.life {
            Life::Reserved { reservation } => hold(held.id, reservation),
            _ => Self {
                certificate_id: held.id.to_string(),
                ..Self::default()
            },
        }
    }
}

fn verdict(verdict: Verdict) -> pb::Verdict {
    match verdict {
        Verdict::Valid => pb::Verdict::Valid,
        Verdict::Revoked => pb::Verdict::Revoked,
        Verdict::Expired => pb::Verdict::Expired,
        Verdict::Used => pb::Verdict::Used,
        Verdict::Reserved => pb::Verdict::Reserved,
        Verdict::Superseded => pb::Verdict::Superseded,
        Verdict::UnknownIssuer => pb::Verdict::UnknownIssuer,
        Verdict::NotLogged => pb::Verdict::NotLogged,
        Verdict::Malformed => pb::Verdict::Malformed,
        Verdict::StaleStatus => pb::Verdict::StaleStatus,
        Verdict::CouldNotCheck => pb::Verdict::CouldNotCheck,
    }
}

fn comparisons(lines: Vec<Line>) -> Vec<pb::Comparison> {
    lines
        .into_iter()
        .map(|(field, agrees, certificate, seen)| pb::Comparison {
            field: field.to_owned(),
            agrees,
            certificate,
            seen,
        })
        .collect()
}

/// Every check that failed, as `CODE: sentence`; the verdict's reason first.
fn findings(verified: &Verified) -> Vec<String> {
    let mut found = vec![verified.report.reason.code().to_owned()];
    for check in verified
        .report
        .checks
        .iter()
        .filter(|check| check.outcome == CheckOutcome::Failed)
    {
        if let Some(reason) = check
            .reason
            .filter(|reason| *reason != verified.report.reason)
        {
            found.push(reason.code().to_owned());
        }
    }
    found
}

pub(crate) fn verification(verified: Verified) -> pb::Verification {
    let findings = findings(&verified);
    let report = verified.report;
    let online = report.freshness.asked_online;
    let car_matches =
        !verified.comparisons.is_empty() && verified.comparisons.iter().all(|line| line.1);
    pb::Verification {
        verdict: verdict(report.verdict).into(),
        findings,
        certificate_id: verified.id.map(|id| id.to_string()).unwrap_or_default(),
        record_json: report
            .record
            .as_ref()
            .and_then(|record| serde_json::to_string(record).ok())
            .unwrap_or_default(),
        status_time: online.then(|| wire::timestamp(verified.at)),
        status_age: online.then_some(pbjson_types::Duration {
            seconds: 0,
            nanos: 0,
        }),
        comparisons: comparisons(verified.comparisons),
        car_matches,
        verify_time: Some(wire::timestamp(verified.at)),
        simulated: report.simulated,
    }
}

pub(crate) fn manifest(manifest: Manifest) -> pb::ManifestVerification {
    let mut counts: BTreeMap<i32, u32> = BTreeMap::new();
    let lines: Vec<pb::ManifestLine> = manifest
        .lines
        .iter()
        .enumerate()
        .map(|(row, line)| {
            let verdict: i32 = verdict(line.report.verdict).into();
            *counts.entry(verdict).or_default() += 1;
            pb::ManifestLine {
                row: row as u32,
                verdict,
                vin: line
                    .report
                    .record
                    .as_ref()
                    .map(|record| record.vehicle.vin.to_string())
                    .unwrap_or_default(),
                certificate_id: line.id.map(|id| id.to_string()).unwrap_or_default(),
                finding: line.report.reason.code().to_owned(),
            }
        })
        .collect();
    pb::ManifestVerification {
        all_valid: manifest.all_valid,
        counts: counts
            .into_iter()
            .map(|(verdict, lines)| pb::VerdictCount { verdict, lines })
            .collect(),
        lines,
        vins_without_certificate: manifest.without_certificate,
        vins_not_on_manifest: manifest.unlisted,
        vins_twice: manifest.twice,
        verify_time: Some(wire::timestamp(manifest.at)),
    }
}

pub(crate) fn checked(checked: Checked) -> pb::CertificateCheck {
    let held = checked.held;
    let said = match held.life {
        Life::Live => pb::Verdict::Valid,
        Life::Reserved { .. } => pb::Verdict::Reserved,
        Life::Used { .. } => pb::Verdict::Used,
        Life::Suspended { .. } | Life::Revoked { .. } => pb::Verdict::Revoked,
        Life::Superseded { .. } => pb::Verdict::Superseded,
        Life::Expired => pb::Verdict::Expired,
    };
    let next = held
        .life
        .next()
        .iter()
        .map(|rpc| (*rpc).to_owned())
        .collect();
    let mut certificate = pb::Certificate::from(held);
    certificate.cose.clear();
    certificate.qr_text.clear();
    pb::CertificateCheck {
        verdict: said.into(),
        certificate: Some(certificate),
        comparisons: comparisons(checked.comparisons),
        next,
    }
}

pub(crate) fn bundle(service: &Service, bundle: &TrustBundle) -> pb::TrustBundle {
    let trust = bundle.trust();
    pb::TrustBundle {
        version: trust.version,
        bundle: bundle.as_bytes().to_vec().into(),
        expire_time: Some(wire::timestamp(OffsetDateTime::from(trust.expires_at))),
        simulated: service.issuer.simulated,
        root_key: service.issuer.root_key().as_bytes().to_vec().into(),
    }
}

impl From<&Published> for pb::StatusList {
    fn from(published: &Published) -> Self {
        let seconds = i64::try_from(published.ttl).unwrap_or(i64::MAX);
        Self {
            list: published.list.name().to_owned(),
            token: published.token.clone().into(),
            make_time: Some(wire::timestamp(published.at)),
            time_to_live: Some(pbjson_types::Duration { seconds, nanos: 0 }),
        }
    }
}

pub(crate) fn checkpoint(signed: &SignedCheckpoint) -> pb::Checkpoint {
    pb::Checkpoint {
        note: signed.note().to_owned(),
        size: signed.checkpoint().size,
        // The third line of the note's text (C2SP tlog-checkpoint).
        root_hash: signed.note().lines().nth(2).unwrap_or_default().to_owned(),
    }
}
