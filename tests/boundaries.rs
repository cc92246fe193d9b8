//! Boundaries between crates and inside services, sizes of files, dependencies: every violation with its place and reason.
//!
//! Each rule is a function from what it reads to violations, so that it is also tried on made-up trees that break it: a
//! rule that cannot fail is no rule.

mod imports;
mod inside;
mod manifests;
mod shape;
mod tree;

use std::fmt;
use std::path::Path;

use tree::{Source, sources};

/// One broken rule at one place.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    /// `file:line`, or the crate.
    place: String,
    /// What is wrong, and why it is forbidden.
    reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.reason)
    }
}

/// The workspace this test was built in.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The text of every file that is shipped.
pub(crate) fn texts() -> impl Iterator<Item = String> {
    house()
        .into_iter()
        .filter(|source| !source.is_test())
        .map(|source| source.text)
}

fn none(violations: Vec<Violation>) {
    let listed: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(
        listed.is_empty(),
        "{} violations:\n{}",
        listed.len(),
        listed.join("\n")
    );
}

fn house() -> Vec<Source> {
    let sources = sources(root());
    assert!(
        sources.len() > 50,
        "the tree was not found: {} files",
        sources.len()
    );
    sources
}

#[test]
fn crates_import_only_what_lies_below_them() {
    none(imports::check(&imports::packages(root())));
}

#[test]
fn inside_a_service_the_arrows_point_one_way() {
    none(inside::arrows(&house()));
}

#[test]
fn each_layer_names_only_its_own_frameworks() {
    none(inside::frameworks(&house()));
}

#[test]
fn statuses_are_made_where_errors_are_answered() {
    none(inside::statuses(&house()));
}

#[test]
fn pure_crates_touch_no_file_and_no_network() {
    none(inside::pure(&house()));
}

#[test]
fn files_are_short_and_say_what_they_are() {
    none(shape::check(&house()));
}

#[test]
fn nothing_is_left_to_do_and_no_test_sleeps() {
    none(shape::unfinished(&house()));
}

#[test]
fn both_databases_have_the_same_migrations() {
    none(manifests::migrations(root()));
}

#[test]
fn dependencies_come_from_one_table_that_says_what_they_are_for() {
    none(manifests::dependencies(root()));
}

#[test]
fn there_is_one_of_each_framework_in_the_tree() {
    none(manifests::duplicates(root()));
}
