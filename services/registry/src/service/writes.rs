//! Single writes: a vehicle is registered, changed, amended.

use serde::Serialize;
use tongguan_access::Caller;
use tongguan_rpc::Invalid;
use tongguan_storage::Once;
use tongguan_vocabulary::Vin;

use super::{Ground, Service, View};
use crate::domain::{Change, Details, Owner, Vehicle};
use crate::error::Error;
use crate::store::{Alteration, Key, Outcome, Registration, Row, fingerprint};

impl Service {
    /// Registers a vehicle; with `validate_only` it stores nothing.
    pub(crate) async fn register(
        &self,
        caller: &Caller,
        request_id: &str,
        details: Details,
        owner: Option<Owner>,
        validate_only: bool,
    ) -> Result<View, Error> {
        let entry = self.entry(caller, &Ground::default());
        let (vin, at) = (details.vin, entry.at);
        let (vehicle, _) = Vehicle::register(details, at)?;
        if validate_only {
            return match self.store.find(&caller.tenant, vin, None).await? {
                Some(_) => Err(Error::VinTaken { vin }),
                None => Ok(self.view(vehicle, at)),
            };
        }
        let fresh = self.world.ids.next();
        let owned = self
            .store
            .owned(&caller.tenant, owner.as_ref(), fresh)
            .await?;
        let asked = (&vehicle.details, fingerprint(owned.as_ref()));
        let once = self.once(caller, "RegisterVehicle", request_id, &asked);
        let row = Row::new(0, entry.event, vehicle.clone(), owned)?;
        let registration = Registration {
            entry,
            key: Key::One(once),
            rows: vec![row],
        };
        let registered = self.store.register(registration).await?;
        if registered.outcomes.first() != Some(&Outcome::Stored) {
            return Err(Error::VinTaken { vin });
        }
        let vehicle = if registered.replayed || registered.version > 1 {
            let version = registered.version;
            let answered = self.store.version(&caller.tenant, vin, version).await?;
            answered.ok_or(Error::VehicleNotFound { vin })?
        } else {
            vehicle
        };
        let at = vehicle.updated_at;
        Ok(self.view(vehicle, at))
    }

    /// Applies a change to a vehicle; the owner, where one comes with it, goes into the vault.
    pub(crate) async fn change(
        &self,
        caller: &Caller,
        method: &'static str,
        vin: Vin,
        ground: Ground,
        change: Change,
        owner: Option<Owner>,
    ) -> Result<View, Error> {
        let fresh = self.world.ids.next();
        let owned = self
            .store
            .owned(&caller.tenant, owner.as_ref(), fresh)
            .await?;
        let asked = (vin, &change, fingerprint(owned.as_ref()));
        let once = self.once(caller, method, &ground.request_id, &asked);
        self.alter(caller, once, vin, ground, change, owned).await
    }

    /// Amends the fields that `amended` sets; needs the etag that was read. `asked` is what the request said.
    pub(crate) async fn amend(
        &self,
        caller: &Caller,
        vin: Vin,
        ground: Ground,
        asked: &impl Serialize,
        fields: Vec<String>,
        amended: impl FnOnce(Details) -> Result<Details, Invalid>,
    ) -> Result<View, Error> {
        let once = self.once(caller, "UpdateVehicle", &ground.request_id, asked);
        let before = self.store.find(&caller.tenant, vin, None).await?;
        let before = before.ok_or(Error::VehicleNotFound { vin })?;
        let is_latest = before.etag() == ground.etag;
        let details = match amended(before.details.clone()) {
            Ok(amended) => Box::new(amended),
            Err(invalid) if is_latest => return Err(invalid.into()),
            // Another version is amended than the one that was read: it is a replay, or refused for its etag.
            Err(_) => Box::new(before.details),
        };
        let change = Change::Amend { details, fields };
        self.alter(caller, once, vin, ground, change, None).await
    }

    async fn alter(
        &self,
        caller: &Caller,
        once: Once,
        vin: Vin,
        ground: Ground,
        change: Change,
        owner: Option<crate::store::Owned>,
    ) -> Result<View, Error> {
        let alteration = Alteration {
            once,
            entry: self.entry(caller, &ground),
            vin,
            etag: ground.etag,
            change: change.identified(self.world.ids.next()),
            owner,
            other_event: self.world.ids.next(),
        };
        let vehicle = self.store.change(alteration).await?;
        let at = vehicle.updated_at;
        Ok(self.view(vehicle, at))
    }
}
