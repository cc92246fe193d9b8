//! Reading the folder `deploy/`, and others for what it names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

pub(super) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every document of a file; JSON is YAML.
pub(super) fn yaml(path: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files under `deploy/` that end so, sorted.
pub(super) fn deployed(extensions: &[&str]) -> Vec<String> {
    under("deploy", extensions)
}

/// The files under a folder that end so, sorted.
pub(super) fn under(folder: &str, extensions: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    collect(folder, &mut found);
    found.retain(|path| {
        extensions
            .iter()
            .any(|extension| path.ends_with(&format!(".{extension}")))
    });
    found.sort();
    found
}

fn collect(folder: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(root().join(folder))
        .unwrap()
        .map(Result::unwrap)
    {
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Every variable of ours that a manifest sets, with a value of the kind it gets.
pub(super) fn variables() -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for path in deployed(&["yaml"]) {
        for document in yaml(&path) {
            walk(&document, &mut variables);
        }
    }
    variables.retain(|name, _| name.starts_with("TONGGUAN_") && name.contains("__"));
    variables
}

fn walk(value: &Value, variables: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            // `- name: X, value: Y` or `valueFrom`, in lists of variables.
            if let Some(name) = map.get("name").and_then(Value::as_str) {
                let text = map
                    .get("value")
                    .and_then(Value::as_str)
                    .unwrap_or("postgres://from-a-secret/db");
                variables
                    .entry(name.to_owned())
                    .or_insert_with(|| text.to_owned());
            }
            for (key, value) in map {
                if let Some(text) = value.as_str().filter(|_| key.starts_with("TONGGUAN_")) {
                    variables.insert(key.clone(), text.to_owned());
                }
                walk(value, variables);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, variables)),
        Value::String(text) => {
            // `X=Y` of a generator, and patches, which are YAML in text.
            if let Some((name, value)) = text
                .split_once('=')
                .filter(|(name, _)| name.starts_with("TONGGUAN_"))
            {
                variables.insert(name.to_owned(), value.to_owned());
            } else if text.contains('\n') && text.contains("TONGGUAN_") {
                let patch: Value = serde_saphyr::from_str(text).unwrap();
                walk(&patch, variables);
            }
        }
        _ => {}
    }
}
