//! What of the contract is on its way out, and how a caller hears of it: RFC 9745 `Deprecation`, RFC 8594 `Sunset`, a link.
//!
//! The headers are those of the HTTP answer, so gRPC clients read them as initial metadata, and JSON clients as they are.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderValue, header};
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    Value,
};
use time::macros::format_description;
use time::{Date, PrimitiveDateTime, Time};

use super::catalogue::Method;

/// One deprecated method or field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// `CheckReadiness`, or `listing` for a field.
    pub(crate) what: String,
    /// Where `/docs` speaks of it: the method, or nothing for a field that many methods share.
    pub(crate) anchor: String,
    pub(crate) since: Option<Date>,
    pub(crate) sunset: Option<Date>,
    pub(crate) instead: String,
}

/// The contract's word on a method.
pub(crate) fn of_method(method: &MethodDescriptor) -> Option<Notice> {
    let options = method.options();
    let old = options.get_field_by_name("deprecated")?.as_bool()?;
    let pool = method.parent_pool();
    let said = |name| text(pool, &options, name);
    let service = method.parent_service();
    old.then(|| Notice {
        what: method.name().to_owned(),
        anchor: format!("{}.{}", service.name(), method.name()),
        since: day(&said("deprecated_since")),
        sunset: day(&said("sunset")),
        instead: said("instead"),
    })
}

/// The contract's word on a field.
pub(crate) fn of_field(field: &FieldDescriptor) -> Option<Notice> {
    let options = field.options();
    let old = options.get_field_by_name("deprecated")?.as_bool()?;
    let pool = field.parent_pool();
    let said = |name| text(pool, &options, name);
    old.then(|| Notice {
        what: field.name().to_owned(),
        anchor: String::new(),
        since: day(&said("field_deprecated_since")),
        sunset: day(&said("field_sunset")),
        instead: said("field_instead"),
    })
}

/// The deprecated fields of a message and of those in it, by full name.
pub(crate) fn of_fields(message: &MessageDescriptor) -> HashMap<String, Notice> {
    fn look(
        message: &MessageDescriptor,
        seen: &mut BTreeSet<String>,
        found: &mut HashMap<String, Notice>,
    ) {
        if !seen.insert(message.full_name().to_owned()) {
            return;
        }
        for field in message.fields() {
            if let Some(notice) = of_field(&field) {
                found.insert(field.full_name().to_owned(), notice);
            }
            if let Kind::Message(inner) = field.kind() {
                look(&inner, seen, found);
            }
        }
    }
    let mut found = HashMap::new();
    look(message, &mut BTreeSet::new(), &mut found);
    found
}

fn text(pool: &DescriptorPool, options: &DynamicMessage, name: &str) -> String {
    let extension = pool.get_extension_by_name(&format!("tongguan.common.v1.{name}"));
    let value = extension.map(|extension| options.get_extension(&extension).into_owned());
    match value {
        Some(Value::String(text)) => text,
        _ => String::new(),
    }
}

fn day(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Deprecated: {}", self.what)?;
        if let Some(since) = self.since {
            write!(formatter, ", since {since}")?;
        }
        if let Some(sunset) = self.sunset {
            write!(formatter, ", served until {sunset}")?;
        }
        if !self.instead.is_empty() {
            write!(formatter, "; use {}", self.instead)?;
        }
        formatter.write_str(".")
    }
}

/// What of one call is deprecated. Cheap to clone; all clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Announced(Arc<Mutex<Vec<Notice>>>);

impl Announced {
    pub(crate) fn add(&self, notice: &Notice) {
        self.notices().push(notice.clone());
    }

    /// Adds the deprecated fields that a request sets.
    pub(crate) fn fields(&self, method: &Method, message: &[u8]) {
        let Ok(message) = DynamicMessage::decode(method.input.clone(), message) else {
            return;
        };
        let mut set = BTreeSet::new();
        gather(&message, &method.deprecated_fields, &mut set);
        for name in set {
            self.add(&method.deprecated_fields[&name]);
        }
    }

    /// Says it: the earliest day of each kind, since a caller who heeds one heeds all, and a link for every method.
    pub(crate) fn say(&self, headers: &mut HeaderMap) {
        let notices = self.notices();
        if let Some(since) = notices.iter().filter_map(|one| one.since).min() {
            let seconds = since.midnight().assume_utc().unix_timestamp();
            insert(headers, "deprecation", &format!("@{seconds}"));
        }
        if let Some(sunset) = notices.iter().filter_map(|one| one.sunset).min() {
            insert(headers, "sunset", &http_date(sunset));
        }
        for notice in notices.iter() {
            let link = format!(
                "</docs#{}>; rel=\"deprecation\"; type=\"text/html\"",
                notice.anchor
            );
            if let Ok(link) = HeaderValue::try_from(link) {
                headers.append(header::LINK, link);
            }
        }
    }

    fn notices(&self) -> std::sync::MutexGuard<'_, Vec<Notice>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gather(message: &DynamicMessage, old: &HashMap<String, Notice>, set: &mut BTreeSet<String>) {
    for (field, value) in message.fields() {
        if old.contains_key(field.full_name()) {
            set.insert(field.full_name().to_owned());
        }
        inside(value, old, set);
    }
}

fn inside(value: &Value, old: &HashMap<String, Notice>, set: &mut BTreeSet<String>) {
    match value {
        Value::Message(message) => gather(message, old, set),
        Value::List(values) => values.iter().for_each(|one| inside(one, old, set)),
        Value::Map(values) => values.values().for_each(|one| inside(one, old, set)),
        _ => {}
    }
}

fn insert(headers: &mut HeaderMap, name: &'static str, text: &str) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}

/// The end of a day as RFC 9110 writes instants: `Wed, 31 Dec 2026 23:59:59 GMT`.
fn http_date(day: Date) -> String {
    let last = Time::from_hms(23, 59, 59).unwrap_or(Time::MIDNIGHT);
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    PrimitiveDateTime::new(day, last)
        .format(form)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use protox::file::{ChainFileResolver, DescriptorSetFileResolver, File, FileResolver};

    use super::super::catalogue::{catalogue, describe};
    use super::*;

    /// A contract with an old method and an old field: ours has none yet.
    const OLD: &str = r#"
        syntax = "proto3";
        package tongguan.test.v1;
        import "tongguan/common/v1/policy.proto";
        message Inner {
          string fresh = 1;
          string stale = 2 [deprecated = true, (common.v1.field_deprecated_since) = "2026-05-01"];
        }
        message Ask { repeated Inner inner = 1; }
        message Answer {}
        service Old {
          rpc Gone(Ask) returns (Answer) {
            option deprecated = true;
            option (common.v1.deprecated_since) = "2026-03-01";
            option (common.v1.sunset) = "2026-12-31";
            option (common.v1.instead) = "CheckReadiness";
          }
          rpc Here(Ask) returns (Answer);
        }
    "#;

    fn methods() -> [Method; 2] {
        let mut pool = DescriptorPool::decode(tongguan_api::DESCRIPTORS).unwrap();
        let ours = DescriptorSetFileResolver::decode(tongguan_api::DESCRIPTORS).unwrap();
        let mut files = ChainFileResolver::new();
        files.add(ours);
        files.add(Text);
        let mut compiler = protox::Compiler::with_file_resolver(files);
        compiler.include_imports(false);
        compiler.open_file("tongguan/test/v1/old.proto").unwrap();
        pool.decode_file_descriptor_set(compiler.encode_file_descriptor_set().as_slice())
            .unwrap();
        let service = pool.get_service_by_name("tongguan.test.v1.Old").unwrap();
        let scope = pool
            .get_extension_by_name("tongguan.common.v1.scope")
            .unwrap();
        let http = pool.get_extension_by_name("google.api.http").unwrap();
        let mut methods = service
            .methods()
            .map(|method| describe(&method, &scope, &http));
        [methods.next().unwrap(), methods.next().unwrap()]
    }

    struct Text;

    impl FileResolver for Text {
        fn open_file(&self, name: &str) -> Result<File, protox::Error> {
            if name == "tongguan/test/v1/old.proto" {
                File::from_source(name, OLD)
            } else {
                Err(protox::Error::file_not_found(name))
            }
        }
    }

    fn said(announced: &Announced) -> HeaderMap {
        let mut headers = HeaderMap::new();
        announced.say(&mut headers);
        headers
    }

    #[test]
    fn a_deprecated_method_says_since_when_until_when_and_what_instead() {
        let [gone, here] = methods();
        let notice = gone.deprecated.unwrap();
        assert_eq!(
            notice.to_string(),
            "Deprecated: Gone, since 2026-03-01, served until 2026-12-31; use CheckReadiness."
        );
        let announced = Announced::default();
        announced.add(&notice);
        let headers = said(&announced);
        assert_eq!(headers["deprecation"], "@1772323200");
        assert_eq!(headers["sunset"], "Thu, 31 Dec 2026 23:59:59 GMT");
        assert_eq!(
            headers["link"],
            "</docs#Old.Gone>; rel=\"deprecation\"; type=\"text/html\""
        );
        assert_eq!(here.deprecated, None);
    }

    #[test]
    fn a_deprecated_field_is_told_to_who_sets_it_and_to_nobody_else() {
        let [_, here] = methods();
        let ask = |field: &str| {
            let inner = here.input.get_field_by_name("inner").unwrap();
            let Kind::Message(kind) = inner.kind() else {
                panic!("inner is a message");
            };
            let mut one = DynamicMessage::new(kind);
            one.set_field_by_name(field, Value::String("x".to_owned()));
            let mut ask = DynamicMessage::new(here.input.clone());
            ask.set_field_by_name("inner", Value::List(vec![Value::Message(one)]));
            let announced = Announced::default();
            announced.fields(&here, &ask.encode_to_vec());
            said(&announced)
        };
        assert_eq!(ask("stale")["deprecation"], "@1777593600");
        assert!(ask("fresh").is_empty());
        let broken = Announced::default();
        broken.fields(&here, &[0xff]);
        assert!(said(&broken).is_empty());
    }

    #[test]
    fn what_our_contract_deprecates_says_since_when_and_what_instead() {
        for method in &catalogue().methods {
            let notices = method.deprecated_fields.values().chain(&method.deprecated);
            for notice in notices {
                assert!(notice.since.is_some(), "{notice}");
                assert!(!notice.instead.is_empty(), "{notice}");
            }
        }
    }
}
