//! The effective configuration as lines of TOML, secrets redacted, origins beside them.

use std::fmt::Write;

use config::{Map, Value, ValueKind};

const REDACTED: &str = "[redacted]";

/// One line a value, sorted by key.
pub(super) fn lines(effective: &Value, origins: &Value) -> String {
    let mut lines = Vec::new();
    collect("", effective, Some(origins), &mut lines);
    lines.sort_unstable();
    lines.concat()
}

fn collect(path: &str, value: &Value, origin: Option<&Value>, lines: &mut Vec<String>) {
    match &value.kind {
        ValueKind::Table(table) if !table.is_empty() => {
            let origins = origin.and_then(|origin| match &origin.kind {
                ValueKind::Table(origins) => Some(origins),
                _ => None,
            });
            for (key, value) in table {
                let path = if path.is_empty() {
                    quoted_key(key)
                } else {
                    format!("{path}.{}", quoted_key(key))
                };
                collect(
                    &path,
                    value,
                    origins.and_then(|origins| origins.get(key)),
                    lines,
                );
            }
        }
        ValueKind::Nil => {} // TOML has no null: the key is absent
        kind => {
            let key = path.rsplit('.').next().unwrap_or(path);
            let from = origin
                .and_then(Value::origin)
                .map(|from| format!("  # {from}"))
                .unwrap_or_default();
            lines.push(format!("{path} = {}{from}\n", literal(key, kind)));
        }
    }
}

fn literal(key: &str, kind: &ValueKind) -> String {
    match kind {
        ValueKind::String(text) if is_secret(key) && !text.is_empty() => quoted(REDACTED),
        ValueKind::String(text) => quoted(&without_password(text)),
        ValueKind::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| literal(key, &item.kind)).collect();
            format!("[{}]", items.join(", "))
        }
        ValueKind::Table(table) => inline(table),
        ValueKind::Float(number) => format!("{number:?}"),
        other => other.to_string(),
    }
}

fn inline(table: &Map<String, Value>) -> String {
    let mut pairs: Vec<_> = table
        .iter()
        .filter(|(_, value)| !matches!(value.kind, ValueKind::Nil))
        .map(|(key, value)| format!("{} = {}", quoted_key(key), literal(key, &value.kind)))
        .collect();
    pairs.sort_unstable();
    format!("{{ {} }}", pairs.join(", "))
}

/// By its name, since services declare their own configuration: `signing_key` is one, `signing_key_file` is not.
fn is_secret(key: &str) -> bool {
    ["secret", "password", "passphrase", "token", "key", "pin"]
        .iter()
        .any(|word| {
            key == *word
                || key
                    .strip_suffix(word)
                    .is_some_and(|front| front.ends_with('_'))
        })
}

/// Hides the password of a URL.
fn without_password(text: &str) -> String {
    let hidden = || {
        let (scheme, rest) = text.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (user, _) = rest[..end].rsplit_once('@')?.0.split_once(':')?;
        let host = &rest[rest[..end].rfind('@')?..];
        Some(format!("{scheme}://{user}:{REDACTED}{host}"))
    };
    hidden().unwrap_or_else(|| text.to_owned())
}

fn quoted_key(key: &str) -> String {
    let bare = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if bare { key.to_owned() } else { quoted(key) }
}

/// A basic string of TOML 1.0.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                // Writing into a String cannot fail.
                let _always = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_of_an_address_is_hidden() {
        for (text, shown) in [
            ("postgres://a:b@h/d", "postgres://a:[redacted]@h/d"),
            ("postgres://a:b@c@h", "postgres://a:[redacted]@h"),
            ("postgres://a@h/d", "postgres://a@h/d"),
            ("http://127.0.0.1:4317", "http://127.0.0.1:4317"),
            ("http://h/x:y@z", "http://h/x:y@z"),
            ("a:b@c", "a:b@c"),
        ] {
            assert_eq!(without_password(text), shown);
        }
    }

    #[test]
    fn a_secret_is_known_by_its_name() {
        for key in ["key", "signing_key", "client_secret", "token", "pin"] {
            assert!(is_secret(key), "{key}");
        }
        for key in ["monkey", "signing_key_file", "tokens", "shopping"] {
            assert!(!is_secret(key), "{key}");
        }
    }
}
