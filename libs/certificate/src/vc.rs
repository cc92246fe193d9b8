//! The certificate as a W3C Verifiable Credential (data model 2.0) secured with JOSE, in the shape of
//! a UNTP conformity credential.
//!
//! The COSE certificate travels inside as evidence: it carries the log proof, which a bare JWT lacks,
//! so a reader who needs the full answer verifies that.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::bundle::TrustBundle;
use crate::certificate::Certificate;
use crate::error::{Error, Result};
use crate::json::NOTICE;
use crate::record::{Outcome, PackRef, Record};
use crate::signer::Signer;

const PART: &str = "verifiable credential";

impl Certificate {
    /// A compact JWS `header.payload.signature` with `alg: ES256`, `typ: vc+jwt`, signed by the key
    /// that signed the certificate.
    pub fn to_vc_jwt(&self, signer: &dyn Signer) -> Result<String> {
        let record = self.record();
        if signer.key_id() != &record.key_id {
            return Err(Error::Key(format!(
                "the certificate is of key {}",
                record.key_id
            )));
        }
        let header =
            json!({"alg": "ES256", "cty": "vc", "kid": record.key_id.to_string(), "typ": "vc+jwt"});
        let payload = credential(record, &self.to_cose())?;
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&payload));
        let signature = signer.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Checks the JWS with the bundle and returns the certificate inside, whose record must be the
    /// one the credential states. The certificate itself still has to be verified.
    pub fn from_vc_jwt(jwt: &str, bundle: &TrustBundle) -> Result<Self> {
        let malformed = |problem: &str| Error::malformed(PART, problem);
        let (signed, signature) = jwt
            .rsplit_once('.')
            .ok_or_else(|| malformed("not a compact JWS"))?;
        let (header, payload) = signed
            .split_once('.')
            .ok_or_else(|| malformed("not a compact JWS"))?;
        let decode = |text: &str| {
            URL_SAFE_NO_PAD
                .decode(text)
                .map_err(|_| malformed("not base64url"))
        };
        let object = |text: &str| -> Result<Value> {
            serde_json::from_slice(&decode(text)?).map_err(|_| malformed("not JSON"))
        };
        let header = object(header)?;
        if header["alg"] != "ES256" || header["typ"] != "vc+jwt" {
            return Err(malformed("the header is not that of an ES256 vc+jwt"));
        }
        let kid = header["kid"].as_str().unwrap_or_default();
        let trusted = kid
            .parse()
            .ok()
            .and_then(|id| bundle.key(&id))
            .filter(|key| key.certificates);
        let trusted = trusted.ok_or_else(|| Error::UnknownKey {
            part: PART,
            key: kid.to_owned(),
        })?;
        if !trusted.key.verifies(signed.as_bytes(), &decode(signature)?) {
            return Err(Error::SignatureMismatch { part: PART });
        }
        let payload = object(payload)?;
        let cose = decode(
            payload["evidence"][0]["certificate"]
                .as_str()
                .unwrap_or_default(),
        )?;
        let certificate = Self::from_cose(&cose)?;
        // Every statement of the credential follows from the record, so building it again compares all.
        if credential(certificate.record(), &cose)? == payload {
            Ok(certificate)
        } else {
            Err(malformed("it does not state what its certificate states"))
        }
    }
}

fn credential(record: &Record, cose: &[u8]) -> Result<Value> {
    let decision = &record.decision;
    let outcome = match decision.outcome {
        Outcome::Permitted => "every rule is satisfied",
        Outcome::Conditional => "permitted with what the rules still ask for at the border",
        Outcome::PermittedByOverride => {
            "permitted by two people against the engine, with reasons on file"
        }
    };
    let assessment = |pack: &PackRef| {
        json!({
            "type": ["ConformityAssessment"],
            "referenceRegulation": {"type": ["Regulation"], "name": pack.name, "sha256": pack.digest.to_string()},
            "assessedProduct": [{"type": ["ProductVerification"], "product": {"type": ["Product"], "idValue": record.vehicle.vin.as_str()}}],
            "conformance": true,
        })
    };
    Ok(json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", "DigitalConformityCredential"],
        "id": format!("urn:uuid:{}", record.id),
        "issuer": {"type": ["CredentialIssuer"], "id": format!("urn:tongguan:issuer:{}", record.issuer), "name": record.issuer},
        "validFrom": record.issued_at.to_string(),
        "validUntil": record.expires_at.to_string(),
        "credentialStatus": {
            "type": "TokenStatusListEntry",
            "statusListCredential": record.status.list,
            "statusListIndex": record.status.index.to_string(),
        },
        "credentialSubject": {
            "type": ["ConformityAttestation"],
            "id": format!("urn:uuid:{}", record.id),
            "name": "Decision on the export of one used vehicle",
            "description": NOTICE,
            "simulated": record.simulated,
            "outcome": outcome,
            "issuedToParty": {"id": format!("urn:tongguan:organisation:{}", record.exporter)},
            "assessment": [assessment(&decision.china_pack), assessment(&decision.market_pack)],
            "record": record.to_value()?,
        },
        "evidence": [{"type": ["TongguanCertificate"], "certificate": URL_SAFE_NO_PAD.encode(cose)}],
    }))
}
