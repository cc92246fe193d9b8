//! The fact schema: every fact a rule may read, with its type, its range and its name in two languages.
//!
//! The facts themselves stand in one table, [`FACTS`], in `schema/table.rs`; the words a code fact
//! may take stand in `schema/words.rs`. To add a fact, add a line to the table: the loader, the
//! JSON reader, the checker and the error messages all read it from there.

mod spoken;
mod table;
pub mod words;

pub(crate) use spoken::spoken;

pub use table::{FACTS, Fact};

use crate::emission::Family;

/// What a fact can hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Flag,
    /// A whole number between the two bounds, both allowed.
    Int(i64, i64),
    /// A number with at most three decimals between the two bounds, both allowed.
    Number(i64, i64),
    /// A civil date, possibly known only to the month or the year.
    Date,
    /// One word of a closed list.
    Code(&'static [&'static str]),
    /// Any number of words of a closed list of at most 63.
    Set(&'static [&'static str]),
    /// An ISO 3166-1 alpha-2 country code.
    Country,
    /// Free text, compared without regard to ASCII case and outer blanks.
    Text,
    /// An emission stage of one family.
    Stage(Family),
}

impl Kind {
    /// The type's name in error messages and in the schema listing.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flag => "bool",
            Self::Int(..) => "int",
            Self::Number(..) => "number",
            Self::Date => "date",
            Self::Code(_) => "code",
            Self::Set(_) => "set of codes",
            Self::Country => "country",
            Self::Text => "text",
            Self::Stage(_) => "emission stage",
        }
    }

    /// The words of a code or set fact; empty for the others.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Code(words) | Self::Set(words) => words,
            _ => &[],
        }
    }
}

/// One line of the fact table.
#[derive(Debug, Clone, Copy)]
pub struct FactDef {
    /// The fact this line describes.
    pub fact: Fact,
    /// Its dotted name, as rules and JSON write it.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What it is called in English.
    pub en: &'static str,
    /// What it is called in Chinese.
    pub zh: &'static str,
}

impl Fact {
    /// The table line of this fact.
    pub fn def(self) -> &'static FactDef {
        &FACTS[self as usize]
    }

    /// Its dotted name.
    pub fn name(self) -> &'static str {
        self.def().name
    }

    /// Its type.
    pub fn kind(self) -> Kind {
        self.def().kind
    }

    /// The fact with this dotted name.
    pub fn named(name: &str) -> Option<Self> {
        let mut place = hash(name);
        // A free place ends the search; the table is never full.
        while let Some(def) = FACTS.get(usize::from(NAMES[place])) {
            if def.name == name {
                return Some(def.fact);
            }
            place = (place + 1) % NAMES.len();
        }
        None
    }
}

/// Where each name stands in [`FACTS`], found by its hash and then onwards; `u8::MAX` is a free place.
///
/// A matrix asks for millions of names a second, and a walk through the table is ten times as long.
const NAMES: [u8; 512] = {
    assert!(FACTS.len() < 256, "a fact is numbered by one byte");
    let mut table = [u8::MAX; 512];
    let mut index = 0;
    while index < FACTS.len() {
        let mut place = hash(FACTS[index].name);
        while table[place] != u8::MAX {
            place = (place + 1) % table.len();
        }
        table[place] = index as u8;
        index += 1;
    }
    table
};

/// FNV-1a, folded to a place among [`NAMES`].
const fn hash(name: &str) -> usize {
    let (bytes, mut hash, mut index) = (name.as_bytes(), 0x811c_9dc5_u32, 0);
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u32).wrapping_mul(0x0100_0193);
        index += 1;
    }
    ((hash ^ (hash >> 16)) % 512) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_is_named_once_and_stands_at_its_own_place() {
        for (place, def) in FACTS.iter().enumerate() {
            assert_eq!(def.fact as usize, place);
            assert_eq!(Fact::named(def.name), Some(def.fact), "{}", def.name);
        }
        assert_eq!(Fact::named(""), None);
        assert_eq!(Fact::named("vehicle.seat"), None);
    }

    #[test]
    fn a_set_fits_into_one_word_of_bits() {
        for def in FACTS {
            if let Kind::Set(words) = def.kind {
                assert!(words.len() <= 63, "{}", def.name);
            }
        }
    }
}
