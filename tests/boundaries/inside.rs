//! Inside a service: which layer names which framework, and which other layer.

use super::Violation;
use super::tree::{Source, line, words};

/// Frameworks, and the layers of a service that may name them.
const FRAMEWORKS: [(&str, &[&str]); 3] = [
    ("tonic", ON_THE_WIRE),
    ("tongguan_api", ON_THE_WIRE),
    ("sqlx", &["lib", "store"]),
];

/// `door` is the gateway's alone: what it does to calls of other services' methods, in HTTP and gRPC.
const ON_THE_WIRE: &[&str] = &["lib", "rpc", "wire", "error", "peers", "door"];

/// What the domain does without.
const IMPURE: [&str; 3] = ["tokio", "tongguan_rpc", "tongguan_storage"];

/// What a layer may name of its own service: rpc → wire, service · service → domain, store, peers · store → domain ·
/// wire → domain. wire also converts what the others hand through the service: views, rows, filters, answers of peers;
/// nothing below the wire knows it but peers, which speak it. Errors belong to everyone but the domain, which refuses in
/// its own words.
const ARROWS: [(&str, &[&str]); 6] = [
    ("domain", &[]),
    ("wire", &["domain", "error", "service", "store", "peers"]),
    ("store", &["domain", "error"]),
    ("peers", &["domain", "error", "wire", "config"]),
    ("service", &["domain", "store", "peers", "error", "config"]),
    ("rpc", &["wire", "service", "error"]),
];

const LAYERS: [&str; 8] = [
    "config", "domain", "error", "peers", "rpc", "service", "store", "wire",
];

/// The layer of a file of one of the six services; `other` for modules that only one service has.
fn layer(source: &Source) -> Option<&str> {
    if !source.path.starts_with("services/") || source.path.starts_with("services/suite/") {
        return None;
    }
    let module = source.module()?;
    let top = module.split(['/', '.']).next()?;
    let known = top == "lib"
        || LAYERS.contains(&top)
        || (top == "door" && source.package() == "services/gateway");
    Some(if known { top } else { "other" })
}

/// Frameworks named where they do not belong.
pub(super) fn frameworks(sources: &[Source]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in sources {
        let Some(layer) = layer(source) else { continue };
        for (framework, layers) in FRAMEWORKS {
            if !layers.contains(&layer) {
                let reason = format!(
                    "the layer {layer} names {framework}: only {} may",
                    layers.join(", ")
                );
                violations.extend(at(source, words(&source.shipped, framework), &reason));
            }
        }
        for framework in IMPURE.iter().filter(|_| layer == "domain") {
            let reason = format!("the domain names {framework}: it is pure, synchronous and total");
            violations.extend(at(source, words(&source.shipped, framework), &reason));
        }
    }
    violations
}

/// Layers named by layers that must not know them.
pub(super) fn arrows(sources: &[Source]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in sources {
        let Some(layer) = layer(source) else { continue };
        let Some((_, allowed)) = ARROWS.iter().find(|(of, _)| *of == layer) else {
            continue;
        };
        for (place, named) in siblings(source) {
            if named != layer
                && LAYERS.contains(&named.as_str())
                && !allowed.contains(&named.as_str())
            {
                let reason = format!(
                    "{layer} names {named}, but may only name {}",
                    listed(allowed)
                );
                violations.extend(at(source, [place], &reason));
            }
        }
    }
    violations
}

fn listed(allowed: &[&str]) -> String {
    if allowed.is_empty() {
        "itself".to_owned()
    } else {
        allowed.join(", ")
    }
}

/// Modules of the same service that a file names: `crate::store`, `crate::{store, wire::x}`, and `super::store` from the top.
fn siblings(source: &Source) -> Vec<(usize, String)> {
    let code = &source.shipped;
    let top = source.module().is_some_and(|module| !module.contains('/'));
    let roots: &[&str] = if top { &["crate", "super"] } else { &["crate"] };
    let mut found = Vec::new();
    for root in roots {
        for place in words(code, root) {
            let Some(rest) = code[place + root.len()..].strip_prefix("::") else {
                continue;
            };
            found.extend(heads(rest).into_iter().map(|head| (place, head)));
        }
    }
    found
}

/// The first names of a path or of a group of paths.
fn heads(rest: &str) -> Vec<String> {
    let name = |text: &str| {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let Some(group) = rest.strip_prefix('{') else {
        return vec![name(rest)];
    };
    let (mut depth, mut heads, mut begins) = (0_usize, Vec::new(), true);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            character if begins && !character.is_whitespace() => {
                heads.push(name(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    heads
}

/// The ways to make a `tonic::Status`; a domain type of that name has none of them.
const MAKERS: [&str; 21] = [
    "new",
    "with_details",
    "with_metadata",
    "with_error_details",
    "from_error",
    "cancelled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
];

/// `Status::…(` outside the places that answer errors.
pub(super) fn statuses(sources: &[Source]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in sources {
        let answers = matches!(
            source.package(),
            "libs/rpc" | "libs/access" | "libs/testkit"
        ) || layer(source)
            .is_some_and(|layer| matches!(layer, "error" | "wire" | "door"));
        if answers {
            continue;
        }
        let made = words(&source.shipped, "Status").filter(|place| {
            let rest = source.shipped[place + "Status".len()..]
                .strip_prefix("::")
                .unwrap_or("");
            MAKERS.iter().any(|maker| {
                rest.strip_prefix(maker)
                    .is_some_and(|rest| rest.starts_with('('))
            })
        });
        let reason = "a status is made here: only error.rs and wire.rs of a service, libs/rpc and libs/access make them, so \
                      that each carries its reason";
        violations.extend(at(source, made, reason));
    }
    violations
}

/// File and network access of crates that promise to have none.
pub(super) fn pure(sources: &[Source]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in sources.iter().filter(|source| {
        matches!(
            source.package(),
            "libs/rules" | "libs/certificate" | "libs/vocabulary"
        )
    }) {
        if source.module().is_none() {
            continue;
        }
        for module in ["fs", "net", "process", "env"] {
            let named = words(&source.shipped, module)
                .filter(|place| source.shipped[..*place].ends_with("std::"));
            let reason = format!(
                "std::{module} in a pure crate: files and sockets belong to whoever embeds it"
            );
            violations.extend(at(source, named, &reason));
        }
    }
    violations
}

fn at(source: &Source, places: impl IntoIterator<Item = usize>, reason: &str) -> Vec<Violation> {
    let code = &source.shipped;
    let mut lines: Vec<usize> = places.into_iter().map(|place| line(code, place)).collect();
    lines.dedup();
    let violation = |line| Violation {
        place: format!("{}:{line}", source.path),
        reason: reason.to_owned(),
    };
    lines.into_iter().map(violation).collect()
}

mod tests {
    use super::{arrows, frameworks, pure, statuses};
    use crate::boundaries::tree::Source;

    fn service(module: &str, text: &str) -> Vec<Source> {
        vec![Source::new(
            &format!("services/registry/src/{module}"),
            text,
        )]
    }

    #[test]
    fn frameworks_in_the_wrong_layer_are_found() {
        for (module, text) in [
            ("service.rs", "use tonic::Status;"),
            ("domain/case.rs", "use tokio::time;"),
            (
                "domain.rs",
                "fn f(x: tongguan_api::registry::v1::Vehicle) {}",
            ),
            ("rpc.rs", "let x = sqlx::query(a);"),
            ("sources/flat.rs", "use tonic::Code;"),
        ] {
            let found = frameworks(&service(module, &format!("//! x\n{text}\n")));
            assert_eq!(found.len(), 1, "{module}: {found:?}");
            assert_eq!(found[0].place, format!("services/registry/src/{module}:2"));
        }
        assert_eq!(
            frameworks(&service("store/rows.rs", "use sqlx::PgPool; // tonic")),
            []
        );
        assert_eq!(
            frameworks(&service("sources/flat.rs", "use tokio::time;")),
            []
        );
    }

    #[test]
    fn arrows_that_point_back_are_found() {
        for (module, text) in [
            ("domain.rs", "use crate::error::Error;"),
            ("store.rs", "use crate::service::Service;"),
            (
                "wire.rs",
                "use crate::{domain::Vehicle, rpc::{Rpc, Other}};",
            ),
            ("rpc.rs", "use super::store::Store;"),
            ("service.rs", "fn f() { crate::wire::date(x) }"),
        ] {
            assert_eq!(arrows(&service(module, text)).len(), 1, "{module}: {text}");
        }
        for (module, text) in [
            ("rpc.rs", "use crate::{service::Service, wire};"),
            (
                "service.rs",
                "use crate::domain::{Vehicle, wire};\nuse crate::store::Store;",
            ),
            (
                "store.rs",
                "#[cfg(test)]\nmod tests { use crate::service; }",
            ),
            ("lib.rs", "use crate::store::Store;"),
        ] {
            assert_eq!(arrows(&service(module, text)), [], "{module}: {text}");
        }
    }

    #[test]
    fn statuses_made_elsewhere_are_found() {
        let made = "return Err(Status::internal(e.to_string()));";
        assert_eq!(statuses(&service("rpc.rs", made)).len(), 1);
        assert_eq!(statuses(&service("error.rs", made)), []);
        assert_eq!(
            statuses(&service("domain.rs", "Status::Stolen(x); Status::of(x)")),
            []
        );
        assert_eq!(
            statuses(&[Source::new("libs/runtime/src/server.rs", made)]).len(),
            1
        );
        assert_eq!(statuses(&[Source::new("libs/rpc/src/guard.rs", made)]), []);
    }

    #[test]
    fn a_pure_crate_with_a_file_in_its_hand_is_found() {
        assert_eq!(
            pure(&[Source::new("libs/rules/src/pack.rs", "std::fs::read(path)")]).len(),
            1
        );
        assert_eq!(
            pure(&[Source::new(
                "libs/storage/src/lib.rs",
                "std::fs::read(path)"
            )]),
            []
        );
    }
}
