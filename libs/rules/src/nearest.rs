//! The nearest known name to a mistyped one.

/// The candidate with the fewest edits to `word`, if it is near enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let folded: Vec<char> = word.chars().take(80).flat_map(char::to_lowercase).collect();
    let limit = 1 + folded.len() / 3;
    candidates
        .map(|candidate| (distance(&folded, candidate), candidate))
        .filter(|(edits, _)| *edits <= limit)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

/// `; did you mean …?` where there is a suggestion.
pub(crate) fn hint(nearest: Option<&str>) -> String {
    nearest
        .map(|name| format!("; did you mean {name:?}?"))
        .unwrap_or_default()
}

/// Levenshtein's distance without regard to case.
fn distance(word: &[char], candidate: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (line, letter) in candidate.chars().flat_map(char::to_lowercase).enumerate() {
        let mut corner = line;
        row[0] = line + 1;
        for (column, own) in word.iter().enumerate() {
            let swap = corner + usize::from(*own != letter);
            corner = row[column + 1];
            row[column + 1] = swap.min(corner + 1).min(row[column] + 1);
        }
    }
    row[word.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_its_name() {
        let names = ["vehicle.first_registered", "vehicle.manufactured"];
        assert_eq!(
            nearest("vehicle.first_registred", names.into_iter()).as_deref(),
            Some(names[0])
        );
        assert_eq!(nearest("colour of the moon", names.into_iter()), None);
    }
}
