//! What a mistyped VIN may have been: every VIN one mistake away whose check digit passes, the likeliest mistake first.
//!
//! The digit (weights of GB 16735-2019 annex A, modulo 11) lets about one in eleven of the 544 substitutions pass, so a
//! passing digit alone says little; the order says which mistakes people and readers make.

use tongguan_vocabulary::{CheckDigit, Vin};

use super::Maker;

/// Digits and capitals without I, O and Q.
const ALPHABET: &[u8; 33] = b"0123456789ABCDEFGHJKLMNPRSTUVWXYZ";

/// Index of the check digit.
const DIGIT: usize = 8;

/// Groups of characters that print, stamping and handwriting make alike; I, O and Q are no VIN characters but are read
/// and written as such.
const LOOK_ALIKE: [&[u8]; 16] = [
    b"0OQDCU", b"1IL7JT", b"2Z7", b"3B8E", b"4A9Y", b"5S6", b"6GCB", b"8BSR", b"9GPQ", b"7TYF",
    b"EF", b"UVY", b"VWN", b"MNHW", b"KXR", b"PRF",
];

/// Rows of a keyboard: neighbours are mistyped for each other.
const KEYS: [&[u8]; 4] = [b"1234567890", b"QWERTYUIOP", b"ASDFGHJKL", b"ZXCVBNM"];

/// How a candidate differs from what was written; the derived order is the order of plausibility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mistake {
    /// One character was read or written as one that looks like it, or the check digit holds what no check digit can be.
    Misread,
    /// One character was typed beside its key.
    Mistyped,
    /// Two neighbours were swapped.
    Swapped,
    /// Another character, and the table knows the maker of the result.
    KnownMaker,
    /// Another character.
    Other,
    /// Only the check digit changed: it passes for any text, so passing proves nothing.
    DigitItself,
}

/// Every VIN one substitution or one swap of neighbours away from `text` whose check digit matches, the likeliest first.
pub(super) fn repairs(text: &str, makers: &[Maker]) -> Vec<Vin> {
    // One character outside ASCII can be replaced like any other; it only needs a place holder that is no VIN character.
    let mut written = [b'?'; 17];
    let mut length = 0;
    for character in text.chars() {
        let Some(place) = written.get_mut(length) else {
            return Vec::new();
        };
        *place = u8::try_from(character)
            .ok()
            .filter(u8::is_ascii)
            .unwrap_or(b'?');
        length += 1;
    }
    let strangers = written
        .iter()
        .filter(|byte| !ALPHABET.contains(byte))
        .count();
    if length != written.len() || strangers > 1 {
        return Vec::new();
    }
    let mut found = Vec::with_capacity(64);
    let mut keep = |changed: &[u8; 17], mistake: Mistake| {
        if let Some(vin) = passing(changed) {
            let known = makers.iter().any(|row| row.wmi == vin.wmi());
            let mistake = match mistake {
                Mistake::Other if known => Mistake::KnownMaker,
                other => other,
            };
            found.push((mistake, !known, odd(changed), vin));
        }
    };
    for place in 0..written.len() {
        let own = written[place];
        // Where another character is no VIN character, only replacing that one helps.
        if strangers == 1 && ALPHABET.contains(&own) {
            continue;
        }
        let mut changed = written;
        for other in ALPHABET.iter().copied().filter(|other| *other != own) {
            changed[place] = other;
            keep(&changed, mistake(place, own, other));
        }
        if strangers == 0 && place + 1 < written.len() && own != written[place + 1] {
            changed = written;
            changed.swap(place, place + 1);
            keep(&changed, Mistake::Swapped);
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, _, _, vin)| vin).collect()
}

fn passing(changed: &[u8; 17]) -> Option<Vin> {
    let vin: Vin = std::str::from_utf8(changed).ok()?.parse().ok()?;
    (vin.check_digit() == CheckDigit::Matches).then_some(vin)
}

fn mistake(place: usize, own: u8, other: u8) -> Mistake {
    let both = |group: &&[u8]| group.contains(&own) && group.contains(&other);
    let beside = |row: &&[u8]| {
        row.windows(2)
            .any(|pair| pair == [own, other] || pair == [other, own])
    };
    let no_digit = place == DIGIT && !own.is_ascii_digit() && own != b'X';
    if no_digit || LOOK_ALIKE.iter().any(both) {
        Mistake::Misread
    } else if KEYS.iter().any(beside) {
        Mistake::Mistyped
    } else if place == DIGIT {
        Mistake::DigitItself
    } else {
        Mistake::Other
    }
}

/// How many of two rules the VIN breaks: position 10 holds a model-year code, the last four are digits.
fn odd(vin: &[u8; 17]) -> u8 {
    let no_year = matches!(vin[9], b'0' | b'U' | b'Z');
    let no_serial = !vin[13..].iter().all(u8::is_ascii_digit);
    u8::from(no_year) + u8::from(no_serial)
}

#[cfg(test)]
#[path = "repairs_tests.rs"]
mod tests;
