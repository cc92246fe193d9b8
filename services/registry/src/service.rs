//! The use cases of the registry, in domain words: what is read, and what every write shares.

mod bulk;
mod owners;
mod writes;

use std::sync::Arc;

use serde::Serialize;
use time::OffsetDateTime;
use tongguan_access::Caller;
use tongguan_rpc::{PageToken, Tasks};
use tongguan_storage::Once;
use tongguan_vocabulary::{PartialDate, Vin, World};

use crate::config::Config;
use crate::domain::decode::{Maker, Notice, notices};
use crate::domain::{Decoded, Mark, Prohibition, Scrapping, ScrappingTable, Vehicle, decode};
use crate::error::Error;
use crate::store::{Entry, Event, Filter, Store};

pub(crate) use bulk::{Imported, RowAnswer};
pub(crate) use owners::OwnerRead;

/// A vehicle with what follows from it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct View {
    pub(crate) vehicle: Vehicle,
    pub(crate) prohibitions: Vec<Prohibition>,
    pub(crate) scrapping: Scrapping,
    pub(crate) notices: Vec<Notice>,
    pub(crate) identities: Vec<Mark>,
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

    /// Reads a vehicle, also as it was known at an instant.
    pub(crate) async fn get(
        &self,
        caller: &Caller,
        vin: Vin,
        as_of: Option<OffsetDateTime>,
    ) -> Result<View, Error> {
        let found = self.store.find(&caller.tenant, vin, as_of).await?;
        let at = as_of.unwrap_or_else(|| self.world.clock.now());
        found
            .map(|vehicle| self.view(vehicle, at))
            .ok_or(Error::VehicleNotFound { vin })
    }

    /// Reads many vehicles; each VIN is answered by itself, in order.
    pub(crate) async fn get_all(
        &self,
        caller: &Caller,
        vins: &[Vin],
    ) -> Result<Vec<Result<View, Error>>, Error> {
        let found = self.store.find_all(&caller.tenant, vins).await?;
        let found: std::collections::HashMap<Vin, Vehicle> = found
            .into_iter()
            .map(|vehicle| (vehicle.details.vin, vehicle))
            .collect();
        let now = self.world.clock.now();
        let answer = |vin: &Vin| match found.get(vin) {
            Some(vehicle) => Ok(self.view(vehicle.clone(), now)),
            None => Err(Error::VehicleNotFound { vin: *vin }),
        };
        Ok(vins.iter().map(answer).collect())
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
        let read = self
            .store
            .list(&caller.tenant, &filter, &after, size + 1)
            .await?;
        let (vehicles, next) = tokens.page(read, size, |vehicle| vehicle.details.vin.into());
        let now = self.world.clock.now();
        let items = vehicles.into_iter().map(|vehicle| self.view(vehicle, now));
        Ok(Page {
            items: items.collect(),
            next,
        })
    }

    /// The history of a vehicle, oldest first.
    pub(crate) async fn history(
        &self,
        caller: &Caller,
        vin: Vin,
        page_token: &str,
        page_size: i32,
    ) -> Result<Page<Event>, Error> {
        self.get(caller, vin, None).await?;
        let tokens = PageToken::of(&[caller.tenant.as_str(), "ListVehicleEvents", vin.as_str()]);
        let after = tokens
            .decode(page_token)?
            .and_then(|key| key.parse().ok())
            .unwrap_or(0);
        let size = PageToken::size(page_size, 100, 1_000);
        let read = self
            .store
            .events(&caller.tenant, vin, after, size + 1)
            .await?;
        let (items, next) = tokens.page(read, size, |event| event.version.to_string());
        Ok(Page { items, next })
    }

    /// Events of all vehicles after a resume token, with the token after each.
    pub(crate) async fn watch(
        &self,
        caller: &Caller,
        after: &str,
    ) -> Result<Vec<(String, Event)>, Error> {
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

    /// Explains a VIN.
    pub(crate) fn decode(&self, text: &str, first_registered: Option<PartialDate>) -> Decoded {
        decode(text, first_registered, &self.makers)
    }

    /// What follows from a vehicle at an instant; a write is seen at its own, so that its replay answers the same bytes.
    fn view(&self, vehicle: Vehicle, at: OffsetDateTime) -> View {
        let day = at.to_offset(time::macros::offset!(+8)).date();
        let scrapping = self.scrapping.assess(&vehicle.details);
        let details = &vehicle.details;
        let mut notices = notices(details.vin, details.first_registered, &self.makers);
        notices.extend(vehicle.identity_notices());
        notices.extend(vehicle.shared_notices());
        View {
            prohibitions: vehicle.prohibitions(&scrapping, day),
            identities: vehicle.identities(),
            notices,
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
