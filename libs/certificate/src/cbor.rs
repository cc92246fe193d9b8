//! Deterministic CBOR (RFC 8949 section 4.2.1): a writer, and a reader that refuses every other form.
//!
//! Written here rather than taken from ciborium because that crate also accepts non-shortest
//! integers, indefinite lengths, unsorted and duplicate keys: each would let a certificate be
//! changed without its signature noticing. The tests read our output with ciborium and coset.

/// Appends deterministic CBOR items.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn head(&mut self, major: u8, value: u64) {
        let major = major << 5;
        match value {
            0..=23 => self.0.push(major | value as u8),
            24..=0xff => self.0.extend_from_slice(&[major | 0x18, value as u8]),
            0x100..=0xffff => {
                self.0.push(major | 0x19);
                self.0.extend_from_slice(&(value as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                self.0.push(major | 0x1a);
                self.0.extend_from_slice(&(value as u32).to_be_bytes());
            }
            _ => {
                self.0.push(major | 0x1b);
                self.0.extend_from_slice(&value.to_be_bytes());
            }
        }
    }

    pub(crate) fn uint(&mut self, value: u64) -> &mut Self {
        self.head(0, value);
        self
    }

    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        if value < 0 {
            self.head(1, value.unsigned_abs() - 1);
        } else {
            self.head(0, value.unsigned_abs());
        }
        self
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(2, value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.head(3, value.len() as u64);
        self.0.extend_from_slice(value.as_bytes());
        self
    }

    pub(crate) fn array(&mut self, length: usize) -> &mut Self {
        self.head(4, length as u64);
        self
    }

    /// The caller writes the keys in the order of their encoded bytes; the reader checks it.
    pub(crate) fn map(&mut self, length: usize) -> &mut Self {
        self.head(5, length as u64);
        self
    }

    pub(crate) fn tag(&mut self, tag: u64) -> &mut Self {
        self.head(6, tag);
        self
    }

    pub(crate) fn yes(&mut self) -> &mut Self {
        self.0.push(0xf5);
        self
    }
}

/// What was wrong, as a fixed phrase.
pub(crate) type Problem = &'static str;

/// A result whose error is a fixed phrase.
pub(crate) type Parsed<T> = Result<T, Problem>;

/// A key of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    Int(i64),
    Text(&'a str),
}

/// Reads deterministic CBOR from a slice, without copying or recursion.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Fails when bytes are left over.
    pub(crate) fn end(&self) -> Parsed<()> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err("bytes after the end")
        }
    }

    fn take(&mut self, length: u64) -> Parsed<&'a [u8]> {
        let length = usize::try_from(length).map_err(|_| "truncated")?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or("truncated")?;
        self.rest = rest;
        Ok(taken)
    }

    fn head(&mut self) -> Parsed<(u8, u64)> {
        let first = *self.take(1)?.first().ok_or("truncated")?;
        let (major, info) = (first >> 5, first & 31);
        let width = match info {
            0..=23 => return Ok((major, u64::from(info))),
            24..=27 => 1_u64 << (info - 24),
            _ => return Err("indefinite or reserved length"),
        };
        let value = self
            .take(width)?
            .iter()
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        let smallest = match width {
            1 => 24,
            2 => 0x100,
            4 => 0x1_0000,
            _ => 0x1_0000_0000,
        };
        if value < smallest {
            return Err("integer not in its shortest form");
        }
        Ok((major, value))
    }

    fn expect(&mut self, major: u8) -> Parsed<u64> {
        match self.head()? {
            (found, value) if found == major => Ok(value),
            _ => Err("unexpected type"),
        }
    }

    pub(crate) fn uint(&mut self) -> Parsed<u64> {
        self.expect(0)
    }

    pub(crate) fn int(&mut self) -> Parsed<i64> {
        let (major, value) = self.head()?;
        let value = i64::try_from(value).map_err(|_| "integer out of range")?;
        match major {
            0 => Ok(value),
            1 => Ok(-1 - value),
            _ => Err("unexpected type"),
        }
    }

    pub(crate) fn bytes(&mut self) -> Parsed<&'a [u8]> {
        let length = self.expect(2)?;
        self.take(length)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Parsed<[u8; N]> {
        self.bytes()?.try_into().map_err(|_| "wrong byte length")
    }

    pub(crate) fn text(&mut self) -> Parsed<&'a str> {
        let length = self.expect(3)?;
        std::str::from_utf8(self.take(length)?).map_err(|_| "text is not UTF-8")
    }

    pub(crate) fn array(&mut self) -> Parsed<u64> {
        self.expect(4)
    }

    pub(crate) fn array_of(&mut self, length: u64) -> Parsed<()> {
        if self.array()? == length {
            Ok(())
        } else {
            Err("wrong array length")
        }
    }

    pub(crate) fn tag(&mut self, tag: u64) -> Parsed<()> {
        if self.expect(6)? == tag {
            Ok(())
        } else {
            Err("wrong tag")
        }
    }

    /// Only `true` is ever written: a false flag is an absent key, so that one value has one form.
    pub(crate) fn yes(&mut self) -> Parsed<bool> {
        match self.take(1)? {
            [0xf5] => Ok(true),
            _ => Err("unexpected type"),
        }
    }

    /// Calls `each` for every entry; keys must ascend strictly in their encoded bytes.
    pub(crate) fn map(
        &mut self,
        mut each: impl FnMut(Key<'a>, &mut Self) -> Parsed<()>,
    ) -> Parsed<()> {
        let length = self.expect(5)?;
        let mut previous: &[u8] = &[];
        for _ in 0..length {
            let before = self.rest;
            let key = match before.first().map(|first| first >> 5) {
                Some(0 | 1) => Key::Int(self.int()?),
                Some(3) => Key::Text(self.text()?),
                _ => return Err("unexpected key"),
            };
            let encoded = &before[..before.len() - self.rest.len()];
            if encoded <= previous {
                return Err("map keys out of order");
            }
            previous = encoded;
            each(key, self)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_are_written_as_rfc_8949_says() {
        let cases: [(i64, &[u8]); 7] = [
            (0, &[0x00]),
            (24, &[0x18, 0x18]),
            (1_000, &[0x19, 0x03, 0xe8]),
            (1_000_000, &[0x1a, 0x00, 0x0f, 0x42, 0x40]),
            (-1, &[0x20]),
            (-100, &[0x38, 0x63]),
            (-1_000, &[0x39, 0x03, 0xe7]),
        ];
        for (value, bytes) in cases {
            let mut writer = Writer::default();
            writer.int(value);
            assert_eq!(writer.finish(), bytes);
            assert_eq!(Reader::new(bytes).int(), Ok(value));
        }
    }

    #[test]
    fn longer_forms_of_the_same_value_are_refused() {
        for bytes in [
            &[0x18, 0x17][..],
            &[0x19, 0x00, 0xff],
            &[0x1a, 0, 0, 0xff, 0xff],
            &[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
            &[0x5f],
        ] {
            assert!(Reader::new(bytes).int().is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn unsorted_and_repeated_keys_are_refused() {
        for bytes in [&[0xa2, 2, 0, 1, 0][..], &[0xa2, 1, 0, 1, 0]] {
            let read = Reader::new(bytes).map(|_, value| value.uint().map(|_| ()));
            assert_eq!(read, Err("map keys out of order"));
        }
    }

    #[test]
    fn a_length_beyond_the_input_is_truncation_not_allocation() {
        let huge = [0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Reader::new(&huge).bytes(), Err("truncated"));
    }
}
