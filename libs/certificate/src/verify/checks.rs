//! The checks, one function each, and how their results become a report.

use std::borrow::Cow;

use crate::bundle::{TrustBundle, TrustedKey};
use crate::certificate::{Flaw, Opened};
use crate::cose;
use crate::log::proof::{inclusion_root, is_consistent};
use crate::log::{Checkpoint, Hash, LogProof, entry};
use crate::qr;
use crate::record::{Record, decode_claims};
use crate::status::Status;
use crate::values::{Digest, Timestamp};
use crate::verify::report::{Check, CheckName, CompareWithCar, Freshness, Outcome, Reason, Report};
use crate::verify::{Against, CLOCK_TOLERANCE, Checkpoints, Live};

/// The result of one check: passed, or the reason it did not.
type Checked = Result<(), Reason>;

struct Run<'a> {
    bundle: &'a TrustBundle,
    against: &'a Against<'a>,
    now: Timestamp,
    seen: Option<&'a Checkpoints>,
    checks: Vec<Check>,
}

pub(super) fn run(
    presented: &[u8],
    bundle: &TrustBundle,
    against: &Against<'_>,
    now: Timestamp,
    seen: Option<&Checkpoints>,
) -> Report {
    let mut run = Run {
        bundle,
        against,
        now,
        seen,
        checks: Vec::with_capacity(9),
    };
    let record = run.all(presented);
    run.report(record)
}

impl Run<'_> {
    fn note(&mut self, name: CheckName, result: Checked) {
        let (outcome, reason) = match result {
            Ok(()) => (Outcome::Passed, None),
            Err(reason) => (Outcome::Failed, Some(reason)),
        };
        self.checks.push(Check {
            name,
            outcome,
            reason,
        });
    }

    fn skip(&mut self, name: CheckName) {
        self.checks.push(Check {
            name,
            outcome: Outcome::NotChecked,
            reason: None,
        });
    }

    /// Runs every check that can be reached; the record where the signature holds.
    fn all(&mut self, presented: &[u8]) -> Option<Record> {
        let bytes = match unwrap_input(presented) {
            Ok(bytes) => bytes,
            Err(reason) => return self.stop(CheckName::Form, reason),
        };
        let opened = match Opened::read(&bytes) {
            Ok(opened) => opened,
            Err(Flaw::Envelope(_)) => return self.stop(CheckName::Form, Reason::BadCose),
            Err(Flaw::Header(_)) => return self.stop(CheckName::Form, Reason::BadHeader),
        };
        self.note(CheckName::Form, Ok(()));
        let bundle = self.bundle;
        let key = match signed_by(bundle, &opened, self.now) {
            Ok(key) => key,
            Err(reason) => return self.stop(CheckName::Signature, reason),
        };
        let Ok(record) = decode_claims(opened.envelope.payload, &opened.key_id) else {
            return self.stop(CheckName::Signature, Reason::BadClaims);
        };
        self.note(CheckName::Signature, Ok(()));
        self.note(CheckName::Issuer, issuer(bundle, key, &record));
        let root = self.log(&opened, &record);
        match (root, opened.proof.as_ref(), self.against.checkpoint) {
            (Some(root), Some(proof), Some(_)) => self.log_view(proof, &root),
            _ => self.skip(CheckName::LogView),
        }
        self.status(&record);
        let time = if record.issued_at > self.now.plus(CLOCK_TOLERANCE) {
            Err(Reason::ClockDisagrees)
        } else if record.expires_at <= self.now {
            Err(Reason::Expired)
        } else {
            Ok(())
        };
        self.note(CheckName::Time, time);
        let trust = if bundle.trust().expires_at <= self.now {
            Err(Reason::TrustBundleExpired)
        } else {
            Ok(())
        };
        self.note(CheckName::TrustFreshness, trust);
        Some(record)
    }

    fn stop(&mut self, name: CheckName, reason: Reason) -> Option<Record> {
        self.note(name, Err(reason));
        None
    }

    /// Checks the proof inside the certificate; the root it proves where it holds.
    fn log(&mut self, opened: &Opened<'_>, record: &Record) -> Option<Hash> {
        let result = opened
            .proof
            .as_ref()
            .ok_or(Reason::ProofMissing)
            .and_then(|proof| {
                included(self.bundle, proof, &opened.bare_digest(), record, self.seen)
            });
        self.note(CheckName::Log, result.map(|_| ()));
        result.ok()
    }

    /// Compares the certificate's tree with the checkpoint the verifier holds.
    fn log_view(&mut self, proof: &LogProof, root: &Hash) {
        let Some(held) = self
            .against
            .checkpoint
            .filter(|held| held.log_key() == proof.log_key)
        else {
            return self.skip(CheckName::LogView);
        };
        let trust = self.bundle.trust();
        let checkpoint = held.checkpoint();
        let comparable = !self.against.consistency.is_empty() || proof.size == checkpoint.size;
        let consistent = if proof.size <= checkpoint.size {
            is_consistent(
                proof.size,
                root,
                checkpoint.size,
                &checkpoint.root,
                self.against.consistency,
            )
        } else {
            is_consistent(
                checkpoint.size,
                &checkpoint.root,
                proof.size,
                root,
                self.against.consistency,
            )
        };
        let witnessed = held.cosigners(&trust.witnesses).len() as u64 >= trust.quorum;
        match (comparable, consistent, witnessed) {
            (true, false, _) => self.note(CheckName::LogView, Err(Reason::LogForked)),
            (_, _, false) => self.note(CheckName::LogView, Err(Reason::CheckpointNotWitnessed)),
            (true, true, true) => self.note(CheckName::LogView, Ok(())),
            (false, _, true) => self.skip(CheckName::LogView),
        }
    }

    fn status(&mut self, record: &Record) {
        if let Some(live) = self.against.live {
            self.note(CheckName::Status, of_live(live, self.now));
            return self.note(CheckName::StatusFreshness, Ok(()));
        }
        let Some(list) = self.against.status else {
            self.note(CheckName::Status, Err(Reason::StatusUnavailable));
            return self.skip(CheckName::StatusFreshness);
        };
        let status = if list.name() == record.status.list {
            list.get(record.status.index)
                .ok_or(Reason::StatusIndexOutside)
        } else {
            Err(Reason::StatusOfOtherList)
        };
        self.note(CheckName::Status, status.and_then(of_list));
        let fresh = if list.issued_at() > self.now.plus(CLOCK_TOLERANCE) {
            Err(Reason::ClockDisagrees)
        } else if list.fresh_until() <= self.now {
            Err(Reason::StatusStale)
        } else {
            Ok(())
        };
        self.note(CheckName::StatusFreshness, fresh);
    }

    fn report(self, record: Option<Record>) -> Report {
        let trust = self.bundle.trust();
        let reason = self.checks.iter().filter_map(|check| check.reason).min();
        let reason = reason.unwrap_or(Reason::AllChecksPassed);
        let age = |at: Timestamp| self.now.seconds() - at.seconds();
        let freshness = Freshness {
            checked_at: self.now,
            bundle_version: trust.version,
            bundle_age: age(trust.issued_at),
            bundle_expires_at: trust.expires_at,
            status_age: self.against.status.map(|list| age(list.issued_at())),
            status_fresh_until: self.against.status.map(crate::StatusList::fresh_until),
            asked_online: self.against.live.is_some(),
            checkpoint_size: self.against.checkpoint.map(|held| held.checkpoint().size),
        };
        Report {
            verdict: reason.verdict(),
            reason,
            checks: self.checks,
            freshness,
            simulated: record.as_ref().is_some_and(|record| record.simulated),
            compare_with_car: record.as_ref().map(compare_with_car).unwrap_or_default(),
            superseded_by: match self.against.live {
                Some(Live::Superseded { by }) => Some(by),
                _ => None,
            },
            reserved_until: match self.against.live {
                Some(Live::Reserved { until }) => Some(until),
                _ => None,
            },
            record,
        }
    }
}

/// The COSE bytes in whatever was presented.
pub(super) fn unwrap_input(presented: &[u8]) -> Result<Cow<'_, [u8]>, Reason> {
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
    let text = |text: &str| {
        qr::decode(text).map(Cow::Owned).map_err(|flaw| match flaw {
            qr::Flaw::Foreign => Reason::NotACertificate,
            qr::Flaw::Version => Reason::UnsupportedVersion,
            qr::Flaw::Damaged => Reason::TextDamaged,
        })
    };
    match presented {
        [0xd2, ..] => Ok(Cow::Borrowed(presented)),
        _ if presented.starts_with(b"%PDF-") => {
            text(crate::pdf::find_qr_text(presented).ok_or(Reason::NotACertificate)?)
        }
        _ if presented.starts_with(PNG) => {
            let read = qr::read_png(presented).map_err(|_| Reason::ImageUnreadable)?;
            text(&read)
        }
        _ => {
            let given = std::str::from_utf8(presented).map_err(|_| Reason::NotACertificate)?;
            text(crate::html::find_qr_text(given).unwrap_or(given))
        }
    }
}

fn signed_by<'b>(
    bundle: &'b TrustBundle,
    opened: &Opened<'_>,
    now: Timestamp,
) -> Result<&'b TrustedKey, Reason> {
    let Some(trusted) = bundle.key(&opened.key_id) else {
        // A newer edition may know the key, so an old one may not call it unknown.
        let expired = bundle.trust().expires_at <= now;
        return Err(if expired {
            Reason::TrustBundleExpired
        } else {
            Reason::UnknownKey
        });
    };
    let message = cose::sig_structure(opened.envelope.protected, opened.envelope.payload);
    if !trusted.certificates {
        Err(Reason::KeyForOtherUse)
    } else if trusted.key.verifies(&message, &opened.envelope.signature) {
        Ok(trusted)
    } else {
        Err(Reason::SignatureMismatch)
    }
}

fn issuer(bundle: &TrustBundle, key: &TrustedKey, record: &Record) -> Checked {
    if record.issuer != bundle.trust().issuer {
        Err(Reason::IssuerMismatch)
    } else if key.valid_at(record.issued_at) {
        Ok(())
    } else {
        Err(Reason::KeyNotValidWhenIssued)
    }
}

fn included(
    bundle: &TrustBundle,
    proof: &LogProof,
    certificate: &Digest,
    record: &Record,
    seen: Option<&Checkpoints>,
) -> Result<Hash, Reason> {
    let known = bundle
        .trust()
        .logs
        .iter()
        .find(|log| log.id() == proof.log_key);
    let log = known.ok_or(Reason::UnknownLog)?;
    let leaf = entry::leaf_hash(&entry::of_certificate(record, certificate));
    let root =
        inclusion_root(&leaf, proof.index, proof.size, &proof.path).ok_or(Reason::ProofMismatch)?;
    if seen.is_some_and(|seen| seen.holds(proof, &root)) {
        return Ok(root);
    }
    let checkpoint = Checkpoint {
        origin: log.name().to_owned(),
        size: proof.size,
        root,
    };
    if !log
        .public_key()
        .verifies(checkpoint.text().as_bytes(), proof.signature())
    {
        return Err(Reason::ProofMismatch);
    }
    if let Some(seen) = seen {
        seen.remember(proof, &root);
    }
    Ok(root)
}

fn of_list(status: Status) -> Checked {
    match status {
        Status::Valid => Ok(()),
        Status::Revoked => Err(Reason::Revoked),
        Status::Suspended => Err(Reason::Suspended),
        Status::Used => Err(Reason::Used),
    }
}

fn of_live(live: Live, now: Timestamp) -> Checked {
    match live {
        Live::Unused => Ok(()),
        Live::Reserved { until } if until <= now => Ok(()),
        Live::Reserved { .. } => Err(Reason::Reserved),
        Live::Used => Err(Reason::Used),
        Live::Superseded { .. } => Err(Reason::Superseded),
        Live::Suspended => Err(Reason::Suspended),
        Live::Revoked => Err(Reason::Revoked),
    }
}

fn compare_with_car(record: &Record) -> Vec<CompareWithCar> {
    let car = &record.vehicle;
    let known = [
        ("vin", Some(car.vin.as_str().to_owned())),
        ("make", Some(car.make.clone())),
        ("model", Some(car.model.clone())),
        ("colour", Some(car.colour.clone())),
        ("model_year", car.model_year.map(|year| year.to_string())),
        ("engine_number_ends_with", car.engine_tail.clone()),
        ("battery_number_ends_with", car.battery_tail.clone()),
        (
            "photograph_sha256",
            car.photograph.map(|digest| digest.to_string()),
        ),
    ];
    known
        .into_iter()
        .filter_map(|(field, stated)| {
            Some(CompareWithCar {
                field,
                stated: stated?,
            })
        })
        .collect()
}
