//! QR codes as PNG: drawing one, and finding one in a picture.

use std::io::Cursor;
use std::panic::catch_unwind;

use png::{BitDepth, ColorType, Decoder, Encoder, Limits, Transformations};
use rqrr::PreparedImage;

use super::finder::{Bits, codes};
use super::frame::{Frame, Grey};
use super::print::Matrix;
use crate::error::{Error, Result};

/// Pixels a side of one module.
const SCALE: usize = 4;
/// The largest side of a picture read, in pixels.
const MAX_SIDE: u32 = 8_192;
/// How many frames are fitted in one black and white view of a picture: each takes some milliseconds.
const FITS: usize = 4;

/// A black and white PNG of the code, four pixels a module, with its quiet zone.
pub fn to_png(text: &str) -> Result<Vec<u8>> {
    let matrix = Matrix::of(text)?;
    let side = matrix.outer() * SCALE;
    let failed = |e: png::EncodingError| Error::malformed("picture", e.to_string());
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, side as u32, side as u32);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer
        .write_image_data(&matrix.rows(SCALE))
        .map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

/// The text of the first readable QR code in a PNG of at most 8192 pixels a side.
pub fn read_png(bytes: &[u8]) -> Result<String> {
    let grey = grey(bytes)?;
    let dark = threshold(&grey.luma);
    if let Some(text) = fitted(&grey, dark) {
        return Ok(text);
    }
    // A second opinion, which follows perspective further.
    let mut last = Error::NoQrCode("none found".to_owned());
    for scale in 1..=enlargements(&grey) {
        for threshold in [None, Some(dark)] {
            // It asserts where a picture drawn for that makes it divide by zero: a picture not read.
            match catch_unwind(|| second_opinion(&grey, scale, threshold)) {
                Ok(Ok(text)) => return Ok(text),
                Ok(Err(Some(problem))) => last = Error::NoQrCode(problem),
                Ok(Err(None)) | Err(_) => {}
            }
        }
    }
    Err(last)
}

/// How far a picture is enlarged at most: patterns of few pixels are told apart then.
/// Large pictures are not: they have the pixels, and a reader has a time to keep.
fn enlargements(grey: &Grey) -> usize {
    match grey.width.max(grey.height) {
        0..=1_024 => 3,
        1_025..=2_048 => 2,
        _ => 1,
    }
}

/// Reads a code by its finder patterns, with a frame fitted to all that is known of it.
fn fitted(grey: &Grey, dark: u8) -> Option<String> {
    let most = enlargements(grey);
    for scale in (1..=most).step_by((most - 1).max(1)) {
        let larger = (scale > 1).then(|| grey.larger(scale));
        let seen = larger.as_ref().unwrap_or(grey);
        for bits in [Bits::under(seen, dark), Bits::under_surroundings(seen)] {
            let frames = codes(&bits).into_iter().flat_map(|centres| {
                let centres = centres.map(|(x, y)| (x / scale as f64, y / scale as f64));
                Frame::of_finders(grey, centres)
            });
            for mut frame in frames.take(FITS) {
                frame.fit(grey);
                for local in [false, true] {
                    let modules = rqrr::Grid::new(frame.modules(grey, local));
                    if let Ok((_, text)) = modules.decode() {
                        return Some(text);
                    }
                }
            }
        }
    }
    None
}

/// What `rqrr` by itself makes of the picture enlarged by a whole number, with one threshold or with local ones.
fn second_opinion(
    grey: &Grey,
    scale: usize,
    threshold: Option<u8>,
) -> std::result::Result<String, Option<String>> {
    let (wide, high) = (grey.width * scale, grey.height * scale);
    let pixel = |x, y| grey.enlarged(x, y, scale);
    let mut image = match threshold {
        None => PreparedImage::prepare_from_greyscale(wide, high, pixel),
        Some(dark) => PreparedImage::prepare_from_bitmap(wide, high, |x, y| pixel(x, y) < dark),
    };
    let mut last = None;
    for grid in image.detect_grids() {
        match grid.decode() {
            Ok((_, text)) => return Ok(text),
            Err(problem) => last = Some(problem.to_string()),
        }
    }
    Err(last)
}

impl Grey {
    /// The picture enlarged by a whole number.
    fn larger(&self, scale: usize) -> Self {
        let (width, height) = (self.width * scale, self.height * scale);
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Self {
            width,
            height,
            luma: places.map(|(x, y)| self.enlarged(x, y, scale)).collect(),
        }
    }

    /// The grey at a place of the picture enlarged by a whole number, between its four neighbours.
    fn enlarged(&self, x: usize, y: usize, scale: usize) -> u8 {
        // Twice the scale is one pixel; half a pixel is where the centre of the first stands.
        let place = |at: usize, length: usize| {
            let at = (2 * at + 1).saturating_sub(scale);
            let (whole, part) = (at / (2 * scale), at % (2 * scale));
            (whole, (whole + 1).min(length - 1), part)
        };
        let ((left, right, part_x), (top, bottom, part_y)) =
            (place(x, self.width), place(y, self.height));
        let grey = |x: usize, y: usize| {
            usize::from(
                self.luma
                    .get(y * self.width + x)
                    .copied()
                    .unwrap_or(u8::MAX),
            )
        };
        let row = |y: usize| grey(left, y) * (2 * scale - part_x) + grey(right, y) * part_x;
        ((row(top) * (2 * scale - part_y) + row(bottom) * part_y) / (4 * scale * scale)) as u8
    }
}

/// The grey that best parts dark from light (Otsu 1979): the largest variance between the two.
fn threshold(luma: &[u8]) -> u8 {
    let mut counts = [0_u64; 256];
    for grey in luma {
        counts[usize::from(*grey)] += 1;
    }
    let weigh = |(grey, count): (usize, &u64)| *count as f64 * grey as f64;
    let (all, sum) = (
        luma.len() as f64,
        counts.iter().enumerate().map(weigh).sum::<f64>(),
    );
    let (mut below, mut sum_below, mut best, mut found) = (0.0, 0.0, 0.0, 128);
    for (grey, count) in counts.iter().enumerate().take(255) {
        below += *count as f64;
        sum_below += weigh((grey, count));
        let above = all - below;
        if below > 0.0 && above > 0.0 {
            let apart = sum_below / below - (sum - sum_below) / above;
            let variance = below * above * apart * apart;
            if variance > best {
                (best, found) = (variance, grey + 1);
            }
        }
    }
    found as u8
}

fn grey(bytes: &[u8]) -> Result<Grey> {
    let unreadable = |problem: String| Error::NoQrCode(problem);
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: 64 << 20 });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|e| unreadable(e.to_string()))?;
    let (width, height) = reader.info().size();
    let size = reader
        .output_buffer_size()
        .filter(|size| *size <= 256 << 20);
    let (Some(size), 1..=MAX_SIDE, 1..=MAX_SIDE) = (size, width, height) else {
        return Err(unreadable("larger than 8192 pixels a side".to_owned()));
    };
    let mut pixels = vec![0; size];
    let frame = reader
        .next_frame(&mut pixels)
        .map_err(|e| unreadable(e.to_string()))?;
    let channels = frame.color_type.samples();
    let luma = |pixel: &[u8]| match pixel {
        [r, g, b, ..] => {
            ((u32::from(*r) * 299 + u32::from(*g) * 587 + u32::from(*b) * 114) / 1_000) as u8
        }
        [grey, ..] => *grey,
        [] => u8::MAX,
    };
    let luma = pixels.chunks_exact(channels).map(luma).collect();
    Ok(Grey {
        width: width as usize,
        height: height as usize,
        luma,
    })
}
