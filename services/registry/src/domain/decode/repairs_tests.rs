//! Every VIN one mistake away is found, counted by brute force in another way, and the likeliest stands first.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const GOOD: &str = "LSVWY4180KN246094";

fn makers() -> Vec<Maker> {
    serde_json::from_str(include_str!("../../../data/wmi.json")).unwrap()
}

/// The check digit as a table of letters in columns of ten: the value of a character is its column.
fn digit_passes(text: &str) -> bool {
    let columns = "0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ";
    let weights = "8765432X098765432";
    let mut sum = 0;
    for (character, weight) in text.chars().zip(weights.chars()) {
        if !character.is_ascii_alphanumeric()
            || "IOQ".contains(character)
            || character.is_lowercase()
        {
            return false;
        }
        let value = columns.find(character).unwrap() % 10;
        sum += value as u32 * weight.to_digit(10).unwrap_or(10);
    }
    "0123456789X".chars().nth(sum as usize % 11) == text.chars().nth(8)
}

/// All strings one substitution by any ASCII character or one swap away that pass.
fn brute(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for at in 0..17 {
        for other in ' '..='~' {
            let mut letters: Vec<char> = text.chars().collect();
            letters[at] = other;
            all.insert(letters.into_iter().collect::<String>());
        }
        if at < 16 {
            let mut letters: Vec<char> = text.chars().collect();
            letters.swap(at, at + 1);
            all.insert(letters.into_iter().collect());
        }
    }
    all.remove(text);
    all.retain(|near| digit_passes(near));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn all_near_vins_are_found_and_each_once(text in "[0-9A-HJ-NPR-Z]{17}") {
        let found = repairs(&text, &makers());
        let set: BTreeSet<String> = found.iter().map(ToString::to_string).collect();
        prop_assert_eq!(set.len(), found.len(), "each once");
        prop_assert_eq!(set, brute(&text));
    }

    #[test]
    fn a_stranger_is_repaired_where_it_stands(text in "[0-9A-HJ-NPR-Z]{17}", at in 0..17_usize, stranger in "[IOQé转 a]") {
        let mut text = text;
        text.replace_range(at..=at, &stranger);
        let found: BTreeSet<String> = repairs(&text, &[]).iter().map(ToString::to_string).collect();
        prop_assert_eq!(found, brute(&text));
    }

    #[test]
    fn any_text_is_taken(text in any::<String>()) {
        let found = repairs(&text, &[]);
        prop_assert!(text.chars().count() == 17 || found.is_empty());
    }

    #[test]
    fn one_changed_character_of_a_good_vin_is_always_offered(at in 0..17_usize, with in "[0-9A-HJ-NPR-Z]") {
        let mut wrong = GOOD.to_owned();
        wrong.replace_range(at..=at, &with);
        prop_assume!(wrong != GOOD);
        prop_assert!(repairs(&wrong, &makers()).contains(&GOOD.parse().unwrap()));
    }
}

fn first(text: &str) -> String {
    repairs(text, &makers())[0].to_string()
}

fn place_of(text: &str) -> usize {
    let good = GOOD.parse().unwrap();
    repairs(text, &makers())
        .iter()
        .position(|vin| *vin == good)
        .unwrap()
}

#[test]
fn the_likeliest_mistake_stands_first() {
    // S read as 8 in position 2, then a letter no VIN has, then typed beside its key.
    for text in [
        "L5VWY4180KN246094",
        "LSVWY418OKN246094",
        "LSVWY4I80KN246094",
    ] {
        assert!(place_of(text) < 3, "{text}: {}", place_of(text));
    }
    assert_eq!(first("LSVWY418OKN246094"), GOOD);
    assert_eq!(first("LSVWY418AKN246094"), GOOD, "no check digit is an A");
}

#[test]
fn swaps_come_after_what_is_misread_and_before_what_is_arbitrary() {
    let text = "LSVWY4180KN246904";
    let all = repairs(text, &makers());
    let place = place_of(text);
    let kind = |vin: &Vin| {
        let pairs = text.bytes().zip(vin.as_str().bytes()).enumerate();
        let changed: Vec<(usize, u8, u8)> = pairs
            .filter(|(_, (own, other))| own != other)
            .map(|(at, (own, other))| (at, own, other))
            .collect();
        match changed[..] {
            [(at, own, other)] => mistake(at, own, other),
            _ => Mistake::Swapped,
        }
    };
    assert!(all[..place].iter().all(|vin| kind(vin) <= Mistake::Swapped));
    assert!(
        all[place + 1..]
            .iter()
            .all(|vin| kind(vin) >= Mistake::Swapped)
    );
}

#[test]
fn the_check_digit_alone_is_offered_last() {
    let text = "LSVWY4185KN246094";
    let all = repairs(text, &makers());
    assert_eq!(all.last().unwrap().to_string(), GOOD);
    assert!(all.len() > 20);
}

#[test]
fn a_known_maker_and_a_sound_shape_come_before_the_rest() {
    let known = |vin: &Vin| makers().iter().any(|row| row.wmi == vin.wmi());
    // Two from the last place on: behind misreadings, keys and swaps only makers and shapes differ.
    let all = repairs("LSVWY4180KN246097", &makers());
    let arbitrary: Vec<bool> = all
        .iter()
        .filter(|vin| {
            let pairs = "LSVWY4180KN246097"
                .bytes()
                .zip(vin.as_str().bytes())
                .enumerate();
            let changed: Vec<_> = pairs.filter(|(_, (own, other))| own != other).collect();
            matches!(changed[..], [(at, (own, other))] if mistake(at, own, other) == Mistake::Other)
        })
        .map(known)
        .collect();
    assert!(
        arbitrary.windows(2).all(|pair| pair[0] >= pair[1]),
        "{arbitrary:?}"
    );
    assert!(arbitrary[0] && !arbitrary[arbitrary.len() - 1]);
}

#[test]
fn too_short_too_long_and_two_strangers_are_beyond_one_mistake() {
    for text in [
        "",
        "LSVWY4180KN24609",
        "LSVWY4180KN2460944",
        "LSVWY41OOKN246094",
        "转让待出口",
    ] {
        assert_eq!(repairs(text, &makers()), []);
    }
}
