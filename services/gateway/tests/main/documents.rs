//! The documents: complete, consistent with what is served, and without anything from elsewhere.

use std::collections::BTreeSet;

use http::Request;
use serde_json::Value;

use crate::fakes::{Fakes, House, house, text};

async fn get(house: &House, path: &str) -> (u16, String) {
    let answer = house.send(Request::get(path).body(text("")).unwrap()).await;
    (
        answer.status().as_u16(),
        String::from_utf8(answer.body().to_vec()).unwrap(),
    )
}

fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            match value.as_str().filter(|_| name == "$ref") {
                Some(reference) => found.push(reference),
                None => walk(value, found),
            }
        }),
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_openapi_document_is_whole() {
    let house = house(Fakes::default()).await;
    let (status, text) = get(&house, "/openapi.json").await;
    assert_eq!(status, 200);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut references = Vec::new();
    walk(&document, &mut references);
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (verb, operation) in item.as_object().unwrap() {
            assert!(
                names.insert(operation["operationId"].as_str().unwrap()),
                "{verb} {path} is named twice"
            );
            assert!(
                operation["summary"]
                    .as_str()
                    .is_some_and(|summary| !summary.is_empty()),
                "{verb} {path} has no summary"
            );
            assert!(
                operation["x-scope"].is_string(),
                "{verb} {path} has no scope"
            );
        }
    }
    assert!(names.len() > 80);
    assert!(document["x-error-catalogue"].as_array().unwrap().len() > 30);
}

#[tokio::test]
async fn the_docs_name_every_method_and_load_nothing() {
    let house = house(Fakes::default()).await;
    let (status, page) = get(&house, "/docs").await;
    assert_eq!(status, 200);
    for name in [
        "RegisterVehicle",
        "SubmitInspection",
        "LookupHistory",
        "Evaluate",
        "VerifyCertificate",
        "CheckReadiness",
        "CreateEndpoint",
        "SetClock",
    ] {
        assert!(
            page.contains(&format!(".{name}'>{name}</h3>")),
            "{name} is missing"
        );
    }
    for told in [
        "000SANDB8R0000001",
        "x-legal-basis",
        "CURSOR_PRUNED",
        "RFC 9745",
    ] {
        assert!(page.contains(told), "{told} is not documented");
    }
    assert!(page.contains("VIN_TAKEN") && page.contains("Cure:"));
    for foreign in ["<script", "<link", "src=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[tokio::test]
async fn the_landing_page_and_the_probes_answer() {
    let house = house(Fakes::default()).await;
    assert!(
        get(&house, "/")
            .await
            .1
            .contains("Nothing here is an official permit")
    );
    assert_eq!(get(&house, "/livez").await.0, 200);
    assert_eq!(get(&house, "/readyz").await.0, 200);
}
