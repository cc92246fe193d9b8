//! PNG by its chunks (ISO/IEC 15948): the size before a pixel is unpacked, the true end, and what its chunks unpack to.

use super::unpack::{Unpacked, unpacked};

const SIGNATURE: usize = 8;
const FRAME: usize = 12;
/// What a compressed text or colour profile may unpack to.
const TEXT: u64 = 4 << 20;

/// Width, height and bits a pixel, once the header chunk is there.
pub(super) fn header(bytes: &[u8]) -> Result<Option<(u32, u32, u32)>, String> {
    let Some(head) = bytes.get(SIGNATURE..SIGNATURE + 18) else {
        return Ok(None);
    };
    if head[..8] != *b"\0\0\0\x0DIHDR" {
        return Err("the PNG does not begin with its header chunk".to_owned());
    }
    let number =
        |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let samples = match head[17] {
        0 | 3 => 1,
        2 => 3,
        4 => 2,
        6 => 4,
        other => return Err(format!("the PNG has the unknown colour type {other}")),
    };
    let depth = u32::from(head[16]);
    if !matches!(depth, 1 | 2 | 4 | 8 | 16) {
        return Err(format!("the PNG has the unknown bit depth {depth}"));
    }
    Ok(Some((number(8), number(12), samples * depth)))
}

/// Walks the chunks: each has a length, IEND is the last with nothing behind it, and none unpacks to more than its kind may.
pub(super) fn chunks(bytes: &[u8]) -> Result<(), String> {
    let (width, height, bits) = header(bytes)?.ok_or("the PNG is cut off")?;
    let row = (u64::from(width) * u64::from(bits)).div_ceil(8) + 1;
    // Interlacing (Adam7) adds a filter byte and a padded byte a row to each of its seven passes.
    let pixels = row * u64::from(height) + 14 * u64::from(height) + 64;
    let (mut at, mut data) = (SIGNATURE, Vec::new());
    loop {
        let head = bytes.get(at..at + 8).ok_or("the PNG is cut off")?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let next = at.saturating_add(length).saturating_add(FRAME);
        if next > bytes.len() {
            return Err("the PNG is cut off".to_owned());
        }
        let body = &bytes[at + 8..at + 8 + length];
        match &head[4..] {
            b"IDAT" => data.push(body),
            b"zTXt" | b"iCCP" => {
                // A name, a zero, the method, then the packed text.
                let packed = body
                    .iter()
                    .position(|byte| *byte == 0)
                    .and_then(|end| body.get(end + 2..));
                small(packed.unwrap_or_default(), "text")?;
            }
            b"iTXt" => {
                let flags = body
                    .iter()
                    .position(|byte| *byte == 0)
                    .and_then(|end| body.get(end + 1..));
                if let Some([1, _, rest @ ..]) = flags {
                    // Language and translated name, each ended by a zero, stand before the packed text.
                    let packed = rest.splitn(3, |byte| *byte == 0).nth(2);
                    small(packed.unwrap_or_default(), "text")?;
                }
            }
            b"IEND" => {
                if next != bytes.len() {
                    return Err("something follows the end of the PNG".to_owned());
                }
                return match unpacked(&data, pixels) {
                    Unpacked::Fits(0) | Unpacked::Broken(0) => {
                        Err("the PNG has no pixels".to_owned())
                    }
                    Unpacked::Fits(_) | Unpacked::Broken(_) => Ok(()),
                    Unpacked::Bomb => Err(format!(
                        "the PNG unpacks to more than the {pixels} bytes that {width} x {height} pixels have"
                    )),
                };
            }
            _ => {}
        }
        at = next;
    }
}

fn small(packed: &[u8], what: &str) -> Result<(), String> {
    match unpacked(&[packed], TEXT) {
        Unpacked::Bomb => Err(format!(
            "a {what} of the PNG unpacks to more than {TEXT} bytes"
        )),
        _ => Ok(()),
    }
}
