//! The packs that come with the program: all load, all are sourced and worked out by examples.

use std::collections::BTreeSet;

use tongguan_destinations::embedded;
use tongguan_rules::Pack;

fn packs() -> Vec<&'static Pack> {
    match embedded() {
        Ok(catalogue) => catalogue.iter().map(|pack| &**pack).collect(),
        Err(problems) => panic!(
            "{}",
            problems
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        ),
    }
}

#[test]
fn every_pack_loads_and_its_examples_hold() {
    let run: usize = packs().iter().map(|pack| pack.run_examples().run).sum();
    assert!(run > 500, "{run}");
}

#[test]
fn every_rule_has_three_examples() {
    let thin: Vec<String> = packs()
        .iter()
        .flat_map(|pack| pack.run_examples().thin)
        .collect();
    assert!(thin.is_empty(), "{thin:?}");
}

#[test]
fn under_a_tenth_of_the_rules_are_left_to_a_person() {
    let own = || {
        packs()
            .into_iter()
            .flat_map(|pack| pack.rules.iter().filter(|rule| rule.from == pack.market))
    };
    let (all, kept) = (
        own().count(),
        own().filter(|rule| rule.not_expressible.is_some()).count(),
    );
    assert!(kept * 10 < all, "{kept} of {all}");
}

#[test]
fn every_rule_says_where_it_was_read_and_in_two_languages() {
    for pack in packs() {
        for rule in &pack.rules {
            assert!(rule.source.read.is_some(), "{}", rule.id);
            assert!(
                rule.text.zh.chars().any(|letter| letter > '\u{3000}'),
                "{} has no Chinese text",
                rule.id
            );
            assert!(
                rule.text.en.split(' ').count() > 2,
                "{} has no English text",
                rule.id
            );
        }
    }
}

#[test]
fn a_file_is_named_after_its_market() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("packs");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_str()?
                .strip_suffix(".yaml")
                .map(str::to_owned)
        })
        .collect();
    let markets: BTreeSet<String> = packs().iter().map(|pack| pack.market.clone()).collect();
    assert_eq!(files, markets);
}

#[test]
fn the_ten_prohibited_situations_are_rules() {
    let china = packs()
        .into_iter()
        .find(|pack| pack.market == "CN-EXPORT")
        .unwrap();
    for number in 1..=10 {
        assert!(
            china.rule(&format!("CN-BAN-{number}")).is_some(),
            "situation {number}"
        );
    }
}
