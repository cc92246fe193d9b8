//! What is known about one vehicle and one trip: a slot for every fact, and the documents at hand.

mod json;
mod show;

pub use json::FactError;
pub use show::Shown;

use tongguan_vocabulary::PartialDate;

use crate::day;
use crate::emission::Stage;
use crate::schema::{FACTS, Fact, Kind};
use crate::slot::{Slot, text_id};

/// The facts of one vehicle, one trip and its people, each known, partly known or unknown.
///
/// Made empty with [`Facts::new`] and filled with the setters, or from JSON with
/// [`Facts::from_json`]. Every value is checked against the schema; nothing out of range gets in.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    slots: [Slot; FACTS.len()],
    texts: Vec<(Fact, Box<str>)>,
    documents: Vec<Document>,
}

/// A document at hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its code, as packs declare it.
    pub code: Box<str>,
    /// The day it was issued, where known.
    pub issued: Option<PartialDate>,
    /// Its last day of validity, where it has one.
    pub expires: Option<PartialDate>,
    pub(crate) id: i64,
}

impl Document {
    /// A document known only to exist.
    pub fn new(code: &str) -> Self {
        Self {
            id: text_id(code),
            code: code.into(),
            issued: None,
            expires: None,
        }
    }
}

/// Why a value was refused for a fact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The fact has another type.
    #[error("is a {expected}, not {given}")]
    Type {
        /// The type of the schema.
        expected: &'static str,
        /// What was given.
        given: String,
    },
    /// A number outside the range of the schema.
    #[error("{given} is outside {min} to {max}")]
    Range {
        /// What was given.
        given: String,
        /// Least value allowed.
        min: i64,
        /// Greatest value allowed.
        max: i64,
    },
    /// A word the list does not have.
    #[error("{given:?} is not one of its words{}", crate::nearest::hint(.nearest.as_deref()))]
    Word {
        /// What was given.
        given: String,
        /// The nearest word of the list.
        nearest: Option<String>,
    },
    /// A date that is not one.
    #[error(transparent)]
    Date(#[from] tongguan_vocabulary::PartialDateError),
    /// An emission stage that is not one, or of another family.
    #[error("{given:?} is not an emission stage of this family")]
    Stage {
        /// What was given.
        given: String,
    },
    /// An empty text, or one above 200 characters.
    #[error("a text has 1 to 200 characters")]
    Text,
}

const UNKNOWN: [Slot; FACTS.len()] = {
    let mut slots = [Slot::exact(0); FACTS.len()];
    let mut index = 0;
    while index < FACTS.len() {
        slots[index] = Slot::unknown(FACTS[index].kind);
        index += 1;
    }
    slots
};

impl Default for Facts {
    fn default() -> Self {
        Self::new()
    }
}

impl Facts {
    /// Nothing known.
    pub fn new() -> Self {
        Self {
            slots: UNKNOWN,
            texts: Vec::new(),
            documents: Vec::new(),
        }
    }

    /// The interval a fact may have.
    #[inline]
    pub fn slot(&self, fact: Fact) -> Slot {
        self.slots[fact as usize]
    }

    /// Whether anything is known about a fact.
    pub fn is_known(&self, fact: Fact) -> bool {
        self.slot(fact) != UNKNOWN[fact as usize]
    }

    /// Forgets what is known about a fact.
    pub fn forget(&mut self, fact: Fact) {
        self.slots[fact as usize] = UNKNOWN[fact as usize];
        self.texts.retain(|(of, _)| *of != fact);
    }

    /// Sets a flag.
    pub fn set_flag(&mut self, fact: Fact, value: bool) -> Result<(), ValueError> {
        match fact.kind() {
            Kind::Flag => {
                self.put(fact, Slot::exact(i64::from(value)));
                Ok(())
            }
            kind => Err(wrong(kind, "a bool")),
        }
    }

    /// Sets a whole number; a number fact takes one too.
    pub fn set_int(&mut self, fact: Fact, value: i64) -> Result<(), ValueError> {
        match fact.kind() {
            Kind::Int(min, max) if (min..=max).contains(&value) => {
                self.put(fact, Slot::exact(value));
                Ok(())
            }
            Kind::Number(min, max) if (min..=max).contains(&value) => {
                self.put(fact, Slot::exact(value * 1_000));
                Ok(())
            }
            Kind::Int(min, max) | Kind::Number(min, max) => Err(ValueError::Range {
                given: value.to_string(),
                min,
                max,
            }),
            kind => Err(wrong(kind, "a whole number")),
        }
    }

    /// Sets a number, kept to three decimals.
    pub fn set_number(&mut self, fact: Fact, value: f64) -> Result<(), ValueError> {
        match fact.kind() {
            Kind::Number(min, max) if value >= min as f64 && value <= max as f64 => {
                self.put(fact, Slot::exact((value * 1_000.0).round() as i64));
                Ok(())
            }
            Kind::Number(min, max) => Err(ValueError::Range {
                given: value.to_string(),
                min,
                max,
            }),
            kind => Err(wrong(kind, "a decimal number")),
        }
    }

    /// Sets a date, known to the day, the month or the year.
    pub fn set_date(&mut self, fact: Fact, value: PartialDate) -> Result<(), ValueError> {
        match fact.kind() {
            Kind::Date => {
                self.put(fact, day::interval(value));
                Ok(())
            }
            kind => Err(wrong(kind, "a date")),
        }
    }

    /// Sets a fact from text: a code word, a country, a stage, a date or free text.
    ///
    /// For a set, `value` becomes its one member; see [`Facts::set_members`].
    pub fn set_text(&mut self, fact: Fact, value: &str) -> Result<(), ValueError> {
        let slot = match fact.kind() {
            Kind::Code(words) => Slot::exact(place(words, value)?),
            Kind::Set(_) => return self.set_members(fact, &[value]),
            Kind::Date => return self.set_date(fact, value.parse()?),
            Kind::Stage(family) => match Stage::parse(value) {
                Ok(stage) if stage.family == family => Slot {
                    lo: stage.lo,
                    hi: stage.hi,
                },
                _ => {
                    return Err(ValueError::Stage {
                        given: value.to_owned(),
                    });
                }
            },
            Kind::Country if is_country(value) => Slot::exact(text_id(value)),
            Kind::Text if (1..=200).contains(&value.trim().chars().count()) => {
                Slot::exact(text_id(value))
            }
            Kind::Text => return Err(ValueError::Text),
            kind => return Err(wrong(kind, "text")),
        };
        self.put(fact, slot);
        if matches!(fact.kind(), Kind::Country | Kind::Text) {
            self.texts.push((fact, value.trim().into()));
        }
        Ok(())
    }

    /// Sets a set to exactly these members; nothing else is in it.
    pub fn set_members(&mut self, fact: Fact, members: &[&str]) -> Result<(), ValueError> {
        let bits = bits(fact, members)?;
        self.put(fact, Slot::exact(bits));
        Ok(())
    }

    /// Sets what is surely in a set and what is surely not; the rest stays unknown.
    pub fn set_bounds(
        &mut self,
        fact: Fact,
        has: &[&str],
        has_not: &[&str],
    ) -> Result<(), ValueError> {
        let (has, has_not) = (bits(fact, has)?, bits(fact, has_not)?);
        self.put(
            fact,
            Slot {
                lo: has,
                hi: has | (i64::MAX & !has_not),
            },
        );
        Ok(())
    }

    /// Sets an emission stage in the slot of its own family.
    pub fn set_stage(&mut self, stage: Stage) {
        let slot = Slot {
            lo: stage.lo,
            hi: stage.hi,
        };
        self.put(stage_fact(stage.family), slot);
    }

    /// Adds a document, or replaces the one with its code.
    pub fn add_document(&mut self, document: Document) {
        self.documents.retain(|other| other.code != document.code);
        self.documents.push(document);
        self.documents.sort_by(|a, b| a.code.cmp(&b.code));
    }

    /// The documents at hand, by code.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// Whether a document is at hand.
    #[inline]
    pub(crate) fn has_document(&self, id: i64) -> bool {
        self.documents.iter().any(|document| document.id == id)
    }

    pub(crate) fn document(&self, id: i64) -> Option<&Document> {
        self.documents.iter().find(|document| document.id == id)
    }

    pub(crate) fn put(&mut self, fact: Fact, slot: Slot) {
        self.texts.retain(|(of, _)| *of != fact);
        self.slots[fact as usize] = slot;
    }

    fn text(&self, fact: Fact) -> Option<&str> {
        self.texts
            .iter()
            .find(|(of, _)| *of == fact)
            .map(|(_, text)| &**text)
    }
}

/// The slot that holds stages of a family.
pub(crate) fn stage_fact(family: crate::Family) -> Fact {
    use crate::Family;
    match family {
        Family::China => Fact::EmissionChina,
        Family::Euro => Fact::EmissionEuro,
        Family::Japan => Fact::EmissionJapan,
        Family::Us => Fact::EmissionUs,
    }
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())
}

fn wrong(kind: Kind, given: &str) -> ValueError {
    ValueError::Type {
        expected: kind.name(),
        given: given.to_owned(),
    }
}

fn place(words: &[&str], word: &str) -> Result<i64, ValueError> {
    words
        .iter()
        .position(|known| *known == word)
        .map(|place| place as i64)
        .ok_or_else(|| ValueError::Word {
            given: word.to_owned(),
            nearest: crate::nearest::nearest(word, words.iter().copied()),
        })
}

fn bits(fact: Fact, members: &[&str]) -> Result<i64, ValueError> {
    let Kind::Set(words) = fact.kind() else {
        return Err(wrong(fact.kind(), "a list"));
    };
    members
        .iter()
        .try_fold(0, |bits, member| Ok(bits | 1 << place(words, member)?))
}
