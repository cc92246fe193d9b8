//! The canonical record: everything a certificate states, before it has any form.
//!
//! Every rendering (COSE, QR, JSON, HTML, VC-JOSE) is made from this one value. It holds no
//! personal data: the exporter is an organisation code, and the public log sees a salted digest of
//! the VIN.

mod codec;
mod rules;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::Date;
use tongguan_vocabulary::{Country, PartialDate, Vin};
use uuid::Uuid;

use crate::error::Result;
use crate::values::{Digest, KeyId, Salt, Timestamp};

pub(crate) use codec::{decode_claims, encode_claims};
pub(crate) use rules::text_problem;

/// What a certificate states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The certificate's id, unique for ever (CWT `cti`).
    pub id: Uuid,
    /// Who issues it, the name in the trust bundle, 1–64 bytes (CWT `iss`).
    pub issuer: String,
    /// The key that signs it; stands in the protected header.
    pub key_id: KeyId,
    /// When it was issued (CWT `iat`).
    pub issued_at: Timestamp,
    /// The first instant at which it is no longer valid (CWT `exp`), after `issued_at`.
    pub expires_at: Timestamp,
    /// True where any evidence came from a simulated authority: shown on every rendering.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
    /// The car, as the officer will see it.
    pub vehicle: Vehicle,
    /// The destination market.
    pub destination: Country,
    /// What was decided, by which packs and engine.
    pub decision: Decision,
    /// Organisation code of the exporter of record, 1–32 bytes (in China the unified social credit code).
    pub exporter: String,
    /// Number of the official export licence, as recorded from the authority; never issued here; 1–40 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_number: Option<String>,
    /// Fields that were compared between the documents and the registry, and agreed.
    pub compared: BTreeSet<Compared>,
    /// The evidence the decision rests on, at most 12.
    pub evidence: BTreeSet<Evidence>,
    /// Where its status is published.
    pub status: StatusRef,
}

/// The car: what binds the paper to the metal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vehicle {
    /// The VIN in full, for the officer beside the car.
    pub vin: Vin,
    /// 16 random bytes; without them the log's digest tells nobody which car it is.
    pub vin_salt: Salt,
    /// Make, 1–40 bytes of UTF-8.
    pub make: String,
    /// Model, 1–60 bytes.
    pub model: String,
    /// Colour as on the registration certificate, 1–30 bytes.
    pub colour: String,
    /// Model year, 1886–2199, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_year: Option<u16>,
    /// Date of first registration, as precisely as the papers say it.
    pub first_registration: PartialDate,
    /// Last characters of the engine number, 1–8 ASCII letters, digits or hyphens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_tail: Option<String>,
    /// Last characters of the traction battery's number, 1–8, same alphabet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery_tail: Option<String>,
    /// SHA-256 of the photograph file taken at the inspection, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photograph: Option<Digest>,
}

impl Vehicle {
    /// SHA-256 over salt ‖ VIN (17 ASCII bytes): the only thing the public log says about the car.
    pub fn vin_digest(&self) -> Digest {
        Digest::of_parts(&[&self.vin_salt.0, self.vin.as_str().as_bytes()])
    }
}

/// The decision a certificate proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The outcome.
    pub outcome: Outcome,
    /// China's export pack.
    pub china_pack: PackRef,
    /// The destination market's pack.
    pub market_pack: PackRef,
    /// Version of the engine that evaluated them, 1–24 bytes.
    pub engine_version: String,
    /// The last day on which the car may still be shipped, where one exists.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "day")]
    pub ship_by: Option<Date>,
}

/// The outcomes that lead to a certificate; a prohibited car gets none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Every rule is satisfied.
    Permitted,
    /// Permitted once what the rules still ask for at the border is produced.
    Conditional,
    /// Permitted by two people against the engine, with reasons on file.
    PermittedByOverride,
}

/// A rule pack, pinned by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackRef {
    /// Name and version, 1–32 bytes, such as `CN-EXPORT@2026.1`.
    pub name: String,
    /// SHA-256 of the pack.
    pub digest: Digest,
}

/// A field on which documents and registry agreed before filing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// Owner on the registration certificate against the exporter of record.
    OwnerName,
    /// VIN.
    Vin,
    /// Brand.
    Make,
    /// Model.
    Model,
    /// Date of first registration.
    FirstRegistration,
    /// Date of the transfer pending export.
    TransferPendingExport,
    /// Destination.
    Destination,
    /// Engine number.
    EngineNumber,
    /// Traction battery number.
    BatteryNumber,
    /// Colour.
    Colour,
    /// Odometer.
    Odometer,
    /// Date of manufacture.
    Manufacture,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What it is.
    pub kind: EvidenceKind,
    /// Its id, 1–64 bytes; a UUID in its canonical text form costs only 16.
    pub id: String,
}

/// Kinds of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// The vehicle's entry in the registry, at a version.
    Registry,
    /// An inspection report.
    Inspection,
    /// A look-up of the maintenance history.
    Maintenance,
    /// The decision of record.
    Decision,
    /// A document of the dossier.
    Document,
}

/// Where the certificate's status is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusRef {
    /// The list's address or name, 1–96 bytes. A verifier compares it, it never fetches from it.
    pub list: String,
    /// The certificate's index in that list.
    pub index: u32,
}

impl Record {
    /// Every violation of the format's rules at once.
    pub fn validate(&self) -> Result<()> {
        rules::validate(self)
    }
}

mod day {
    //! A civil day as `YYYY-MM-DD`.

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
    use time::Date;
    use tongguan_vocabulary::PartialDate;

    #[expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature serde asks for"
    )]
    pub(super) fn serialize<S: Serializer>(day: &Option<Date>, to: S) -> Result<S::Ok, S::Error> {
        day.map(PartialDate::from).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Date>, D::Error> {
        let Some(date) = Option::<PartialDate>::deserialize(from)? else {
            return Ok(None);
        };
        let exact = date
            .exact()
            .ok_or_else(|| de::Error::custom("not a whole day"))?;
        Ok(Some(exact))
    }
}
