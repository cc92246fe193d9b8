//! The sandbox: its clock and its API keys. Production tenants get neither.

use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tongguan_access::{Access, Caller, Role};
use tongguan_vocabulary::{Shift, Tenant, World};

use crate::Error;
use crate::domain::{ApiKey, hash_of_secret, key_text};
use crate::service::sandbox_only;
use crate::store::Store;

/// How often the clocks that other replicas moved are looked up.
const LOOK: Duration = Duration::from_secs(2);
/// A clock is at most so far ahead: ten years are longer than any deadline here.
const MOST_YEARS: i64 = 10;

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sandboxes {
    store: Store,
    access: Access,
    world: World,
}

/// A fresh key with the text its holder is to send.
pub(crate) struct Made {
    pub(crate) key: ApiKey,
    pub(crate) secret: String,
}

impl Sandboxes {
    pub(crate) fn new(store: Store, access: Access, world: World) -> Self {
        Self {
            store,
            access,
            world,
        }
    }

    /// Takes over the clocks that stand in the database, until the process stops.
    pub(crate) async fn follow(self, stopping: CancellationToken) {
        while !stopping.is_cancelled() {
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "the sandboxes' clocks could not be read");
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    pub(crate) async fn look(&self) -> Result<(), Error> {
        let known = self.store.shifts().await?;
        for (tenant, _) in self.access.shifts() {
            if !known.iter().any(|(other, _)| *other == tenant) {
                self.access.set_shift(&tenant, Shift::NONE);
            }
        }
        for (tenant, shift) in known {
            self.access.set_shift(&tenant, shift);
        }
        Ok(())
    }

    /// Sets the caller's clock ahead to `time`: what it shows now, which is a moment later.
    pub(crate) async fn set_clock(
        &self,
        caller: &Caller,
        time: OffsetDateTime,
    ) -> Result<OffsetDateTime, Error> {
        sandbox_only(caller)?;
        let now = self.world.clock.steady().now();
        let ahead = time - now;
        if ahead > time::Duration::days(366 * MOST_YEARS) {
            return Err(Error::ClockTooFar { years: MOST_YEARS });
        }
        let shift = Shift::of_micros(ahead.whole_microseconds() as i64);
        let behind = shift < self.access.shift(&caller.tenant);
        if behind || !self.store.move_clock(&caller.tenant, shift, now).await? {
            return Err(Error::ClockWentBack);
        }
        self.access.set_shift(&caller.tenant, shift);
        Ok(now + shift.duration())
    }

    /// Sets the caller's clock right and revokes its keys.
    pub(crate) async fn reset(&self, caller: &Caller) -> Result<OffsetDateTime, Error> {
        sandbox_only(caller)?;
        let now = self.world.clock.steady().now();
        self.store.reset_sandbox(&caller.tenant, now).await?;
        self.access.set_shift(&caller.tenant, Shift::NONE);
        Ok(now)
    }

    /// Makes a key with some of the caller's own roles: nobody can give what it has not.
    pub(crate) async fn create_key(
        &self,
        caller: &Caller,
        label: String,
        roles: Vec<Role>,
    ) -> Result<Made, Error> {
        sandbox_only(caller)?;
        if let Some(role) = roles.iter().find(|role| !caller.has_role(**role)) {
            return Err(Error::RoleNotHeld { role: *role });
        }
        let mut bytes = [0_u8; 32];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| Error::NoKey)?;
        let secret = URL_SAFE_NO_PAD.encode(bytes);
        let key = ApiKey {
            tenant: caller.tenant.clone(),
            id: self.world.ids.next(),
            label,
            roles: roles.iter().map(ToString::to_string).collect(),
            organisation: caller.organisation.clone(),
            secret_sha256: hash_of_secret(&secret),
            created: self.world.clock.steady().now(),
            revoked: None,
        };
        self.store.create_key(&key).await?;
        let secret = key_text(key.id, &secret);
        Ok(Made { key, secret })
    }

    pub(crate) async fn keys(&self, caller: &Caller) -> Result<Vec<ApiKey>, Error> {
        sandbox_only(caller)?;
        self.store.keys(&caller.tenant).await
    }

    pub(crate) async fn revoke_key(
        &self,
        caller: &Caller,
        id: uuid::Uuid,
    ) -> Result<ApiKey, Error> {
        sandbox_only(caller)?;
        let now = self.world.clock.steady().now();
        self.store.revoke_key(&caller.tenant, id, now).await
    }
}

/// The tenant a key is of must be a sandbox when it is used, too.
pub(crate) fn grants(tenant: &Tenant) -> bool {
    tenant.is_sandbox()
}
