//! Issuing in two steps, and what is refused before anything is signed.

use tongguan_certificate::{
    Algorithm, Certificate, Error, FileKey, PublicKey, Result, Signature, Signer, ToBeSigned,
};

use crate::sample::HOUSE;

#[test]
fn stored_bytes_and_stored_signature_make_the_certificate_after_a_crash() {
    let record = HOUSE.record();
    let stored = record.to_be_signed().unwrap().as_bytes().to_vec();
    let restored = ToBeSigned::from_bytes(&stored).unwrap();
    assert_eq!(restored, record.to_be_signed().unwrap());
    let signature = restored.sign(&HOUSE.key).unwrap();
    let certificate = Certificate::attach(&restored, &signature).unwrap();
    assert_eq!(certificate.record(), &record);
    assert_eq!(certificate.to_cose(), restored.attach(&signature));
}

#[test]
fn the_same_record_always_gives_the_same_bytes() {
    assert_eq!(
        HOUSE.record().to_be_signed().unwrap(),
        HOUSE.record().to_be_signed().unwrap()
    );
}

#[test]
fn a_proof_does_not_change_the_signed_bytes_nor_the_log_entry() {
    let bare = HOUSE.record().sign(&HOUSE.key).unwrap();
    let mut proven = HOUSE.certify(&HOUSE.record());
    assert_ne!(bare.to_cose(), proven.to_cose());
    proven =
        Certificate::attach(&HOUSE.record().to_be_signed().unwrap(), proven.signature()).unwrap();
    let entry = proven.log_entry();
    let proof = HOUSE.certify(&HOUSE.record()).proof().unwrap().clone();
    assert_eq!(proven.with_proof(proof).log_entry(), entry);
}

#[test]
fn the_log_entry_does_not_tell_the_vin() {
    let certificate = HOUSE.record().sign(&HOUSE.key).unwrap();
    let entry = certificate.log_entry();
    let vin = HOUSE.record().vehicle.vin;
    assert!(
        !entry
            .windows(17)
            .any(|part| part == vin.as_str().as_bytes())
    );
    assert!(
        !entry
            .windows(16)
            .any(|part| part == HOUSE.record().vehicle.vin_salt.0)
    );
}

#[test]
fn every_violation_is_named_at_once() {
    let mut record = HOUSE.record();
    record.issuer = String::new();
    record.expires_at = record.issued_at;
    record.vehicle.make = "x".repeat(41);
    record.vehicle.colour = "re\u{202e}d".to_owned();
    record.vehicle.model_year = Some(1_800);
    record.vehicle.engine_tail = Some("发动机".to_owned());
    record.licence_number = Some(" 26".to_owned());
    let Err(Error::Invalid(found)) = record.to_be_signed() else {
        panic!("accepted");
    };
    let fields: Vec<_> = found
        .0
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    let expected = [
        "issuer",
        "expires_at",
        "vehicle.make",
        "vehicle.colour",
        "vehicle.model_year",
        "vehicle.engine_tail",
        "licence_number",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn another_key_does_not_sign_in_the_name_of_the_one_in_the_header() {
    assert!(matches!(
        HOUSE.record().sign(&HOUSE.status_key),
        Err(Error::Key(_))
    ));
}

#[test]
fn a_key_survives_its_pkcs8_form() {
    for algorithm in [Algorithm::Es256, Algorithm::Ed25519] {
        let key = FileKey::generate(algorithm).unwrap();
        let loaded = FileKey::from_pkcs8(algorithm, &key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(loaded.public_key(), key.public_key());
        let signature = loaded.sign(b"message").unwrap();
        assert!(key.public_key().verifies(b"message", &signature));
        assert!(!key.public_key().verifies(b"other", &signature));
        assert!(FileKey::from_pkcs8(algorithm, b"not a key").is_err());
    }
}

/// A hardware module that is away.
struct Away(FileKey);

impl Signer for Away {
    fn key_id(&self) -> &tongguan_certificate::KeyId {
        self.0.key_id()
    }

    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn sign(&self, _: &[u8]) -> Result<Signature> {
        Err(Error::SignerUnavailable("no session".to_owned()))
    }
}

#[test]
fn a_signer_that_is_away_signs_nothing_and_says_so() {
    let away = Away(FileKey::generate(Algorithm::Es256).unwrap());
    let mut record = HOUSE.record();
    record.key_id = away.key_id().clone();
    assert!(matches!(
        record.sign(&away),
        Err(Error::SignerUnavailable(_))
    ));
}
