//! QR codes as PNG: drawing one, and finding one in a picture.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Encoder, Limits, Transformations};
use rqrr::PreparedImage;

use super::print::Matrix;
use crate::error::{Error, Result};

/// Pixels a side of one module.
const SCALE: usize = 4;
/// The largest side of a picture read, in pixels.
const MAX_SIDE: u32 = 8_192;

/// A black and white PNG of the code, four pixels a module, with its quiet zone.
pub fn to_png(text: &str) -> Result<Vec<u8>> {
    let matrix = Matrix::of(text)?;
    let side = matrix.outer() * SCALE;
    let mut pixels = Vec::with_capacity(side * side.div_ceil(8));
    for y in 0..side {
        let mut row = vec![0_u8; side.div_ceil(8)];
        for x in (0..side).filter(|x| !matrix.dark(x / SCALE, y / SCALE)) {
            row[x / 8] |= 0x80 >> (x % 8);
        }
        pixels.extend(row);
    }
    let failed = |e: png::EncodingError| Error::malformed("picture", e.to_string());
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, side as u32, side as u32);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

/// The text of the first readable QR code in a PNG of at most 8192 pixels a side.
pub fn read_png(bytes: &[u8]) -> Result<String> {
    let (width, height, luma) = grey(bytes)?;
    let mut image = PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        luma.get(y * width + x).copied().unwrap_or(u8::MAX)
    });
    let mut last = "none found".to_owned();
    for grid in image.detect_grids() {
        match grid.decode() {
            Ok((_, text)) => return Ok(text),
            Err(e) => last = e.to_string(),
        }
    }
    Err(Error::NoQrCode(last))
}

fn grey(bytes: &[u8]) -> Result<(usize, usize, Vec<u8>)> {
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
    Ok((width as usize, height as usize, luma))
}
