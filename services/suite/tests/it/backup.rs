//! Backup and restore as an operator does them: while the suite is in use, into an empty place, checked.

use std::path::Path;
use std::process::Command;

use tongguan::dossier;
use tongguan::stand::{Stand, compare};
use tongguan::{Role, Settings, backup};
use tongguan_vocabulary::Ids;

fn folder(name: &str) -> std::path::PathBuf {
    let name = format!("tongguan-{name}-{}", Ids::random().next());
    std::env::temp_dir().join(name)
}

fn sample(place: usize) -> dossier::Dossier {
    let (name, text) = dossier::samples()[place];
    dossier::parse(name, text).unwrap()
}

async fn certify(stand: &Stand, dossier: &dossier::Dossier) {
    let outcome = stand.run(dossier).await.unwrap();
    assert_eq!(compare(dossier, &outcome), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_certified_before_a_backup_is_there_after_its_restore() {
    let (first, second) = (folder("first"), folder("second"));
    let copy = folder("backup");
    let dossiers = [sample(0), sample(1)];
    let stand = Stand::set_up(Settings::under(&first), &dossiers)
        .await
        .unwrap();
    certify(&stand, &dossiers[0]).await;
    let settings = Settings::under(&first);
    let made = backup::make(&settings, &Role::ALL, &copy, "2026-03-02T04:00:00Z")
        .await
        .unwrap();
    stand.stop().await;
    let list = backup::check(&copy).unwrap();
    assert_eq!(list, made);
    assert_eq!(
        list.files
            .iter()
            .filter(|entry| entry.role.is_some())
            .count(),
        6
    );

    let restored = Settings::under(&second);
    backup::restore(&restored, &copy, &list).await.unwrap();
    let stand = Stand::set_up(restored.clone(), &dossiers).await.unwrap();
    // The same car again is the same requests again: answered as they were, to the certificate.
    certify(&stand, &dossiers[0]).await;
    // And life goes on in the same log.
    certify(&stand, &dossiers[1]).await;
    stand.stop().await;
    let again = backup::restore(&restored, &copy, &list).await;
    assert!(
        matches!(again, Err(backup::Error::NotEmpty(_))),
        "{again:?}"
    );
    for place in [first, second, copy] {
        std::fs::remove_dir_all(place).unwrap();
    }
}

#[tokio::test]
async fn a_damaged_backup_is_refused_with_everything_that_is_wrong() {
    let copy = folder("damaged");
    let empty = folder("empty");
    std::fs::create_dir_all(&empty).unwrap();
    std::fs::write(empty.join("issuer.p8"), b"a key").unwrap();
    std::fs::write(empty.join("other.key"), b"another").unwrap();
    backup::make(&Settings::under(&empty), &[Role::Registry], &copy, "now")
        .await
        .unwrap();
    let files = copy.join("files");
    flip(&files.join("issuer.p8"));
    std::fs::remove_file(files.join("other.key")).unwrap();
    let Err(backup::Error::Broken(wrong)) = backup::check(&copy) else {
        panic!("a damaged backup was taken");
    };
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    std::fs::remove_file(copy.join(backup::LIST)).unwrap();
    assert!(
        backup::check(&copy).is_err(),
        "a backup cut short was taken"
    );
    for place in [copy, empty] {
        std::fs::remove_dir_all(place).unwrap();
    }
}

/// `tongguan restore` into a fresh place: its exit code, and what it printed.
fn restored(copy: &Path, into: &Path) -> (Option<i32>, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_tongguan"))
        .arg("restore")
        .arg(copy)
        .env("TONGGUAN_DATA__FOLDER", into)
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    let printed = String::from_utf8(run.stdout).unwrap();
    (run.status.code(), printed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_ends_in_a_check_of_the_log_and_refuses_a_damaged_copy() {
    let (first, dossier) = (folder("checked"), sample(0));
    let settings = Settings::under(&first);
    let stand = Stand::set_up(settings.clone(), std::slice::from_ref(&dossier));
    let stand = stand.await.unwrap();
    certify(&stand, &dossier).await;
    stand.stop().await;
    let mut places = vec![first.clone()];
    let mut drill = async |name: &str| {
        let (copy, into) = (folder(name), folder(name));
        let made = backup::make(&settings, &Role::ALL, &copy, "2026-03-02T04:00:00Z").await;
        made.unwrap();
        let ended = restored(&copy, &into);
        places.extend([copy, into.clone()]);
        (ended, into)
    };
    let ((code, printed), _) = drill("whole").await;
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("log of 1 entries, 1 certificates, 1 trust bundles"));

    // The copy is as it was written; what was written was damaged before.
    let config = settings.database(Role::Clearance);
    let database = tongguan_storage::connect(&config).await.unwrap();
    for damage in [
        "update certificates set state = 'REVOKED'",
        "update log_entries set leaf_hash = x'00'",
    ] {
        let damaged = tongguan_storage::execute!(&database, |pool| {
            tongguan_storage::sqlx::query(damage).execute(pool)
        });
        assert_eq!(damaged.unwrap(), 1);
    }
    let ((code, printed), _) = drill("damaged").await;
    assert_eq!(code, Some(1), "{printed}");
    for named in [
        "is published as REVOKED, it is LIVE",
        "leaf hash",
        "refused: do not start on this copy",
    ] {
        assert!(printed.contains(named), "{named}: {printed}");
    }

    // A copy without its keys: named, and none are made in their place.
    let keys = std::path::PathBuf::from(&settings.clearance.service.keys);
    std::fs::remove_dir_all(keys).unwrap();
    let ((code, printed), into) = drill("keyless").await;
    assert_eq!(code, Some(1), "{printed}");
    for name in ["issuer-es256.pk8", "root-es256.pk8", "log-ed25519.pk8"] {
        assert!(printed.contains(&format!("{name}: is not there")));
    }
    assert!(!into.join("clearance-keys").exists(), "keys were made");
    for place in places {
        std::fs::remove_dir_all(place).unwrap();
    }
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[0] ^= 1;
    std::fs::write(path, bytes).unwrap();
}
