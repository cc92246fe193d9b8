//! Our own issuer: makes the tokens of the embedded mode and of calls between services.

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use time::OffsetDateTime;
use tongguan_vocabulary::{Shift, Tenant};

use crate::claims::{Actor, Audience, Claims, Header, Seconds};
use crate::shifts::CLOCK_AUDIENCE;
use crate::{AUDIENCE, Delegate, KeyError, OWN_ISSUER, Role};

/// What a token is to say of its holder.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whose data the holder may work on.
    pub tenant: Tenant,
    /// The holder's name, such as `li.wei`.
    pub subject: String,
    /// Roles, each with its scopes.
    pub roles: Vec<Role>,
    /// Scopes beyond those of the roles, such as `registry.read`.
    pub scopes: Vec<String>,
    /// The unified social credit code of the organisation the holder acts for.
    pub organisation: Option<String>,
    /// Whether the holder is a natural person.
    pub person: bool,
    /// How long the token lives.
    pub lifetime: Duration,
    /// Who acts for the subject, where another does.
    pub delegate: Option<Delegate>,
    /// The country the holder is in (ISO 3166-1 alpha-2), where it is known.
    pub region: Option<String>,
}

impl Grant {
    /// A grant without roles or scopes that lives an hour.
    pub fn new(tenant: Tenant, subject: impl Into<String>) -> Self {
        Self {
            tenant,
            subject: subject.into(),
            roles: Vec::new(),
            scopes: Vec::new(),
            organisation: None,
            person: false,
            lifetime: Duration::from_hours(1),
            delegate: None,
            region: None,
        }
    }

    /// With this role too.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.roles.push(role);
        self
    }

    /// With this scope too.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// For a holder who acts for this organisation (unified social credit code).
    #[must_use]
    pub fn organisation(mut self, uscc: impl Into<String>) -> Self {
        self.organisation = Some(uscc.into());
        self
    }

    /// For a natural person.
    #[must_use]
    pub fn person(mut self) -> Self {
        self.person = true;
        self
    }

    /// For a holder in this country (ISO 3166-1 alpha-2).
    #[must_use]
    pub fn region(mut self, country: impl Into<String>) -> Self {
        self.region = Some(country.into());
        self
    }

    /// To be used by another, who acts for the subject: an agent for an exporter.
    #[must_use]
    pub fn delegate(mut self, delegate: Delegate) -> Self {
        self.delegate = Some(delegate);
        self
    }

    /// With this lifetime.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }
}

/// Makes a fresh ES256 key for an issuer, as PKCS#8 (DER), to be kept secret by the caller.
pub fn generate_key() -> Result<Vec<u8>, KeyError> {
    EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .map(|document| document.as_ref().to_vec())
        .map_err(|_| KeyError::NotMade)
}

/// The private key with its name; parsed once, since parsing costs more than signing.
pub(crate) struct Signer {
    key: EcdsaKeyPair,
    kid: String,
}

impl Signer {
    pub(crate) fn new(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map_err(|_| KeyError::NotP256)?;
        let mut signer = Self {
            key,
            kid: String::new(),
        };
        let (x, y) = signer.point()?;
        // The thumbprint of RFC 7638: members in this order, without spaces.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        signer.kid = URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(
            &aws_lc_rs::digest::SHA256,
            canonical.as_bytes(),
        ));
        Ok(signer)
    }

    fn point(&self) -> Result<(String, String), KeyError> {
        // Uncompressed form (SEC 1, 2.3.3): 0x04, then 32 bytes each of x and y.
        match self.key.public_key().as_ref() {
            [4, point @ ..] if point.len() == 64 => Ok((
                URL_SAFE_NO_PAD.encode(&point[..32]),
                URL_SAFE_NO_PAD.encode(&point[32..]),
            )),
            _ => Err(KeyError::NotP256),
        }
    }

    pub(crate) fn jwks(&self) -> Result<String, KeyError> {
        let (x, y) = self.point()?;
        let key = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.kid, "x": x, "y": y});
        Ok(json!({ "keys": [key] }).to_string())
    }

    pub(crate) fn sign(&self, grant: &Grant, now: OffsetDateTime) -> Option<String> {
        self.sealed(&Self::claims(grant, now))
    }

    /// A token that says how far a sandbox's clock is ahead, and nothing else.
    pub(crate) fn sign_shift(
        &self,
        tenant: &Tenant,
        shift: Shift,
        lifetime: Duration,
        now: OffsetDateTime,
    ) -> Option<String> {
        let grant = Grant::new(tenant.clone(), CLOCK_AUDIENCE).lifetime(lifetime);
        let claims = Claims {
            aud: Audience::One(CLOCK_AUDIENCE.into()),
            ahead: Some(shift.micros()),
            ..Self::claims(&grant, now)
        };
        self.sealed(&claims)
    }

    fn claims(grant: &Grant, now: OffsetDateTime) -> Claims {
        let now = now.unix_timestamp();
        Claims {
            iss: OWN_ISSUER.into(),
            aud: Audience::One(AUDIENCE.into()),
            exp: Seconds(now.saturating_add_unsigned(grant.lifetime.as_secs())),
            nbf: Seconds(now),
            sub: grant.subject.clone(),
            tenant: grant.tenant.to_string(),
            roles: grant.roles.iter().map(ToString::to_string).collect(),
            scope: grant.scopes.join(" "),
            org: grant.organisation.clone(),
            person: grant.person,
            act: grant.delegate.as_ref().map(|delegate| Actor {
                sub: delegate.subject.clone(),
                org: delegate.organisation.clone(),
            }),
            region: grant.region.clone(),
            ahead: None,
        }
    }

    fn sealed(&self, claims: &Claims) -> Option<String> {
        let header = Header {
            alg: "ES256".into(),
            kid: self.kid.clone(),
            typ: Some("JWT".into()),
            crit: None,
        };
        let part = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
        let message = format!(
            "{}.{}",
            part(serde_json::to_vec(&header).ok()?),
            part(serde_json::to_vec(claims).ok()?)
        );
        let signature = self
            .key
            .sign(&SystemRandom::new(), message.as_bytes())
            .ok()?;
        Some(format!(
            "{message}.{}",
            URL_SAFE_NO_PAD.encode(signature.as_ref())
        ))
    }
}
