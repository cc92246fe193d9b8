//! Status lists after the IETF Token Status List: two bits a certificate, compressed and signed.
//!
//! One list holds up to a million certificates; asking for one does not tell the issuer which.

use std::io::Read as _;

use flate2::Compression;
use flate2::read::{ZlibDecoder, ZlibEncoder};
use serde::{Deserialize, Serialize};

use crate::bundle::TrustBundle;
use crate::cbor::{Key, Parsed, Problem, Reader, Writer};
use crate::cose::{self, Kind, ToBeSigned};
use crate::error::{Error, Result};
use crate::record::text_problem;
use crate::signer::{Signature, Signer};
use crate::values::{KeyId, Timestamp};

/// The status of a certificate in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// 0: nothing is known against it.
    Valid,
    /// 1: withdrawn for ever.
    Revoked,
    /// 2: may not be used for now.
    Suspended,
    /// 3: consumed at a border (the application-specific value of the list).
    Used,
}

impl Status {
    const ALL: [Self; 4] = [Self::Valid, Self::Revoked, Self::Suspended, Self::Used];

    /// Whether the life of a certificate allows this change: revoked is for ever, used can only be revoked.
    fn may_become(self, next: Self) -> bool {
        match self {
            Self::Revoked => next == Self::Revoked,
            Self::Used => matches!(next, Self::Used | Self::Revoked),
            Self::Valid | Self::Suspended => true,
        }
    }
}

/// A list of statuses, as published at one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusList {
    name: String,
    issued_at: Timestamp,
    ttl: u64,
    bytes: Vec<u8>,
}

/// The most certificates one list holds.
pub const MAX_STATUSES: u32 = 1 << 20;
/// The largest signed list accepted, in bytes.
const MAX_SIGNED: usize = 400_000;
const PART: &str = "status list";

impl StatusList {
    /// A list of `size` certificates (rounded up to a multiple of 4, at most 2²⁰), all valid.
    ///
    /// `name` is what certificates name (1–96 bytes); `ttl` is how many seconds after `issued_at` a
    /// verifier may rely on it, at least 1.
    pub fn new(name: &str, size: u32, issued_at: Timestamp, ttl: u64) -> Result<Self> {
        if let Some(problem) = text_problem(name, 96) {
            return Err(Error::Status(format!("name {problem}")));
        }
        if size > MAX_STATUSES || ttl == 0 || ttl > 31_622_400 {
            return Err(Error::Status(format!(
                "size {size} is over {MAX_STATUSES}, or ttl {ttl} is not 1 s to 366 days"
            )));
        }
        Ok(Self {
            name: name.to_owned(),
            issued_at,
            ttl,
            bytes: vec![0; size.div_ceil(4) as usize],
        })
    }

    /// The name certificates use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it was published.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// How many certificates it holds.
    pub fn size(&self) -> u32 {
        (self.bytes.len() * 4) as u32
    }

    /// The first instant at which it is stale.
    pub fn fresh_until(&self) -> Timestamp {
        self.issued_at
            .plus(i64::try_from(self.ttl).unwrap_or(i64::MAX))
    }

    /// The same statuses published again at `issued_at`.
    #[must_use]
    pub fn reissued(mut self, issued_at: Timestamp) -> Self {
        self.issued_at = issued_at;
        self
    }

    /// The status of a certificate; `None` beyond the end.
    pub fn get(&self, index: u32) -> Option<Status> {
        let byte = self.bytes.get(index as usize / 4)?;
        Some(Status::ALL[usize::from(byte >> (index % 4 * 2) & 3)])
    }

    /// Changes a status; refused beyond the end, and where it would undo a revocation or a use.
    pub fn set(&mut self, index: u32, status: Status) -> Result<()> {
        let now = self.get(index).ok_or_else(|| {
            Error::Status(format!("index {index} is beyond the {} held", self.size()))
        })?;
        if !now.may_become(status) {
            return Err(Error::Status(format!("{now:?} may not become {status:?}")));
        }
        let code = Status::ALL
            .iter()
            .position(|known| *known == status)
            .unwrap_or_default() as u8;
        let shift = index % 4 * 2;
        if let Some(byte) = self.bytes.get_mut(index as usize / 4) {
            *byte = *byte & !(3 << shift) | code << shift;
        }
        Ok(())
    }

    /// The bytes to sign: CWT claims 2 (name), 6 (issued at), 65534 (ttl), 65533 (the list).
    pub fn to_be_signed(&self, key_id: &KeyId) -> Result<ToBeSigned> {
        let mut compressed = Vec::new();
        ZlibEncoder::new(self.bytes.as_slice(), Compression::best())
            .read_to_end(&mut compressed)
            .map_err(|e| Error::malformed(PART, format!("does not compress: {e}")))?;
        let mut w = Writer::with_capacity(compressed.len() + 256);
        w.map(4).uint(2).text(&self.name);
        w.uint(6).int(self.issued_at.seconds());
        w.uint(65_533).map(2);
        w.text("lst").bytes(&compressed);
        w.text("bits").uint(2);
        w.uint(65_534).uint(self.ttl);
        Ok(ToBeSigned::new(Kind::StatusList, key_id, w.finish()))
    }

    /// Signs it; the result is what is published.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Vec<u8>> {
        let bytes = self.to_be_signed(signer.key_id())?;
        let signature: Signature = bytes.sign(signer)?;
        Ok(bytes.attach(&signature))
    }

    /// Opens a signed list with a key of the bundle that was valid when the list was issued.
    ///
    /// Age is no reason to refuse it: a stale list still proves a revocation.
    pub fn open(signed: &[u8], bundle: &TrustBundle) -> Result<Self> {
        if signed.len() > MAX_SIGNED {
            return Err(Error::TooLarge {
                part: PART,
                limit: MAX_SIGNED,
            });
        }
        let (envelope, key_id) = cose::open_plain(signed, Kind::StatusList)?;
        let unknown = || Error::UnknownKey {
            part: PART,
            key: key_id.to_string(),
        };
        let trusted = bundle
            .key(&key_id)
            .filter(|key| key.status_lists)
            .ok_or_else(unknown)?;
        let message = cose::sig_structure(envelope.protected, envelope.payload);
        if !trusted.key.verifies(&message, &envelope.signature) {
            return Err(Error::SignatureMismatch { part: PART });
        }
        let list = read(envelope.payload).map_err(|problem| Error::malformed(PART, problem))?;
        if trusted.valid_at(list.issued_at) {
            Ok(list)
        } else {
            Err(unknown())
        }
    }
}

fn read(payload: &[u8]) -> Parsed<StatusList> {
    const MISSING: Problem = "a claim is missing";
    let mut reader = Reader::new(payload);
    let (mut name, mut issued, mut ttl, mut bytes) = (None, None, None, None);
    reader.map(|key, r| {
        match key {
            Key::Int(2) => name = Some(r.text()?.to_owned()),
            Key::Int(6) => issued = Timestamp::from_seconds(r.int()?),
            Key::Int(65_533) => bytes = Some(read_list(r)?),
            Key::Int(65_534) => ttl = Some(r.uint()?),
            _ => return Err("unknown claim"),
        }
        Ok(())
    })?;
    reader.end()?;
    Ok(StatusList {
        name: name.ok_or(MISSING)?,
        issued_at: issued.ok_or(MISSING)?,
        ttl: ttl.ok_or(MISSING)?,
        bytes: bytes.ok_or(MISSING)?,
    })
}

fn read_list(r: &mut Reader<'_>) -> Parsed<Vec<u8>> {
    let (mut bits, mut compressed) = (None, None);
    r.map(|key, r| {
        match key {
            Key::Text("bits") => bits = Some(r.uint()?),
            Key::Text("lst") => compressed = Some(r.bytes()?),
            _ => return Err("unknown claim"),
        }
        Ok(())
    })?;
    let (Some(2), Some(compressed)) = (bits, compressed) else {
        return Err("not a list of two bits");
    };
    let limit = u64::from(MAX_STATUSES / 4);
    let mut bytes = Vec::new();
    ZlibDecoder::new(compressed)
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| "does not decompress")?;
    if bytes.len() as u64 > limit {
        return Err("decompresses to more than 2^20 statuses");
    }
    Ok(bytes)
}
