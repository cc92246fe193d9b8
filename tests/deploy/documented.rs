//! `deploy/tongguan.toml` names every key with its default and a line on it.

use std::collections::BTreeSet;

use tongguan::Settings;
use tongguan_runtime::config::Layers;

use super::files::read;

const FILE: &str = "deploy/tongguan.toml";

/// The keys of a file, each with whether something is said about it on the line before.
fn keys(toml: &str) -> Vec<(String, bool)> {
    let (mut section, mut before, mut keys) = (String::new(), "", Vec::new());
    for line in toml.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            keys.push((format!("{section}{key}"), before.starts_with("# ")));
        }
        before = line;
    }
    keys
}

#[test]
fn the_documented_configuration_is_the_default() {
    let documented = Layers::defaults()
        .with_text(&read(FILE))
        .load::<Settings>()
        .unwrap();
    assert_eq!(documented.settings, Settings::default());
}

#[test]
fn every_key_is_documented() {
    let printed = Layers::defaults()
        .load::<Settings>()
        .unwrap()
        .printed()
        .unwrap();
    let all: BTreeSet<String> = printed
        .lines()
        .map(|line| line.split(" = ").next().unwrap().to_owned())
        .collect();
    let file = read(FILE);
    let documented = keys(&file);
    let named: BTreeSet<String> = documented.iter().map(|(key, _)| key.clone()).collect();
    let missing: Vec<_> = all.difference(&named).collect();
    assert!(missing.is_empty(), "{FILE} does not name {missing:?}");
    let mute: Vec<_> = documented
        .iter()
        .filter(|(_, said)| !said)
        .map(|(key, _)| key)
        .collect();
    assert!(mute.is_empty(), "{FILE} says nothing about {mute:?}");
}

#[test]
fn an_undocumented_key_is_noticed() {
    let found = keys("[server]\n# Address.\nlisten = \"a\"\nmute = 1\n# commented = 2\n");
    assert_eq!(
        found,
        [
            ("server.listen".to_owned(), true),
            ("server.mute".to_owned(), false)
        ]
    );
}
