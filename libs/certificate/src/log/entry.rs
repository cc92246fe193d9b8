//! What the log holds of a certificate, and how entries are bundled (C2SP tlog-tiles).

use crate::cbor::{Parsed, Reader, Writer};
use crate::error::{Error, Result};
use crate::log::Hash;
use crate::record::Record;
use crate::values::{Digest, Fixed, Timestamp};
use uuid::Uuid;

/// Entry type of a certificate; other types may follow.
const CERTIFICATE: u64 = 1;

/// An entry read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The certificate's id.
    pub certificate_id: Uuid,
    /// SHA-256 of the tagged COSE message with an empty unprotected header.
    pub certificate_digest: Digest,
    /// The salted digest of its VIN.
    pub vin_digest: Digest,
    /// When it was issued.
    pub issued_at: Timestamp,
}

/// The entry of a certificate: deterministic CBOR `[1, id, certificate digest, VIN digest, issued at]`.
pub(crate) fn of_certificate(record: &Record, digest: &Digest) -> Vec<u8> {
    Entry {
        certificate_id: record.id,
        certificate_digest: *digest,
        vin_digest: record.vehicle.vin_digest(),
        issued_at: record.issued_at,
    }
    .to_bytes()
}

impl Entry {
    /// The bytes that are hashed into the tree.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(100);
        writer
            .array(5)
            .uint(CERTIFICATE)
            .bytes(self.certificate_id.as_bytes());
        writer
            .bytes(&self.certificate_digest.0)
            .bytes(&self.vin_digest.0);
        writer.int(self.issued_at.seconds());
        writer.finish()
    }

    /// Reads an entry back.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::read(bytes).map_err(|problem| Error::malformed("log entry", problem))
    }

    fn read(bytes: &[u8]) -> Parsed<Self> {
        let mut reader = Reader::new(bytes);
        reader.array_of(5)?;
        if reader.uint()? != CERTIFICATE {
            return Err("unknown entry type");
        }
        let entry = Self {
            certificate_id: Uuid::from_bytes(reader.fixed()?),
            certificate_digest: Fixed(reader.fixed()?),
            vin_digest: Fixed(reader.fixed()?),
            issued_at: Timestamp::from_seconds(reader.int()?).ok_or("instant out of range")?,
        };
        reader.end()?;
        Ok(entry)
    }
}

/// The leaf hash of an entry: SHA-256(0x00 ‖ entry), RFC 9162 section 2.1.1.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Digest::of_parts(&[&[0], entry])
}

/// Joins entries into a bundle: each preceded by its length as two bytes, big-endian.
///
/// An entry of 65,536 bytes or more is refused.
pub fn join_bundle(entries: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut bundle = Vec::with_capacity(entries.len() * 128);
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| Error::TooLarge {
            part: "log entry",
            limit: 65_535,
        })?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// Splits a bundle into its entries, at most 256.
pub fn split_bundle(mut bundle: &[u8]) -> Result<Vec<&[u8]>> {
    let broken = |problem: &str| Error::malformed("entry bundle", problem);
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle
            .split_first_chunk::<2>()
            .ok_or_else(|| broken("truncated"))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest
            .split_at_checked(length)
            .ok_or_else(|| broken("truncated"))?;
        entries.push(entry);
        bundle = rest;
    }
    if entries.len() > 256 {
        return Err(broken("more than 256 entries"));
    }
    Ok(entries)
}
