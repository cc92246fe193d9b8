//! How a file looks: short, opening with one sentence, nothing left to do, tests that do not sleep.

use super::Violation;
use super::tree::{Source, line, words};

const LINES: usize = 400;
const TEST_LINES: usize = 500;

/// Sizes, opening sentences and names of files.
pub(super) fn check(sources: &[Source]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in sources {
        let mut refuse = |line: usize, reason: String| {
            violations.push(Violation {
                place: format!("{}:{line}", source.path),
                reason,
            });
        };
        let most = if source.is_test() { TEST_LINES } else { LINES };
        let lines = source.text.lines().count();
        if lines > most {
            refuse(
                most + 1,
                format!("{lines} lines: a file of more than {most} wants to be two"),
            );
        }
        if source
            .text
            .lines()
            .next()
            .is_none_or(|first| !first.starts_with("//! ") || first.len() < 8)
        {
            refuse(
                1,
                "no `//!` sentence on the first line: the tree should read as a table of contents"
                    .to_owned(),
            );
        }
        if source.path.ends_with("/mod.rs") {
            refuse(
                1,
                "mod.rs: write foo.rs beside foo/, so that tabs and searches say what they are"
                    .to_owned(),
            );
        }
    }
    violations
}

/// Placeholders, tests that are skipped without a reason, and tests that sleep.
pub(super) fn unfinished(sources: &[Source]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in sources {
        let mut refuse = |at: usize, reason: &str| {
            violations.push(Violation {
                place: format!("{}:{}", source.path, line(&source.code, at)),
                reason: reason.to_owned(),
            });
        };
        for placeholder in ["todo", "unimplemented"] {
            for at in words(&source.code, placeholder) {
                if source.code[at + placeholder.len()..].starts_with("!(") {
                    refuse(
                        at,
                        "a placeholder: what is not served answers UNIMPLEMENTED with a reason",
                    );
                }
            }
        }
        for at in words(&source.code, "ignore") {
            if source.code[..at].ends_with("#[") && source.code[at..].starts_with("ignore]") {
                refuse(
                    at,
                    "an ignored test without a reason: write #[ignore = \"…\"]",
                );
            }
        }
        let tests_begin = if source.is_test() {
            0
        } else {
            source.shipped.len()
        };
        for at in words(&source.code, "sleep").filter(|at| *at >= tests_begin) {
            if source.code[..at].ends_with("::") && source.code[at..].starts_with("sleep(") {
                refuse(
                    at,
                    "a test that sleeps is slow when it passes and flaky when it fails: wait for the fact",
                );
            }
        }
    }
    violations
}

mod tests {
    use super::{check, unfinished};
    use crate::boundaries::tree::Source;

    fn reasons(path: &str, text: &str) -> Vec<String> {
        check(&[Source::new(path, text)])
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn long_mute_and_badly_named_files_are_found() {
        let long = format!("//! A file.\n{}", "\n".repeat(400));
        assert_eq!(reasons("libs/a/src/b.rs", &long).len(), 1);
        assert_eq!(reasons("libs/a/tests/b.rs", &long).len(), 0);
        assert!(
            reasons("libs/a/src/b.rs", "use x;\n")[0].starts_with("libs/a/src/b.rs:1: no `//!`")
        );
        assert_eq!(reasons("libs/a/src/b/mod.rs", "//! A file.\n").len(), 1);
        assert_eq!(reasons("libs/a/src/b.rs", "").len(), 1);
    }

    #[test]
    fn placeholders_and_sleeping_tests_are_found() {
        let found = |path: &str, text: &str| unfinished(&[Source::new(path, text)]).len();
        assert_eq!(
            found("libs/a/src/b.rs", &format!("fn f() {{ {}!() }}", "todo")),
            1
        );
        assert_eq!(found("libs/a/src/b.rs", "// todo!()\n\"todo!()\""), 0);
        let sleeps = format!("tokio::time::{}(x).await;", "sleep");
        assert_eq!(found("libs/a/tests/b.rs", &sleeps), 1);
        assert_eq!(
            found("libs/a/src/b.rs", &sleeps),
            0,
            "shipped code may wait"
        );
        assert_eq!(
            found(
                "libs/a/src/b.rs",
                &format!("#[cfg(test)]\nmod tests {{ {sleeps} }}")
            ),
            1
        );
        assert_eq!(
            found("libs/a/tests/b.rs", "#[test]\n#[ignore]\nfn f() {}"),
            1
        );
        assert_eq!(
            found(
                "libs/a/tests/b.rs",
                "#[test]\n#[ignore = \"needs PostgreSQL\"]\nfn f() {}"
            ),
            0
        );
    }
}
