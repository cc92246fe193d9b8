//! The Rust files of the workspace, with what is not code blanked out.

use std::fs;
use std::path::Path;

/// One Rust file.
pub(super) struct Source {
    /// Path from the root, with `/`.
    pub(super) path: String,
    /// As it is.
    pub(super) text: String,
    /// Comments and literals blanked; lines keep their numbers.
    pub(super) code: String,
    /// The same, without what only tests compile.
    pub(super) shipped: String,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let code = blanked(text);
        let shipped = if is_test(path) {
            String::new()
        } else {
            without_tests(&code)
        };
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
            shipped,
        }
    }

    /// `libs/rpc` of `libs/rpc/src/guard.rs`; `tests` of the files of the tests crate.
    pub(super) fn package(&self) -> &str {
        let depth = if self.path.starts_with("tests/") {
            1
        } else {
            2
        };
        let end = self
            .path
            .match_indices('/')
            .nth(depth - 1)
            .map_or(self.path.len(), |(at, _)| at);
        &self.path[..end]
    }

    /// The path inside `src/`, such as `domain/case.rs`.
    pub(super) fn module(&self) -> Option<&str> {
        self.path
            .strip_prefix(self.package())?
            .strip_prefix("/src/")
    }

    pub(super) fn is_test(&self) -> bool {
        is_test(&self.path)
    }
}

fn is_test(path: &str) -> bool {
    // `domain/case/tests.rs` holds the tests of `domain/case.rs` where they are many.
    path.starts_with("tests/")
        || ["/tests/", "/benches/", "/tests.rs"]
            .iter()
            .any(|part| path.contains(part))
}

/// Every Rust file of `libs`, `services` and `tests`.
pub(super) fn sources(root: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in ["libs", "services", "tests"] {
        collect(&root.join(folder), folder, &mut found);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, path: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{path}/{name}");
        if entry.file_type().unwrap().is_dir() {
            if name != "target" && name != "node_modules" && !name.starts_with('.') {
                collect(&entry.path(), &path, found);
            }
        } else if Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "rs")
        {
            found.push(Source::new(
                &path,
                &fs::read_to_string(entry.path()).unwrap(),
            ));
        }
    }
}

/// Where a whole identifier stands: byte offsets of `word` not inside a longer name.
pub(super) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let joins = |character: char| character.is_alphanumeric() || character == '_';
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| {
            !code[..at].chars().next_back().is_some_and(joins)
                && !code[at + word.len()..].chars().next().is_some_and(joins)
        })
}

/// Counted from 1.
pub(super) fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The code before the test module at the end of a file, the only place for one in this house.
fn without_tests(code: &str) -> String {
    let Some(at) = code
        .find("#[cfg(test)]\nmod ")
        .or_else(|| code.find("#[cfg(test)]\n#["))
    else {
        return code.to_owned();
    };
    code[..at].to_owned()
}

/// `text` with comments, strings and characters replaced by spaces, line by line the same.
fn blanked(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let end = literal_end(&characters, at).unwrap_or(at);
        if end == at {
            code.push(characters[at]);
            at += 1;
            continue;
        }
        for character in &characters[at..end] {
            code.push(if *character == '\n' { '\n' } else { ' ' });
        }
        at = end;
    }
    code
}

/// Where the comment, string or character that begins at `at` ends.
fn literal_end(text: &[char], at: usize) -> Option<usize> {
    let next = |offset: usize| text.get(at + offset).copied();
    match (text[at], next(1)) {
        ('/', Some('/')) => Some(find(text, at, |rest| rest[0] == '\n')),
        ('/', Some('*')) => Some(block_end(text, at)),
        ('"', _) => Some(string_end(text, at + 1)),
        ('r', Some('"' | '#')) if !continues_name(text, at) => raw_end(text, at + 1),
        ('b' | 'c', Some('r'))
            if !continues_name(text, at) && matches!(next(2), Some('"' | '#')) =>
        {
            raw_end(text, at + 2)
        }
        ('\'', Some('\\')) => Some(find(text, at + 3, |rest| rest[0] == '\'') + 1),
        // A lifetime has no closing quote two places on.
        ('\'', Some(_)) if next(2) == Some('\'') => Some(at + 3),
        _ => None,
    }
}

fn find(text: &[char], from: usize, here: impl Fn(&[char]) -> bool) -> usize {
    (from..text.len())
        .find(|&at| here(&text[at..]))
        .unwrap_or(text.len())
}

fn continues_name(text: &[char], at: usize) -> bool {
    at > 0 && (text[at - 1].is_alphanumeric() || text[at - 1] == '_')
}

fn block_end(text: &[char], at: usize) -> usize {
    let (mut depth, mut at) = (0_usize, at);
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string_end(text: &[char], mut at: usize) -> usize {
    while at < text.len() && text[at] != '"' {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

/// `r#"…"#`; a raw identifier such as `r#type` is code.
fn raw_end(text: &[char], at: usize) -> Option<usize> {
    let hashes = text[at..]
        .iter()
        .take_while(|character| **character == '#')
        .count();
    if text.get(at + hashes) != Some(&'"') {
        return None;
    }
    let closes = |rest: &[char]| {
        rest[0] == '"' && rest.len() > hashes && rest[1..=hashes].iter().all(|c| *c == '#')
    };
    Some((find(text, at + hashes + 1, closes) + hashes + 1).min(text.len()))
}

mod tests {
    use super::{Source, blanked, line, words};

    #[test]
    fn comments_and_literals_are_not_code() {
        let text = "let a = \"sqlx\\\" sqlx\"; // sqlx\n/* sqlx /* sqlx */ sqlx */ let b = r#\"sqlx \" sqlx\"#;\nlet c: &'a str = 'x'; '\\''; sqlx";
        let code = blanked(text);
        let found: Vec<_> = words(&code, "sqlx").map(|at| line(&code, at)).collect();
        assert_eq!(found, [3], "{code}");
        assert!(
            code.contains("let b = ") && code.contains("&'a str"),
            "{code}"
        );
        assert!(blanked("use google::r#type::Date;").contains("r#type::Date"));
    }

    #[test]
    fn a_word_is_not_part_of_another() {
        assert_eq!(words("tonic tonics a_tonic tonic::x", "tonic").count(), 2);
    }

    #[test]
    fn modules_of_tests_are_not_shipped() {
        let source = Source::new(
            "libs/a/src/x.rs",
            "use tokio;\n#[cfg(test)]\nmod tests { use sqlx; }\n",
        );
        assert_eq!(words(&source.shipped, "sqlx").count(), 0);
        assert_eq!(words(&source.shipped, "tokio").count(), 1);
        assert_eq!(source.package(), "libs/a");
        assert_eq!(source.module(), Some("x.rs"));
        assert_eq!(Source::new("tests/journeys/a.rs", "").package(), "tests");
    }
}
