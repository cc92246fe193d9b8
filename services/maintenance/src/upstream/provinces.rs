//! The table of provincial systems (`data/provinces.json`).

use std::sync::LazyLock;

use serde::Deserialize;

const TABLE: &str = include_str!("../../data/provinces.json");

static PROVINCES: LazyLock<Vec<Province>> = LazyLock::new(|| {
    serde_json::from_str::<Table>(TABLE)
        .map(|table| table.provinces)
        .unwrap_or_default()
});

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
                crate::upstream::profile::by_name(&province.profile).is_some(),
                "{}",
                province.id
            );
        }
    }
}
