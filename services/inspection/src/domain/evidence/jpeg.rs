//! JPEG by its segments (ISO/IEC 10918-1 annex B): the size before a pixel is unpacked, and the true end of the picture.

/// Scans of one picture at most: a progressive picture has about ten, and each costs a walk over all its pixels.
const SCANS: usize = 64;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// A walk along the segments that goes on where it stopped, so that a stream in small pieces costs one walk.
#[derive(Debug, Default)]
pub(super) struct Walk {
    at: usize,
    size: Option<(u32, u32)>,
    scans: usize,
    end: Option<usize>,
}

/// A marker with its parameters, as far as the bytes reach.
enum Next {
    /// More bytes are needed.
    Wait,
    /// The marker, where its parameters begin and where they end.
    Marker(u8, usize, usize),
}

impl Walk {
    /// The size of the picture, once its frame header came by.
    pub(super) fn size(&self) -> Option<(u32, u32)> {
        self.size
    }

    /// The byte behind the end marker, once that came by.
    pub(super) fn end(&self) -> Option<usize> {
        self.end
    }

    /// Goes on over what came meanwhile; `bytes` is the whole text so far.
    pub(super) fn go(&mut self, bytes: &[u8]) -> Result<(), String> {
        while self.end.is_none() {
            let Next::Marker(marker, from, until) = self.next(bytes)? else {
                return Ok(());
            };
            match marker {
                SOI if self.at == 0 => {}
                EOI => {
                    if self.scans == 0 {
                        return Err("the JPEG ends before any picture".to_owned());
                    }
                    self.end = Some(until);
                }
                SOI => return Err("the JPEG holds a second picture".to_owned()),
                // DHT, JPG and DAC share the range of the frame headers.
                0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                    let Some(&[_, h1, h0, w1, w0]) = bytes.get(from..from + 5) else {
                        return Err("the JPEG has a frame header without a size".to_owned());
                    };
                    if self.size.is_some() {
                        return Err("the JPEG has two frame headers".to_owned());
                    }
                    let height = u32::from(u16::from_be_bytes([h1, h0]));
                    let width = u32::from(u16::from_be_bytes([w1, w0]));
                    self.size = Some((width, height));
                }
                SOS => {
                    self.scans += 1;
                    if self.size.is_none() {
                        return Err("the JPEG has pixels before their size".to_owned());
                    }
                    if self.scans > SCANS {
                        return Err(format!("the JPEG has more than {SCANS} scans"));
                    }
                }
                _ => {}
            }
            self.at = until;
        }
        Ok(())
    }

    /// The next marker from where the walk stands; skips entropy-coded data, in which every FF is followed by 00
    /// or a restart marker.
    fn next(&mut self, bytes: &[u8]) -> Result<Next, String> {
        let inside = self.scans > 0;
        loop {
            let Some(&[first, second]) = bytes.get(self.at..self.at.saturating_add(2)) else {
                return Ok(Next::Wait);
            };
            match (first, second) {
                (0xFF, 0xFF) => self.at += 1,
                (0xFF, 0x00 | 0xD0..=0xD7) if inside => self.at += 2,
                (0xFF, 0x01) => self.at += 2,
                (0xFF, SOI | EOI) => return Ok(Next::Marker(second, self.at + 2, self.at + 2)),
                (0xFF, 0xC0..=0xFE) => break,
                (0xFF, _) => return Err(format!("the JPEG has a wrong marker FF{second:02X}")),
                _ if inside => {
                    let rest = &bytes[self.at..];
                    let skipped = rest.iter().position(|byte| *byte == 0xFF);
                    self.at += skipped.unwrap_or(rest.len());
                }
                _ => return Err("the JPEG has bytes outside its segments".to_owned()),
            }
        }
        let from = self.at + 4;
        let Some(&[high, low]) = bytes.get(self.at + 2..from) else {
            return Ok(Next::Wait);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < 2 {
            return Err("the JPEG has a segment shorter than its length".to_owned());
        }
        let until = self.at + 2 + length;
        if until > bytes.len() {
            return Ok(Next::Wait);
        }
        Ok(Next::Marker(bytes[self.at + 1], from, until))
    }
}
