//! The table of provincial systems (`data/provinces.json`).

use std::sync::LazyLock;

use serde::Deserialize;

const TABLE: &str = include_str!("../../data/provinces.json");

static PROVINCES: LazyLock<Vec<Province>> = LazyLock::new(|| rows(TABLE).unwrap_or_default());

/// The rows of a table.
pub(super) fn rows(table: &str) -> Result<Vec<Province>, serde_json::Error> {
    Ok(serde_json::from_str::<Table>(table)?.provinces)
}

#[derive(Deserialize)]
struct Table {
    provinces: Vec<Province>,
}

/// One provincial system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Province {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) name_zh: String,
    /// First two digits of GB/T 2260 codes.
    pub(crate) areas: Vec<String>,
    /// First characters of plates.
    pub(crate) plates: Vec<String>,
    /// Name of the wire profile.
    pub(crate) profile: String,
    /// Whether it cannot be asked without the plate.
    pub(crate) plate_required: bool,
    /// How it departs from the common product family, where it does.
    #[serde(default)]
    pub(crate) dialect: Dialect,
}

/// What one member of the common product family may call differently.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Dialect {
    pub(crate) token_path: String,
    /// The `code` of a token that was granted.
    pub(crate) token_success: String,
    pub(crate) list_path: String,
    /// The `code` of a list that was told.
    pub(crate) list_success: String,
    /// The name of the list of records.
    pub(crate) items: String,
    /// The name of the number of records held.
    pub(crate) total: String,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            token_path: super::lcippro_flat::TOKEN_PATH.to_owned(),
            token_success: "1".to_owned(),
            list_path: "/restservices/lcipprodatarest/lcipprocarfixrecordquery/query".to_owned(),
            list_success: "0".to_owned(),
            items: "items".to_owned(),
            total: "total".to_owned(),
        }
    }
}

/// Every row of the table.
pub(crate) fn all() -> &'static [Province] {
    &PROVINCES
}

/// The row of an id.
pub(crate) fn find(id: &str) -> Option<&'static Province> {
    PROVINCES.iter().find(|province| province.id == id)
}

/// The province that issues plates like this one.
pub(crate) fn of_plate(plate: &str) -> Option<&'static Province> {
    let first = plate.chars().next()?.to_string();
    PROVINCES
        .iter()
        .find(|province| province.plates.contains(&first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::profile::NAMES;

    #[test]
    fn every_province_has_its_plate_its_area_and_a_known_profile() {
        assert_eq!(all().len(), 33);
        assert_eq!(
            of_plate("沪AD12345").map(|province| province.id.as_str()),
            Some("shanghai")
        );
        assert_eq!(of_plate("X"), None);
        for province in all() {
            assert!(
                NAMES.contains(&province.profile.as_str()),
                "{}",
                province.id
            );
        }
    }
}
