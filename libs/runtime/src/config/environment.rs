//! The environment as a layer: `TONGGUAN_<SECTION>__<KEY>`, typed by the defaults.

use std::collections::HashMap;

use config::{ConfigError, Map, Source, Value, ValueKind};

const PREFIX: &str = "TONGGUAN_";

/// Variables that are configuration, as values of dotted keys. The `config` crate's own environment source would guess
/// types (`007` becomes 7) and read every variable with the prefix, those of the test command too.
#[derive(Debug, Clone)]
pub(super) struct Environment(Map<String, Value>);

impl Environment {
    pub(super) fn new(variables: &HashMap<String, String>, defaults: &Value) -> Self {
        let mut values = Map::new();
        for (name, text) in variables {
            let Some(path) = name.strip_prefix(PREFIX).filter(|path| path.contains("__")) else {
                continue;
            };
            let path: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
            let kind = match at(defaults, &path) {
                Some(ValueKind::Array(_)) => ValueKind::Array(list(name, text)),
                // Everything else is converted, or refused with this variable's name, when it is read.
                _ => ValueKind::String(text.clone()),
            };
            values.insert(path.join("."), Value::new(Some(name), kind));
        }
        Self(values)
    }
}

fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a ValueKind> {
    match (&value.kind, path) {
        (kind, []) => Some(kind),
        (ValueKind::Table(table), [first, rest @ ..]) => at(table.get(first)?, rest),
        _ => None,
    }
}

fn list(name: &String, text: &str) -> Vec<Value> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| Value::new(Some(name), ValueKind::String(item.to_owned())))
        .collect()
}

impl Source for Environment {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}
