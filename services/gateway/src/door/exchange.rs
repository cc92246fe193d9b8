//! API keys at the door: a key of a sandbox becomes a short-lived token, so that no service behind knows of keys.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use time::OffsetDateTime;
use tongguan_access::{Access, Grant};
use tongguan_vocabulary::Clock;

use crate::Error;
use crate::domain::{ApiKey, PREFIX, parse_key};
use crate::sandbox::grants;
use crate::store::Store;

/// How long a key that was looked up is believed: a revocation counts everywhere after it.
const BELIEVED: Duration = Duration::from_secs(10);
/// Life of the token a key becomes: longer than the longest call and the time it is believed.
const LIFETIME: Duration = Duration::from_mins(5);
/// Keys that are remembered.
const KEPT: usize = 4_096;

/// Exchanges keys for tokens. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Exchange {
    store: Store,
    access: Access,
    clock: Clock,
    known: Arc<Mutex<HashMap<String, Known>>>,
}

#[derive(Clone)]
struct Known {
    token: HeaderValue,
    until: OffsetDateTime,
}

impl Exchange {
    pub(crate) fn new(store: Store, access: Access, clock: Clock) -> Self {
        Self {
            store,
            access,
            clock,
            known: Arc::default(),
        }
    }

    /// Puts a token in the place of a key. A key that opens nothing stays where it is, and no guard takes it for a
    /// token.
    pub(crate) async fn exchange(&self, headers: &mut HeaderMap) -> Result<(), Error> {
        let sent = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let Some((scheme, text)) = sent.and_then(|text| text.split_once(' ')) else {
            return Ok(());
        };
        let text = text.trim();
        if !scheme.eq_ignore_ascii_case("bearer") || !text.starts_with(PREFIX) {
            return Ok(());
        }
        let text = text.to_owned();
        if let Some(token) = self.token(&text).await? {
            headers.insert(AUTHORIZATION, token);
        }
        Ok(())
    }

    async fn token(&self, text: &str) -> Result<Option<HeaderValue>, Error> {
        let now = self.clock.now();
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.get(text).filter(|known| now < known.until) {
                return Ok(Some(known.token.clone()));
            }
        }
        let Some((id, secret)) = parse_key(text) else {
            return Ok(None);
        };
        let key = self.store.key(id).await?;
        let Some(key) = key.filter(|key| key.opens(secret) && grants(&key.tenant)) else {
            return Ok(None);
        };
        let token = self.access.mint(&grant(&key));
        let Ok(mut token) = HeaderValue::try_from(format!("Bearer {token}")) else {
            return Ok(None);
        };
        token.set_sensitive(true);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT {
            known.retain(|_, old| now < old.until);
            if known.len() >= KEPT {
                known.clear();
            }
        }
        let until = now + BELIEVED;
        known.insert(
            text.to_owned(),
            Known {
                token: token.clone(),
                until,
            },
        );
        Ok(Some(token))
    }
}

fn grant(key: &ApiKey) -> Grant {
    let mut grant = Grant::new(key.tenant.clone(), format!("key:{}", key.id)).lifetime(LIFETIME);
    grant.roles = key
        .roles
        .iter()
        .filter_map(|role| role.parse().ok())
        .collect();
    grant.organisation.clone_from(&key.organisation);
    grant
}
