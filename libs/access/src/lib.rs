//! Who is asking: tokens, tenants, scopes, policy read from the descriptors.
//!
//! [`Access`] knows whose tokens count and makes tokens of its own. [`Access::guard`] puts a
//! deny-by-default layer around a generated server: it checks the bearer token (RFC 8725), compares
//! the method's scope from the descriptors with the caller's, and leaves a [`Caller`] in the
//! request. A handler gets it with [`caller`]; a service calls its peers through [`Identity`].
//!
//! No file and no network access here: keys arrive as bytes ([`Access::embedded`]) and the key sets
//! of outside issuers as text ([`Jwks`]), which whoever fetches them replaces in place.

mod caller;
mod claims;
mod guard;
mod identity;
mod issuer;
mod keys;
mod lane;
mod policy;
mod refusal;
mod role;
mod shifts;
mod verify;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tongguan_vocabulary::Clock;

pub use caller::{Caller, Delegate, Scopes, caller};
pub use guard::{Answering, Guarded};
pub use identity::Identity;
pub use issuer::{Grant, generate_key};
pub use keys::{Jwks, KeyError};
pub use lane::Lane;
pub use policy::{Need, need};
pub use refusal::Refusal;
pub use role::{Role, RoleError};
pub use shifts::CLOCK;

/// The audience every token must name.
pub const AUDIENCE: &str = "tongguan";

/// The issuer of the tokens this suite makes itself.
pub const OWN_ISSUER: &str = "tongguan";

/// Whose tokens count, and the key of our own. Cheap to clone; all clones share one cache.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    clock: Clock,
    signer: issuer::Signer,
    issuers: Vec<Issuer>,
    seen: Mutex<HashMap<String, verify::Seen>>,
    shifts: shifts::Shifts,
}

/// An issuer whose tokens count, with its keys.
#[derive(Clone)]
pub struct Issuer {
    /// The exact `iss` of its tokens.
    pub name: String,
    /// Its public keys.
    pub keys: Jwks,
    /// The tenants it may speak for; empty means all. Set it wherever an issuer belongs to one
    /// customer, or that customer could name any tenant.
    pub tenants: Vec<tongguan_vocabulary::Tenant>,
}

impl Access {
    /// Access with an issuer of our own, whose ES256 key is given as PKCS#8 (DER), as
    /// [`generate_key`] makes it. All processes of one installation are given the same key.
    pub fn embedded(issuer_key_pkcs8: &[u8], clock: Clock) -> Result<Self, KeyError> {
        Self::trusting(issuer_key_pkcs8, Vec::new(), clock)
    }

    /// As [`Access::embedded`], and tokens of these outside issuers count too.
    pub fn trusting(
        issuer_key_pkcs8: &[u8],
        outside: Vec<Issuer>,
        clock: Clock,
    ) -> Result<Self, KeyError> {
        let signer = issuer::Signer::new(issuer_key_pkcs8)?;
        let own = Issuer {
            name: OWN_ISSUER.to_owned(),
            keys: Jwks::parse(&signer.jwks()?)?,
            tenants: Vec::new(),
        };
        let issuers = std::iter::once(own).chain(outside).collect();
        let seen = Mutex::default();
        Ok(Self(Arc::new(Inner {
            // A token's life is no sandbox's business.
            clock: clock.steady(),
            signer,
            issuers,
            seen,
            shifts: shifts::Shifts::default(),
        })))
    }

    /// The public keys of our own issuer as a JSON Web Key Set (RFC 7517).
    pub fn own_jwks(&self) -> String {
        self.0.signer.jwks().unwrap_or_default()
    }

    /// Makes a token (ES256) that says what the grant says. Should the signature fail, the text is
    /// empty, which every guard refuses.
    pub fn mint(&self, grant: &Grant) -> String {
        self.0
            .signer
            .sign(grant, self.0.clock.now())
            .unwrap_or_default()
    }

    /// Checks a bearer token and says who sent it.
    pub fn verify(&self, token: &str) -> Result<Arc<Caller>, Refusal> {
        verify::verify(&self.0, token)
    }

    /// Who sent a request, from its one `authorization: Bearer …` header.
    pub fn sender(&self, headers: &http::HeaderMap) -> Result<Arc<Caller>, Refusal> {
        guard::bearer(headers).and_then(|token| self.verify(token))
    }

    /// Wraps a generated server: a call reaches it only with a valid token that carries the
    /// method's scope, or where the method is public. Health and reflection are not wrapped.
    pub fn guard<S>(&self, server: S) -> Guarded<S> {
        Guarded::new(self.clone(), server)
    }
}
