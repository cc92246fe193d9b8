//! Golden answers, damaged in every way: nothing panics, and what is no answer never becomes "nothing".

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};
use time::macros::date;

use super::*;

const TODAY: Date = date!(2026 - 03 - 02);

fn golden(profile: &str, file: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    fs::read(folder.join(profile).join(file)).unwrap_or_default()
}

fn told(profile: &str, list: &[u8]) -> Told {
    let detail = golden(profile, "detail.json");
    answer(profile, list, &[&detail], TODAY).unwrap()
}

/// Whether an answer says in so many words that there is nothing: a number of rows that is zero, or a known phrase.
fn says_nothing(raw: &[u8]) -> bool {
    fn zero(value: &Value) -> bool {
        match value {
            Value::Object(object) => object.iter().any(|(name, value)| {
                (name == "total" && matches!(read::scalar(value).as_deref(), Some("0")))
                    || zero(value)
            }),
            Value::Array(items) => items.iter().any(zero),
            _ => false,
        }
    }
    fn phrase(value: &Value) -> bool {
        match value {
            Value::String(text) => read::meaning(text) == Refusal::Said(Outcome::NoRecord),
            Value::Object(object) => object.values().any(phrase),
            Value::Array(items) => items.iter().any(phrase),
            _ => false,
        }
    }
    read::json(raw).is_ok_and(|body| zero(&body) || phrase(&body))
}

fn check(profile: &str, raw: &[u8]) -> Result<(), TestCaseError> {
    let told = told(profile, raw);
    if told.outcome == Outcome::NoRecord {
        prop_assert!(
            says_nothing(raw),
            "{profile}: {}",
            String::from_utf8_lossy(raw)
        );
        prop_assert!(told.records.is_empty());
    }
    if told.outcome == Outcome::Found {
        prop_assert!(!told.records.is_empty() && told.unreadable == 0);
    }
    if read::json(raw).is_err() {
        prop_assert_eq!(told.outcome, Outcome::UpstreamDown);
    }
    let _ = grants_token(profile, raw);
    Ok(())
}

#[test]
fn every_golden_answer_is_found_and_every_empty_one_needs_its_zero() {
    for profile in PROFILES {
        let list = golden(profile, "list.json");
        let whole = told(profile, &list);
        assert!(whole.outcome.is_answer() && !whole.records.is_empty());
        assert_eq!(
            answer(profile, b"<html>200 OK</html>", &[], TODAY)
                .unwrap()
                .outcome,
            Outcome::UpstreamDown
        );
    }
    for (total, outcome) in [
        (json!(0), Outcome::NoRecord),
        (json!("0"), Outcome::NoRecord),
        (json!(3), Outcome::UpstreamDown),
        (json!(null), Outcome::UpstreamDown),
        (json!(-1), Outcome::UpstreamDown),
        (json!("无"), Outcome::UpstreamDown),
    ] {
        let body = json!({"code": "0", "items": [], "total": total}).to_string();
        assert_eq!(
            told("lcippro_flat", body.as_bytes()).outcome,
            outcome,
            "{body}"
        );
    }
    assert_eq!(answer("atlantis", b"{}", &[], TODAY), None);
}

/// The odd values that databases, gateways and programs put where something else was meant.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!([])),
        Just(json!({})),
        Just(json!("")),
        Just(json!("[]")),
        Just(json!("{}")),
        Just(json!("null")),
        Just(json!(0)),
        Just(json!("0")),
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!(u64::MAX)),
        Just(json!(true)),
        Just(json!([[], {}, null, 0, "无"])),
        Just(json!("系统繁忙，请稍后再试")),
        Just(json!("0001-01-01")),
        Just(json!("99999999999999999999")),
        "\\PC{0,12}".prop_map(|text| json!(text)),
    ]
}

/// Puts `new` at a place of a value, counted depth first; answers how many places are left to pass, `MAX` when done.
fn change(value: &mut Value, mut at: usize, new: &Value) -> usize {
    if at == 0 {
        *value = new.clone();
        return usize::MAX;
    }
    at -= 1;
    let mut inner: Vec<&mut Value> = match value {
        Value::Object(object) => object.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    };
    for value in &mut inner {
        at = change(value, at, new);
        if at == usize::MAX {
            return at;
        }
    }
    at
}

proptest! {
    #[test]
    fn damaged_bytes_never_turn_into_nothing(
        profile in prop::sample::select(&PROFILES[..]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..6),
    ) {
        let mut raw = golden(profile, "list.json");
        for (at, byte, how) in damage {
            if raw.is_empty() {
                break;
            }
            let at = at.index(raw.len());
            match how {
                0 => raw[at] = byte,
                1 => raw.truncate(at),
                2 => raw.insert(at, byte),
                _ => { raw.remove(at); }
            }
        }
        check(profile, &raw)?;
    }

    #[test]
    fn odd_values_never_turn_into_nothing(
        profile in prop::sample::select(&PROFILES[..]),
        damage in prop::collection::vec((0_usize..120, odd()), 1..4),
    ) {
        let mut body = read::json(&golden(profile, "list.json")).unwrap();
        for (at, new) in &damage {
            change(&mut body, *at, new);
        }
        check(profile, body.to_string().as_bytes())?;
    }
}
