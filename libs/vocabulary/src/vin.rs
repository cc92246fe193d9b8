//! Vehicle identification numbers after GB 16735-2019 (ISO 3779).
//!
//! A [`Vin`] is 17 characters of the VIN alphabet. A wrong check digit does not make a text less of
//! a VIN: it is *evidence*, hard for vehicles of China and North America, advisory elsewhere, and
//! is asked for with [`Vin::check_digit`]. Nothing here ever corrects a VIN.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Seventeen characters of digits and capitals without I, O and Q.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Vin([u8; 17]);

/// Why a text is not a VIN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VinError {
    /// Not 17 characters.
    #[error("a VIN has 17 characters, this has {length}")]
    Length {
        /// Characters given.
        length: usize,
    },
    /// A character outside the alphabet of GB 16735-2019.
    #[error(
        "{character:?} at position {position} is not in the VIN alphabet (digits and capitals without I, O, Q)"
    )]
    Character {
        /// The character given.
        character: char,
        /// Its position, counted from 1.
        position: usize,
    },
}

/// What position 9 says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckDigit {
    /// It equals the computed digit.
    Matches,
    /// It differs in a region where makers must set it (China `L`, North America `1`–`5`): hard evidence.
    WrongHard {
        /// The digit that would match.
        expected: char,
    },
    /// It differs where makers need not set it: a hint, no more.
    WrongAdvisory {
        /// The digit that would match.
        expected: char,
    },
}

/// Weights of positions 1–17, GB 16735-2019 annex A.
const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];

impl Vin {
    /// The 17 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The world manufacturer identifier, positions 1–3.
    pub fn wmi(&self) -> &str {
        &self.as_str()[..3]
    }

    /// The model-year code, position 10.
    pub fn model_year_code(&self) -> char {
        char::from(self.0[9])
    }

    /// Whether the check digit is hard evidence for this VIN's region (GB 16735 for `L`, 49 CFR 565 for `1`–`5`).
    pub fn check_digit_is_mandatory(&self) -> bool {
        matches!(self.0[0], b'L' | b'1'..=b'5')
    }

    /// Compares position 9 with the digit computed after GB 16735-2019 annex A.
    pub fn check_digit(&self) -> CheckDigit {
        let expected = self.expected_check_digit();
        if self.0[8] == expected as u8 {
            CheckDigit::Matches
        } else if self.check_digit_is_mandatory() {
            CheckDigit::WrongHard { expected }
        } else {
            CheckDigit::WrongAdvisory { expected }
        }
    }

    /// The digit (0–9 or X) that position 9 should hold.
    pub fn expected_check_digit(&self) -> char {
        let sum: u32 = self
            .0
            .iter()
            .zip(WEIGHTS)
            .map(|(c, w)| value_of(*c) * w)
            .sum();
        match sum % 11 {
            10 => 'X',
            digit => char::from(b'0' + digit as u8),
        }
    }

    /// The VIN with every character after position 8 hidden, for logs and messages.
    pub fn masked(&self) -> String {
        format!("{}*********", &self.as_str()[..8])
    }
}

fn value_of(character: u8) -> u32 {
    match character {
        b'0'..=b'9' => u32::from(character - b'0'),
        b'A'..=b'H' => u32::from(character - b'A') + 1,
        b'J'..=b'N' => u32::from(character - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        b'S'..=b'Z' => u32::from(character - b'S') + 2,
        _ => 0,
    }
}

impl FromStr for Vin {
    type Err = VinError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let length = text.chars().count();
        if length != 17 {
            return Err(VinError::Length { length });
        }
        let mut bytes = [0_u8; 17];
        for (index, character) in text.chars().enumerate() {
            let known = character.is_ascii_digit()
                || (character.is_ascii_uppercase() && !matches!(character, 'I' | 'O' | 'Q'));
            if !known {
                return Err(VinError::Character {
                    character,
                    position: index + 1,
                });
            }
            bytes[index] = character as u8;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Vin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Vin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Debug output ends in logs, where a VIN is masked.
        f.write_str(&self.masked())
    }
}

impl TryFrom<String> for Vin {
    type Error = VinError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Vin> for String {
    fn from(vin: Vin) -> Self {
        vin.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_vectors_have_their_check_digit() {
        for (vin, digit) in [
            ("LBEHDAEB58Y038860", '5'),
            ("LSVWY4180KN246094", '0'),
            ("1M8GDM9AXKP042788", 'X'),
        ] {
            let vin: Vin = vin.parse().unwrap();
            assert_eq!(vin.expected_check_digit(), digit);
            assert_eq!(vin.check_digit(), CheckDigit::Matches);
        }
    }

    #[test]
    fn a_wrong_digit_is_hard_evidence_in_china_and_advisory_in_europe() {
        let chinese: Vin = "LSVWY4181KN246094".parse().unwrap();
        assert_eq!(
            chinese.check_digit(),
            CheckDigit::WrongHard { expected: '0' }
        );
        let european: Vin = "WVWZZZ1JZXW000010".parse().unwrap();
        assert!(matches!(
            european.check_digit(),
            CheckDigit::WrongAdvisory { .. }
        ));
    }

    #[test]
    fn lower_case_and_look_alikes_are_refused_and_named() {
        assert_eq!(
            "lSVWY4180KN246094".parse::<Vin>(),
            Err(VinError::Character {
                character: 'l',
                position: 1
            })
        );
        assert_eq!(
            "LSVWY4180KN24609O".parse::<Vin>(),
            Err(VinError::Character {
                character: 'O',
                position: 17
            })
        );
        assert_eq!(
            "LSVWY418".parse::<Vin>(),
            Err(VinError::Length { length: 8 })
        );
    }
}
