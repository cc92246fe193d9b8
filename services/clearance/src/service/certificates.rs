//! The certificate after it is issued: shown, verified, reserved, used once, replaced, revoked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use tongguan_access::Caller;
use tongguan_certificate::{
    Against, Certificate, Record, Report, SignedCheckpoint, Verdict, Verifier,
};
use uuid::Uuid;

use super::Service;
use crate::domain::certificate::{Life, Reservation};
use crate::domain::text::{Likeness, compare};
use crate::domain::{Case, Event};
use crate::error::Error;
use crate::issuer::{Published, live};
use crate::store::{Happened, Held};

/// What is shown to be verified.
#[derive(Debug, Clone)]
pub(crate) enum Shown {
    /// The text of a QR code.
    Text(String),
    /// The envelope.
    Cose(Vec<u8>),
}

/// What an officer saw on the car; empty where not looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) vin: String,
    pub(crate) colour: String,
    pub(crate) engine_tail: String,
    pub(crate) make: String,
}

/// One comparison of paper and car: field, whether they agree, what the paper says, what was seen.
pub(crate) type Line = (&'static str, bool, String, String);

/// A verification.
pub(crate) struct Verified {
    pub(crate) report: Report,
    pub(crate) id: Option<Uuid>,
    pub(crate) comparisons: Vec<Line>,
    pub(crate) at: OffsetDateTime,
}

/// A verification of a whole ship.
pub(crate) struct Manifest {
    pub(crate) lines: Vec<Verified>,
    pub(crate) without_certificate: Vec<String>,
    pub(crate) unlisted: Vec<String>,
    pub(crate) twice: Vec<String>,
    pub(crate) all_valid: bool,
    pub(crate) at: OffsetDateTime,
}

/// What customs may do now.
pub(crate) struct Checked {
    pub(crate) held: Held,
    pub(crate) comparisons: Vec<Line>,
}

impl Service {
    /// An issued certificate as it stands now.
    pub(crate) async fn certificate(&self, caller: &Caller, id: Uuid) -> Result<Held, Error> {
        let held = self
            .store
            .find_certificate(&caller.tenant, id)
            .await?
            .ok_or(Error::CertificateNotFound { id })?;
        Ok(self.now(held))
    }

    fn now(&self, held: Held) -> Held {
        let life = held
            .life
            .clone()
            .at(self.world.clock.now(), held.expires_at);
        Held { life, ..held }
    }

    /// Verifies what is shown; a store that is down, or one a witness disagrees with, makes it COULD_NOT_CHECK, never
    /// invalid and never valid.
    pub(crate) async fn verify(&self, shown: &Shown, seen: Option<&Seen>) -> Verified {
        let at = self.world.clock.now();
        let (bytes, parsed) = match shown {
            Shown::Text(text) => (text.as_bytes(), Certificate::from_qr_text(text)),
            Shown::Cose(cose) => (cose.as_slice(), Certificate::from_cose(cose)),
        };
        let id = parsed.ok().map(|certificate| certificate.record().id);
        let found = match id.filter(|_| self.issuer.standing().is_ok()) {
            Some(id) => self.store.find_shown(id).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "a certificate's state could not be read");
                None
            }),
            None => None,
        };
        let live = found.map(|(life, expires_at)| live(&life.at(at, expires_at)));
        let against = Against {
            live,
            ..Against::default()
        };
        let report = self.issuer.verifier().verify(bytes, &against, at.into());
        let comparisons = match (&report.record, seen) {
            (Some(record), Some(seen)) => compared(record, seen),
            _ => Vec::new(),
        };
        Verified {
            report,
            id,
            comparisons,
            at,
        }
    }

    /// Verifies a whole ship and compares it with its manifest.
    pub(crate) async fn verify_manifest(&self, texts: Vec<String>, vins: &[String]) -> Manifest {
        let mut lines = Vec::with_capacity(texts.len());
        for text in texts {
            lines.push(self.verify(&Shown::Text(text), None).await);
        }
        let mut carried: BTreeMap<&str, usize> = BTreeMap::new();
        for record in lines.iter().filter_map(|line| line.report.record.as_ref()) {
            *carried.entry(record.vehicle.vin.as_str()).or_default() += 1;
        }
        let listed: BTreeSet<&str> = vins.iter().map(String::as_str).collect();
        let owned = |vins: Vec<&str>| vins.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let without_certificate = owned(
            listed
                .iter()
                .copied()
                .filter(|vin| !carried.contains_key(vin))
                .collect(),
        );
        let unlisted = owned(
            carried
                .keys()
                .copied()
                .filter(|vin| !listed.is_empty() && !listed.contains(vin))
                .collect(),
        );
        let twice = owned(
            carried
                .iter()
                .filter(|(_, count)| **count > 1)
                .map(|(vin, _)| *vin)
                .collect(),
        );
        let valid = !lines.is_empty()
            && lines
                .iter()
                .all(|line| line.report.verdict == Verdict::Valid);
        let all_valid =
            valid && without_certificate.is_empty() && unlisted.is_empty() && twice.is_empty();
        Manifest {
            lines,
            without_certificate,
            unlisted,
            twice,
            all_valid,
            at: self.world.clock.now(),
        }
    }

    /// Where a certificate stands, compared with the car.
    pub(crate) async fn check(
        &self,
        caller: &Caller,
        id: Uuid,
        seen: Option<&Seen>,
    ) -> Result<Checked, Error> {
        self.issuer.standing()?;
        let held = self.certificate(caller, id).await?;
        let record: Option<Record> = serde_json::from_value(held.record.clone()).ok();
        let comparisons = match (&record, seen) {
            (Some(record), Some(seen)) => compared(record, seen),
            _ => Vec::new(),
        };
        Ok(Checked { held, comparisons })
    }

    /// Holds a certificate for one movement.
    pub(crate) async fn reserve(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        movement: String,
        hold: Duration,
    ) -> Result<Held, Error> {
        self.issuer.standing()?;
        let entry = self.entry(caller);
        let once = self.once(
            caller,
            "ReserveCertificate",
            request_id,
            &(id, &movement, hold.whole_seconds()),
        );
        let reservation = Reservation {
            id: self.world.ids.next(),
            holder: caller
                .organisation
                .clone()
                .unwrap_or_else(|| caller.subject.clone()),
            movement,
            until: entry.at + hold,
            since: entry.at,
        };
        let store = self.store.clone();
        let reserved = async move {
            let change = |held: &mut Held, case: &mut Case| {
                // A hold that ended by itself is first given back, so that the chart has one way in.
                if matches!(held.life, Life::Live) && case.state == crate::domain::State::Reserved {
                    case.take(Event::Release)?;
                }
                held.life = held.life.reserve(reservation.clone())?;
                case.take(Event::Reserve)?;
                case.reserved_until = Some(reservation.until);
                Ok(Happened::because("RESERVED", &reservation.movement))
            };
            store.move_certificate(&once, &entry, id, &change).await
        };
        self.tasks.shield(reserved).await
    }

    /// Uses a reserved certificate, once and for ever.
    pub(crate) async fn consume(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        reservation: Uuid,
        override_reason: String,
    ) -> Result<Held, Error> {
        self.issuer.standing()?;
        let entry = self.entry(caller);
        let once = self.once(
            caller,
            "ConsumeCertificate",
            request_id,
            &(id, reservation, &override_reason),
        );
        let store = self.store.clone();
        let used = async move {
            let change = |held: &mut Held, case: &mut Case| {
                held.life = held.life.consume(reservation, entry.at)?;
                case.take(Event::Consume)?;
                case.reserved_until = None;
                Ok(Happened::because("CONSUMED", &override_reason))
            };
            store.move_certificate(&once, &entry, id, &change).await
        };
        self.tasks.shield(used).await
    }

    /// Ends a hold.
    pub(crate) async fn release(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        reservation: Uuid,
        reason: String,
    ) -> Result<Held, Error> {
        let entry = self.entry(caller);
        let once = self.once(
            caller,
            "ReleaseReservation",
            request_id,
            &(id, reservation, &reason),
        );
        let store = self.store.clone();
        let released = async move {
            let change = |held: &mut Held, case: &mut Case| {
                held.life = held.life.release(reservation)?;
                case.take(Event::Release)?;
                Ok(Happened::because("RELEASED", &reason))
            };
            store.move_certificate(&once, &entry, id, &change).await
        };
        self.tasks.shield(released).await
    }

    /// Revokes a certificate for ever.
    pub(crate) async fn invalidate(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        reason: String,
    ) -> Result<Held, Error> {
        let entry = self.entry(caller);
        let once = self.once(caller, "InvalidateCertificate", request_id, &(id, &reason));
        let store = self.store.clone();
        let revoked = async move {
            let change = |held: &mut Held, case: &mut Case| {
                held.life = held.life.revoke(&reason, entry.at)?;
                case.take(Event::Invalidate)?;
                Ok(Happened::because("INVALIDATED", &reason).about(held.id))
            };
            store.move_certificate(&once, &entry, id, &change).await
        };
        self.tasks.shield(revoked).await
    }

    /// The trust bundle in force.
    pub(crate) async fn bundle(&self) -> Result<Arc<Verifier>, Error> {
        self.issuer.bundle(self.world.clock.now()).await
    }

    /// A status list as it stands now; an empty name means the newest.
    pub(crate) async fn status_list(&self, name: String) -> Result<Arc<Published>, Error> {
        let found = self
            .issuer
            .status_list(&name, self.world.clock.now())
            .await?;
        found.ok_or(Error::StatusListNotFound { name })
    }

    /// A tile of the log.
    pub(crate) async fn tile(&self, path: &str) -> Result<Vec<u8>, Error> {
        self.issuer.tile(path).await?.ok_or(Error::TileNotFound)
    }

    /// The newest checkpoint of the log.
    pub(crate) async fn checkpoint(&self) -> Result<SignedCheckpoint, Error> {
        self.issuer.checkpoint().await
    }
}

fn compared(record: &Record, seen: &Seen) -> Vec<Line> {
    let vehicle = &record.vehicle;
    let same = |a: &str, b: &str| matches!(compare(a, b), Likeness::Same | Likeness::SameFolded);
    let tail = vehicle.engine_tail.clone().unwrap_or_default();
    let ends = |seen: &str| !tail.is_empty() && (seen.ends_with(&tail) || tail.ends_with(seen));
    [
        (
            "vin",
            vehicle.vin.as_str() == seen.vin,
            vehicle.vin.to_string(),
            &seen.vin,
        ),
        (
            "colour",
            same(&vehicle.colour, &seen.colour),
            vehicle.colour.clone(),
            &seen.colour,
        ),
        (
            "engine_tail",
            ends(&seen.engine_tail),
            tail.clone(),
            &seen.engine_tail,
        ),
        (
            "make",
            same(&vehicle.make, &seen.make),
            vehicle.make.clone(),
            &seen.make,
        ),
    ]
    .into_iter()
    .filter(|(_, _, _, seen)| !seen.is_empty())
    .map(|(field, agrees, paper, seen)| (field, agrees, paper, seen.clone()))
    .collect()
}
