//! Explains a VIN without looking anything up: what it says, how hard that evidence is, what it might have been.

mod repairs;

use serde::Deserialize;
use tongguan_vocabulary::{CheckDigit, PartialDate, Vin};

use repairs::repairs;

/// Repairs of an answer at most: about fifty VINs one change away always pass, because the digit has eleven values.
pub const REPAIRS: usize = 20;

/// One row of the maker table.
#[derive(Debug, Clone, Deserialize)]
pub struct Maker {
    /// World manufacturer identifier.
    pub wmi: String,
    /// Maker's name.
    pub maker: String,
    /// Where the row comes from.
    pub source: String,
}

/// Something noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Stable code.
    pub code: &'static str,
    /// Hard evidence, or a hint.
    pub hard: bool,
    /// One sentence.
    pub message: String,
}

/// What a text says as a VIN.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decoded {
    /// The VIN, where the text is one as it stands.
    pub vin: Option<Vin>,
    /// The text folded: full-width to ASCII, capitals, no spaces.
    pub normalised: String,
    /// What was noticed.
    pub notices: Vec<Notice>,
    /// What position 9 says.
    pub check_digit: Option<CheckDigit>,
    /// Maker and source of its row.
    pub maker: Option<(String, String)>,
    /// Region of the first character (ISO 3780).
    pub region: &'static str,
    /// Model years position 10 can mean, best first.
    pub model_years: Vec<u32>,
    /// VINs one change away whose digit matches, the likeliest first, at most [`REPAIRS`].
    pub repairs: Vec<Vin>,
    /// How many there are in all.
    pub repair_count: usize,
}

/// Explains `text`; `first_registered` chooses between model years 30 years apart.
pub fn decode(text: &str, first_registered: Option<PartialDate>, makers: &[Maker]) -> Decoded {
    let normalised = fold(text);
    let mut decoded = Decoded {
        vin: text.parse().ok(),
        ..Decoded::default()
    };
    if normalised != text {
        decoded.notice(
            "VIN_NOT_AS_WRITTEN",
            true,
            "the text differs from its folded form in case, spaces or full-width characters",
        );
    }
    match normalised.parse::<Vin>() {
        Ok(vin) => decoded.explain(vin, first_registered, makers),
        Err(error) => decoded.notice("VIN_MALFORMED", true, &error.to_string()),
    }
    let digit_fails = decoded
        .check_digit
        .is_none_or(|digit| digit != CheckDigit::Matches);
    if digit_fails {
        decoded.repairs = repairs(&normalised, makers);
        decoded.repair_count = decoded.repairs.len();
        decoded.repairs.truncate(REPAIRS);
    }
    decoded.normalised = normalised;
    decoded
}

/// What a VIN itself makes notice, without repairs: nothing is repaired that is registered.
pub fn notices(vin: Vin, first_registered: PartialDate, makers: &[Maker]) -> Vec<Notice> {
    let mut decoded = Decoded::default();
    decoded.explain(vin, Some(first_registered), makers);
    decoded.notices
}

impl Decoded {
    fn notice(&mut self, code: &'static str, hard: bool, message: &str) {
        self.notices.push(Notice {
            code,
            hard,
            message: message.to_owned(),
        });
    }

    fn explain(&mut self, vin: Vin, first_registered: Option<PartialDate>, makers: &[Maker]) {
        let digit = vin.check_digit();
        self.check_digit = Some(digit);
        self.region = region(vin);
        match digit {
            CheckDigit::Matches => {}
            CheckDigit::WrongHard { expected } => self.notice(
                "VIN_CHECK_DIGIT_WRONG",
                true,
                &format!("position 9 should be {expected}; makers of this region must set it (GB 16735-2019, 49 CFR 565)"),
            ),
            CheckDigit::WrongAdvisory { expected } => self.notice(
                "VIN_CHECK_DIGIT_WRONG",
                false,
                &format!("position 9 would be {expected}; makers of this region need not set it"),
            ),
        }
        self.maker = makers
            .iter()
            .find(|row| row.wmi == vin.wmi())
            .map(|row| (row.maker.clone(), row.source.clone()));
        self.model_years = model_years(vin.model_year_code(), first_registered);
        if self.model_years.is_empty() {
            self.notice(
                "VIN_MODEL_YEAR_CODE",
                false,
                "position 10 holds no model-year code",
            );
        }
    }
}

fn fold(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_whitespace() && *character != '-')
        .map(|character| match character {
            // Full-width forms stand 0xFEE0 above their ASCII twins.
            '\u{ff01}'..='\u{ff5e}' => {
                char::from_u32(character as u32 - 0xfee0).unwrap_or(character)
            }
            other => other,
        })
        .flat_map(char::to_uppercase)
        .collect()
}

/// Region by the first character (ISO 3780).
fn region(vin: Vin) -> &'static str {
    match vin.as_str().as_bytes()[0] {
        b'L' => "China",
        b'A'..=b'H' => "Africa",
        b'J'..=b'R' => "Asia",
        b'S'..=b'Z' => "Europe",
        b'1' | b'4' | b'5' => "United States",
        b'2' => "Canada",
        b'3' => "Mexico",
        b'6' | b'7' => "Oceania",
        b'8' | b'9' => "South America",
        _ => "",
    }
}

const YEAR_CODES: &str = "ABCDEFGHJKLMNPRSTVWXY123456789";

/// The 30-year cycle of GB 16735: A is 1980, 2010, 2040. A car is registered at most a year before its model year.
fn model_years(code: char, first_registered: Option<PartialDate>) -> Vec<u32> {
    let Some(offset) = YEAR_CODES.chars().position(|known| known == code) else {
        return Vec::new();
    };
    let mut years: Vec<u32> = [1980, 2010]
        .iter()
        .map(|start| start + offset as u32)
        .collect();
    match first_registered {
        Some(registered) => {
            let registered = registered.last().year() as u32;
            years.retain(|year| *year <= registered + 1);
            years.sort_by_key(|year| registered.abs_diff(*year));
        }
        None => years.reverse(),
    }
    years
}

#[cfg(test)]
mod tests {
    use super::*;

    fn makers() -> Vec<Maker> {
        serde_json::from_str(include_str!("../../data/wmi.json")).unwrap()
    }

    #[test]
    fn a_good_vin_names_maker_and_model_years() {
        let decoded = decode(
            "LSVWY4180KN246094",
            Some("2019-08".parse().unwrap()),
            &makers(),
        );
        assert_eq!(decoded.check_digit, Some(CheckDigit::Matches));
        assert_eq!(decoded.maker.unwrap().0, "SAIC Volkswagen");
        assert_eq!(decoded.model_years, [2019, 1989]);
        assert!(decoded.notices.is_empty());
    }

    #[test]
    fn every_maker_has_one_identifier_and_its_own_source() {
        let makers = makers();
        let known: std::collections::BTreeSet<&str> =
            makers.iter().map(|row| row.wmi.as_str()).collect();
        assert_eq!(known.len(), makers.len(), "each identifier once");
        for row in &makers {
            assert!(row.wmi.len() == 3 && row.wmi.starts_with('L'), "{row:?}");
            assert!(
                !row.maker.is_empty() && row.source.starts_with("https://"),
                "{row:?}"
            );
        }
    }

    #[test]
    fn full_width_and_small_letters_are_reported_and_never_taken_silently() {
        let decoded = decode("ｌsvwy4180kn246094", None, &makers());
        assert_eq!(decoded.vin, None);
        assert_eq!(decoded.normalised, "LSVWY4180KN246094");
        assert_eq!(decoded.notices[0].code, "VIN_NOT_AS_WRITTEN");
    }

    #[test]
    fn a_letter_o_is_offered_as_a_zero() {
        let decoded = decode("LSVWY418OKN246094", None, &makers());
        assert_eq!(decoded.vin, None);
        assert!(
            decoded
                .repairs
                .contains(&"LSVWY4180KN246094".parse().unwrap())
        );
    }

    #[test]
    fn a_swap_is_offered_and_a_wrong_european_digit_is_a_hint() {
        let decoded = decode("LSVWY4180KN246904", None, &makers());
        assert!(
            decoded
                .repairs
                .contains(&"LSVWY4180KN246094".parse().unwrap())
        );
        assert!(decoded.notices[0].hard);
        let european = decode("WVWZZZ1JZXW000010", None, &makers());
        assert!(!european.notices[0].hard);
    }

    #[test]
    fn any_text_is_explained_without_a_panic() {
        for text in [
            "",
            "转让待出口",
            "🚗🚗🚗🚗🚗🚗🚗🚗🚗🚗🚗🚗🚗🚗🚗🚗🚗",
            "LSVWY4180KN24609",
        ] {
            assert_eq!(decode(text, None, &makers()).vin, None);
        }
    }
}
