//! Codes of the Chinese registration system in the words of the fact schema, once for every service.

/// The ten situations of section 六 of Announcement No. 6 of 2024 in the words of the fact schema; the
/// place is the number minus one.
const SITUATIONS: [&str; 10] = [
    "scrap_limit",
    "encumbered_or_supervised",
    "sealed_or_seized",
    "obtained_by_crime",
    "certificate_mismatch",
    "smuggled_or_assembled",
    "papers_incomplete",
    "inspection_failed",
    "unresolved_violation",
    "barred_by_law",
];

/// The word of a prohibited situation, by its number 1 to 10; `None` for any other number.
pub fn situation(number: u32) -> Option<&'static str> {
    let place = usize::try_from(number).ok()?.checked_sub(1)?;
    SITUATIONS.get(place).copied()
}

/// Vehicle type codes (GA 802) in the words of the fact schema; empty where unknown. A small ordinary
/// passenger car (K31) is estate, minivan or off-roader alike, hence `other`.
pub fn body(code: &str) -> &'static str {
    let mut letters = code.chars();
    match (letters.next(), letters.next(), letters.next()) {
        (Some('K'), Some('1'), _) => "coach",
        (Some('K'), Some('2'), _) => "bus",
        (Some('K'), _, Some('3')) => "sedan",
        (Some('K'), _, Some('2')) => "suv",
        (Some('K'), _, Some('9')) => "van",
        (Some('K'), ..) => "other",
        (Some('H'), Some('5'), _) => "low_speed_truck",
        (Some('H'), ..) => "truck",
        (Some('Q'), ..) => "tractor_unit",
        (Some('B'), ..) => "semi_trailer",
        (Some('G'), ..) => "trailer",
        (Some('Z'), ..) => "special_purpose",
        (Some('N'), ..) => "three_wheeler",
        (Some('M'), ..) => "motorcycle",
        (Some('J'), ..) => "machinery",
        _ => "",
    }
}

/// Use nature letters (GA/T 24) in the words of the fact schema; empty where unknown.
pub fn use_nature(letter: &str) -> &'static str {
    match letter {
        "A" => "non_operating",
        "B" => "road_passenger",
        "C" => "city_bus",
        "D" => "taxi",
        "E" => "tourist",
        "F" => "freight",
        "G" => "rental",
        "H" => "police",
        "I" => "fire",
        "J" => "ambulance",
        "K" => "engineering_rescue",
        "L" => "operating_to_non_operating",
        "M" => "taxi_to_non_operating",
        "N" => "training",
        "O" | "P" | "Q" | "S" => "school_bus",
        "R" => "dangerous_goods",
        "T" => "ride_hailing",
        "U" => "ride_hailing_to_non_operating",
        _ => "",
    }
}

/// Colour letters (GA/T 24) in the words of the fact schema, several letters being `multi`; empty where unknown.
pub fn colour(letters: &str) -> &'static str {
    match letters {
        "A" => "white",
        "B" => "grey",
        "C" => "yellow",
        "D" => "pink",
        "E" => "red",
        "F" => "purple",
        "G" => "green",
        "H" => "blue",
        "I" => "brown",
        "J" => "black",
        letters if letters.len() > 1 => "multi",
        _ => "",
    }
}

/// Standards of the inspection report in the words of the fact schema; any other is `other`.
pub fn standard(name: &str) -> &'static str {
    match name {
        "WM/T 8-2022" => "wmt_8_2022",
        "WM/T 9-2022" => "wmt_9_2022",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn situations_are_numbered_from_one() {
        assert_eq!(situation(1), Some("scrap_limit"));
        assert_eq!(situation(10), Some("barred_by_law"));
        assert_eq!((situation(0), situation(11)), (None, None));
    }

    #[test]
    fn a_type_code_says_the_body_and_an_unknown_code_says_nothing() {
        assert_eq!(
            [body("K33"), body("K32"), body("H31"), body("Q12")],
            ["sedan", "suv", "truck", "tractor_unit"]
        );
        assert_eq!((body(""), use_nature("?"), colour("")), ("", "", ""));
    }
}
