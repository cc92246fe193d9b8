//! How personal the fields of a message are, as the contract says: what is counted, named in the audit log, or hidden.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value,
};

use crate::domain::MOST_SUBJECTS;

/// `tongguan.common.v1.Privacy`.
const VIN: i32 = 2;
const PERSONAL: i32 = 3;

/// Names of fields that hold a resource's name.
const NAMES: [&str; 9] = [
    "vin",
    "vins",
    "case_id",
    "certificate_id",
    "batch_id",
    "inspection_id",
    "lookup_id",
    "body_id",
    "evidence_id",
];

/// Fields of an answer by class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fields {
    pub(crate) vin: u64,
    pub(crate) personal: u64,
}

fn class(field: &FieldDescriptor) -> i32 {
    static CLASSES: LazyLock<HashMap<String, i32>> = LazyLock::new(|| {
        let Ok(pool) = DescriptorPool::decode(tongguan_api::DESCRIPTORS) else {
            return HashMap::new();
        };
        let Some(option) = pool.get_extension_by_name("tongguan.common.v1.privacy") else {
            return HashMap::new();
        };
        let fields = pool
            .all_messages()
            .flat_map(|message| message.fields().collect::<Vec<_>>());
        fields
            .filter_map(|field| {
                let class = field.options().get_extension(&option).as_enum_number()?;
                (class >= VIN).then(|| (field.full_name().to_owned(), class))
            })
            .collect()
    });
    CLASSES.get(field.full_name()).copied().unwrap_or(0)
}

/// Whether anything in a message of this kind identifies a vehicle or a person.
pub(crate) fn is_about_somebody(message: &MessageDescriptor) -> bool {
    fn look(message: &MessageDescriptor, seen: &mut BTreeSet<String>) -> bool {
        seen.insert(message.full_name().to_owned())
            && message.fields().any(|field| {
                class(&field) >= VIN
                    || matches!(field.kind(), Kind::Message(inner) if look(&inner, seen))
            })
    }
    look(message, &mut BTreeSet::new())
}

/// Counts the fields that are set, the elements of lists one by one.
pub(crate) fn count(message: &DynamicMessage) -> Fields {
    let mut fields = Fields::default();
    for (field, value) in message.fields() {
        let class = class(&field);
        each(value, &mut |one| match one {
            Value::Message(inner) => {
                let inner = count(inner);
                fields.vin += inner.vin;
                fields.personal += inner.personal;
                // A personal message is one at least, whatever its parts say.
                fields.personal += u64::from(class == PERSONAL && inner.personal == 0);
            }
            _ if class == PERSONAL => fields.personal += 1,
            _ if class == VIN => fields.vin += 1,
            _ => {}
        });
    }
    fields
}

fn each(value: &Value, act: &mut dyn FnMut(&Value)) {
    match value {
        Value::List(values) => values.iter().for_each(|value| each(value, act)),
        Value::Map(values) => values.values().for_each(|value| each(value, act)),
        value => act(value),
    }
}

/// Clears every personal field.
pub(crate) fn without_personal(message: &mut DynamicMessage) {
    let personal: Vec<FieldDescriptor> = message
        .fields()
        .map(|(field, _)| field)
        .filter(|field| class(field) == PERSONAL)
        .collect();
    for field in personal {
        message.clear_field(&field);
    }
    for (_, value) in message.fields_mut() {
        inside(value);
    }
}

fn inside(value: &mut Value) {
    match value {
        Value::Message(message) => without_personal(message),
        Value::List(values) => values.iter_mut().for_each(inside),
        Value::Map(values) => values.values_mut().for_each(inside),
        _ => {}
    }
}

/// What a request is about: its VINs and resource names, at most twenty, nothing personal.
pub(crate) fn subjects(kind: &MessageDescriptor, message: &[u8]) -> Vec<String> {
    let Ok(message) = DynamicMessage::decode(kind.clone(), message) else {
        return Vec::new();
    };
    let mut found = BTreeSet::new();
    gather(&message, &mut found);
    found.into_iter().collect()
}

fn gather(message: &DynamicMessage, found: &mut BTreeSet<String>) {
    for (field, value) in message.fields() {
        if class(&field) == PERSONAL {
            continue;
        }
        let named = NAMES.contains(&field.name());
        each(value, &mut |one| match one {
            _ if found.len() >= MOST_SUBJECTS => {}
            Value::String(text) if named && !text.is_empty() => {
                found.insert(text.chars().take(100).collect());
            }
            Value::Message(inner) => gather(inner, found),
            _ => {}
        });
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_reflect::ReflectMessage as _;

    use super::*;

    fn message(name: &str) -> DynamicMessage {
        let pool = DescriptorPool::decode(tongguan_api::DESCRIPTORS).unwrap();
        DynamicMessage::new(pool.get_message_by_name(name).unwrap())
    }

    #[test]
    fn a_request_names_its_vins_and_cases() {
        let mut request = message("tongguan.registry.v1.BatchGetVehiclesRequest");
        let vins = ["B", "A", "A"].map(|vin| Value::String(vin.to_owned()));
        request.set_field_by_name("vins", Value::List(vins.to_vec()));
        let bytes = request.encode_to_vec();
        assert_eq!(subjects(&request.descriptor(), &bytes), ["A", "B"]);
        assert!(subjects(&request.descriptor(), &[0xff]).is_empty());
    }

    #[test]
    fn methods_about_vehicles_are_told_from_those_about_nothing() {
        let about = |name: &str| is_about_somebody(&message(name).descriptor());
        assert!(about("tongguan.registry.v1.GetVehicleRequest"));
        assert!(about("tongguan.gateway.v1.Readiness"));
        assert!(!about("tongguan.gateway.v1.ListMagicVinsRequest"));
    }

    #[test]
    fn personal_fields_are_counted_and_can_be_cleared() {
        let pool = DescriptorPool::decode(tongguan_api::DESCRIPTORS).unwrap();
        let personal = pool
            .all_messages()
            .flat_map(|message| message.fields().collect::<Vec<_>>())
            .find(|field| {
                class(field) == PERSONAL && !field.is_list() && field.kind() == Kind::String
            });
        let field = personal.unwrap();
        let mut message = DynamicMessage::new(field.parent_message().clone());
        message.set_field(&field, Value::String("somebody".to_owned()));
        assert_eq!(count(&message).personal, 1);
        without_personal(&mut message);
        assert_eq!(count(&message), Fields::default());
    }
}
