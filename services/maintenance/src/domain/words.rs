//! The table of words that give something away in repair texts (`data/words.json`), Chinese, with its sources.

use std::sync::LazyLock;

use serde::Deserialize;

const TABLE: &str = include_str!("../../data/words.json");

static WORDS: LazyLock<Words> = LazyLock::new(|| serde_json::from_str(TABLE).unwrap_or_default());

/// What a word can give away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Sign {
    /// Repair of the body structure.
    Structural,
    /// Flood damage.
    Flood,
    /// Fire damage.
    Fire,
    /// Airbags that went off.
    Airbag,
    /// The traction battery replaced or opened.
    Battery,
    /// The engine or its block replaced.
    Engine,
    /// The meter replaced.
    Meter,
    /// Use as taxi, hire or driving-school car.
    Commercial,
    /// Ordinary service.
    Service,
}

/// What kind of drive a word belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Drive {
    /// Diesel engine.
    Diesel,
    /// Petrol engine.
    Petrol,
    /// Electric motor.
    Electric,
}

#[derive(Debug, Default, Deserialize)]
struct Words {
    signs: Vec<SignWords>,
    kinds: Vec<DriveWords>,
}

#[derive(Debug, Deserialize)]
struct SignWords {
    sign: Sign,
    words: Vec<String>,
    unless: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct DriveWords {
    kind: Drive,
    words: Vec<String>,
}

/// The word of `sign` that stands in `text`, unless the text also holds a word that takes it back.
pub fn tells(sign: Sign, text: &str) -> Option<&'static str> {
    let row = WORDS.signs.iter().find(|row| row.sign == sign)?;
    if row.unless.iter().any(|word| text.contains(word.as_str())) {
        return None;
    }
    row.words
        .iter()
        .find(|word| text.contains(word.as_str()))
        .map(String::as_str)
}

/// The kinds of drive whose words stand in `text`.
pub fn drives(text: &str) -> impl Iterator<Item = Drive> {
    let holds = move |row: &&DriveWords| row.words.iter().any(|word| text.contains(word.as_str()));
    WORDS.kinds.iter().filter(holds).map(|row| row.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_words_for_every_sign() {
        let table: Words = serde_json::from_str(TABLE).unwrap();
        assert_eq!(table.signs.len(), 9);
        assert_eq!(table.kinds.len(), 3);
        assert!(table.signs.iter().all(|row| !row.words.is_empty()));
    }

    #[test]
    fn a_word_counts_unless_the_text_takes_it_back() {
        for (text, sign, told) in [
            ("左前纵梁校正焊接", Sign::Structural, true),
            ("A柱内饰板拆装", Sign::Structural, false),
            ("泡水车全车线束清洗", Sign::Flood, true),
            ("左大灯进水更换", Sign::Flood, false),
            ("更换火花塞", Sign::Fire, false),
            ("更换仪表总成", Sign::Meter, true),
            ("仪表台异响", Sign::Meter, false),
            ("更换动力电池总成", Sign::Battery, true),
            ("动力电池检测", Sign::Battery, false),
            ("非营运小型轿车保养", Sign::Commercial, false),
        ] {
            assert_eq!(tells(sign, text).is_some(), told, "{text}");
        }
    }
}
