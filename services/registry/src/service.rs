//! The use cases of the registry, in domain words.

use std::sync::Arc;

use serde::Serialize;
use time::OffsetDateTime;
use tongguan_access::Caller;
use tongguan_rpc::{PageToken, Tasks};
use tongguan_storage::Once;
use tongguan_vocabulary::{PartialDate, Vin, World};

use crate::config::Config;
use crate::domain::decode::Maker;
use crate::domain::{
    Change, Decoded, Details, Prohibition, Scrapping, ScrappingTable, Vehicle, decode,
};
use crate::error::Error;
use crate::store::{Entry, EventRow, Filter, Store};

/// A vehicle with what follows from it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct View {
    pub(crate) vehicle: Vehicle,
    pub(crate) prohibitions: Vec<Prohibition>,
    pub(crate) scrapping: Scrapping,
    pub(crate) decoded: Decoded,
}

/// Why a change is made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ground {
    pub(crate) request_id: String,
    pub(crate) etag: String,
    pub(crate) reason: String,
    pub(crate) document: String,
}

/// A page of a list.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: String,
}

/// The registry.
#[derive(Clone)]
pub(crate) struct Service {
    store: Store,
    world: World,
    tasks: Tasks,
    scrapping: Arc<ScrappingTable>,
    makers: Arc<Vec<Maker>>,
    pub(crate) watch_interval: std::time::Duration,
}

impl Service {
    pub(crate) fn new(
        config: &Config,
        store: Store,
        world: World,
        tasks: Tasks,
    ) -> Result<Self, Error> {
        let damaged = |table| move |source| Error::Table { table, source };
        let scrapping = ScrappingTable::parse(include_str!("../data/scrapping.json"))
            .map_err(damaged("scrapping.json"))?;
        let makers =
            serde_json::from_str(include_str!("../data/wmi.json")).map_err(damaged("wmi.json"))?;
        Ok(Self {
            store,
            world,
            tasks,
            scrapping: Arc::new(scrapping),
            makers: Arc::new(makers),
            watch_interval: std::time::Duration::from_millis(config.watch_interval_ms),
        })
    }

    /// Registers a vehicle; with `validate_only` it stores nothing.
    pub(crate) async fn register(
        &self,
        caller: &Caller,
        request_id: &str,
        details: Details,
        validate_only: bool,
    ) -> Result<View, Error> {
        if validate_only {
            let (vehicle, _) = Vehicle::register(details, self.world.clock.now())?;
            if self
                .store
                .find(&caller.tenant, vehicle.details.vin, None)
                .await?
                .is_some()
            {
                return Err(Error::VinTaken {
                    vin: vehicle.details.vin,
                });
            }
            return Ok(self.view(vehicle, None));
        }
        let entry = self.entry(caller, &Ground::default());
        let once = self.once(caller, "RegisterVehicle", request_id, &details);
        let store = self.store.clone();
        let vehicle = self
            .tasks
            .shield(async move { store.register(&once, &entry, &details).await })
            .await?;
        Ok(self.view(vehicle, None))
    }

    /// Registers many in one commit; each is answered by itself.
    pub(crate) async fn register_all(
        &self,
        caller: &Caller,
        vehicles: Vec<Details>,
    ) -> Result<Vec<Result<View, Error>>, Error> {
        let rows: Vec<(Entry, Details)> = vehicles
            .into_iter()
            .map(|details| (self.entry(caller, &Ground::default()), details))
            .collect();
        let store = self.store.clone();
        let stored = self
            .tasks
            .shield(async move { store.register_all(&rows).await })
            .await?;
        Ok(stored
            .into_iter()
            .map(|row| row.map(|vehicle| self.view(vehicle, None)))
            .collect())
    }

    /// Applies a change to a vehicle.
    pub(crate) async fn change(
        &self,
        caller: &Caller,
        method: &'static str,
        vin: Vin,
        ground: Ground,
        change: Change,
    ) -> Result<View, Error> {
        let entry = self.entry(caller, &ground);
        let once = self.once(caller, method, &ground.request_id, &(vin, &change));
        let change = change.identified(self.world.ids.next());
        let store = self.store.clone();
        let work = async move {
            store
                .change(&once, &entry, vin, &ground.etag, &change)
                .await
        };
        Ok(self.view(self.tasks.shield(work).await?, None))
    }

    /// Amends the fields that `amend` sets; needs the etag that was read.
    pub(crate) async fn amend(
        &self,
        caller: &Caller,
        vin: Vin,
        ground: Ground,
        fields: Vec<String>,
        amended: impl FnOnce(Details) -> Details,
    ) -> Result<View, Error> {
        let before = self.get(caller, vin, None).await?.vehicle;
        let details = Box::new(amended(before.details));
        self.change(
            caller,
            "UpdateVehicle",
            vin,
            ground,
            Change::Amend { details, fields },
        )
        .await
    }

    /// Reads a vehicle, also as it was known at an instant.
    pub(crate) async fn get(
        &self,
        caller: &Caller,
        vin: Vin,
        as_of: Option<OffsetDateTime>,
    ) -> Result<View, Error> {
        let found = self.store.find(&caller.tenant, vin, as_of).await?;
        found
            .map(|vehicle| self.view(vehicle, as_of))
            .ok_or(Error::VehicleNotFound { vin })
    }

    /// Lists vehicles by VIN.
    pub(crate) async fn list(
        &self,
        caller: &Caller,
        filter: Filter,
        page_token: &str,
        page_size: i32,
    ) -> Result<Page<View>, Error> {
        let tokens = PageToken::of(&[
            caller.tenant.as_str(),
            "ListVehicles",
            &format!("{filter:?}"),
        ]);
        let after = tokens.decode(page_token)?.unwrap_or_default();
        let size = PageToken::size(page_size, 50, 1_000);
        let mut items: Vec<View> = self
            .store
            .list(&caller.tenant, &filter, &after, size + 1)
            .await?
            .into_iter()
            .map(|vehicle| self.view(vehicle, None))
            .collect();
        let more = items.len() > size as usize;
        items.truncate(size as usize);
        let next = items
            .last()
            .filter(|_| more)
            .map(|view| tokens.encode(view.vehicle.details.vin.as_str()));
        Ok(Page {
            items,
            next: next.unwrap_or_default(),
        })
    }

    /// The history of a vehicle, oldest first.
    pub(crate) async fn history(
        &self,
        caller: &Caller,
        vin: Vin,
        page_token: &str,
        page_size: i32,
    ) -> Result<Page<EventRow>, Error> {
        self.get(caller, vin, None).await?;
        let tokens = PageToken::of(&[caller.tenant.as_str(), "ListVehicleEvents", vin.as_str()]);
        let after = tokens
            .decode(page_token)?
            .and_then(|key| key.parse().ok())
            .unwrap_or(0);
        let size = PageToken::size(page_size, 100, 1_000);
        let mut items = self
            .store
            .events(&caller.tenant, vin, after, size + 1)
            .await?;
        let more = items.len() > size as usize;
        items.truncate(size as usize);
        let next = items
            .last()
            .filter(|_| more)
            .map(|event| tokens.encode(&event.version.to_string()));
        Ok(Page {
            items,
            next: next.unwrap_or_default(),
        })
    }

    /// Events of all vehicles after a resume token, with the token after each.
    pub(crate) async fn watch(
        &self,
        caller: &Caller,
        after: &str,
    ) -> Result<Vec<(String, EventRow)>, Error> {
        let tokens = PageToken::of(&[caller.tenant.as_str(), "WatchVehicles"]);
        let after = tokens
            .decode(after)?
            .and_then(|key| key.parse().ok())
            .unwrap_or(0);
        let events = self.store.stream(&caller.tenant, after, 100).await?;
        Ok(events
            .into_iter()
            .map(|(seq, event)| (tokens.encode(&seq.to_string()), event))
            .collect())
    }

    /// Where streams are fed from.
    pub(crate) fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Stores one message of an import; rows answered before are skipped, so a broken stream can be resumed.
    pub(crate) async fn import(
        &self,
        caller: &Caller,
        id: &str,
        first_row: u64,
        rows: Vec<(u64, Details)>,
        end: u64,
    ) -> Result<Imported, Error> {
        let reached = self.store.import_position(&caller.tenant, id).await? as u64;
        let (known, fresh): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|(row, _)| *row < reached);
        let (numbers, vehicles): (Vec<u64>, Vec<Details>) = fresh.into_iter().unzip();
        let answers = self.register_all(caller, vehicles).await?;
        let next = end.max(first_row);
        self.store
            .import_reached(&caller.tenant, id, next as i64)
            .await?;
        Ok(Imported {
            known: known
                .into_iter()
                .map(|(row, details)| (row, details.vin))
                .collect(),
            answers: numbers.into_iter().zip(answers).collect(),
            next_row: next.max(reached),
        })
    }

    /// Explains a VIN.
    pub(crate) fn decode(&self, text: &str, first_registered: Option<PartialDate>) -> Decoded {
        decode(text, first_registered, &self.makers)
    }

    fn view(&self, vehicle: Vehicle, as_of: Option<OffsetDateTime>) -> View {
        let day = as_of
            .unwrap_or_else(|| self.world.clock.now())
            .to_offset(time::macros::offset!(+8))
            .date();
        let scrapping = self.scrapping.assess(&vehicle.details);
        View {
            prohibitions: vehicle.prohibitions(&scrapping, day),
            decoded: self.decode(
                vehicle.details.vin.as_str(),
                Some(vehicle.details.first_registered),
            ),
            scrapping,
            vehicle,
        }
    }

    fn entry(&self, caller: &Caller, ground: &Ground) -> Entry {
        Entry {
            tenant: caller.tenant.clone(),
            actor: caller.subject.clone(),
            reason: ground.reason.clone(),
            document: ground.document.clone(),
            at: self.world.clock.now(),
            event: self.world.ids.next(),
        }
    }

    fn once(
        &self,
        caller: &Caller,
        method: &'static str,
        request_id: &str,
        request: &impl Serialize,
    ) -> Once {
        // Serialising plain data to memory can not fail; an empty text would only make the key stricter.
        let canonical = serde_json::to_vec(request).unwrap_or_default();
        Once::new(
            &caller.tenant,
            method,
            request_id,
            &canonical,
            self.world.clock.now(),
        )
    }
}

/// What one message of an import came to.
pub(crate) struct Imported {
    /// Rows stored by an earlier attempt.
    pub(crate) known: Vec<(u64, Vin)>,
    /// Rows of this attempt.
    pub(crate) answers: Vec<(u64, Result<View, Error>)>,
    /// The first row not yet answered.
    pub(crate) next_row: u64,
}
