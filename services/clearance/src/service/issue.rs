//! Issuing: store the bytes → sign → store the signature where there is none and append to the log → certify.
//!
//! Each arrow can be a crash: what was stored is found again, and nothing is signed twice.

use std::collections::BTreeSet;

use time::{Date, Duration, OffsetDateTime, Time};
use tongguan_certificate::record::{
    self, Compared, EvidenceKind, Outcome as Stated, PackRef, StatusRef, Vehicle,
};
use tongguan_certificate::{
    Certificate, Digest, Record, Salt, Signature, SignedCheckpoint, Signer as _, ToBeSigned,
};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::Service;
use crate::domain::case::VehicleNote;
use crate::domain::certificate::Life;
use crate::domain::decision::PackPin;
use crate::domain::{Case, Decision, Event};
use crate::error::Error;
use crate::fail;
use crate::keys::Key;
use crate::store::{Draft, Happened, Held, Signed};

impl Service {
    /// The last instant of a case's certificate: the licence's last day, or the last shipping day where that is earlier.
    pub(crate) fn certificate_end(case: &Case) -> Option<OffsetDateTime> {
        let licence = case.licence.as_ref()?.valid_until;
        let ship_by = case.decision.as_ref().and_then(|decision| decision.ship_by);
        let last = ship_by.map_or(licence, |day| day.min(licence));
        Some(end_of(last))
    }

    /// Makes the certificates of cases, or goes on where an earlier attempt ended; none is live yet. A case whose
    /// record can not be made has none. Each commit is one for all of them.
    pub(crate) async fn make_certificates(
        &self,
        wanted: &[(Tenant, &Case, OffsetDateTime)],
    ) -> Result<(Vec<Option<Held>>, SignedCheckpoint), Error> {
        // Bytes that name another key than ours, from before a rotation, can not be signed by it any more.
        let key = serde_json::json!(self.issuer.keys.issuer.key_id());
        let ours = |draft: &Draft| draft.signature.is_some() || draft.record["key_id"] == key;
        let make = |place: usize, index: u32| {
            let (_, case, until) = &wanted[place];
            self.draft(case, *until, index)
                .inspect_err(|error| tracing::error!(%error, case = %case.id, "a certificate can not be made"))
                .ok()
        };
        let cases: Vec<(Tenant, Uuid)> = wanted
            .iter()
            .map(|(tenant, case, _)| (tenant.clone(), case.id))
            .collect();
        let now = self.world.clock.now();
        let drafts = self.store.prepare(&cases, now, &ours, &make).await?;
        let places: Vec<usize> = (0..drafts.len())
            .filter(|place| drafts[*place].is_some())
            .collect();
        let (drafts, bytes, signed) = self.signed(cases, drafts).await?;
        let entry = |place: usize, signature: &[u8]| {
            let certificate = attach(&bytes[place], signature)?;
            Ok((certificate.log_entry(), certificate.leaf_hash().0.to_vec()))
        };
        let logged = self.store.sign_and_log(&signed, &entry).await?;
        let indices: Vec<u64> = logged.iter().map(|logged| logged.index).collect();
        let (checkpoint, proofs) = self.issuer.prove(&indices).await?;
        let mut made: Vec<Option<Held>> = wanted.iter().map(|_| None).collect();
        let parts = drafts.into_iter().zip(&bytes).zip(logged).zip(proofs);
        for (place, (((draft, bytes), logged), proof)) in places.into_iter().zip(parts) {
            let certificate = attach(bytes, &logged.signature)?.with_proof(proof);
            let record = certificate.record();
            made[place] = Some(Held {
                id: draft.id,
                case: draft.case,
                life: Life::Live,
                issued_at: record.issued_at.into(),
                expires_at: record.expires_at.into(),
                status_index: draft.status_index,
                log_index: logged.index,
                simulated: record.simulated,
                record: draft.record,
                cose: certificate.to_cose(),
            });
        }
        Ok((made, checkpoint))
    }

    /// Signs what has no signature yet; a token does it off the threads that serve calls.
    async fn signed(
        &self,
        cases: Vec<(Tenant, Uuid)>,
        drafts: Vec<Option<Draft>>,
    ) -> Result<(Vec<Draft>, Vec<ToBeSigned>, Vec<Signed>), Error> {
        let sign = move |key: &Key| {
            let mut all = (Vec::new(), Vec::new(), Vec::new());
            for ((tenant, _), draft) in cases.into_iter().zip(drafts) {
                let Some(draft) = draft else { continue };
                let bytes = ToBeSigned::from_bytes(&draft.to_be_signed)?;
                let signature = match &draft.signature {
                    Some(signature) => signature.clone(),
                    None => bytes.sign(key)?.to_vec(),
                };
                all.2.push(Signed {
                    tenant,
                    id: draft.id,
                    signature,
                });
                all.1.push(bytes);
                all.0.push(draft);
            }
            fail::point("sign.after");
            Ok(all)
        };
        self.issuer.keys.issuer.signing(sign).await
    }

    fn draft(&self, case: &Case, until: OffsetDateTime, status_index: u32) -> Result<Draft, Error> {
        let missing = |what| tongguan_storage::Error::corrupt("cases.body", what);
        let decision = case
            .decision
            .as_ref()
            .ok_or_else(|| missing("a licensed case without a decision"))?;
        let vehicle = case
            .vehicle
            .as_ref()
            .ok_or_else(|| missing("a licensed case without its vehicle"))?;
        let id = self.world.ids.next();
        let record = self.record(id, case, decision, vehicle, status_index, until)?;
        Ok(Draft {
            id,
            case: case.id,
            status_index,
            to_be_signed: record.to_be_signed()?.as_bytes().to_vec(),
            signature: None,
            expires_at: until,
            record: serde_json::to_value(&record).unwrap_or_default(),
        })
    }

    fn record(
        &self,
        id: Uuid,
        case: &Case,
        decision: &Decision,
        vehicle: &VehicleNote,
        status_index: u32,
        until: OffsetDateTime,
    ) -> Result<Record, Error> {
        let first_registration = vehicle.first_registered.ok_or_else(|| {
            tongguan_storage::Error::corrupt("cases.body", "no first registration")
        })?;
        let (list, index) = self.issuer.list_of(status_index);
        let stated = if decision.by_override {
            Stated::PermittedByOverride
        } else if decision.china_verdict == "PERMITTED" && decision.market_verdict == "PERMITTED" {
            Stated::Permitted
        } else {
            Stated::Conditional
        };
        let licence = case.licence.as_ref();
        Ok(Record {
            id,
            issuer: self.issuer.name.clone(),
            key_id: self.issuer.keys.issuer.key_id().clone(),
            issued_at: self.world.clock.now().into(),
            expires_at: until.into(),
            simulated: self.issuer.simulated
                || decision.simulated
                || licence.is_some_and(|licence| licence.simulated),
            vehicle: Vehicle {
                vin: case.vin,
                vin_salt: salt()?,
                make: fit(&vehicle.brand, 40),
                model: fit(&vehicle.model, 60),
                colour: fit(colour(&vehicle.colour), 30),
                model_year: vehicle.model_year.and_then(|year| u16::try_from(year).ok()),
                first_registration,
                engine_tail: tail(&vehicle.engine_number),
                battery_tail: tail(&vehicle.battery_id),
                photograph: vehicle.photograph.parse().ok(),
            },
            destination: case.destination,
            decision: record::Decision {
                outcome: stated,
                china_pack: pack(decision.packs.first()),
                market_pack: pack(decision.packs.get(1)),
                engine_version: fit(&decision.engine, 24),
                ship_by: decision.ship_by,
            },
            exporter: case.exporter.code.clone(),
            licence_number: licence.map(|licence| fit(&licence.number, 40)),
            compared: decision
                .reconciliation
                .agreed
                .iter()
                .filter_map(|field| compared(field))
                .collect(),
            evidence: evidence(decision),
            status: StatusRef { list, index },
        })
    }

    /// The change that certifies a case with this certificate.
    pub(crate) fn certified(held: &Held, event: Event, case: &mut Case) -> Result<Happened, Error> {
        case.take(event)?;
        case.certificate = Some(held.id);
        case.certificate_until = Some(held.expires_at);
        case.certified_at = case.certified_at.or(Some(held.issued_at));
        let kind = if event == Event::Amend {
            "CERTIFICATE_AMENDED"
        } else {
            "CERTIFIED"
        };
        Ok(Happened::because(kind, &held.id.to_string()))
    }

    /// Issues a certificate in the place of a live one.
    pub(crate) async fn amend(
        &self,
        caller: &tongguan_access::Caller,
        request_id: &str,
        id: Uuid,
        reason: String,
        valid_until: Option<Date>,
    ) -> Result<Held, Error> {
        let entry = self.entry(caller);
        let once = self.once(
            caller,
            "AmendCertificate",
            request_id,
            &(id, &reason, valid_until),
        );
        let old = self.certificate(caller, id).await?;
        let case = self.get(caller, old.case).await?;
        if !matches!(old.life, Life::Superseded { .. }) {
            // A replay finds the old one superseded already, and its answer stored.
            old.life.supersede(id)?;
            crate::domain::chart::step(case.state, Event::Amend)?;
        }
        let longest = Self::certificate_end(&case).unwrap_or(old.expires_at);
        let until = valid_until.map_or(old.expires_at, end_of).min(longest);
        let service = self.clone();
        let amended = async move {
            let wanted = [(entry.tenant.clone(), &case, until)];
            let (mut made, checkpoint) = service.make_certificates(&wanted).await?;
            let held = made.pop().flatten().ok_or_else(|| {
                tongguan_storage::Error::corrupt("cases.body", "no certificate can be made of it")
            })?;
            service
                .store
                .store_checkpoint(checkpoint.checkpoint().size, checkpoint.note())
                .await?;
            let change = |case: &mut Case| {
                let happened = Self::certified(&held, Event::Amend, case)?;
                Ok(Happened {
                    reason: format!("{}: {reason}", happened.reason),
                    ..happened
                })
            };
            service
                .store
                .replace(&once, &entry, &held, id, &change)
                .await
        };
        self.tasks.shield(amended).await
    }
}

fn attach(bytes: &ToBeSigned, signature: &[u8]) -> Result<Certificate, Error> {
    let signature: Signature = signature.try_into().map_err(|_| {
        tongguan_storage::Error::corrupt("certificates.signature", "a signature has 64 bytes")
    })?;
    Ok(Certificate::attach(bytes, &signature)?)
}

/// The first instant after a day in China.
fn end_of(day: Date) -> OffsetDateTime {
    day.with_time(Time::MIDNIGHT)
        .assume_offset(time::macros::offset!(+8))
        + Duration::DAY
}

fn salt() -> Result<Salt, Error> {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| {
        tongguan_certificate::Error::SignerUnavailable("no random bytes".to_owned())
    })?;
    Ok(tongguan_certificate::Fixed(bytes))
}

/// At most `most` bytes, cut between characters; a dash where there is nothing.
fn fit(text: &str, most: usize) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    let mut end = clean.trim().len().min(most);
    let clean = clean.trim();
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    let fitted = clean[..end].trim_end();
    if fitted.is_empty() {
        "-".to_owned()
    } else {
        fitted.to_owned()
    }
}

/// The last characters of a number, as an officer reads them on the metal.
fn tail(number: &str) -> Option<String> {
    let plain: Vec<char> = number.chars().filter(char::is_ascii_alphanumeric).collect();
    let start = plain.len().saturating_sub(6);
    let tail: String = plain.iter().skip(start).collect();
    (!tail.is_empty()).then_some(tail)
}

fn pack(pin: Option<&PackPin>) -> PackRef {
    let name = pin
        .map(|pin| format!("{}@{}", pin.market, pin.version))
        .unwrap_or_default();
    let digest = pin.map(|pin| {
        pin.sha256
            .parse()
            .unwrap_or_else(|_| Digest::of(pin.sha256.as_bytes()))
    });
    PackRef {
        name: fit(&name, 32),
        digest: digest.unwrap_or_else(|| Digest::of(&[])),
    }
}

fn evidence(decision: &Decision) -> BTreeSet<record::Evidence> {
    let kind = |kind: &str| match kind {
        "REGISTRY" => EvidenceKind::Registry,
        "INSPECTION" => EvidenceKind::Inspection,
        "MAINTENANCE" => EvidenceKind::Maintenance,
        _ => EvidenceKind::Document,
    };
    let pinned = decision.evidence.iter().map(|pin| record::Evidence {
        kind: kind(&pin.kind),
        id: fit(&pin.id, 64),
    });
    std::iter::once(record::Evidence {
        kind: EvidenceKind::Decision,
        id: decision.id.to_string(),
    })
    .chain(pinned)
    .take(12)
    .collect()
}

fn compared(field: &str) -> Option<Compared> {
    Some(match field {
        "owner_name" => Compared::OwnerName,
        "vin" => Compared::Vin,
        "brand" => Compared::Make,
        "model" => Compared::Model,
        "first_registered" => Compared::FirstRegistration,
        "transfer_pending_export" => Compared::TransferPendingExport,
        "destination" => Compared::Destination,
        "engine_number" => Compared::EngineNumber,
        "battery_id" => Compared::BatteryNumber,
        "colour" => Compared::Colour,
        "odometer" => Compared::Odometer,
        "manufactured" => Compared::Manufacture,
        _ => return None,
    })
}

/// Colour letters of GA/T 24 in words an officer abroad can read.
fn colour(letters: &str) -> &str {
    match letters {
        "A" => "white 白",
        "B" => "grey 灰",
        "C" => "yellow 黄",
        "D" => "pink 粉",
        "E" => "red 红",
        "F" => "purple 紫",
        "G" => "green 绿",
        "H" => "blue 蓝",
        "I" => "brown 棕",
        "J" => "black 黑",
        other => other,
    }
}
