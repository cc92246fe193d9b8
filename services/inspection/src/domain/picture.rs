//! What a photograph looks like, as 100 bits that survive another packing, another size and a narrow crop.
//!
//! Each bit says whether a frequency of the picture's cosine transform is above their median (a "pHash", from
//! `image_hasher`). The lowest 10 x 10 frequencies are kept: a crop moves the high ones first, and a fixed camera before
//! changing cars is told apart by the middle ones. A candidate shares one of sixteen 16-bit bands of the lowest 6 x 6 with
//! the picture asked about, which an index finds; the distance decides.
//!
//! Measured on made-up and real photographs: packed anew, halved, brightened at most 6 bits; 1 % cut off every side at most 6,
//! 2 % at most 12, 3 % at most 14, 5 % of one side at most 20; another car before the same camera at least 24, another
//! place at least 36.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use image_hasher::{HashAlg, Hasher, HasherConfig};

use super::evidence::Media;

/// Bits of a look.
pub(crate) const BITS: u32 = 100;
/// Looks that differ in no more bits than this are of one picture; between the figures above.
pub(crate) const SAME: u32 = 19;
/// Frequencies along a side that the transform gives, that are kept, and that bands are made of.
const GIVEN: usize = 16;
const KEPT: usize = 10;
const LOWEST: usize = 6;
/// Memory that one picture may be unpacked to, bytes.
const UNPACKED: u64 = 256 << 20;
/// Side of the small copy that a look is taken of.
const SMALL: u32 = 256;
/// A picture whose brightness varies less than this (standard deviation, of 255) shows nothing: its look is noise.
const FLAT: f64 = 3.0;

/// What a photograph looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look([u8; 13]);

impl Look {
    /// Unpacks a picture and looks at it; `None` for documents, and for pictures that show nothing.
    pub(crate) fn at(bytes: &[u8], media: Media) -> Result<Option<Self>, String> {
        let format = match media {
            Media::Jpeg => ImageFormat::Jpeg,
            Media::Png => ImageFormat::Png,
            Media::Pdf => return Ok(None),
        };
        Ok(Self::of(&unpacked(bytes, format)?))
    }

    fn of(picture: &DynamicImage) -> Option<Self> {
        // Averaging first makes the look independent of the size it came in, and costs one pass.
        let small = DynamicImage::ImageLuma8(picture.thumbnail_exact(SMALL, SMALL).to_luma8());
        if spread(small.as_bytes()) < FLAT {
            return None;
        }
        let hash = hasher().hash_image(&small);
        let given = hash.as_bytes();
        let mut bits = [0; 13];
        for at in 0..KEPT * KEPT {
            let from = at / KEPT * GIVEN + at % KEPT;
            let bit = given.get(from / 8)? >> (from % 8) & 1;
            bits[at / 8] |= bit << (at % 8);
        }
        Some(Self(bits))
    }

    /// Reads what [`Look::as_bytes`] wrote.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bits.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Bits that differ, 0 to 100.
    pub(crate) fn distance(&self, other: &Self) -> u32 {
        let pairs = self.0.iter().zip(&other.0);
        pairs.map(|(one, two)| (one ^ two).count_ones()).sum()
    }

    /// The sixteen bands: number and value. What an index was filled with: never to be changed without filling it anew.
    pub(crate) fn bands(&self) -> impl Iterator<Item = (i32, i32)> + '_ {
        // Multiplying by a number below the prime 37 shuffles 1 to 36, so each band picks 16 of the 36 in its own way.
        const PRIME: usize = LOWEST * LOWEST + 1;
        (0..16).map(|band| {
            let picked = (1..PRIME).filter(move |at| at * (band + 2) % PRIME <= 16);
            let value = picked.fold(0, |value, at| {
                let (row, column) = ((at - 1) / LOWEST, (at - 1) % LOWEST);
                value << 1 | i32::from(self.bit(row * KEPT + column))
            });
            (band as i32, value)
        })
    }

    fn bit(&self, at: usize) -> u8 {
        self.0[at / 8] >> (at % 8) & 1
    }
}

fn hasher() -> Hasher {
    HasherConfig::new()
        .hash_size(GIVEN as u32, GIVEN as u32)
        .hash_alg(HashAlg::Median)
        .preproc_dct()
        .to_hasher()
}

fn unpacked(bytes: &[u8], format: ImageFormat) -> Result<DynamicImage, String> {
    let refused = |error: image::ImageError| format!("the picture can not be unpacked: {error}");
    let mut limits = Limits::default();
    limits.max_alloc = Some(UNPACKED);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let size = decoder.total_bytes();
    if size > UNPACKED {
        return Err(format!(
            "the picture unpacks to {size} bytes, at most {UNPACKED} are taken"
        ));
    }
    // A camera turns the picture in a note beside it, an editor turns the pixels.
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    picture.apply_orientation(turned);
    Ok(picture)
}

/// Standard deviation of the values.
fn spread(values: &[u8]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    let square = values
        .iter()
        .map(|value| (f64::from(*value) - mean).powi(2));
    (square.sum::<f64>() / count).sqrt()
}

#[cfg(test)]
mod tests;
