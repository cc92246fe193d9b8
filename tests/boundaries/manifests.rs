//! What stands beside the code: migrations of both databases, the table of dependencies, the lock file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::Violation;

fn violation(place: impl Into<String>, reason: impl Into<String>) -> Violation {
    Violation {
        place: place.into(),
        reason: reason.into(),
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeSet::new();
    };
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Migrations that only one database has.
pub(super) fn migrations(root: &Path) -> Vec<Violation> {
    let mut violations = Vec::new();
    for crate_folder in names(&root.join("services"))
        .iter()
        .map(|name| format!("services/{name}"))
        .chain(["libs/storage".to_owned()])
    {
        let folder =
            |database: &str| names(&root.join(&crate_folder).join("migrations").join(database));
        violations.extend(same_names(
            &crate_folder,
            &folder("sqlite"),
            &folder("postgres"),
        ));
    }
    violations
}

fn same_names(
    folder: &str,
    sqlite: &BTreeSet<String>,
    postgres: &BTreeSet<String>,
) -> Vec<Violation> {
    let only = |one: &BTreeSet<String>, database: &str, other: &BTreeSet<String>, missing: &str| {
        one.difference(other)
            .map(|name| {
                violation(
                    format!("{folder}/migrations/{database}/{name}"),
                    format!("{missing} has no migration of this name"),
                )
            })
            .collect::<Vec<_>>()
    };
    let mut violations = only(sqlite, "sqlite", postgres, "postgres");
    violations.extend(only(postgres, "postgres", sqlite, "sqlite"));
    violations
}

/// Dependencies written elsewhere than in the workspace's table, and rows of it without a word.
pub(super) fn dependencies(root: &Path) -> Vec<Violation> {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let mut violations = uncommented(&read("Cargo.toml"));
    let groups = ["libs", "services"].into_iter();
    let folders = groups.flat_map(|group| {
        names(&root.join(group))
            .into_iter()
            .map(move |name| format!("{group}/{name}"))
    });
    for folder in folders.chain(["tests".to_owned()]) {
        let path = format!("{folder}/Cargo.toml");
        // libs/clients speaks other languages.
        if !root.join(&path).exists() {
            continue;
        }
        violations.extend(own_versions(&path, &read(&path)));
    }
    violations
}

/// The lines of a manifest with their section and number.
fn rows(manifest: &str) -> impl Iterator<Item = (&str, usize, &str)> {
    let mut section = "";
    manifest
        .lines()
        .enumerate()
        .filter_map(move |(index, line)| {
            let line = line.trim();
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
                return None;
            }
            Some((section, index + 1, line))
        })
}

fn own_versions(path: &str, manifest: &str) -> Vec<Violation> {
    rows(manifest)
        .filter(|(section, _, line)| {
            section.ends_with("dependencies") && !line.is_empty() && !line.starts_with('#')
        })
        .filter(|(_, _, line)| !line.contains("workspace = true"))
        .map(|(_, number, line)| {
            violation(
                format!("{path}:{number}"),
                format!("`{line}` names its own version: versions stand in the workspace's table"),
            )
        })
        .collect()
}

fn uncommented(manifest: &str) -> Vec<Violation> {
    rows(manifest)
        .filter(|(section, _, line)| {
            *section == "workspace.dependencies" && line.contains('=') && !line.starts_with('#')
        })
        .filter(|(_, _, line)| !line.contains("path = ") && !line.contains(" # "))
        .map(|(_, number, line)| {
            let name = line.split(['=', ' ']).next().unwrap_or(line);
            violation(
                format!("Cargo.toml:{number}"),
                format!("{name} does not say what it is for"),
            )
        })
        .collect()
}

/// Crates of which two versions in one binary would be two truths, and crates that must not come in at all.
const ONCE: [&str; 9] = [
    "tonic",
    "prost",
    "hyper",
    "h2",
    "tokio",
    "sqlx",
    "rustls",
    "opentelemetry",
    "aws-lc-rs",
];
const NEVER: [(&str, &str); 4] = [
    (
        "openssl-sys",
        "TLS is rustls: nothing to install, one provider",
    ),
    ("openssl", "TLS is rustls: nothing to install, one provider"),
    (
        "protoc-bin-vendored",
        "protox compiles the schema: no foreign binaries",
    ),
    ("async-std", "one runtime"),
];

/// The lock file against both lists.
pub(super) fn duplicates(root: &Path) -> Vec<Violation> {
    locked(&fs::read_to_string(root.join("Cargo.lock")).unwrap())
}

fn locked(lock: &str) -> Vec<Violation> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut name = "";
    for row in lock.lines() {
        if let Some(found) = row.strip_prefix("name = ") {
            name = found.trim_matches('"');
        } else if let Some(version) = row.strip_prefix("version = ") {
            versions
                .entry(name)
                .or_default()
                .push(version.trim_matches('"'));
        }
    }
    let twice = ONCE.iter().filter_map(|name| {
        let found = versions.get(name).filter(|found| found.len() > 1)?;
        Some(violation(
            "Cargo.lock",
            format!(
                "{name} is there {} times ({}): one of each framework",
                found.len(),
                found.join(", ")
            ),
        ))
    });
    let never = NEVER.iter().filter(|(name, _)| versions.contains_key(name));
    twice
        .chain(
            never.map(|(name, why)| {
                violation("Cargo.lock", format!("{name} is in the tree: {why}"))
            }),
        )
        .collect()
}

mod tests {
    use std::collections::BTreeSet;

    use super::{locked, own_versions, same_names, uncommented};

    #[test]
    fn a_migration_of_one_database_alone_is_found() {
        let set = |names: &[&str]| {
            names
                .iter()
                .map(ToString::to_string)
                .collect::<BTreeSet<_>>()
        };
        let found = same_names(
            "services/a",
            &set(&["0101_a.sql", "0102_b.sql"]),
            &set(&["0101_a.sql", "0102_c.sql"]),
        );
        let places: Vec<_> = found
            .iter()
            .map(|violation| violation.place.as_str())
            .collect();
        assert_eq!(
            places,
            [
                "services/a/migrations/sqlite/0102_b.sql",
                "services/a/migrations/postgres/0102_c.sql"
            ]
        );
    }

    #[test]
    fn a_version_outside_the_table_and_a_row_without_a_word_are_found() {
        let manifest = "[package]\nname = \"a\"\n[dependencies]\nserde.workspace = true\nrand = \"0.9\"\n[dev-dependencies]\nx = { workspace = true, features = [] }\n";
        let found = own_versions("libs/a/Cargo.toml", manifest);
        assert_eq!(found.len(), 1);
        assert!(found[0].place.ends_with(":5"), "{}", found[0]);
        let table = "[workspace.dependencies]\n# ours\ntongguan-a = { path = \"libs/a\" }\nbytes = \"1\" # cheap slices\nrand = \"0.9\"\n[profile.dev]\ndebug = false\n";
        let found = uncommented(table);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().contains("rand"), "{}", found[0]);
    }

    #[test]
    fn two_of_one_framework_and_forbidden_crates_are_found() {
        let package = |name: &str, version: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\n")
        };
        let lock = [
            package("tonic", "0.14.9"),
            package("tonic", "0.12.0"),
            package("rand", "0.8.0"),
            package("rand", "0.9.0"),
            package("openssl-sys", "0.9.1"),
        ]
        .concat();
        let found: Vec<_> = locked(&lock).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
