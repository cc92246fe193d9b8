//! Who may import whom: the edges of `cargo metadata` against one table.

use std::path::Path;
use std::process::Command;

use super::Violation;

/// A crate of ours with everything it depends on.
pub(super) struct Package {
    pub(super) name: String,
    /// Folder from the root, such as `libs/rpc`.
    pub(super) folder: String,
    pub(super) shipped: Vec<String>,
    pub(super) in_tests: Vec<String>,
}

const SERVICES: [&str; 6] = [
    "registry",
    "inspection",
    "maintenance",
    "destinations",
    "clearance",
    "gateway",
];

/// What a library may import of ours, and which frameworks it must do without.
const LIBRARIES: [(&str, &[&str], &[&str]); 11] = [
    ("vocabulary", &[], &["tokio", "tonic", "sqlx"]),
    (
        "rules",
        &["vocabulary"],
        &["tokio", "tonic", "sqlx", "reqwest", "hyper"],
    ),
    (
        "certificate",
        &["vocabulary"],
        &["tokio", "tonic", "sqlx", "reqwest", "hyper"],
    ),
    ("api", &[], &["sqlx"]),
    // The names of all metrics, which every layer may record.
    ("meters", &[], &["tokio", "tonic", "sqlx"]),
    // The conversions of the words all services share live in rpc, once.
    ("rpc", &["api", "meters", "vocabulary"], &["sqlx"]),
    ("storage", &["meters", "vocabulary"], &["tonic"]),
    ("access", &["api", "vocabulary"], &["sqlx"]),
    ("telemetry", &[], &["tonic", "sqlx"]),
    (
        "runtime",
        &["rpc", "storage", "access", "meters", "telemetry"],
        &["sqlx"],
    ),
    (
        "testkit",
        &["api", "rpc", "storage", "access", "vocabulary"],
        &[],
    ),
];

/// What every service may import.
const BELOW_SERVICES: [&str; 6] = ["vocabulary", "api", "rpc", "storage", "access", "meters"];

/// The workspace's crates, as cargo knows them.
pub(super) fn packages(root: &Path) -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root)
        .output()
        .expect("cargo metadata");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let base = metadata["workspace_root"]
        .as_str()
        .expect("workspace_root")
        .to_owned();
    let package = |package: &serde_json::Value| {
        let names = |tests: bool| {
            let dependencies = package["dependencies"]
                .as_array()
                .expect("dependencies")
                .iter();
            dependencies
                .filter(|dependency| (dependency["kind"] == "dev") == tests)
                .map(|dependency| dependency["name"].as_str().expect("name").to_owned())
                .collect()
        };
        let manifest = package["manifest_path"].as_str().expect("manifest_path");
        Package {
            name: package["name"].as_str().expect("name").to_owned(),
            folder: manifest
                .trim_start_matches(&base)
                .trim_start_matches('/')
                .trim_end_matches("/Cargo.toml")
                .to_owned(),
            shipped: names(false),
            in_tests: names(true),
        }
    };
    metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(package)
        .collect()
}

/// Every edge that the table does not have.
pub(super) fn check(packages: &[Package]) -> Vec<Violation> {
    packages.iter().flat_map(edges).collect()
}

fn edges(package: &Package) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut refuse = |reason: String| {
        violations.push(Violation {
            place: format!("{}/Cargo.toml", package.folder),
            reason,
        });
    };
    let (group, short) = package
        .folder
        .split_once('/')
        .unwrap_or(("", package.folder.as_str()));
    let expected = if short == "suite" {
        "tongguan".to_owned()
    } else {
        format!("tongguan-{short}")
    };
    if package.name != expected {
        refuse(format!(
            "the crate is called {}, but its folder calls for {expected}",
            package.name
        ));
    }
    let allowed = |name: &str| match (group, short) {
        ("", "tests") => true,
        ("services", "suite") => name != "testkit",
        ("services", service) => {
            BELOW_SERVICES.contains(&name)
                || matches!(
                    (service, name),
                    ("destinations", "rules") | ("clearance", "certificate")
                )
        }
        (_, library) => LIBRARIES
            .iter()
            .any(|(of, below, _)| *of == library && below.contains(&name)),
    };
    for name in package.shipped.iter().filter_map(|name| ours(name)) {
        if name == "testkit" && short != "tests" {
            refuse(
                "testkit is only ever a dev-dependency: what tests share is not shipped".to_owned(),
            );
        } else if !allowed(name) {
            refuse(format!(
                "{short} must not import {name}: {}",
                why(group, name)
            ));
        }
    }
    for name in package.in_tests.iter().filter_map(|name| ours(name)) {
        // A crate's tests may name the crate itself, with features that only tests have.
        let another = name != short && (SERVICES.contains(&name) || name == "suite");
        if short != "tests" && short != "suite" && another {
            refuse(format!(
                "the tests of {short} must not import {name}: journeys across services live in tests/"
            ));
        }
    }
    let forbidden = match group {
        "services" if short != "suite" => &["opentelemetry-otlp", "tracing-subscriber"][..],
        _ => LIBRARIES
            .iter()
            .find(|(of, ..)| *of == short)
            .map_or(&[][..], |(_, _, forbidden)| forbidden),
    };
    for name in package
        .shipped
        .iter()
        .filter(|name| forbidden.contains(&name.as_str()))
    {
        refuse(format!(
            "{short} must not depend on {name}: see the table of what each crate must not contain"
        ));
    }
    if group == "libs" && !LIBRARIES.iter().any(|(of, ..)| *of == short) {
        refuse(
            "this library stands in no row of the table: add it there with what it may import"
                .to_owned(),
        );
    }
    if group == "services" && short != "suite" && !SERVICES.contains(&short) {
        refuse("this service stands in no row of the table".to_owned());
    }
    violations
}

fn ours(name: &str) -> Option<&str> {
    if name == "tongguan" {
        Some("suite")
    } else {
        name.strip_prefix("tongguan-")
    }
}

fn why(group: &str, name: &str) -> &'static str {
    match (group, name) {
        ("services", service) if SERVICES.contains(&service) => {
            "services know each other only through api"
        }
        ("services", "runtime" | "telemetry") => "a service does not know the process around it",
        ("libs", service) if SERVICES.contains(&service) => "libraries lie below the services",
        _ => "no row of the table has this edge",
    }
}

mod tests {
    use super::{Package, check};

    fn package(folder: &str, shipped: &[&str], in_tests: &[&str]) -> Package {
        let short = folder.rsplit('/').next().unwrap();
        Package {
            name: format!("tongguan-{short}"),
            folder: folder.to_owned(),
            shipped: shipped.iter().map(ToString::to_string).collect(),
            in_tests: in_tests.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn forbidden_edges_are_found() {
        for (folder, shipped, in_tests, word) in [
            (
                "services/clearance",
                "tongguan-registry",
                "",
                "only through api",
            ),
            (
                "services/registry",
                "tongguan-runtime",
                "",
                "process around it",
            ),
            ("services/registry", "tongguan-rules", "", "no row"),
            (
                "services/registry",
                "tongguan-testkit",
                "",
                "dev-dependency",
            ),
            ("services/registry", "", "tongguan-clearance", "journeys"),
            ("libs/rules", "tokio", "", "must not depend on tokio"),
            ("libs/storage", "tonic", "", "must not depend on tonic"),
            (
                "libs/runtime",
                "tongguan-registry",
                "",
                "below the services",
            ),
            ("libs/common", "", "", "no row"),
            ("services/billing", "", "", "no row"),
        ] {
            let broken = package(folder, &[shipped], &[in_tests]);
            let found = check(&[broken]);
            assert_eq!(found.len(), 1, "{folder} → {shipped}{in_tests}: {found:?}");
            assert!(found[0].to_string().contains(word), "{}", found[0]);
        }
    }

    #[test]
    fn allowed_edges_are_not() {
        let fine = [
            package(
                "services/clearance",
                &["tongguan-certificate", "tongguan-rpc", "tonic"],
                &["tongguan-testkit"],
            ),
            package(
                "libs/rpc",
                &["tongguan-api", "tongguan-vocabulary", "tonic"],
                &[],
            ),
        ];
        assert_eq!(check(&fine), []);
    }
}
