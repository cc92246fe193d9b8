//! The doctor finds planted troubles, and finds none in a fresh default.

use tongguan::doctor::{Finding, Weight, examine_all};
use tongguan::stand::Stand;
use tongguan::{Role, Settings};
use tongguan_vocabulary::{Clock, Ids};

fn settings() -> Settings {
    let name = format!("tongguan-doctor-{}", Ids::random().next());
    Settings::under(&std::env::temp_dir().join(name))
}

async fn wrong(settings: &Settings, roles: &[Role]) -> Vec<Finding> {
    let mut findings = examine_all(settings, roles, &Clock::system()).await;
    findings.retain(|finding| finding.weight == Weight::Wrong);
    findings
}

#[tokio::test]
async fn the_embedded_default_has_nothing_wrong_before_its_first_start() {
    assert_eq!(wrong(&settings(), &Role::ALL).await, []);
}

#[tokio::test]
async fn a_key_others_can_read_a_missing_peer_and_a_dead_database_are_each_named() {
    let mut settings = settings();
    std::fs::create_dir_all(&settings.data.folder).unwrap();
    let key = settings.issuer_key();
    std::fs::write(&key, b"key").unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&key, open).unwrap();
    // Port 1 is reserved: nothing listens there.
    "http://127.0.0.1:1".clone_into(&mut settings.registry.address);
    "postgres://nobody@127.0.0.1:1/none".clone_into(&mut settings.clearance.database.url);
    settings.data.simulate_national_records = false;
    let found = wrong(&settings, &[Role::Clearance, Role::Maintenance]).await;
    let named: Vec<&str> = found.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(
        named,
        [
            "token issuer's key",
            "maintenance records",
            "registry in another process",
            "destinations in another process",
            "inspection in another process",
            "clearance database",
        ],
        "{found:#?}"
    );
    std::fs::remove_dir_all(&settings.data.folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_another_installation_or_none_are_named_and_none_are_made() {
    let settings = settings();
    let (name, text) = tongguan::dossier::samples()[0];
    let dossier = tongguan::dossier::parse(name, text).unwrap();
    let stand = Stand::set_up(settings.clone(), &[dossier]).await.unwrap();
    stand.stop().await;
    let peers = [Role::Registry, Role::Inspection, Role::Destinations];
    let ours = [&peers[..], &[Role::Maintenance, Role::Clearance]].concat();
    assert_eq!(wrong(&settings, &ours).await, []);
    let keys = std::path::PathBuf::from(&settings.clearance.service.keys);
    let issuer = keys.join("issuer-es256.pk8");
    let held = std::fs::read(&issuer).unwrap();
    // The bundle's root signs no certificate.
    std::fs::copy(keys.join("root-es256.pk8"), &issuer).unwrap();
    let found = wrong(&settings, &ours).await;
    assert!(
        found.len() == 1 && found[0].found.contains("is not in edition 1"),
        "{found:?}"
    );
    std::fs::write(&issuer, held).unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&issuer, open).unwrap();
    let found = wrong(&settings, &ours).await;
    assert!(
        found.len() == 1 && found[0].found.contains("can be read by others"),
        "{found:?}"
    );
    std::fs::remove_dir_all(&keys).unwrap();
    let found = wrong(&settings, &ours).await;
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(!keys.exists(), "the doctor made keys");
    std::fs::remove_dir_all(&settings.data.folder).unwrap();
}

#[tokio::test]
async fn a_database_that_a_newer_program_migrated_is_named() {
    let settings = settings();
    let database = tongguan_storage::connect(&settings.database(Role::Registry))
        .await
        .unwrap();
    tongguan_storage::migrate(&database, &tongguan::compose::migrations(Role::Registry))
        .await
        .unwrap();
    assert_eq!(wrong(&settings, &[Role::Registry]).await, []);
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                 values (9999, 'newer', 1, x'00', 0)";
    tongguan_storage::execute!(&database, |pool| tongguan_storage::sqlx::query(newer)
        .execute(pool))
    .unwrap();
    let found = wrong(&settings, &[Role::Registry]).await;
    assert!(
        found.len() == 1 && found[0].found.contains("9999"),
        "{found:?}"
    );
    std::fs::remove_dir_all(&settings.data.folder).unwrap();
}
