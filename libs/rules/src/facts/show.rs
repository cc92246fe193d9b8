//! Facts written back: for people in reasons, and as one canonical JSON text for replay.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Facts;
use crate::day;
use crate::emission::Stage;
use crate::pack::Bilingual;
use crate::schema::{FACTS, Fact, Kind, spoken};

/// A fact as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its dotted name.
    pub fact: &'static str,
    /// Its English name.
    pub en: &'static str,
    /// Its Chinese name.
    pub zh: &'static str,
    /// Its value as written, or `None` where nothing is known.
    pub value: Option<String>,
}

impl Facts {
    /// A fact with its names and its value.
    pub fn show(&self, fact: Fact) -> Shown {
        let def = fact.def();
        let value = self.is_known(fact).then(|| match self.json_value(fact) {
            Value::String(text) => text,
            other => other.to_string(),
        });
        Shown {
            fact: def.name,
            en: def.en,
            zh: def.zh,
            value,
        }
    }

    /// A fact's value as people say it; `None` where nothing is known.
    pub(crate) fn said(&self, fact: Fact) -> Option<Bilingual> {
        if !self.is_known(fact) {
            return None;
        }
        let slot = self.slot(fact);
        let both = |en: &str, zh: &str| Bilingual {
            en: en.to_owned(),
            zh: zh.to_owned(),
        };
        Some(match fact.kind() {
            Kind::Flag if slot.lo == 1 => both("yes", "是"),
            Kind::Flag => both("no", "否"),
            Kind::Code(words) => {
                let word = words.get(slot.lo as usize).copied().unwrap_or_default();
                let (en, zh) = spoken(words, word);
                both(en, zh)
            }
            Kind::Set(words) => {
                let (has, not) = (listed(words, slot.lo), listed(words, !slot.hi));
                match (slot.is_exact(), slot.lo == 0) {
                    (true, true) => both("none", "无"),
                    (true, false) => has,
                    (false, true) => both(
                        &format!("not {}; the rest not known", not.en),
                        &format!("无{}，其余未知", not.zh),
                    ),
                    (false, false) => both(
                        &format!("{}; the rest not known", has.en),
                        &format!("{}，其余未知", has.zh),
                    ),
                }
            }
            _ => {
                let value = self.show(fact).value.unwrap_or_default();
                both(&value, &value)
            }
        })
    }

    /// Everything known, as a JSON object with one key a fact, in the order of the keys.
    ///
    /// [`Facts::from_json`] reads it back to equal facts, and equal facts give equal bytes.
    pub fn to_json(&self) -> Value {
        let mut names: Vec<Fact> = FACTS
            .iter()
            .map(|def| def.fact)
            .filter(|fact| self.is_known(*fact))
            .collect();
        names.sort_by_key(|fact| fact.name());
        let mut object: Map<String, Value> = Map::new();
        if !self.documents.is_empty() {
            object.insert(
                "documents".to_owned(),
                self.documents.iter().map(document).collect(),
            );
        }
        // "documents" sorts before every dotted group but "case".
        for fact in names {
            object.insert(fact.name().to_owned(), self.json_value(fact));
        }
        let mut pairs: Vec<(String, Value)> = object.into_iter().collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        Value::Object(pairs.into_iter().collect())
    }

    fn json_value(&self, fact: Fact) -> Value {
        let slot = self.slot(fact);
        match fact.kind() {
            Kind::Flag => json!(slot.lo == 1),
            Kind::Int(..) => json!(slot.lo),
            Kind::Number(..) if slot.lo % 1_000 == 0 => json!(slot.lo / 1_000),
            Kind::Number(..) => json!(slot.lo as f64 / 1_000.0),
            Kind::Date => json!(day::show(slot)),
            Kind::Code(words) => json!(words.get(slot.lo as usize)),
            Kind::Set(words) if slot.is_exact() => json!(chosen(words, slot.lo)),
            Kind::Set(words) => {
                json!({ "has": chosen(words, slot.lo), "not": chosen(words, !slot.hi) })
            }
            Kind::Country | Kind::Text => json!(self.text(fact)),
            Kind::Stage(family) => json!(Stage::show(family, slot.lo, slot.hi)),
        }
    }
}

/// The chosen words as people list them.
fn listed(words: &'static [&'static str], bits: i64) -> Bilingual {
    let (en, zh): (Vec<&str>, Vec<&str>) = chosen(words, bits)
        .into_iter()
        .map(|word| spoken(words, word))
        .unzip();
    Bilingual {
        en: en.join(", "),
        zh: zh.join("、"),
    }
}

fn chosen(words: &[&'static str], bits: i64) -> Vec<&'static str> {
    words
        .iter()
        .enumerate()
        .filter(|(place, _)| bits >> place & 1 == 1)
        .map(|(_, word)| *word)
        .collect()
}

fn document(document: &super::Document) -> Value {
    if document.issued.is_none() && document.expires.is_none() {
        return json!(document.code);
    }
    let mut object = Map::new();
    object.insert("code".to_owned(), json!(document.code));
    let dates = [("issued", document.issued), ("expires", document.expires)];
    object.extend(
        dates
            .into_iter()
            .filter_map(|(key, date)| Some((key.to_owned(), json!(date?.to_string())))),
    );
    Value::Object(object)
}
