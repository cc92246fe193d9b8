//! The text of the QR code: `TG1:` and Base45 of the compressed certificate with four check bytes.
//!
//! The check bytes are there because deflate has more than one form of the same content (its last
//! byte has unused bits): without them one changed character could go unnoticed. They also tell a
//! misread code from a forged one.

mod base45;
mod finder;
mod frame;
mod image;
mod print;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::certificate::{Certificate, MAX_COSE};
use crate::error::{Error, Result};
use crate::values::Digest;

pub use image::{read_png, to_png};
pub(crate) use print::Matrix;
pub use print::{to_svg, to_terminal};

/// What every text begins with; the digit is the version of the format.
pub const PREFIX: &str = "TG1:";
/// The most bytes behind the Base45, check bytes included.
pub const MAX_PAYLOAD: usize = 1_800;
/// The longest text: prefix and Base45 of [`MAX_PAYLOAD`]. Fits QR version 40 at level M.
pub const MAX_TEXT: usize = PREFIX.len() + MAX_PAYLOAD / 2 * 3;
const CHECK: usize = 4;

impl Certificate {
    /// The text of its QR code. Refused where it would exceed [`MAX_PAYLOAD`].
    pub fn to_qr_text(&self) -> Result<String> {
        encode(&self.to_cose())
    }

    /// Reads a QR text. This is parsing, not verification.
    pub fn from_qr_text(text: &str) -> Result<Self> {
        let cose = decode(text).map_err(|flaw| Error::malformed("QR text", flaw.problem()))?;
        Self::from_cose(&cose)
    }
}

/// Why a text is not the text of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    Foreign,
    Version,
    Damaged,
}

impl Flaw {
    fn problem(self) -> &'static str {
        match self {
            Self::Foreign => "does not begin with TG1:",
            Self::Version => "is of a version this program does not know",
            Self::Damaged => "is damaged or incomplete",
        }
    }
}

fn encode(cose: &[u8]) -> Result<String> {
    let too_large = || Error::TooLarge {
        part: "QR payload",
        limit: MAX_PAYLOAD,
    };
    let mut payload = Vec::with_capacity(MAX_PAYLOAD);
    let mut compress = Compress::new(Compression::best(), true);
    match compress.compress_vec(cose, &mut payload, FlushCompress::Finish) {
        Ok(Status::StreamEnd) if payload.len() + CHECK <= MAX_PAYLOAD => {}
        _ => return Err(too_large()),
    }
    let check = Digest::of(&payload).0;
    payload.extend_from_slice(&check[..CHECK]);
    Ok(format!("{PREFIX}{}", base45::encode(&payload)))
}

/// The COSE message in a text; never allocates more than the limits say.
pub(crate) fn decode(text: &str) -> std::result::Result<Vec<u8>, Flaw> {
    let Some(body) = text.strip_prefix(PREFIX) else {
        let version = text
            .strip_prefix("TG")
            .and_then(|rest| rest.split_once(':'));
        let number = |digits: &str| {
            (1..=3).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit())
        };
        return Err(match version {
            Some((digits, _)) if number(digits) => Flaw::Version,
            _ => Flaw::Foreign,
        });
    };
    if text.len() > MAX_TEXT {
        return Err(Flaw::Damaged);
    }
    let payload = base45::decode(body).ok_or(Flaw::Damaged)?;
    let (compressed, check) = payload.split_last_chunk::<CHECK>().ok_or(Flaw::Damaged)?;
    if Digest::of(compressed).0[..CHECK] != *check {
        return Err(Flaw::Damaged);
    }
    inflate(compressed).ok_or(Flaw::Damaged)
}

fn inflate(compressed: &[u8]) -> Option<Vec<u8>> {
    let mut inflate = Decompress::new(true);
    let mut cose = Vec::with_capacity(MAX_COSE);
    let status = inflate
        .decompress_vec(compressed, &mut cose, FlushDecompress::Finish)
        .ok()?;
    let whole = inflate.total_in() == compressed.len() as u64;
    (status == Status::StreamEnd && whole).then_some(cose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compression_bomb_is_refused_without_being_unpacked() {
        let mut bomb = Vec::with_capacity(10_000);
        let zeros = vec![0_u8; 1_000_000];
        Compress::new(Compression::best(), true)
            .compress_vec(&zeros, &mut bomb, FlushCompress::Finish)
            .unwrap();
        assert!(bomb.len() < MAX_PAYLOAD);
        assert_eq!(inflate(&bomb), None);
    }

    #[test]
    fn another_version_is_told_from_another_kind_of_code() {
        assert_eq!(decode("TG2:ABC"), Err(Flaw::Version));
        assert_eq!(decode("HC1:ABC"), Err(Flaw::Foreign));
        assert_eq!(decode("TG1:"), Err(Flaw::Damaged));
        assert_eq!(decode(""), Err(Flaw::Foreign));
    }

    #[test]
    fn what_is_encoded_decodes() {
        let cose = [7_u8; 900];
        assert_eq!(decode(&encode(&cose).unwrap()).unwrap(), cose);
    }
}
