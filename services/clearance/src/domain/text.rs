//! How two writings of one name are compared: Chinese, Cyrillic and Latin, full-width and half-width.

/// How two texts relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// The same characters.
    Same,
    /// The same after folding width, case, spaces and brackets.
    SameFolded,
    /// In different scripts, so that a machine can not tell (比亚迪 and BYD, ЛАДА and LADA).
    OtherScript,
    /// Different.
    Different,
}

/// Folds what printing changes and meaning does not: full-width forms, case, spaces, and the shape of brackets and dashes.
pub fn fold(text: &str) -> String {
    let half_width = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '【' | '〔' => '(',
        '】' | '〕' => ')',
        '—' | '–' | '‐' => '-',
        other => other,
    };
    text.chars()
        .map(half_width)
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether a language tag (BCP 47) names another language than Chinese.
pub fn is_foreign(language: &str) -> bool {
    !language.is_empty() && !language.to_ascii_lowercase().starts_with("zh")
}

/// Compares two writings.
pub fn compare(left: &str, right: &str) -> Likeness {
    if left == right {
        return Likeness::Same;
    }
    if fold(left) == fold(right) {
        return Likeness::SameFolded;
    }
    match (script(left), script(right)) {
        (Some(left), Some(right)) if left != right => Likeness::OtherScript,
        _ => Likeness::Different,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Han,
    Cyrillic,
    Latin,
    Arabic,
}

/// The script most letters are written in; digits and signs have none.
fn script(text: &str) -> Option<Script> {
    let of = |c: char| match c {
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' => Some(Script::Han),
        '\u{0400}'..='\u{04ff}' => Some(Script::Cyrillic),
        '\u{0600}'..='\u{06ff}' => Some(Script::Arabic),
        c if c.is_alphabetic() && (c.is_ascii() || ('\u{00c0}'..='\u{024f}').contains(&c)) => {
            Some(Script::Latin)
        }
        _ => None,
    };
    let mut counts = [0_usize; 4];
    let scripts = [Script::Han, Script::Cyrillic, Script::Latin, Script::Arabic];
    for found in text.chars().filter_map(of) {
        if let Some(place) = scripts.iter().position(|script| *script == found) {
            counts[place] += 1;
        }
    }
    let most = counts.iter().copied().max().filter(|most| *most > 0)?;
    counts
        .iter()
        .position(|count| *count == most)
        .map(|place| scripts[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_people_print_them() {
        let table = [
            ("比亚迪汽车有限公司", "比亚迪汽车有限公司", Likeness::Same),
            (
                "上汽通用（沈阳）北盛汽车有限公司",
                "上汽通用(沈阳)北盛汽车有限公司",
                Likeness::SameFolded,
            ),
            ("ＢＹＤ Song Plus", "byd songplus", Likeness::SameFolded),
            ("比亚迪", "BYD", Likeness::OtherScript),
            ("LADA", "ЛАДА", Likeness::OtherScript),
            (
                "比亚迪汽车有限公司",
                "比亚迪汽车销售有限公司",
                Likeness::Different,
            ),
            ("Tiguan", "Tiguan L", Likeness::Different),
            ("", "BYD", Likeness::Different),
            ("123", "124", Likeness::Different),
        ];
        for (left, right, expected) in table {
            assert_eq!(compare(left, right), expected, "{left} / {right}");
            assert_eq!(compare(right, left), expected, "{right} / {left}");
        }
    }
}
