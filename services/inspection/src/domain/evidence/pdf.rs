//! PDF (ISO 32000) as far as a report needs it: begins and ends where it says, does nothing by itself, carries nothing else.
//!
//! Names are read where a reader finds them: between the streams, with `#` escapes resolved, and inside object streams,
//! which are unpacked for it. Pixels and fonts are not searched: any short word occurs in them by chance.

use super::unpack::{Unpacked, unpack};

/// What all packed streams of a document may unpack to.
const TOTAL: u64 = 256 << 20;
/// What one object stream, which is searched, may unpack to.
const OBJECTS: u64 = 8 << 20;
/// Streams of one document at most.
const STREAMS: usize = 20_000;

/// Names that make a document act, or carry other files.
const ACTIVE: [&[u8]; 8] = [
    b"JavaScript",
    b"JS",
    b"Launch",
    b"EmbeddedFile",
    b"RichMedia",
    b"SubmitForm",
    b"ImportData",
    b"XFA",
];

/// Checks a whole document.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    version(bytes)?;
    end(bytes)?;
    let (mut at, mut total, mut count) = (0, 0, 0);
    loop {
        let stream = next_stream(&bytes[at..]);
        let plain = &bytes[at..at + stream.map_or(bytes.len() - at, |(keyword, _)| keyword)];
        named(plain)?;
        let Some((keyword, from)) = stream else {
            return Ok(());
        };
        count += 1;
        if count > STREAMS {
            return Err(format!("the PDF has more than {STREAMS} streams"));
        }
        let data = &bytes[at + from..];
        let length = find(data, b"endstream").ok_or("the PDF has a stream without an end")?;
        let dictionary = &plain[rfind(&plain[..keyword], b" obj").unwrap_or(0)..];
        total += packed(&resolved(dictionary), &data[..length], TOTAL - total)?;
        at += from + length + b"endstream".len();
    }
}

/// The header: a version, and no more of them anywhere a reader looks for one.
fn version(bytes: &[u8]) -> Result<(), String> {
    match bytes.get(5..8) {
        Some([b'1', b'.', b'0'..=b'7'] | b"2.0") => {}
        _ => return Err("the PDF names no version from 1.0 to 2.0".to_owned()),
    }
    // Readers accept a header anywhere in the first 1,024 bytes: two of them are two documents.
    let head = &bytes[5..bytes.len().min(1_029)];
    if find(head, b"%PDF-").is_some() {
        return Err("the PDF has a second header".to_owned());
    }
    Ok(())
}

/// The end: the marker, a cross-reference before it, and only white space behind it.
fn end(bytes: &[u8]) -> Result<(), String> {
    let tail = &bytes[bytes.len().saturating_sub(1_024)..];
    // Each revision ends with the marker; the last one counts.
    let last = rfind(tail, b"%%EOF").ok_or("the PDF does not end with its end marker")?;
    if !tail[last + 5..].iter().all(u8::is_ascii_whitespace) {
        return Err("something follows the end of the PDF".to_owned());
    }
    if find(tail, b"startxref").is_none() {
        return Err("the PDF does not say where its cross-reference is".to_owned());
    }
    Ok(())
}

/// Where the next stream's keyword stands, and where its bytes begin.
fn next_stream(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(found) = find(&bytes[from..], b"stream") {
        let at = from + found;
        let behind = at + b"stream".len();
        let ends_another = bytes[..at].ends_with(b"end");
        match bytes.get(behind..) {
            Some([b'\r', b'\n', ..]) if !ends_another => return Some((at, behind + 2)),
            Some([b'\n' | b'\r', ..]) if !ends_another => return Some((at, behind + 1)),
            _ => from = behind,
        }
    }
    None
}

/// What a stream unpacks to, in bytes; object streams are searched as they come out.
fn packed(dictionary: &[u8], data: &[u8], most: u64) -> Result<u64, String> {
    let flate = count(dictionary, b"/FlateDecode") + count(dictionary, b"/Fl ");
    let objects = find(dictionary, b"/ObjStm").is_some();
    if flate > 1 {
        return Err("the PDF packs a stream twice".to_owned());
    }
    if flate == 0 {
        // Other packings hold pixels; an object stream packed in one of them can not be read here.
        let plain = find(dictionary, b"/Filter").is_none();
        return match objects {
            true if plain => named(data).map(|()| 0),
            true => Err("the PDF packs its objects in a way that is not taken".to_owned()),
            false => Ok(0),
        };
    }
    let mut text = Vec::new();
    let most = if objects { most.min(OBJECTS) } else { most };
    let came = unpack(&[data], most, |piece| {
        if objects {
            text.extend_from_slice(piece);
        }
    });
    match came {
        Unpacked::Bomb => Err(format!("the PDF unpacks to more than {most} bytes")),
        Unpacked::Broken(_) if objects => Err("the PDF's objects can not be unpacked".to_owned()),
        Unpacked::Fits(length) | Unpacked::Broken(length) => named(&text).map(|()| length),
    }
}

/// Refuses a document that acts, carries files, or hides its content.
fn named(text: &[u8]) -> Result<(), String> {
    let text = resolved(text);
    for (at, _) in text.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        let name = &text[at + 1..];
        let length = name
            .iter()
            .position(|byte| !is_regular(*byte))
            .unwrap_or(name.len());
        let name = &name[..length];
        if ACTIVE.contains(&name) {
            let name = String::from_utf8_lossy(name);
            return Err(format!("the PDF carries active content (/{name})"));
        }
        if name == b"Encrypt" {
            return Err("the PDF is encrypted: what it holds can not be looked at".to_owned());
        }
    }
    Ok(())
}

/// Names with their `#xx` escapes resolved: `/J#61vaScript` is `/JavaScript`.
fn resolved(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match (text[at], digit(text.get(at + 1)), digit(text.get(at + 2))) {
            (b'#', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, _, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

/// Whether a byte belongs to a name.
fn is_regular(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && byte != 0 && !b"()<>[]{}/%".contains(&byte)
}

fn count(text: &[u8], wanted: &[u8]) -> usize {
    text.windows(wanted.len())
        .filter(|window| *window == wanted)
        .count()
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

fn rfind(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .rposition(|window| window == wanted)
}
