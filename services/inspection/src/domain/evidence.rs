//! What bytes of evidence really are: JPEG, PNG or PDF by their structure, never by their label.
//!
//! To add a type: add a variant with its media type and signature, and its end to `inspect`.

/// A type that is taken as evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    /// ISO/IEC 10918-1.
    Jpeg,
    /// ISO/IEC 15948.
    Png,
    /// ISO 32000.
    Pdf,
}

impl Media {
    /// The media type.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }

    /// Reads a media type.
    pub(crate) fn named(text: &str) -> Option<Self> {
        [Self::Jpeg, Self::Png, Self::Pdf]
            .into_iter()
            .find(|media| media.as_str() == text)
    }

    /// The type whose first bytes these are; enough to refuse a stream early.
    pub(crate) fn begins(head: &[u8]) -> Option<Self> {
        if head.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else if head.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if head.starts_with(b"%PDF-") {
            Some(Self::Pdf)
        } else {
            None
        }
    }
}

/// Signatures that make a file something else as well; searched in the whole text of a file.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"<?php", "a PHP script"),
    (b"<script", "an HTML script"),
    (b"<html", "an HTML page"),
    (b"<!DOCTYPE html", "an HTML page"),
];

/// Checks a complete file against the type it was announced as; says what it is instead.
///
/// A picture ends where its format ends, a PDF starts at its first byte and ends with its marker, and
/// none carries another format inside: such files (polyglots) mean different things to different readers.
pub(crate) fn inspect(bytes: &[u8], announced: Media) -> Result<(), String> {
    match Media::begins(bytes) {
        Some(media) if media == announced => {}
        Some(media) => {
            return Err(format!(
                "the bytes are {}, not {}",
                media.as_str(),
                announced.as_str()
            ));
        }
        None => return Err(format!("the bytes are not {}", announced.as_str())),
    }
    match announced {
        Media::Png => png_ends(bytes)?,
        Media::Jpeg => {
            let text = bytes.strip_suffix(&[0xFF, 0xD9]);
            text.ok_or(
                "the JPEG does not end with its end marker: it is cut off or something follows it",
            )?;
        }
        Media::Pdf => {
            let tail = &bytes[bytes.len().saturating_sub(1_024)..];
            let end = find(tail, b"%%EOF").ok_or("the PDF does not end with its end marker")?;
            // Each revision ends with the marker; only white space may follow the last.
            let last = rfind(tail, b"%%EOF").unwrap_or(end);
            let rest = &tail[last + 5..];
            if !rest.iter().all(u8::is_ascii_whitespace) {
                return Err("something follows the end of the PDF".to_owned());
            }
            for active in [&b"/JavaScript"[..], b"/Launch", b"/EmbeddedFile"] {
                if find(bytes, active).is_some() {
                    let name = String::from_utf8_lossy(active).into_owned();
                    return Err(format!("the PDF carries active content ({name})"));
                }
            }
        }
    }
    for (signature, what) in FOREIGN {
        if find_folded(bytes, signature) {
            return Err(format!("the file is {what} as well"));
        }
    }
    if is_zip(bytes) {
        return Err("the file is a ZIP archive as well".to_owned());
    }
    if announced != Media::Pdf && find(bytes, b"%PDF-").is_some() {
        return Err("the picture is a PDF as well".to_owned());
    }
    Ok(())
}

/// Walks the chunks: each has a length, and IEND must be the last with nothing behind it.
fn png_ends(bytes: &[u8]) -> Result<(), String> {
    const SIGNATURE: usize = 8;
    const FRAME: usize = 12;
    let mut at = SIGNATURE;
    loop {
        let header = bytes.get(at..at + 8).ok_or("the PNG is cut off")?;
        let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let next = at.saturating_add(length).saturating_add(FRAME);
        if at == SIGNATURE && &header[4..] != b"IHDR" {
            return Err("the PNG does not begin with its header chunk".to_owned());
        }
        if next > bytes.len() {
            return Err("the PNG is cut off".to_owned());
        }
        if &header[4..] == b"IEND" {
            return if next == bytes.len() {
                Ok(())
            } else {
                Err("something follows the end of the PNG".to_owned())
            };
        }
        at = next;
    }
}

/// A ZIP reader starts from the end record, whose comment reaches exactly to the end of the file. The short
/// signature alone occurs by chance in compressed pixels.
fn is_zip(bytes: &[u8]) -> bool {
    const RECORD: usize = 22;
    const LONGEST: usize = RECORD + 0xFFFF;
    let tail = &bytes[bytes.len().saturating_sub(LONGEST)..];
    tail.windows(RECORD).enumerate().any(|(at, record)| {
        let comment = usize::from(u16::from_le_bytes([record[20], record[21]]));
        record.starts_with(b"PK\x05\x06") && at + RECORD + comment == tail.len()
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

fn rfind(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .rposition(|window| window == wanted)
}

fn find_folded(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len())
        .any(|window| window.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(extra: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        bytes.extend(13_u32.to_be_bytes());
        bytes.extend(b"IHDR");
        bytes.extend([0; 17]);
        bytes.extend(0_u32.to_be_bytes());
        bytes.extend(b"IEND");
        bytes.extend([0; 4]);
        bytes.extend(extra);
        bytes
    }

    fn jpeg(inside: &[u8]) -> Vec<u8> {
        [&[0xFF, 0xD8, 0xFF, 0xE0], inside, &[0xFF, 0xD9]].concat()
    }

    fn pdf(body: &[u8]) -> Vec<u8> {
        [b"%PDF-1.7\n", body, b"\n%%EOF\n"].concat()
    }

    #[test]
    fn files_that_are_what_they_say_are_taken() {
        assert_eq!(inspect(&png(b""), Media::Png), Ok(()));
        assert_eq!(
            inspect(
                &jpeg(b"pixels PK\x03\x04 PK\x05\x06 by chance"),
                Media::Jpeg
            ),
            Ok(())
        );
        assert_eq!(inspect(&pdf(b"1 0 obj"), Media::Pdf), Ok(()));
    }

    #[test]
    fn a_lying_type_is_named() {
        let told = inspect(&png(b""), Media::Jpeg).unwrap_err();
        assert_eq!(told, "the bytes are image/png, not image/jpeg");
        assert!(inspect(b"MZ executable", Media::Pdf).is_err());
        assert!(inspect(b"", Media::Png).is_err());
    }

    #[test]
    fn a_file_that_is_two_things_is_refused() {
        let mut zip = b"PK\x05\x06".to_vec();
        zip.extend([0; 16]);
        zip.extend(2_u16.to_le_bytes());
        assert!(
            inspect(&jpeg(&zip), Media::Jpeg)
                .unwrap_err()
                .contains("ZIP"),
            "end record whose comment hides the marker"
        );
        assert!(inspect(&jpeg(b"<ScRiPt>alert(1)"), Media::Jpeg).is_err());
        assert!(inspect(&jpeg(b"%PDF-1.4 ..."), Media::Jpeg).is_err());
        assert!(
            inspect(&png(b"tail"), Media::Png)
                .unwrap_err()
                .contains("follows")
        );
        assert!(inspect(&pdf(b"<html>"), Media::Pdf).is_err());
        assert!(inspect(&pdf(b"/JavaScript (app.alert(1))"), Media::Pdf).is_err());
        assert!(inspect(&[pdf(b""), b"more".to_vec()].concat(), Media::Pdf).is_err());
    }

    #[test]
    fn cut_off_files_are_refused() {
        let whole = png(b"");
        for length in 0..whole.len() {
            assert!(
                inspect(&whole[..length], Media::Png).is_err(),
                "{length} bytes"
            );
        }
        assert!(inspect(&jpeg(b"x")[..5], Media::Jpeg).is_err());
    }

    #[test]
    fn a_png_chunk_that_claims_four_gigabytes_does_not_overflow() {
        let mut bytes = png(b"");
        bytes[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(inspect(&bytes, Media::Png).is_err());
    }
}
