//! YAML as a tree that remembers where every node stands, read once and then picked apart with all problems kept.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::Spanned;

use crate::nearest::{hint, nearest};
use crate::problem::Problem;

/// A YAML node and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) tree: Tree,
    pub(crate) line: u64,
    pub(crate) column: u64,
    /// Byte offset of the node in the text.
    pub(crate) offset: usize,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Reads one YAML document.
pub(crate) fn parse(text: &str) -> Result<Node, Problem> {
    // Only `true` and `false` are truth values: NO is Norway.
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options::<Node>(text, options).map_err(|error| {
        let place = error.location();
        Problem {
            path: String::new(),
            // What the reader cannot place concerns the text from its beginning.
            line: place.map_or(1, |place| place.line().max(1)),
            column: place.map_or(1, |place| place.column().max(1)),
            message: error.without_snippet().to_string(),
        }
    })
}

impl Node {
    /// The same content as JSON, without places.
    pub(crate) fn to_json(&self) -> Value {
        match &self.tree {
            Tree::Null => Value::Null,
            Tree::Bool(flag) => Value::Bool(*flag),
            Tree::Int(int) => Value::from(*int),
            Tree::Float(float) => Value::from(*float),
            Tree::Text(text) => Value::from(text.as_str()),
            Tree::List(list) => list.iter().map(Self::to_json).collect(),
            Tree::Map(map) => {
                // Sorted, so that the order of keys in a file does not change its digest.
                let mut pairs: Vec<_> = map
                    .iter()
                    .map(|(key, node)| (key.clone(), node.to_json()))
                    .collect();
                pairs.sort_by(|a, b| a.0.cmp(&b.0));
                Value::Object(pairs.into_iter().collect())
            }
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.tree {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    fn kind(&self) -> &'static str {
        match self.tree {
            Tree::Null => "nothing",
            Tree::Bool(_) => "a bool",
            Tree::Int(_) | Tree::Float(_) => "a number",
            Tree::Text(_) => "text",
            Tree::List(_) => "a list",
            Tree::Map(_) => "a map",
        }
    }
}

/// Collects the problems of one file.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) problems: Vec<Problem>,
}

impl Report {
    pub(crate) fn add(&mut self, path: &str, node: &Node, message: impl Into<String>) {
        self.problems.push(Problem {
            path: path.to_owned(),
            line: node.line,
            column: node.column,
            message: message.into(),
        });
    }
}

/// A map being read: knows its path, its keys, and where to report.
pub(crate) struct Fields<'a> {
    pub(crate) path: String,
    pub(crate) node: &'a Node,
    pairs: &'a [(String, Node)],
}

impl<'a> Fields<'a> {
    /// Opens a map; reports keys outside `known` with the nearest that is.
    pub(crate) fn open(
        node: &'a Node,
        path: &str,
        known: &[&str],
        report: &mut Report,
    ) -> Option<Self> {
        let Tree::Map(pairs) = &node.tree else {
            report.add(
                path,
                node,
                format!("a map is needed here, not {}", node.kind()),
            );
            return None;
        };
        for (key, value) in pairs {
            if !known.contains(&key.as_str()) {
                let near = nearest(key, known.iter().copied());
                report.add(
                    path,
                    value,
                    format!("unknown field {key:?}{}", hint(near.as_deref())),
                );
            }
        }
        Some(Self {
            path: path.to_owned(),
            node,
            pairs,
        })
    }

    /// The path of one field.
    pub(crate) fn at(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// A field that is there and not null.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Node> {
        let (_, node) = self.pairs.iter().find(|(name, _)| name == key)?;
        (!matches!(node.tree, Tree::Null)).then_some(node)
    }

    /// Reports a missing field.
    pub(crate) fn need(&self, key: &str, report: &mut Report) -> Option<&'a Node> {
        let node = self.get(key);
        if node.is_none() {
            report.add(&self.path, self.node, format!("{key:?} is missing"));
        }
        node
    }

    /// An optional text.
    pub(crate) fn text(&self, key: &str, report: &mut Report) -> Option<&'a str> {
        let node = self.get(key)?;
        let text = node.text().map(str::trim).filter(|text| !text.is_empty());
        if text.is_none() {
            report.add(
                &self.at(key),
                node,
                format!("text is needed here, not {}; quote it", node.kind()),
            );
        }
        text
    }

    /// An optional scalar as text: `2026.11` and `true` count as written.
    pub(crate) fn scalar(&self, key: &str, report: &mut Report) -> Option<String> {
        let node = self.get(key)?;
        match &node.tree {
            Tree::Bool(flag) => Some(flag.to_string()),
            Tree::Int(int) => Some(int.to_string()),
            _ => self.text(key, report).map(str::to_owned),
        }
    }

    /// An optional word of a closed list, as its place.
    pub(crate) fn word<T: Copy>(
        &self,
        key: &str,
        words: &[(&str, T)],
        report: &mut Report,
    ) -> Option<T> {
        let text = self.text(key, report)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let near = nearest(text, words.iter().map(|(word, _)| *word));
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let node = self.get(key).unwrap_or(self.node);
            report.add(
                &self.at(key),
                node,
                format!(
                    "{text:?} is not one of {}{}",
                    all.join(", "),
                    hint(near.as_deref())
                ),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// An optional list; a single item counts as a list of one.
    pub(crate) fn list(&self, key: &str) -> &'a [Node] {
        match self.get(key) {
            Some(Node {
                tree: Tree::List(list),
                ..
            }) => list,
            Some(node) => std::slice::from_ref(node),
            None => &[],
        }
    }

    /// An optional list of texts.
    pub(crate) fn texts(&self, key: &str, report: &mut Report) -> Vec<&'a str> {
        let mut texts = Vec::new();
        for node in self.list(key) {
            match node.text() {
                Some(text) => texts.push(text),
                None => report.add(
                    &self.at(key),
                    node,
                    format!("text is needed here, not {}", node.kind()),
                ),
            }
        }
        texts
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Tree>::deserialize(deserializer)?;
        Ok(Self {
            line: spanned.referenced.line(),
            column: spanned.referenced.column(),
            offset: spanned.referenced.span().byte_offset().unwrap_or(0) as usize,
            tree: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(flag))
    }

    fn visit_i64<E>(self, int: i64) -> Result<Tree, E> {
        Ok(Tree::Int(int))
    }

    fn visit_u64<E>(self, int: u64) -> Result<Tree, E> {
        Ok(i64::try_from(int).map_or(Tree::Float(int as f64), Tree::Int))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Tree, E> {
        Ok(Tree::Float(float))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = items.next_element()? {
            list.push(node);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some((key, node)) = entries.next_entry::<String, Node>()? {
            map.push((key, node));
        }
        Ok(Tree::Map(map))
    }
}
