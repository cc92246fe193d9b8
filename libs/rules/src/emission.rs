//! Emission stages: ordinals inside a family, never compared across families without a table.
//!
//! A stage is written `family.level`: `china.6b`, `euro.5`, `japan.2005`, `us.tier3`. A level without
//! its letter means every variant of it: `euro.6` may be 6, 6b, 6c or 6d.

use std::fmt;

/// A family of emission standards with its own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// GB 18352 and GB 17691: China 1 to 6, with 6a and 6b.
    China,
    /// Euro 1 to 7 for cars and I to VII for heavy vehicles, with letters.
    Euro,
    /// Japanese regulation years: 1998, 2000, 2005, 2009, 2018.
    Japan,
    /// US federal tiers 1 to 4.
    Us,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 4] = [Self::China, Self::Euro, Self::Japan, Self::Us];

    /// The word before the dot.
    pub fn word(self) -> &'static str {
        match self {
            Self::China => "china",
            Self::Euro => "euro",
            Self::Japan => "japan",
            Self::Us => "us",
        }
    }
}

/// A stage as the ordinals it may mean, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// The family that gives the order.
    pub family: Family,
    /// The least ordinal.
    pub lo: i64,
    /// The greatest ordinal.
    pub hi: i64,
}

/// Why a stage was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an emission stage such as euro.5, china.6b, japan.2005 or us.tier3")]
pub struct StageError {
    /// What was given.
    pub text: String,
}

impl Stage {
    /// Reads `family.level`.
    pub fn parse(text: &str) -> Result<Self, StageError> {
        Self::read(text).ok_or_else(|| StageError {
            text: text.to_owned(),
        })
    }

    fn read(text: &str) -> Option<Self> {
        let (word, level) = text.split_once('.')?;
        let family = Family::ALL
            .into_iter()
            .find(|family| family.word() == word)?;
        let level = if family == Family::Us {
            level.strip_prefix("tier")?
        } else {
            level
        };
        let digits = level.trim_end_matches(|c: char| c.is_ascii_lowercase());
        if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number: i64 = digits.parse().ok()?;
        let letters = &level[digits.len()..];
        let known = match family {
            Family::Japan => (1978..=2099).contains(&number) && letters.is_empty(),
            Family::Us => (1..=4).contains(&number) && letters.is_empty(),
            Family::China => number <= 7,
            Family::Euro => number <= 8,
        };
        let letter = match letters.as_bytes() {
            [] => 0,
            [letter] if *letter <= b'i' => i64::from(letter - b'a') + 1,
            _ => return None,
        };
        known.then_some(Self {
            family,
            lo: number * 10 + letter,
            hi: number * 10 + if letter == 0 { 9 } else { letter },
        })
    }

    /// Writes the ordinals of a fact back as a stage.
    pub(crate) fn show(family: Family, lo: i64, hi: i64) -> String {
        Self { family, lo, hi }.to_string()
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tier = if self.family == Family::Us {
            "tier"
        } else {
            ""
        };
        write!(f, "{}.{tier}{}", self.family.word(), self.lo / 10)?;
        match self.lo % 10 {
            0 => Ok(()),
            letter => write!(f, "{}", char::from(b'a' + (letter - 1) as u8)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_without_its_letter_means_every_variant() {
        let six = Stage::parse("euro.6").unwrap();
        let six_d = Stage::parse("euro.6d").unwrap();
        assert!(six.lo < six_d.lo && six_d.hi < six.hi);
        assert!(Stage::parse("euro.5b").unwrap().hi < six.lo);
    }

    #[test]
    fn stages_read_back_as_written() {
        for text in ["china.6b", "euro.4", "japan.2005", "us.tier3", "euro.6d"] {
            assert_eq!(Stage::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn words_that_are_no_stage_are_refused() {
        for text in [
            "euro", "euro.", "euro.VI", "mars.3", "china.99", "us.3", "japan.5", "euro.6zz",
            "euro.６",
        ] {
            assert!(Stage::parse(text).is_err(), "{text}");
        }
    }
}
