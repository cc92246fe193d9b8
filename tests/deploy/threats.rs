//! Every threat names what proves its defence, and the proof exists.

use std::collections::BTreeSet;

use super::files::{read, under};

/// The threats and the proofs each names: the rows of the table whose last column is *proof*.
fn threats() -> Vec<(String, Vec<String>)> {
    let page = read("deploy/threats.md");
    let rows = page
        .lines()
        .skip_while(|line| !line.ends_with("| proof |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let proofs = cells.last().unwrap().split('`').skip(1).step_by(2);
        (cells[0].to_owned(), proofs.map(str::to_owned).collect())
    })
    .collect()
}

/// The names of all functions of the workspace, and the stages of `tests/run`.
fn provable() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in ["libs", "services", "tests"] {
        for path in under(folder, &["rs"]) {
            for line in read(&path).lines() {
                let line = line.trim_start();
                let line = line.strip_prefix("async ").unwrap_or(line);
                if let Some(rest) = line.strip_prefix("fn ") {
                    let end = rest.find(['(', '<']).unwrap_or(rest.len());
                    names.insert(rest[..end].to_owned());
                }
            }
        }
    }
    let run = read("tests/run");
    let stages = run
        .lines()
        .find(|line| line.starts_with("readonly STAGES=("));
    let stages = stages
        .unwrap()
        .trim_end_matches(')')
        .split('(')
        .nth(1)
        .unwrap();
    names.extend(stages.split(' ').map(str::to_owned));
    names
}

#[test]
fn every_threat_names_proofs_that_exist() {
    let threats = threats();
    assert!(threats.len() > 20, "the table was not found: {threats:?}");
    let provable = provable();
    let missing: Vec<String> = threats
        .iter()
        .flat_map(|(threat, proofs)| {
            let lost = proofs.iter().filter(|proof| !provable.contains(*proof));
            let none = proofs.is_empty().then(|| format!("{threat}: no proof"));
            lost.map(move |proof| format!("{threat}: {proof}"))
                .chain(none)
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
