//! What changed between two versions of a pack, rule by rule and field by field.

use serde::Serialize;
use serde_json::Value;

use crate::pack::Pack;

/// The changes from one pack to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// The older version.
    pub from: String,
    /// The newer version.
    pub to: String,
    /// Fields of the pack's head that changed.
    pub head: Vec<FieldChange>,
    /// Rules that were added, removed or changed, in the order of their ids.
    pub rules: Vec<RuleChange>,
}

/// What happened to one rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleChange {
    /// Its id.
    pub id: String,
    /// `added`, `removed` or `changed`.
    pub kind: &'static str,
    /// Its fields that changed; empty unless it changed.
    pub fields: Vec<FieldChange>,
}

/// One field before and after; `None` where it was absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// Its old value.
    pub old: Option<Value>,
    /// Its new value.
    pub new: Option<Value>,
}

/// Compares the content of two packs; layers are compared by their digests under `extends`.
pub fn diff(old: &Pack, new: &Pack) -> Diff {
    let (before, after) = (rules(old), rules(new));
    let mut ids: Vec<&str> = before.iter().chain(&after).map(|(id, _)| *id).collect();
    ids.sort_unstable();
    ids.dedup();
    let find = |list: &[(&str, &Value)], id: &str| {
        list.iter()
            .find(|(known, _)| *known == id)
            .map(|(_, rule)| (*rule).clone())
    };
    let mut changes = Vec::new();
    for id in ids {
        let (kind, fields) = match (find(&before, id), find(&after, id)) {
            (None, _) => ("added", Vec::new()),
            (_, None) => ("removed", Vec::new()),
            (Some(old), Some(new)) => ("changed", fields(&old, &new)),
        };
        if kind != "changed" || !fields.is_empty() {
            changes.push(RuleChange {
                id: id.to_owned(),
                kind,
                fields,
            });
        }
    }
    Diff {
        from: old.version.to_string(),
        to: new.version.to_string(),
        head: fields(&head(old), &head(new)),
        rules: changes,
    }
}

fn rules(pack: &Pack) -> Vec<(&str, &Value)> {
    let list = pack.content()["rules"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    list.iter()
        .filter_map(|rule| Some((rule["id"].as_str()?, rule)))
        .collect()
}

fn head(pack: &Pack) -> Value {
    let mut head = pack.content().clone();
    if let Some(object) = head.as_object_mut() {
        object.remove("rules");
        let layers = pack
            .layers
            .iter()
            .map(|layer| format!("{} {} {}", layer.market, layer.version, layer.digest));
        object.insert("extends".to_owned(), layers.collect());
    }
    head
}

fn fields(old: &Value, new: &Value) -> Vec<FieldChange> {
    let keys = |value: &Value| {
        value
            .as_object()
            .map(|object| object.keys().cloned().collect::<Vec<_>>())
            .unwrap_or_default()
    };
    let mut names = keys(old);
    names.extend(keys(new));
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter(|name| old.get(name) != new.get(name))
        .map(|name| FieldChange {
            old: old.get(&name).cloned(),
            new: new.get(&name).cloned(),
            field: name,
        })
        .collect()
}
