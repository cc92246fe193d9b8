//! Base45 (RFC 9285), strict: every byte sequence has exactly one text.
//!
//! The base45 crate takes a final pair above 255 by dropping the excess, so two texts could mean
//! the same; the tests compare with it.

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

pub(super) fn encode(bytes: &[u8]) -> String {
    let digit = |value: u32| char::from(ALPHABET[(value % 45) as usize]);
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    let (pairs, rest) = bytes.as_chunks::<2>();
    for [high, low] in pairs {
        let value = u32::from(*high) << 8 | u32::from(*low);
        text.extend([digit(value), digit(value / 45), digit(value / 2_025)]);
    }
    if let [last] = rest {
        let value = u32::from(*last);
        text.extend([digit(value), digit(value / 45)]);
    }
    text
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let value = |c: u8| {
        ALPHABET
            .iter()
            .position(|known| *known == c)
            .map(|place| place as u32)
    };
    let mut bytes = Vec::with_capacity(text.len() / 3 * 2 + 1);
    let (triples, rest) = text.as_bytes().as_chunks::<3>();
    for [a, b, c] in triples {
        let number = value(*a)? + value(*b)? * 45 + value(*c)? * 2_025;
        bytes.extend(u16::try_from(number).ok()?.to_be_bytes());
    }
    match rest {
        [] => {}
        [a, b] => bytes.push(u8::try_from(value(*a)? + value(*b)? * 45).ok()?),
        _ => return None,
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_rfc_9285_hold() {
        for (bytes, text) in [
            ("AB", "BB8"),
            ("Hello!!", "%69 VD92EX0"),
            ("base-45", "UJCLQE7W581"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).unwrap(), bytes.as_bytes());
        }
    }

    #[test]
    fn overflow_lower_case_and_a_lone_character_are_refused() {
        for text in ["GGW", ":::", "::", "bb8", "A", "BB8A", "BB8\n"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_another_implementation(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert_eq!(&text, &::base45::encode(&bytes));
            prop_assert_eq!(decode(&text).unwrap(), bytes);
        }
    }
}
