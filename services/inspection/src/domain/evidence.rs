//! What bytes of evidence really are: JPEG, PNG or PDF by their structure, never by their label.
//!
//! To add a type: add a variant with its media type and signature, what shows early to [`Watch`], and its end to [`inspect`].

mod jpeg;
mod pdf;
mod png;
#[cfg(test)]
mod tests;
mod unpack;

/// Pixels of a picture at most: cameras of telephones take up to 50 million; unpacked, that is 150 MB.
pub(crate) const PIXELS: u64 = 50_000_000;

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

/// Looks at a file while it comes in, and refuses it as soon as something wrong shows.
#[derive(Debug)]
pub(crate) struct Watch {
    media: Media,
    jpeg: jpeg::Walk,
    sized: bool,
}

impl Watch {
    /// The longest signature that tells the types apart.
    const SIGNATURE: usize = 8;

    /// Watches a file that is announced as `media`.
    pub(crate) fn new(media: Media) -> Self {
        Self {
            media,
            jpeg: jpeg::Walk::default(),
            sized: false,
        }
    }

    /// Looks at the whole text so far.
    pub(crate) fn look(&mut self, bytes: &[u8]) -> Result<(), String> {
        if bytes.len() < Self::SIGNATURE {
            return Ok(());
        }
        begins_as(bytes, self.media)?;
        match self.media {
            Media::Jpeg => {
                self.jpeg.go(bytes)?;
                if let Some((width, height)) = self.jpeg.size().filter(|_| !self.sized) {
                    fits(width, height)?;
                    self.sized = true;
                }
                if self.jpeg.end().is_some_and(|end| end < bytes.len()) {
                    return Err(FOLLOWS.to_owned());
                }
            }
            Media::Png if !self.sized => {
                if let Some((width, height, _)) = png::header(bytes)? {
                    fits(width, height)?;
                    self.sized = true;
                }
            }
            Media::Png | Media::Pdf => {}
        }
        Ok(())
    }
}

const FOLLOWS: &str = "something follows the end of the JPEG, such as a film or a second picture";

/// Signatures that make a file something else as well, each with the bytes of which one must follow; searched in the
/// whole text of a file, so none is so short that pixels hold it by chance.
const FOREIGN: &[(&[u8], &[u8], &str)] = &[
    (b"Rar!\x1a\x07", b"", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", b"", "a 7z archive"),
    (b"<?php", b" \t\r\n", "a PHP script"),
    (b"<script", b" \t\r\n>/", "an HTML script"),
    (b"<html", b" \t\r\n>", "an HTML page"),
    (b"<!DOCTYPE html", b"", "an HTML page"),
];

/// Checks a complete file against the type it was announced as; says what it is instead.
///
/// A picture ends where its format ends, a PDF starts at its first byte and ends with its marker, and
/// none carries another format inside: such files (polyglots) mean different things to different readers.
pub(crate) fn inspect(bytes: &[u8], announced: Media) -> Result<(), String> {
    begins_as(bytes, announced)?;
    match announced {
        Media::Png => {
            let (width, height, _) = png::header(bytes)?.ok_or("the PNG is cut off")?;
            fits(width, height)?;
            png::chunks(bytes)?;
        }
        Media::Jpeg => {
            let mut walk = jpeg::Walk::default();
            walk.go(bytes)?;
            let (width, height) = walk.size().ok_or("the JPEG is cut off")?;
            fits(width, height)?;
            match walk.end() {
                None => return Err("the JPEG is cut off".to_owned()),
                Some(end) if end < bytes.len() => return Err(FOLLOWS.to_owned()),
                Some(_) => {}
            }
        }
        Media::Pdf => pdf::check(bytes)?,
    }
    for (signature, behind, what) in FOREIGN {
        if holds(bytes, signature, behind) {
            return Err(format!("the file is {what} as well"));
        }
    }
    if is_zip(bytes) {
        return Err("the file is a ZIP archive as well".to_owned());
    }
    if announced != Media::Pdf && holds(bytes, b"%PDF-", b"12") {
        return Err("the picture is a PDF as well".to_owned());
    }
    Ok(())
}

fn begins_as(bytes: &[u8], announced: Media) -> Result<(), String> {
    match Media::begins(bytes) {
        Some(media) if media == announced => Ok(()),
        Some(media) => Err(format!(
            "the bytes are {}, not {}",
            media.as_str(),
            announced.as_str()
        )),
        None => Err(format!("the bytes are not {}", announced.as_str())),
    }
}

/// A picture of more pixels unpacks to more memory than one upload may take, however few bytes it has.
fn fits(width: u32, height: u32) -> Result<(), String> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err("the picture does not say how large it is".to_owned());
    }
    if pixels > PIXELS {
        return Err(format!(
            "the picture has {width} x {height} pixels, at most {PIXELS} are taken"
        ));
    }
    Ok(())
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

/// Whether the text holds the word, in capitals or not, with one of the bytes `behind` it where there are any.
fn holds(text: &[u8], wanted: &[u8], behind: &[u8]) -> bool {
    text.windows(wanted.len() + usize::from(!behind.is_empty()))
        .any(|window| {
            window[0] == wanted[0]
                && window[..wanted.len()].eq_ignore_ascii_case(wanted)
                && window
                    .get(wanted.len())
                    .is_none_or(|byte| behind.contains(byte))
        })
}
