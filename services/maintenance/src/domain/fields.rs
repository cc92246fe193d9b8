//! The table of wire names (`data/fields.json`): what a province calls a field is data, not code.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

const TABLE: &str = include_str!("../../data/fields.json");

/// The table; empty only if the file in the binary were damaged, which a test excludes.
pub static FIELDS: LazyLock<Fields> =
    LazyLock::new(|| serde_json::from_str(TABLE).unwrap_or_default());

/// Wire names per field of ours.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    /// Names of the elements of a visit.
    pub record: BTreeMap<String, Vec<String>>,
    /// Names of the elements of a job.
    pub job: BTreeMap<String, Vec<String>>,
    /// Names of the elements of a part.
    pub part: BTreeMap<String, Vec<String>>,
    /// Names of the object that holds the elements of a visit.
    pub basic: Vec<String>,
    /// Names of the list of jobs.
    pub jobs: Vec<String>,
    /// Names of the list of parts.
    pub parts: Vec<String>,
    /// Texts that stand for nothing.
    pub blanks: Vec<String>,
    /// Fault texts that say nothing.
    pub fixed_faults: Vec<String>,
}

impl Fields {
    /// Whether a text stands for nothing.
    pub fn is_blank(&self, text: &str) -> bool {
        let text = super::text::plain(text).to_lowercase();
        self.blanks.contains(&text)
    }
}

/// Whether a wire name is one of `names`, without regard to case and underscores.
pub fn is_one_of(names: &[String], wire: &str) -> bool {
    names.iter().any(|name| folded(name).eq(folded(wire)))
}

fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars()
        .filter(|c| *c != '_')
        .map(|c| c.to_ascii_lowercase())
}

/// The pair of a row whose wire name is an alias of `field`: the first that is no blank, else the first.
pub fn find<'a>(
    names: &BTreeMap<String, Vec<String>>,
    field: &str,
    pairs: &'a [(String, String)],
) -> Option<&'a (String, String)> {
    let aliases = names.get(field)?;
    let mut matching = pairs.iter().filter(|(wire, _)| is_one_of(aliases, wire));
    let first = matching.next()?;
    if FIELDS.is_blank(&first.1) {
        matching
            .find(|(_, text)| !FIELDS.is_blank(text))
            .or(Some(first))
    } else {
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_every_element_of_the_standard() {
        let table: Fields = serde_json::from_str(TABLE).unwrap();
        for field in [
            "vin",
            "plate",
            "shop",
            "shop_code",
            "list_number",
            "intake",
            "settled",
            "odometer",
            "fault",
        ] {
            assert!(table.record.contains_key(field), "{field}");
        }
        assert!(table.job.len() == 2 && table.part.len() == 3);
    }

    #[test]
    fn names_drift_in_case_and_spelling() {
        let row = [
            ("repairMileage".to_owned(), "无".to_owned()),
            ("repairrmileate".to_owned(), "52310".to_owned()),
        ];
        assert_eq!(find(&FIELDS.record, "odometer", &row).unwrap().1, "52310");
        let row = [("Vehicle_Plate_Number".to_owned(), "沪A1".to_owned())];
        assert!(find(&FIELDS.record, "plate", &row).is_some());
    }
}
