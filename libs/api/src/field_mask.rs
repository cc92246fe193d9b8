//! `google.protobuf.FieldMask` with its ProtoJSON form, which pbjson-types lacks: one string of camelCase paths.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names the fields of a message, each a path in the words of the schema, such as `first_registered`.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct FieldMask {
    /// The paths.
    #[prost(string, repeated, tag = "1")]
    pub paths: Vec<String>,
}

impl Serialize for FieldMask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let paths: Vec<String> = self.paths.iter().map(|path| camel(path)).collect();
        serializer.serialize_str(&paths.join(","))
    }
}

impl<'de> Deserialize<'de> for FieldMask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let paths = text
            .split(',')
            .filter(|path| !path.is_empty())
            .map(snake)
            .collect();
        Ok(Self { paths })
    }
}

fn camel(path: &str) -> String {
    let mut text = String::new();
    let mut upper = false;
    for character in path.chars() {
        if character == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            text.push(character.to_ascii_uppercase());
        } else {
            text.push(character);
        }
    }
    text
}

fn snake(path: &str) -> String {
    let mut text = String::new();
    for character in path.chars() {
        if character.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_one_string_of_camel_case_paths() {
        let mask = FieldMask {
            paths: vec!["first_registered".to_owned(), "colour".to_owned()],
        };
        let json = serde_json::to_string(&mask).unwrap();
        assert_eq!(json, "\"firstRegistered,colour\"");
        assert_eq!(serde_json::from_str::<FieldMask>(&json).unwrap(), mask);
    }
}
