//! Signatures that are good, and every way in which one is not.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use time::macros::date;

use super::*;

const REPORT: &[u8] = br#"{"reportNumber":"R-1"}"#;
const TODAY: Date = date!(2026 - 03 - 02);

enum Pen {
    Curve(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
}

impl Pen {
    fn both() -> [Self; 2] {
        [
            Self::Curve(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()),
            Self::Edwards(Ed25519KeyPair::generate().unwrap()),
        ]
    }

    fn key(&self) -> Key {
        let read = match self {
            Self::Curve(pair) => (Algorithm::Es256, pair.public_key().as_ref().to_vec()),
            Self::Edwards(pair) => (Algorithm::Ed25519, pair.public_key().as_ref().to_vec()),
        };
        let until = Some("2026-12-31".parse().unwrap());
        Key::new("k-1".to_owned(), read, "2026-01-01".parse().unwrap(), until)
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Curve(_) => "ES256",
            Self::Edwards(_) => "EdDSA",
        }
    }

    /// A JWS with this header over the payload as it is signed.
    fn sign(&self, header: &str, payload: &[u8]) -> String {
        let protected = URL_SAFE_NO_PAD.encode(header);
        let message = [protected.as_bytes(), b".", payload].concat();
        let signature = match self {
            Self::Curve(pair) => pair.sign(&SystemRandom::new(), &message).unwrap(),
            Self::Edwards(pair) => pair.sign(&message),
        };
        format!("{protected}..{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn plain(&self) -> String {
        self.sign(
            &header(self.name(), "k-1"),
            URL_SAFE_NO_PAD.encode(REPORT).as_bytes(),
        )
    }
}

fn header(alg: &str, kid: &str) -> String {
    format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{TYPE}"}}"#)
}

#[test]
fn both_kinds_of_key_and_both_kinds_of_payload_verify() {
    for pen in Pen::both() {
        let signed = verify(&pen.plain(), REPORT, &[pen.key()], TODAY).unwrap();
        assert_eq!(
            (signed.key.as_str(), signed.algorithm),
            ("k-1", pen.key().algorithm)
        );
        let raw = format!(
            r#"{{"alg":"{}","kid":"k-1","typ":"{TYPE}","b64":false,"crit":["b64"]}}"#,
            pen.name()
        );
        verify(&pen.sign(&raw, REPORT), REPORT, &[pen.key()], TODAY).unwrap();
    }
}

#[test]
fn every_wrong_signature_is_refused_for_its_own_reason() {
    for pen in Pen::both() {
        let payload = URL_SAFE_NO_PAD.encode(REPORT);
        let sign = |header: &str| pen.sign(header, payload.as_bytes());
        let name = pen.name();
        let other = if name == "ES256" { "EdDSA" } else { "ES256" };
        let another = Pen::both().map(|pen| pen.plain());
        let crit =
            format!(r#"{{"alg":"{name}","kid":"k-1","typ":"{TYPE}","crit":["exp"],"exp":1}}"#);
        let uncritical = format!(r#"{{"alg":"{name}","kid":"k-1","typ":"{TYPE}","b64":false}}"#);
        let twice = format!(r#"{{"alg":"none","alg":"{name}","kid":"k-1","typ":"{TYPE}"}}"#);
        let table = [
            (sign(&header(name, "k-2")), Cause::KeyUnknown),
            (sign(&header(other, "k-1")), Cause::Algorithm),
            (sign(&header("none", "k-1")), Cause::Algorithm),
            (
                sign(&header(name, "k-1").replace(TYPE, "JWT")),
                Cause::Malformed,
            ),
            (sign(&crit), Cause::Malformed),
            (sign(&uncritical), Cause::Malformed),
            (sign(&twice), Cause::Malformed),
            (sign("{}"), Cause::Malformed),
            (
                pen.plain().replace("..", &format!(".{payload}.")),
                Cause::Malformed,
            ),
            (format!("{}.", pen.plain()), Cause::Malformed),
            ("..".to_owned(), Cause::Malformed),
            ("a".repeat(LONGEST + 1), Cause::Malformed),
            (another[usize::from(name == "EdDSA")].clone(), Cause::Wrong),
        ];
        for (jws, cause) in table {
            let refused = verify(&jws, REPORT, &[pen.key()], TODAY).unwrap_err();
            assert_eq!(refused.cause, cause, "{jws}: {}", refused.why);
        }
        let tampered = verify(
            &pen.plain(),
            br#"{"reportNumber":"R-2"}"#,
            &[pen.key()],
            TODAY,
        );
        assert_eq!(tampered.unwrap_err().cause, Cause::Wrong);
    }
}

#[test]
fn a_key_signs_on_its_days_only() {
    let [_, pen] = Pen::both();
    for (day, good) in [
        (date!(2025 - 12 - 31), false),
        (date!(2026 - 01 - 01), true),
        (date!(2026 - 12 - 31), true),
        (date!(2027 - 01 - 01), false),
    ] {
        let answer = verify(&pen.plain(), REPORT, &[pen.key()], day);
        match answer {
            Ok(_) => assert!(good, "{day}"),
            Err(refused) => {
                assert!(!good, "{day}");
                assert_eq!(refused.cause, Cause::KeyNotValid);
                assert!(refused.why.contains("2026-12-31"), "{}", refused.why);
            }
        }
    }
}
