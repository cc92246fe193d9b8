//! How a service calls its peers: with a short-lived token of its own, for one tenant.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tongguan_vocabulary::{Shift, Tenant};
use tonic::Request;
use tonic::metadata::AsciiMetadataValue;

use crate::{Access, CLOCK, Grant};

/// How long a token between services lives.
const LIFETIME: Duration = Duration::from_mins(5);
/// How long it is used: the rest is longer than the longest deadline.
const USED: Duration = Duration::from_secs(210);
/// Tenants whose tokens are kept.
const KEPT: usize = 4096;

/// A service's own identity. Cheap to clone; all clones share the tokens.
#[derive(Clone)]
pub struct Identity {
    access: Access,
    subject: String,
    scopes: Vec<String>,
    tokens: Arc<Mutex<HashMap<Tenant, Kept>>>,
}

struct Kept {
    value: AsciiMetadataValue,
    until: OffsetDateTime,
}

impl Identity {
    /// The identity of the service with this name, which may do only what these scopes say.
    pub fn new(access: &Access, service: &str, scopes: &[&str]) -> Self {
        Self {
            access: access.clone(),
            subject: format!("service:{service}"),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            tokens: Arc::default(),
        }
    }

    /// A request that carries the service's token for this tenant.
    pub fn request<M>(&self, tenant: &Tenant, message: M) -> Request<M> {
        let mut request = Request::new(message);
        if let Some(value) = self.token(tenant) {
            request.metadata_mut().insert("authorization", value);
        }
        if let Some(value) = self.ahead(tenant) {
            request.metadata_mut().insert(CLOCK, value);
        }
        request
    }

    /// How far the tenant's clock is ahead; none outside of sandboxes. Who works for a tenant in the background works
    /// under it.
    pub fn shift(&self, tenant: &Tenant) -> Shift {
        self.access.shift(tenant)
    }

    /// Every sandbox whose clock is ahead: what is due there may not be due anywhere else.
    pub fn shifts(&self) -> Vec<(Tenant, Shift)> {
        self.access.shifts()
    }

    /// The sandbox's clock travels with every call for it.
    fn ahead(&self, tenant: &Tenant) -> Option<AsciiMetadataValue> {
        let shift = self.access.shift(tenant);
        if shift == Shift::NONE {
            return None;
        }
        let value = self.access.shift_token(tenant, shift)?;
        AsciiMetadataValue::try_from(value.as_bytes()).ok()
    }

    fn token(&self, tenant: &Tenant) -> Option<AsciiMetadataValue> {
        let now = self.access.0.clock.now();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = tokens.get(tenant).filter(|kept| now < kept.until) {
            return Some(kept.value.clone());
        }
        let mut grant = Grant::new(tenant.clone(), self.subject.clone()).lifetime(LIFETIME);
        grant.scopes.clone_from(&self.scopes);
        let mut value: AsciiMetadataValue = format!("Bearer {}", self.access.mint(&grant))
            .parse()
            .ok()?;
        value.set_sensitive(true);
        if tokens.len() >= KEPT {
            tokens.clear();
        }
        let kept = Kept {
            value: value.clone(),
            until: now + USED,
        };
        tokens.insert(tenant.clone(), kept);
        Some(value)
    }
}
