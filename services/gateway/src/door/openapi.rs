//! The OpenAPI 3.1 document: the generated ones joined, with comments, security, examples and the error catalogue.

mod schema;

use std::sync::LazyLock;

use prost_reflect::{FieldDescriptor, Kind};
use serde_json::{Map, Value, json};

use super::catalogue::{self, Method, catalogue};
use super::sample::sample;

/// The document as text, made once.
pub(crate) fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| joined().to_string());
    &DOCUMENT
}

fn joined() -> Value {
    let mut paths = Map::new();
    for document in tongguan_api::OPENAPI {
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        let part = |pointer: &str| {
            document
                .pointer(pointer)
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default()
        };
        paths.extend(part("/paths"));
    }
    let mut schemas = schema::schemas();
    for (path, item) in &mut paths {
        for (verb, operation) in item.as_object_mut().into_iter().flatten() {
            let verb = verb.to_ascii_uppercase();
            let named = |method: &&Method| {
                method
                    .rules
                    .iter()
                    .any(|rule| rule.verb == verb && rule.template == *path)
            };
            if let Some(method) = catalogue().methods.iter().find(named) {
                let first = method
                    .rules
                    .first()
                    .is_some_and(|rule| rule.template == *path && rule.verb == verb);
                describe(operation, method, &verb, first);
            }
        }
    }
    schemas.insert("google.rpc.Status".into(), status_schema());
    let paths: Map<String, Value> = paths.into_iter().map(plainly_named).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tongguan (通关)",
            "version": "v1",
            "description": "Whether a used vehicle may leave China for a market, and the proof. Nothing here is an official permit. \
                            Every method is served as gRPC, gRPC-Web and JSON on one port. Errors carry a reason of the catalogue in \
                            `x-error-catalogue`; writes take an `Idempotency-Key`.",
        },
        "servers": [{"url": "/"}],
        "tags": tags(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A token of an accepted issuer, or of `tongguan token`."},
            },
        },
        "security": [{"token": []}],
        "x-error-catalogue": catalogue().reasons.iter().map(|reason| json!({"reason": reason.name, "meaning": reason.comment})).collect::<Vec<_>>(),
    })
}

/// A dot in the name of a path's variable is legal and breaks tools all the same: `{listing.vin}` becomes
/// `{listingVin}`. The name is the document's alone; the path a client sends is the same.
fn plainly_named((path, mut item): (String, Value)) -> (String, Value) {
    for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
        for parameter in listed(operation) {
            if parameter["in"] == "path"
                && let Some(name) = parameter["name"].as_str()
            {
                parameter["name"] = json!(plain(name));
            }
        }
    }
    let mut parts = path.split(['{', '}']);
    let mut renamed = parts.next().unwrap_or_default().to_owned();
    while let (Some(variable), Some(rest)) = (parts.next(), parts.next()) {
        renamed = format!("{renamed}{{{}}}{rest}", plain(variable));
    }
    (renamed, item)
}

/// The parameters of an operation; none where it has none, and none is added by looking.
fn listed(operation: &mut Value) -> impl Iterator<Item = &mut Value> {
    let parameters = operation.get_mut("parameters");
    parameters
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

fn plain(name: &str) -> String {
    let mut words = name.split(['.', '_']);
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let initial = letters.next().map(|letter| letter.to_ascii_uppercase());
        name + &initial.into_iter().chain(letters).collect::<String>()
    })
}

/// A parameter's own schema, from the field of the request that it fills.
fn parameters(operation: &mut Value, method: &Method) {
    let required = schema::required(method.input.full_name());
    for parameter in listed(operation) {
        let Some(name) = parameter["name"].as_str().map(str::to_owned) else {
            continue;
        };
        let mut message = Some(method.input.clone());
        let mut found = None;
        for part in name.split('.') {
            let fields = message.take();
            found = fields.and_then(|fields| {
                let mut all = fields.fields();
                all.find(|field| field.json_name() == part || field.name() == part)
            });
            if let Some(Kind::Message(inner)) = found.as_ref().map(FieldDescriptor::kind) {
                message = Some(inner);
            }
        }
        let Some(field) = found else { continue };
        let said = catalogue::comment(&field.parent_message().parent_file(), field.path());
        parameter["description"] = json!(said);
        let one = schema::one(&field);
        parameter["schema"] = if field.is_list() {
            json!({"type": "array", "items": one})
        } else {
            one
        };
        if parameter["in"] == "query" && required.contains(field.name()) && !name.contains('.') {
            parameter["required"] = json!(true);
        }
    }
}

fn tags() -> Value {
    let mut tags: Vec<Value> = Vec::new();
    for method in &catalogue().methods {
        let tag = json!({"name": method.service_name, "description": method.service_comment});
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Value::Array(tags)
}

fn describe(operation: &mut Value, method: &Method, verb: &str, first: bool) {
    let suffix = if first { "" } else { "_2" };
    operation["operationId"] = json!(format!("{}_{}{suffix}", method.service_name, method.name));
    operation["tags"] = json!([method.service_name]);
    operation["summary"] = json!(
        method
            .comment
            .split_inclusive(". ")
            .next()
            .unwrap_or_default()
            .trim()
    );
    operation["description"] = json!(format!("{} Scope: `{}`.", method.comment, method.scope));
    if method.scope == "public" {
        operation["security"] = json!([]);
    }
    if let Some(notice) = &method.deprecated {
        operation["deprecated"] = json!(true);
        operation["description"] = json!(format!(
            "{} Scope: `{}`. {notice}",
            method.comment, method.scope
        ));
    }
    operation["x-scope"] = json!(method.scope);
    operation["x-grpc"] = json!(format!("{}/{}", method.service, method.name));
    parameters(operation, method);
    if method.idempotent && verb != "GET" {
        let header = json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "schema": {"type": "string", "maxLength": 64}, "description": "Fills an empty `requestId`: the same key and body answer the same.",
        });
        match operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut)
        {
            Some(parameters) => parameters.push(header),
            None => operation["parameters"] = json!([header]),
        }
    }
    if let Some(body) = operation.pointer_mut("/requestBody/content/application~1json") {
        body["example"] = sample(&method.input);
    }
    if method.streams
        && let Some(content) = operation
            .pointer_mut("/responses/200/content")
            .and_then(Value::as_object_mut)
    {
        let item = content
            .get("application/json")
            .and_then(|json| json.pointer("/schema/items"))
            .cloned()
            .unwrap_or_default();
        content
            .entry("application/x-ndjson")
            .or_insert_with(|| json!({ "schema": item.clone() }));
        content
            .entry("text/event-stream")
            .or_insert_with(|| json!({ "schema": item }));
    }
}

/// An error as the door writes it.
fn status_schema() -> Value {
    json!({
        "type": "object",
        "description": "google.rpc.Status: the gRPC code, a sentence, and details by `@type`.",
        "required": ["code", "message", "details"],
        "properties": {
            "code": {"type": "integer", "format": "int32", "description": "The gRPC code, such as 3 for INVALID_ARGUMENT."},
            "message": {"type": "string"},
            "details": {
                "type": "array",
                "description": "ErrorInfo always; BadRequest for wrong fields, all at once; RetryInfo where a retry can help; PreconditionFailure with the legal steps.",
                "items": {"type": "object", "required": ["@type"], "properties": {
                    "@type": {"type": "string"},
                    "reason": {"type": "string", "enum": catalogue().reasons.iter().map(|reason| reason.name.clone()).collect::<Vec<_>>()},
                    "domain": {"type": "string"},
                    "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
                    "fieldViolations": {"type": "array", "items": {"type": "object", "properties": {"field": {"type": "string"}, "description": {"type": "string"}}}},
                    "violations": {"type": "array", "items": {"type": "object"}},
                    "retryDelay": {"type": "string"},
                }},
            },
        },
        "example": {
            "code": 3,
            "message": "one field of the request is wrong: vin",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "INVALID_FIELDS", "domain": "tongguan", "metadata": {}},
                {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": "vin", "description": "is required"}]},
            ],
        },
    })
}
