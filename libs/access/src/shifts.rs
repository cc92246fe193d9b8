//! Test clocks of sandboxes: how far each is ahead, and how that travels to other processes.
//!
//! The gateway sets a sandbox's shift. In its own process every guard finds it here; to others it travels with each
//! call as a short-lived signed token in [`CLOCK`], made by whoever forwards or makes the call, since no client may
//! choose the time. A tenant that is no sandbox has no shift, whatever is sent.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tongguan_vocabulary::{Shift, Tenant};

use crate::{Access, verify};

/// The metadata that carries the signed shift.
pub const CLOCK: &str = "x-tongguan-clock";

/// The audience of such a token: it never passes as a bearer token, nor a bearer token as one.
pub(crate) const CLOCK_AUDIENCE: &str = "tongguan-clock";

/// How long such a token lives: longer than the longest deadline.
const LIFETIME: Duration = Duration::from_mins(5);

/// The shifts that are not none.
#[derive(Default)]
pub(crate) struct Shifts(RwLock<HashMap<Tenant, Shift>>);

impl Access {
    /// How far the tenant's clock is ahead; none outside of sandboxes.
    pub fn shift(&self, tenant: &Tenant) -> Shift {
        if !tenant.is_sandbox() {
            return Shift::NONE;
        }
        let shifts = self.0.shifts.0.read();
        let shifts = shifts.unwrap_or_else(PoisonError::into_inner);
        shifts.get(tenant).copied().unwrap_or_default()
    }

    /// Every sandbox whose clock is ahead, for workers that act for them.
    pub fn shifts(&self) -> Vec<(Tenant, Shift)> {
        let shifts = self.0.shifts.0.read();
        let shifts = shifts.unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = shifts
            .iter()
            .map(|(tenant, shift)| (tenant.clone(), *shift))
            .collect();
        all.sort();
        all
    }

    /// Sets how far a sandbox's clock is ahead. For a tenant that is no sandbox nothing is set.
    pub fn set_shift(&self, tenant: &Tenant, shift: Shift) {
        if !tenant.is_sandbox() {
            return;
        }
        let mut shifts = self
            .0
            .shifts
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if shift == Shift::NONE {
            shifts.remove(tenant);
        } else {
            shifts.insert(tenant.clone(), shift);
        }
    }

    /// Puts the tenant's shift into the headers of a call to another process, in place of whatever stood there.
    pub fn say_shift(&self, tenant: &Tenant, headers: &mut HeaderMap) {
        headers.remove(CLOCK);
        let shift = self.shift(tenant);
        if shift != Shift::NONE
            && let Some(value) = self.shift_token(tenant, shift)
        {
            headers.insert(CLOCK, value);
        }
    }

    pub(crate) fn shift_token(&self, tenant: &Tenant, shift: Shift) -> Option<HeaderValue> {
        let now = self.0.clock.now();
        let token = self.0.signer.sign_shift(tenant, shift, LIFETIME, now)?;
        let mut value = HeaderValue::try_from(token).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The shift a call is to be served under: as its headers say, or else as it was set here. What the headers say is
    /// remembered for the workers of this process.
    pub(crate) fn shift_of(&self, tenant: &Tenant, headers: &HeaderMap) -> Shift {
        if !tenant.is_sandbox() {
            return Shift::NONE;
        }
        let said = headers.get(CLOCK).and_then(|value| value.to_str().ok());
        match said.and_then(|token| verify::shift(&self.0, token, tenant)) {
            Some(shift) => {
                self.set_shift(tenant, shift);
                shift
            }
            None => self.shift(tenant),
        }
    }
}
