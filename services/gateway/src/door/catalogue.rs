//! What the contract holds, read once from the descriptors: methods, their REST rules, comments and error reasons.

use std::collections::HashMap;
use std::sync::LazyLock;

use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, FileDescriptor, Kind,
    MessageDescriptor, MethodDescriptor, Value,
};

use super::deprecation::{self, Notice};
use super::privacy::is_about_somebody;

/// `google.protobuf.MethodOptions.IdempotencyLevel.NO_SIDE_EFFECTS`.
const NO_SIDE_EFFECTS: i32 = 1;

/// The contract.
pub(crate) struct Catalogue {
    /// Every method of ours, by service and in the order of the proto files.
    pub(crate) methods: Vec<Method>,
    /// Every error reason with its cause and cure.
    pub(crate) reasons: Vec<Reason>,
    /// The place of each method, by its gRPC path.
    by_path: HashMap<String, usize>,
}

/// One RPC.
pub(crate) struct Method {
    /// `tongguan.registry.v1.VehicleRegistry`.
    pub(crate) service: String,
    /// The comment above the service.
    pub(crate) service_comment: String,
    /// `VehicleRegistry`.
    pub(crate) service_name: String,
    /// `GetVehicle`.
    pub(crate) name: String,
    /// The comment above the method.
    pub(crate) comment: String,
    /// The scope, or "public".
    pub(crate) scope: String,
    /// Its REST bindings; none for streams from the client.
    pub(crate) rules: Vec<Rule>,
    /// Whether the answer is a stream.
    pub(crate) streams: bool,
    /// Whether the request is a stream.
    pub(crate) fed: bool,
    /// Whether it changes nothing.
    pub(crate) reads: bool,
    /// Whether a request or an answer identifies a vehicle or a person.
    pub(crate) about_somebody: bool,
    /// Whether the request has a `request_id`, which an `Idempotency-Key` fills.
    pub(crate) idempotent: bool,
    /// The request message.
    pub(crate) input: MessageDescriptor,
    /// The answer's message.
    pub(crate) output: MessageDescriptor,
    /// Since when it is deprecated, and what stands in its place.
    pub(crate) deprecated: Option<Notice>,
    /// The deprecated fields of its request, at any depth, by full name.
    pub(crate) deprecated_fields: HashMap<String, Notice>,
}

/// One `google.api.http` binding.
pub(crate) struct Rule {
    /// `GET`, `POST`, `PATCH`, `PUT` or `DELETE`.
    pub(crate) verb: String,
    /// `/v1/vehicles/{vin}:deregister`.
    pub(crate) template: String,
    /// Whether the message travels in the body.
    pub(crate) body: bool,
    segments: Vec<Segment>,
    action: Option<String>,
}

enum Segment {
    Literal(String),
    Any,
}

/// One value of the public error catalogue.
pub(crate) struct Reason {
    /// `VIN_TAKEN`.
    pub(crate) name: String,
    /// Its comment: cause, then cure.
    pub(crate) comment: String,
}

/// The contract; empty if the descriptors can not be read, which no build lets happen.
pub(crate) fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
        read().unwrap_or(Catalogue {
            methods: Vec::new(),
            reasons: Vec::new(),
            by_path: HashMap::new(),
        })
    });
    &CATALOGUE
}

fn read() -> Option<Catalogue> {
    let pool = DescriptorPool::decode(tongguan_api::DESCRIPTORS).ok()?;
    let scope = pool.get_extension_by_name("tongguan.common.v1.scope")?;
    let http = pool.get_extension_by_name("google.api.http")?;
    let services = pool
        .services()
        .filter(|service| service.package_name().starts_with("tongguan."));
    let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
    let methods: Vec<Method> = methods
        .map(|method| describe(&method, &scope, &http))
        .collect();
    let by_path = methods.iter().enumerate();
    let by_path = by_path
        .map(|(place, method)| (format!("/{}/{}", method.service, method.name), place))
        .collect();
    let reasons = pool.get_enum_by_name("tongguan.common.v1.ErrorReason")?;
    let reasons = reasons
        .values()
        .filter(|value| value.number() != 0)
        .map(|value| Reason {
            name: value.name().trim_start_matches("ERROR_REASON_").to_owned(),
            comment: comment(&value.parent_enum().parent_file(), value.path()),
        });
    Some(Catalogue {
        methods,
        reasons: reasons.collect(),
        by_path,
    })
}

/// One method as its descriptors show it.
pub(crate) fn describe(
    method: &MethodDescriptor,
    scope: &ExtensionDescriptor,
    http: &ExtensionDescriptor,
) -> Method {
    let options = method.options();
    let service = method.parent_service();
    let rules = match options
        .has_extension(http)
        .then(|| options.get_extension(http))
        .as_deref()
    {
        Some(Value::Message(rule)) => rules(rule),
        _ => Vec::new(),
    };
    Method {
        service: service.full_name().to_owned(),
        service_comment: comment(&service.parent_file(), service.path()),
        service_name: service.name().to_owned(),
        name: method.name().to_owned(),
        comment: comment(&service.parent_file(), method.path()),
        scope: options
            .get_extension(scope)
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        rules,
        streams: method.is_server_streaming(),
        fed: method.is_client_streaming(),
        about_somebody: is_about_somebody(&method.input()) || is_about_somebody(&method.output()),
        reads: method
            .method_descriptor_proto()
            .options
            .as_ref()
            .is_some_and(|options| options.idempotency_level == Some(NO_SIDE_EFFECTS)),
        idempotent: method.input().get_field_by_name("request_id").is_some(),
        input: method.input(),
        output: method.output(),
        deprecated: deprecation::of_method(method),
        deprecated_fields: deprecation::of_fields(&method.input()),
    }
}

fn rules(rule: &DynamicMessage) -> Vec<Rule> {
    let body = rule
        .get_field_by_name("body")
        .is_some_and(|body| body.as_str().is_some_and(|body| !body.is_empty()));
    let verbs = ["get", "put", "post", "delete", "patch"];
    let own = verbs.into_iter().find_map(|verb| {
        let field = rule.get_field_by_name(verb)?;
        let template = field.as_str().filter(|template| !template.is_empty())?;
        Some(Rule::new(verb, template, body))
    });
    let more = match rule.get_field_by_name("additional_bindings").as_deref() {
        Some(Value::List(bindings)) => bindings
            .iter()
            .filter_map(Value::as_message)
            .flat_map(rules)
            .collect(),
        _ => Vec::new(),
    };
    own.into_iter().chain(more).collect()
}

/// What the proto file says above the thing at this path, as one line.
pub(crate) fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let found = info.and_then(|info| info.location.iter().find(|location| location.path == path));
    let text = found
        .and_then(|location| location.leading_comments.clone())
        .unwrap_or_default();
    text.lines()
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
        .trim()
        .to_owned()
}

impl Method {
    /// Bytes of one message of its request.
    pub(crate) fn most_bytes(&self) -> u64 {
        const BULK: [&str; 9] = [
            "Batch",
            "Start",
            "AddTo",
            "Import",
            "Simulate",
            "Stream",
            "Evaluate",
            "VerifyManifest",
            "ReplayDecision",
        ];
        let packs = self.name.ends_with("Pack");
        if self.fed || packs || BULK.iter().any(|word| self.name.starts_with(word)) {
            // Many things at once; each service has its own, smaller limits.
            return 8 << 20;
        }
        let long = |field: &FieldDescriptor| field.is_list() || field.kind() == Kind::Bytes;
        if self.input.fields().any(|field| long(&field)) {
            256 << 10
        } else {
            64 << 10
        }
    }
}

impl Rule {
    fn new(verb: &str, template: &str, body: bool) -> Self {
        let (path, action) = split_action(template);
        let segment = |text: &str| {
            if text.starts_with('{') {
                Segment::Any
            } else {
                Segment::Literal(text.to_owned())
            }
        };
        Self {
            verb: verb.to_ascii_uppercase(),
            template: template.to_owned(),
            body,
            segments: path.split('/').skip(1).map(segment).collect(),
            action: action.map(str::to_owned),
        }
    }

    /// Whether the template fits a path, its verb aside.
    pub(crate) fn fits(&self, path: &str) -> bool {
        let (path, action) = split_action(path);
        let mut parts = path.split('/').skip(1);
        let same = self
            .segments
            .iter()
            .all(|segment| match (segment, parts.next()) {
                (Segment::Literal(text), Some(part)) => text == part,
                (Segment::Any, Some(part)) => !part.is_empty(),
                (_, None) => false,
            });
        same && parts.next().is_none() && self.action.as_deref() == action
    }
}

/// Splits `/v1/vehicles/{vin}:lift` at the colon of its last segment.
fn split_action(path: &str) -> (&str, Option<&str>) {
    let last = path.rfind('/').map_or(0, |slash| slash + 1);
    match path[last..].rfind([':', '}']).map(|at| last + at) {
        Some(at) if path.as_bytes()[at] == b':' => (&path[..at], Some(&path[at + 1..])),
        _ => (path, None),
    }
}

impl Catalogue {
    /// The method behind a gRPC path, such as `/tongguan.registry.v1.VehicleRegistry/GetVehicle`.
    pub(crate) fn rpc(&self, path: &str) -> Option<&Method> {
        self.methods.get(*self.by_path.get(path)?)
    }

    /// The method a REST call reaches.
    pub(crate) fn find(&self, verb: &str, path: &str) -> Option<&Method> {
        self.methods.iter().find(|method| {
            method
                .rules
                .iter()
                .any(|rule| rule.verb == verb && rule.fits(path))
        })
    }

    /// The verbs a path takes.
    pub(crate) fn verbs(&self, path: &str) -> Vec<&str> {
        let rules = self.methods.iter().flat_map(|method| &method.rules);
        rules
            .filter(|rule| rule.fits(path))
            .map(|rule| rule.verb.as_str())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_finds_its_method_by_verb_segments_and_action() {
        let find = |verb, path| {
            catalogue()
                .find(verb, path)
                .map(|method| method.name.as_str())
        };
        assert_eq!(
            find("GET", "/v1/vehicles/LSVAU2A37N2100005"),
            Some("GetVehicle")
        );
        assert_eq!(
            find("POST", "/v1/vehicles/LSVAU2A37N2100005:deregister"),
            Some("DeregisterVehicle")
        );
        assert_eq!(
            find("GET", "/v1/readiness/LSVAU2A37N2100005"),
            Some("CheckReadiness")
        );
        assert_eq!(find("GET", "/v1/vehicles/"), None);
        assert_eq!(find("PUT", "/v1/vehicles"), None);
        assert_eq!(find("GET", ""), None);
        assert_eq!(catalogue().verbs("/v1/vehicles"), ["POST", "GET"]);
    }

    #[test]
    fn every_method_and_reason_says_what_it_is_for() {
        assert!(catalogue().methods.len() > 80);
        for method in &catalogue().methods {
            assert!(
                !method.comment.is_empty() && !method.scope.is_empty(),
                "{}.{}",
                method.service,
                method.name
            );
        }
        for reason in &catalogue().reasons {
            assert!(
                reason.comment.contains("Cure:"),
                "{} has no cure",
                reason.name
            );
        }
    }
}
