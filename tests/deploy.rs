//! The deployment files fit the product: they parse, name real roles, set keys that exist, and watch metrics that are emitted.

mod documented;
mod files;
mod metrics;
mod threats;

use std::collections::BTreeSet;

use serde_json::Value;
use tongguan::{Role, Settings};
use tongguan_runtime::config::Layers;

use files::{deployed, read, yaml};

fn roles() -> BTreeSet<String> {
    Role::ALL
        .iter()
        .map(|role| role.name().to_owned())
        .collect()
}

#[test]
fn every_manifest_parses() {
    let files = deployed(&["yaml", "json"]);
    assert!(files.len() > 20, "the folder was not found: {files:?}");
    for path in files {
        let documents = yaml(&path);
        assert!(!documents.is_empty(), "{path} is empty");
        assert!(
            documents.iter().all(Value::is_object),
            "{path} holds something that is no mapping"
        );
    }
}

#[test]
fn every_role_has_its_process_in_both_deployments_and_no_other_is_started() {
    let compose = &yaml("deploy/compose.yaml")[0];
    let mut started = BTreeSet::new();
    for (name, service) in compose["services"].as_object().unwrap() {
        if let Some(role) = served(&service["command"]) {
            assert_eq!(&role, name, "the service is named for its role");
            started.insert(role);
        }
    }
    assert_eq!(started, roles(), "deploy/compose.yaml");

    let base = &yaml("deploy/kubernetes/base/kustomization.yaml")[0];
    let listed: BTreeSet<String> = strings(&base["resources"])
        .iter()
        .filter_map(|resource| resource.strip_prefix("../roles/").map(str::to_owned))
        .collect();
    assert_eq!(listed, roles(), "deploy/kubernetes/base");
    for role in roles() {
        let path = format!("deploy/kubernetes/roles/{role}/kustomization.yaml");
        let kustomization = &yaml(&path)[0];
        assert_eq!(kustomization["nameSuffix"], format!("-{role}"), "{path}");
        assert_eq!(
            kustomization["labels"][0]["pairs"]["app.kubernetes.io/component"], *role,
            "{path}"
        );
        let patches =
            serde_saphyr::from_str::<Value>(kustomization["patches"][0]["patch"].as_str().unwrap())
                .unwrap();
        assert_eq!(served(&patches[0]["value"]).as_ref(), Some(&role), "{path}");
        let secret = &patches[1]["value"];
        assert_eq!(
            secret["name"],
            format!("TONGGUAN_{}__DATABASE__URL", role.to_uppercase()),
            "{path}"
        );
        assert_eq!(
            secret["valueFrom"]["secretKeyRef"]["name"],
            format!("tongguan-db-{role}"),
            "{path}"
        );
    }
}

/// The role of `[serve, <role>]`.
fn served(arguments: &Value) -> Option<String> {
    match strings(arguments).as_slice() {
        [serve, role] if serve == "serve" => Some(role.clone()),
        _ => None,
    }
}

fn strings(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

#[test]
fn every_service_has_a_database_and_a_login_of_its_own() {
    let sql = read("deploy/postgres/init.sql");
    let cluster = &yaml("deploy/kubernetes/database/cluster.yaml")[0];
    let logins: BTreeSet<String> = cluster["spec"]["managed"]["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(logins, roles());
    let databases = yaml("deploy/kubernetes/database/databases.yaml");
    let owned: BTreeSet<String> = databases
        .iter()
        .map(|database| database["spec"]["owner"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(owned, roles());
    for role in roles() {
        assert_eq!(
            sql.matches(&format!("'{role}'")).count(),
            4,
            "{role} in init.sql: login, password, database, rights"
        );
    }
}

#[test]
fn every_variable_is_configuration() {
    let variables = files::variables();
    assert!(variables.len() > 15, "{variables:?}");
    let mut layers = Layers::defaults();
    for (name, value) in &variables {
        let alone = Layers::defaults()
            .with_variable(name, value)
            .load::<Settings>();
        assert!(alone.is_ok(), "{name}={value}: {}", alone.unwrap_err());
        layers = layers.with_variable(name, value);
    }
    let settings = layers.load::<Settings>().unwrap().settings;
    assert_eq!(settings.server.listen, "0.0.0.0:7070");
    assert!(settings.registry.database.url.starts_with("postgres://"));
}

#[test]
fn a_variable_that_is_no_configuration_is_noticed() {
    let misspelt = Layers::defaults()
        .with_variable("TONGGUAN_REGISTRY__DATABASE__ULR", "postgres://a/b")
        .load::<Settings>();
    assert!(misspelt.unwrap_err().to_string().contains("ulr"));
}

#[test]
fn the_owners_vault_has_a_key_that_outlives_its_process() {
    let variables = files::variables();
    let named = "TONGGUAN_REGISTRY__SERVICE__VAULT_KEY";
    assert!(variables.contains_key(named), "from a secret in Kubernetes");
    let file = variables.get(&format!("{named}_FILE"));
    assert!(
        file.is_some_and(|file| file.starts_with("/keys/")),
        "on the volume of keys in compose: {file:?}"
    );
}

#[test]
fn the_pods_are_restricted_and_drained() {
    let deployment = &yaml("deploy/kubernetes/role/deployment.yaml")[0]["spec"]["template"]["spec"];
    let job = &yaml("deploy/kubernetes/base/migrate.yaml")[0]["spec"]["template"]["spec"];
    for pod in [deployment, job] {
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        let container = &pod["containers"][0];
        assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
        assert_eq!(
            container["securityContext"]["allowPrivilegeEscalation"],
            false
        );
        assert!(container["resources"]["limits"]["memory"].is_string());
    }
    let settings = Layers::defaults();
    let settings = files::variables()
        .iter()
        .fold(settings, |layers, (name, value)| {
            layers.with_variable(name, value)
        })
        .load::<Settings>()
        .unwrap()
        .settings;
    let needed = settings.shutdown.unready + settings.shutdown.grace;
    let given = deployment["terminationGracePeriodSeconds"]
        .as_u64()
        .unwrap();
    assert!(
        given > needed.as_secs(),
        "killed after {given} s, but draining takes {needed:?}"
    );
}
