//! Codes of the Chinese registration system in the words of the fact schema.

/// The ten situations in the words of the fact schema; the place is the number minus one.
pub(super) const PROHIBITIONS: [&str; 10] = [
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

/// Whether a language tag names another language than Chinese.
pub fn is_foreign(language: &str) -> bool {
    !language.is_empty() && !language.to_ascii_lowercase().starts_with("zh")
}

/// Vehicle type codes (GA 802 style) in the words of the fact schema; a small ordinary passenger car (K31)
/// is estate, minivan or off-roader alike.
pub(super) fn body(code: &str) -> &'static str {
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

/// Use nature letters of GA/T 24 in the words of the fact schema.
pub(super) fn use_nature(letter: &str) -> &'static str {
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

/// Colour letters of GA/T 24 in the words of the fact schema.
pub(super) fn colour(letters: &str) -> &'static str {
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
