//! How much packed bytes unpack to, found out without keeping what comes out.

use std::io::Read;

use flate2::read::ZlibDecoder;

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unpacked {
    /// All of it: so many bytes.
    Fits(u64),
    /// It is damaged after so many bytes.
    Broken(u64),
    /// More than may come out: a decompression bomb.
    Bomb,
}

/// Unpacks zlib text that comes in parts, up to `most` bytes, and throws the result away.
pub(super) fn unpacked(parts: &[&[u8]], most: u64) -> Unpacked {
    unpack(parts, most, |_| {})
}

/// Unpacks zlib text that comes in parts, up to `most` bytes, and hands over each piece of the result.
pub(super) fn unpack(parts: &[&[u8]], most: u64, mut take: impl FnMut(&[u8])) -> Unpacked {
    let mut decoder = ZlibDecoder::new(Parts { parts, at: 0 });
    let mut piece = [0; 16 << 10];
    let mut total = 0;
    loop {
        match decoder.read(&mut piece) {
            Ok(0) => return Unpacked::Fits(total),
            Ok(length) => {
                total += length as u64;
                if total > most {
                    return Unpacked::Bomb;
                }
                take(&piece[..length]);
            }
            Err(_) => return Unpacked::Broken(total),
        }
    }
}

/// Slices read one after the other, without a copy of the whole.
struct Parts<'a> {
    parts: &'a [&'a [u8]],
    at: usize,
}

impl Read for Parts<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while let Some(part) = self.parts.first() {
            let rest = &part[self.at..];
            if rest.is_empty() {
                (self.parts, self.at) = (&self.parts[1..], 0);
                continue;
            }
            let length = rest.len().min(into.len());
            into[..length].copy_from_slice(&rest[..length]);
            self.at += length;
            return Ok(length);
        }
        Ok(0)
    }
}
