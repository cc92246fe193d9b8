//! What each method needs, read once from the descriptors of `proto/`.

use std::collections::HashMap;
use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, Value};

/// What a method needs of its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// No token at all.
    Nothing,
    /// A token with this scope.
    Scope(String),
}

/// What the method with this path needs (`/tongguan.registry.v1.VehicleRegistry/GetVehicle`);
/// `None` where it is not in the contract or carries no scope: nobody may call it.
pub fn need(path: &str) -> Option<&'static Need> {
    static TABLE: LazyLock<HashMap<String, Need>> = LazyLock::new(table);
    TABLE.get(path)
}

/// Descriptors that can not be read make an empty table, which refuses every call.
fn table() -> HashMap<String, Need> {
    let Ok(pool) = DescriptorPool::decode(tongguan_api::DESCRIPTORS) else {
        return HashMap::new();
    };
    let Some(option) = pool.get_extension_by_name("tongguan.common.v1.scope") else {
        return HashMap::new();
    };
    let methods = pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>());
    methods
        .filter_map(|method| {
            let need = match method.options().get_extension(&option).into_owned() {
                Value::String(scope) if scope == "public" => Need::Nothing,
                Value::String(scope) if scope.contains('.') => Need::Scope(scope),
                _ => return None,
            };
            Some((
                format!("/{}/{}", method.parent_service().full_name(), method.name()),
                need,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_needs_what_the_proto_says() {
        assert_eq!(
            need("/tongguan.registry.v1.VehicleRegistry/GetVehicle"),
            Some(&Need::Scope("registry.read".into()))
        );
        assert_eq!(
            need("/tongguan.registry.v1.VehicleRegistry/DropTables"),
            None
        );
        assert_eq!(
            need("/tongguan.registry.v1.VehicleRegistry/GetVehicle/"),
            None
        );
        assert_eq!(need("/grpc.health.v1.Health/Check"), None);
    }

    #[test]
    fn every_scope_belongs_to_a_role_besides_the_operators() {
        use crate::{Role, Scopes};
        let scopes: std::collections::BTreeSet<String> = table()
            .into_values()
            .filter_map(|need| match need {
                Need::Scope(scope) => Some(scope),
                Need::Nothing => None,
            })
            .collect();
        assert!(!scopes.is_empty());
        // What nobody but the operator may do.
        let operators = ["maintenance.purge", "registry.erase"];
        for scope in scopes
            .iter()
            .filter(|scope| !operators.contains(&scope.as_str()))
        {
            let roles = Role::ALL.into_iter().filter(|role| *role != Role::Operator);
            let held = roles
                .filter(|role| {
                    role.scopes()
                        .iter()
                        .copied()
                        .collect::<Scopes>()
                        .allows(scope)
                })
                .count();
            assert!(
                held > 0,
                "no role brings {scope}: add it to a row in role.rs"
            );
        }
    }
}
