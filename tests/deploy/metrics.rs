//! Dashboards and alerts look only at metrics that the code emits.

use std::collections::BTreeSet;

use super::files::{deployed, read};
use crate::boundaries::texts;

/// Names of ours in an expression, without what Prometheus adds to them.
fn watched(text: &str) -> BTreeSet<String> {
    let name =
        |character: char| character.is_ascii_alphanumeric() || character == '_' || character == ':';
    text.split(|character: char| !name(character))
        .filter(|word| word.starts_with("rpc_server_") || word.starts_with("tongguan_"))
        .map(|word| {
            let suffixes = ["_bucket", "_count", "_sum", "_total"];
            let word = suffixes
                .iter()
                .find_map(|suffix| word.strip_suffix(suffix))
                .unwrap_or(word);
            word.strip_suffix("_seconds").unwrap_or(word).to_owned()
        })
        .collect()
}

/// Metric names in the code, as Prometheus writes them.
fn emitted(texts: impl Iterator<Item = String>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for text in texts {
        for literal in text.split('"').skip(1).step_by(2) {
            let dotted = literal.contains('.')
                && literal
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_'));
            if dotted && (literal.starts_with("rpc.server.") || literal.starts_with("tongguan.")) {
                names.insert(literal.replace('.', "_"));
            }
        }
    }
    names
}

#[test]
fn dashboards_and_alerts_watch_metrics_that_are_emitted() {
    let emitted = emitted(texts());
    let mut seen = 0;
    for path in deployed(&["json", "yaml"])
        .iter()
        .filter(|path| path.contains("/grafana/") || path.contains("/otel/"))
    {
        for metric in watched(&read(path)) {
            assert!(
                emitted.contains(&metric),
                "{path} watches {metric}, which nothing emits: {emitted:?}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 4, "only {seen} metrics are watched");
}

#[test]
fn a_metric_is_known_by_its_name_on_both_sides() {
    let code = "meter.f64_histogram(\"rpc.server.call.duration\").build(); \"tongguan.proto\"; \"Tongguan.x\"".to_owned();
    assert!(emitted([code].into_iter()).contains("rpc_server_call_duration"));
    let query =
        "sum(rate(rpc_server_call_duration_seconds_bucket{a=\"b\"}[5m])) > tongguan:bad_ratio:5m";
    assert_eq!(
        watched(query),
        BTreeSet::from(["rpc_server_call_duration".to_owned()])
    );
}
