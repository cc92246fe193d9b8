//! Reads what came back: bytes in UTF-8 or GBK, JSON or not, success per operation, refusals in Chinese, rows.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::profile::{Page, Refusal};
use crate::domain::fields::{FIELDS, is_one_of};
use crate::domain::outcome::Outcome;
use crate::domain::record::{Pairs, RawRow};

const TABLE: &str = include_str!("../../data/phrases.json");

static PHRASES: LazyLock<Vec<Phrases>> = LazyLock::new(|| {
    serde_json::from_str::<Table>(TABLE)
        .map(|table| table.rows)
        .unwrap_or_default()
});

#[derive(Deserialize)]
struct Table {
    rows: Vec<Phrases>,
}

#[derive(Deserialize)]
struct Phrases {
    means: String,
    phrases: Vec<String>,
}

/// The JSON of an answer. A page of HTML, half a body or anything else is no answer, whatever the HTTP status says.
pub(crate) fn json(bytes: &[u8]) -> Result<Value, Refusal> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        // GB 18030 holds all of GBK; what is neither has replacement characters, and is then rarely JSON.
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(bytes).0,
    };
    match serde_json::from_str(&text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => Ok(value),
        _ => Err(Refusal::Senseless),
    }
}

/// Whether the operation succeeded: `code` of `body` equals `success`, as text or as number.
pub(crate) fn succeeded(body: &Value, success: &str) -> Result<(), Refusal> {
    let code = body
        .get("code")
        .and_then(scalar)
        .ok_or(Refusal::Senseless)?;
    if code == success {
        return Ok(());
    }
    let texts = ["status", "msg", "message", "info"];
    let said = texts
        .iter()
        .find_map(|name| body.get(name).and_then(Value::as_str))
        .unwrap_or_default();
    Err(meaning(said))
}

/// What a refusal text means.
pub(crate) fn meaning(text: &str) -> Refusal {
    let text = text.to_lowercase();
    let row = PHRASES.iter().find(|row| {
        row.phrases
            .iter()
            .any(|phrase| text.contains(&phrase.to_lowercase()))
    });
    match row.map(|row| row.means.as_str()) {
        Some("TOKEN_EXPIRED") => Refusal::TokenExpired,
        Some(name) => Outcome::from_name(name).map_or(Refusal::Senseless, Refusal::Said),
        None => Refusal::Senseless,
    }
}

/// A text, number or truth value as text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The rows of a page: `list` must be an array (or JSON of one in a text); what in it is no object is counted.
pub(crate) fn page(list: Option<&Value>, total: Option<&Value>) -> Result<Page, Refusal> {
    let list = unpacked(list.ok_or(Refusal::Senseless)?);
    let items = match list {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        _ => return Err(Refusal::Senseless),
    };
    let rows: Vec<RawRow> = items.iter().filter_map(row).collect();
    Ok(Page {
        unreadable: (items.len() - rows.len()) as u32,
        total: total.and_then(scalar).and_then(|text| text.parse().ok()),
        rows,
        ..Page::default()
    })
}

/// One row: flat, or with its elements in an object of their own; lists as arrays, as texts of JSON, or one level down.
pub(crate) fn row(value: &Value) -> Option<RawRow> {
    let outer = value.as_object()?;
    let basic = outer
        .iter()
        .find(|(name, _)| is_one_of(&FIELDS.basic, name))
        .map(|(_, value)| unpacked(value));
    let basic = match &basic {
        Some(Value::Object(inner)) => inner,
        Some(_) => return None,
        None => outer,
    };
    let list = |names: &[String]| {
        let found = outer
            .iter()
            .chain(basic.iter())
            .find(|(name, value)| is_one_of(names, name) && !value.is_null());
        found
            .map(|(_, value)| members(&unpacked(value), names))
            .unwrap_or_default()
    };
    Some(RawRow {
        basic: pairs(basic),
        jobs: list(&FIELDS.jobs),
        parts: list(&FIELDS.parts),
    })
}

/// Some clients send nested objects as texts of JSON.
fn unpacked(value: &Value) -> Value {
    match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        other => other.clone(),
    }
}

fn members(value: &Value, names: &[String]) -> Vec<Pairs> {
    match value {
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_object)
            .map(pairs)
            .collect(),
        Value::Object(inner) => inner
            .iter()
            .find(|(name, value)| is_one_of(names, name) && value.is_array())
            .map(|(_, value)| members(value, names))
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn pairs(object: &Map<String, Value>) -> Pairs {
    object
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), scalar(value)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn every_row_of_the_phrases_means_something() {
        let table: Table = serde_json::from_str(TABLE).unwrap();
        for row in table.rows {
            assert!(
                row.means == "TOKEN_EXPIRED" || Outcome::from_name(&row.means).is_some(),
                "{}",
                row.means
            );
        }
        assert_eq!(
            meaning("车主授权待审核，请耐心等待"),
            Refusal::Said(Outcome::AuthPending)
        );
        assert_eq!(meaning("天气很好"), Refusal::Senseless);
    }

    #[test]
    fn a_page_of_html_is_no_answer() {
        assert_eq!(
            json("<html>系统维护</html>".as_bytes()),
            Err(Refusal::Senseless)
        );
        assert_eq!(
            json(b"{\"code\":\"0\",\"items\":["),
            Err(Refusal::Senseless)
        );
        assert_eq!(json(b"null"), Err(Refusal::Senseless));
        let gbk = encoding_rs::GBK.encode("{\"status\":\"查询成功\"}").0;
        assert_eq!(json(&gbk).unwrap()["status"], "查询成功");
    }

    #[test]
    fn rows_are_read_flat_nested_and_packed() {
        let packed = json!({"basicInfo": "{\"vin\":\"X\"}", "repairprojectlist": "[{\"repairproject\":\"保养\"}]"});
        let nested = json!({"repairBasicinfo": {"vin": "X"}, "repairprojectlist": [{"repairproject": "保养"}]});
        let deeper = json!({"vin": "X", "repairItems": {"items": [{"repairproject": "保养"}], "subtotal": 1}});
        for value in [packed, nested, deeper] {
            let row = row(&value).unwrap();
            assert!(
                row.basic.contains(&("vin".to_owned(), "X".to_owned())),
                "{value}"
            );
            assert_eq!(row.jobs.len(), 1, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(value) = json(&bytes) {
                let _ = (row(&value), page(Some(&value), None), succeeded(&value, "1"));
            }
        }
    }
}
