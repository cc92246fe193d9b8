//! The trust bundle that is published: a new edition where what we sign with has changed, the old keys kept.

use time::{Duration, OffsetDateTime};
use tongguan_certificate::{NoteKey, Signer as _, Trust, TrustBundle, TrustedKey};

use super::RENEW;
use crate::config::Config;
use crate::error::Error;
use crate::keys::{Key, Keys};
use crate::store::Store;
use crate::witnesses::Witnesses;

/// How long before it was announced a key is trusted. Certificates say when they were issued by the clock of the process
/// that signs them, and verifiers ask whether the key was valid then: of several processes the one whose clock is
/// furthest ahead may be the first to announce the key, and what the others sign must still be inside. A day is more
/// than clocks that are cared for are ever apart; a key that is only made now has signed nothing before.
const SKEW: Duration = Duration::DAY;
/// How long a key signs.
const KEY_LIFE: Duration = Duration::days(5 * 365);

/// The stored bundle where it still says what we sign with, else a new edition that keeps the old keys.
pub(super) async fn current_bundle(
    config: &Config,
    keys: &Keys,
    log_key: &NoteKey,
    witnesses: &Witnesses,
    store: &Store,
    now: OffsetDateTime,
) -> Result<TrustBundle, Error> {
    let roots = [keys.root.public_key().clone()];
    let held = match store.last_bundle().await? {
        Some(bytes) => TrustBundle::open(&bytes, &roots).ok(),
        None => None,
    };
    let life = Duration::days(config.trust_bundle_days);
    let ours = [Some(&keys.issuer), keys.next.as_ref()];
    let ours = || ours.into_iter().flatten();
    let watched = witnesses.keys();
    if let Some(bundle) = &held {
        let trust = bundle.trust();
        let fits = trust.issuer == config.issuer
            && ours().all(|key| bundle.key(key.key_id()).is_some())
            && trust.logs.contains(log_key)
            && trust.witnesses == watched
            && trust.quorum == witnesses.quorum;
        if fits && OffsetDateTime::from(trust.expires_at) - RENEW > now {
            return Ok(bundle.clone());
        }
    }
    let before = held.as_ref().map(TrustBundle::trust);
    let mut trusted: Vec<TrustedKey> = before.map(|trust| trust.keys.clone()).unwrap_or_default();
    for key in ours() {
        if !trusted.iter().any(|held| held.id == *key.key_id()) {
            trusted.push(TrustedKey {
                id: key.key_id().clone(),
                key: key.public_key().clone(),
                not_before: (now - SKEW).into(),
                not_after: (now + KEY_LIFE).into(),
                certificates: true,
                status_lists: true,
            });
        }
    }
    let mut logs = before.map(|trust| trust.logs.clone()).unwrap_or_default();
    if !logs.contains(log_key) {
        logs.push(log_key.clone());
    }
    let trust = Trust {
        version: before.map_or(1, |trust| trust.version + 1),
        issued_at: now.into(),
        expires_at: (now + life).into(),
        issuer: config.issuer.clone(),
        keys: trusted,
        logs,
        witnesses: watched,
        quorum: witnesses.quorum,
    };
    publish(&trust, keys, store).await
}

/// Signs and stores an edition; where another process was first, its edition is the one in force.
pub(super) async fn publish(
    trust: &Trust,
    keys: &Keys,
    store: &Store,
) -> Result<TrustBundle, Error> {
    let edition = trust.clone();
    let signing = move |key: &Key| edition.sign(key);
    let bundle = keys.root.signing(signing).await?;
    store
        .store_bundle(trust.version, bundle.as_bytes(), trust.expires_at.into())
        .await?;
    let stored = store.last_bundle().await?.unwrap_or_default();
    Ok(TrustBundle::open(&stored, &[keys.root.public_key().clone()]).unwrap_or(bundle))
}
