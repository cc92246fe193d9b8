//! A complete issuer for tests, benchmarks and the generator: keys, log, bundle, status list, records.

use std::sync::LazyLock;

use time::macros::{date, datetime};
use tongguan_certificate::{
    Algorithm, Certificate, Checkpoint, Compared, Decision, Digest, Evidence, EvidenceKind,
    FileKey, Fixed, NoteKey, NoteKeyKind, Outcome, PackRef, Record, SignedCheckpoint, Signer as _,
    StatusList, StatusRef, Timestamp, Tree, Trust, TrustBundle, TrustedKey, Vehicle,
};
use uuid::Uuid;

pub(crate) const LIST: &str = "https://tongguan.example/.well-known/tongguan/status/1";
pub(crate) const ISSUER: &str = "tongguan.example";
pub(crate) const ORIGIN: &str = "log.tongguan.example/2026";

pub(crate) fn issued() -> Timestamp {
    datetime!(2026-11-24 08:00 UTC).into()
}

pub(crate) fn now() -> Timestamp {
    issued().plus(3_600)
}

/// An issuer with its log.
pub(crate) struct House {
    pub(crate) root: FileKey,
    pub(crate) key: FileKey,
    pub(crate) status_key: FileKey,
    pub(crate) log_key: FileKey,
    pub(crate) log: NoteKey,
    pub(crate) tree: Tree,
}

/// One house for all tests that do not change it.
pub(crate) static HOUSE: LazyLock<House> = LazyLock::new(House::new);

impl House {
    pub(crate) fn new() -> Self {
        let key = |algorithm| FileKey::generate(algorithm).unwrap();
        let log_key = key(Algorithm::Ed25519);
        let log = NoteKey::new(ORIGIN, NoteKeyKind::Log, log_key.public_key().clone()).unwrap();
        Self {
            root: key(Algorithm::Es256),
            key: key(Algorithm::Es256),
            status_key: key(Algorithm::Es256),
            log_key,
            log,
            tree: Tree::new(),
        }
    }

    pub(crate) fn trust(&self) -> Trust {
        let trusted = |key: &FileKey, certificates: bool| TrustedKey {
            id: key.key_id().clone(),
            key: key.public_key().clone(),
            not_before: issued().plus(-86_400),
            not_after: issued().plus(86_400 * 365),
            certificates,
            status_lists: !certificates,
        };
        Trust {
            version: 1,
            issued_at: issued(),
            expires_at: issued().plus(86_400 * 30),
            issuer: ISSUER.to_owned(),
            keys: vec![trusted(&self.key, true), trusted(&self.status_key, false)],
            logs: vec![self.log.clone()],
            witnesses: Vec::new(),
            quorum: 0,
        }
    }

    pub(crate) fn bundle(&self) -> TrustBundle {
        self.trust().sign(&self.root).unwrap()
    }

    #[expect(clippy::unused_self, reason = "reads like what else a house publishes")]
    pub(crate) fn status(&self) -> StatusList {
        StatusList::new(LIST, 1_024, issued(), 86_400).unwrap()
    }

    pub(crate) fn record(&self) -> Record {
        record(self.key.key_id().clone(), 0)
    }

    pub(crate) fn checkpoint(&self) -> SignedCheckpoint {
        Checkpoint::of(ORIGIN, &self.tree)
            .sign(&self.log, &self.log_key)
            .unwrap()
    }

    /// Signs a record and logs it in a log of its own that already holds `before` other entries.
    pub(crate) fn certify_after(&self, record: &Record, before: u64) -> Certificate {
        self.log(record.sign(&self.key).unwrap(), before)
    }

    /// Logs a certificate in a log of its own that already holds `before` other entries.
    pub(crate) fn log(&self, certificate: Certificate, before: u64) -> Certificate {
        let mut tree = Tree::from_leaf_hashes((0..before).map(|n| Digest::of(&n.to_be_bytes())));
        let index = tree.append(certificate.leaf_hash());
        let checkpoint = Checkpoint::of(ORIGIN, &tree)
            .sign(&self.log, &self.log_key)
            .unwrap();
        certificate.with_proof(checkpoint.prove(&tree, index).unwrap())
    }

    pub(crate) fn certify(&self, record: &Record) -> Certificate {
        self.certify_after(record, 5)
    }
}

/// A record with all optional fields; `n` makes it differ from others.
pub(crate) fn record(key_id: tongguan_certificate::KeyId, n: u32) -> Record {
    let uuid = |kind: u64| {
        Uuid::from_u64_pair(
            0x0198_0000_0000_7000 | kind,
            0x8000_0000_0000_0000 | u64::from(n),
        )
    };
    let evidence = |kind, id: String| Evidence { kind, id };
    Record {
        id: uuid(0),
        issuer: ISSUER.to_owned(),
        key_id,
        issued_at: issued(),
        expires_at: issued().plus(86_400 * 37),
        simulated: true,
        vehicle: Vehicle {
            vin: "LSVWY4180KN246094".parse().unwrap(),
            vin_salt: Fixed(Digest::of(&n.to_be_bytes()).0[..16].try_into().unwrap()),
            make: "大众 Volkswagen".to_owned(),
            model: "SVW71810 途安".to_owned(),
            colour: "白 white".to_owned(),
            model_year: Some(2019),
            first_registration: "2019-03".parse().unwrap(),
            engine_tail: Some("24609A".to_owned()),
            battery_tail: None,
            photograph: None,
        },
        destination: "KZ".parse().unwrap(),
        decision: Decision {
            outcome: Outcome::Permitted,
            china_pack: PackRef {
                name: "CN-EXPORT@2026.1".to_owned(),
                digest: Digest::of(b"china"),
            },
            market_pack: PackRef {
                name: "KZ@2026.2".to_owned(),
                digest: Digest::of(b"market"),
            },
            engine_version: "0.1.0".to_owned(),
            ship_by: Some(date!(2026 - 12 - 31)),
        },
        exporter: "91310000MA1FL00000".to_owned(),
        licence_number: Some("26-AA-000001".to_owned()),
        compared: [
            Compared::Vin,
            Compared::Make,
            Compared::Model,
            Compared::FirstRegistration,
            Compared::Destination,
        ]
        .into(),
        evidence: [
            evidence(EvidenceKind::Registry, uuid(1).to_string()),
            evidence(EvidenceKind::Inspection, uuid(2).to_string()),
            evidence(EvidenceKind::Maintenance, uuid(3).to_string()),
            evidence(EvidenceKind::Decision, "decision/7".to_owned()),
        ]
        .into(),
        status: StatusRef {
            list: LIST.to_owned(),
            index: n,
        },
    }
}
