//! The use cases of inspection intake, in domain words.

mod compare;
mod intake;
mod upload;
mod watch;

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Semaphore;
use tongguan_access::{Caller, Role};
use tongguan_rpc::{PageToken, Tasks};
use tongguan_storage::Once;
use tongguan_vocabulary::{Vin, World};
use uuid::Uuid;

use crate::config::Config;
use crate::domain::anomaly::Anomaly;
use crate::domain::body::{Body, NewBody, Suspension};
use crate::domain::catalogue::{Catalogue, Catalogues, Standard};
use crate::domain::inspection::Inspection;
use crate::domain::review::Standing;
use crate::error::Error;
use crate::objects::Objects;
use crate::peers::Registry;
use crate::store::{AnomalyFilter, BodyChange, Entry, InspectionFilter, Store};

/// A page of a list.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: String,
}

/// The inspection intake.
#[derive(Clone)]
pub(crate) struct Service {
    store: Store,
    objects: Objects,
    uploads: Arc<Semaphore>,
    pictures: Arc<Semaphore>,
    registry: Registry,
    catalogues: Arc<Catalogues>,
    config: Arc<Config>,
    world: World,
    tasks: Tasks,
}

impl Service {
    pub(crate) fn new(
        config: Config,
        store: Store,
        registry: Registry,
        world: World,
        tasks: Tasks,
    ) -> Result<Self, Error> {
        let catalogues = Catalogues::bundled().map_err(|error| Error::Catalogue(error.0))?;
        Ok(Self {
            store,
            objects: Objects::new(&config)?,
            pictures: Arc::new(Semaphore::new(upload::UNPACKED_AT_ONCE)),
            uploads: Arc::new(Semaphore::new(config.max_uploads)),
            registry,
            catalogues: Arc::new(catalogues),
            config: Arc::new(config),
            world,
            tasks,
        })
    }

    /// Registers a body.
    pub(crate) async fn register_body(
        &self,
        caller: &Caller,
        request_id: &str,
        new: NewBody,
    ) -> Result<Body, Error> {
        let entry = self.entry(caller);
        let once = self.once(caller, "RegisterBody", request_id, &new);
        let body = Body {
            id: self.world.ids.next(),
            name: new.name,
            organisation: new.organisation,
            accreditations: new.accreditations,
            keys: new.keys,
            suspensions: Vec::new(),
            version: 1,
            created_at: entry.at,
            updated_at: entry.at,
        };
        let store = self.store.clone();
        self.tasks
            .shield(async move { store.register_body(&once, &entry, &body).await })
            .await
    }

    /// Amends a body that is still as it was read.
    pub(crate) async fn amend_body(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        etag: String,
        change: BodyChange,
    ) -> Result<Body, Error> {
        let entry = self.entry(caller);
        let once = self.once(caller, "UpdateBody", request_id, &(id, &etag, &change));
        let store = self.store.clone();
        let work = async move {
            store
                .change_body(&once, &entry, id, Some(&etag), &change)
                .await
        };
        self.tasks.shield(work).await
    }

    /// Suspends a body, or ends a suspension.
    pub(crate) async fn suspend_body(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        suspension: Suspension,
    ) -> Result<Body, Error> {
        let entry = self.entry(caller);
        let once = self.once(caller, "SuspendBody", request_id, &(id, &suspension));
        let store = self.store.clone();
        let change = BodyChange::Suspend(suspension);
        let work = async move { store.change_body(&once, &entry, id, None, &change).await };
        self.tasks.shield(work).await
    }

    /// Reads a body.
    pub(crate) async fn get_body(&self, caller: &Caller, id: Uuid) -> Result<Body, Error> {
        let found = self.store.find_body(&caller.tenant, id).await?;
        found.ok_or(Error::BodyNotFound { id })
    }

    /// Lists bodies by id.
    pub(crate) async fn list_bodies(
        &self,
        caller: &Caller,
        organisation: &str,
        page_token: &str,
        page_size: i32,
    ) -> Result<Page<Body>, Error> {
        let tokens = PageToken::of(&[caller.tenant.as_str(), "ListBodies", organisation]);
        let after = key(&tokens, page_token)?.unwrap_or(Uuid::nil());
        let size = PageToken::size(page_size, 50, 1_000);
        let items = self
            .store
            .list_bodies(&caller.tenant, organisation, after, size + 1)
            .await?;
        let (items, next) = tokens.page(items, size, |body| body.id.to_string());
        Ok(Page { items, next })
    }

    /// The catalogue with one of its standards.
    pub(crate) fn catalogue(
        &self,
        standard: &str,
        version: &str,
    ) -> Result<(&Catalogue, &Standard), Error> {
        let found = self.catalogues.version(version).and_then(|catalogue| {
            let standard = catalogue.standard(standard)?;
            Some((catalogue, standard))
        });
        found.ok_or_else(|| {
            let known = self.catalogues.all().map(|catalogue| {
                let standards: Vec<_> = catalogue
                    .standards
                    .iter()
                    .map(|standard| standard.id.as_str())
                    .collect();
                format!(
                    "{} in version {}",
                    standards.join(" and "),
                    catalogue.version
                )
            });
            Error::CatalogueNotFound {
                standard: standard.to_owned(),
                version: version.to_owned(),
                known: known.collect::<Vec<_>>().join("; "),
            }
        })
    }

    /// Names of all versions of the catalogue, the oldest first.
    pub(crate) fn catalogue_versions(&self) -> Vec<String> {
        let all = self.catalogues.all();
        all.map(|catalogue| catalogue.version.clone()).collect()
    }

    /// Reads an inspection.
    pub(crate) async fn get(&self, caller: &Caller, id: Uuid) -> Result<Inspection, Error> {
        let found = self.store.find(&caller.tenant, id).await?;
        found.ok_or(Error::InspectionNotFound { id })
    }

    /// Lists inspections, the latest stored first.
    pub(crate) async fn list(
        &self,
        caller: &Caller,
        filter: &InspectionFilter,
        page_token: &str,
        page_size: i32,
    ) -> Result<Page<Inspection>, Error> {
        let tokens = PageToken::of(&[
            caller.tenant.as_str(),
            "ListInspections",
            &format!("{filter:?}"),
            &text(filter.vin),
        ]);
        let before = key(&tokens, page_token)?;
        let size = PageToken::size(page_size, 50, 1_000);
        let items = self
            .store
            .list(&caller.tenant, filter, before, size + 1)
            .await?;
        let (items, next) = tokens.page(items, size, |inspection| inspection.id.to_string());
        Ok(Page { items, next })
    }

    /// Withdraws a current inspection.
    pub(crate) async fn withdraw(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        reason: String,
    ) -> Result<Inspection, Error> {
        let inspection = self.get(caller, id).await?;
        speaks_for(
            caller,
            &self.get_body(caller, inspection.report.body).await?,
        )?;
        let entry = self.entry(caller);
        let once = self.once(caller, "WithdrawInspection", request_id, &(id, &reason));
        let store = self.store.clone();
        self.tasks
            .shield(async move { store.withdraw(&once, &entry, id, &reason).await })
            .await
    }

    /// Lists anomalies, the latest first.
    pub(crate) async fn list_anomalies(
        &self,
        caller: &Caller,
        filter: &AnomalyFilter,
        page_token: &str,
        page_size: i32,
    ) -> Result<Page<Anomaly>, Error> {
        let tokens = PageToken::of(&[
            caller.tenant.as_str(),
            "ListAnomalies",
            &format!("{filter:?}"),
            &text(filter.vin),
        ]);
        let before = key(&tokens, page_token)?;
        let size = PageToken::size(page_size, 50, 1_000);
        let items = self
            .store
            .list_anomalies(&caller.tenant, filter, before, size + 1)
            .await?;
        let (items, next) = tokens.page(items, size, |anomaly| anomaly.id.to_string());
        Ok(Page { items, next })
    }

    /// Records what a reviewer made of an anomaly.
    pub(crate) async fn resolve_anomaly(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        verdict: Standing,
        reason: String,
    ) -> Result<Anomaly, Error> {
        let entry = self.entry(caller);
        let once = self.once(
            caller,
            "ResolveAnomaly",
            request_id,
            &(id, verdict, &reason),
        );
        let store = self.store.clone();
        let work = async move { store.review(&once, &entry, id, verdict, &reason).await };
        self.tasks.shield(work).await
    }

    fn entry(&self, caller: &Caller) -> Entry {
        Entry {
            tenant: caller.tenant.clone(),
            actor: caller.subject.clone(),
            at: self.world.clock.now(),
            ids: self.world.ids.clone(),
        }
    }

    fn once(
        &self,
        caller: &Caller,
        method: &'static str,
        request_id: &str,
        body: &impl Serialize,
    ) -> Once {
        let canonical = serde_json::to_vec(body).unwrap_or_default();
        Once::new(
            &caller.tenant,
            method,
            request_id,
            &canonical,
            self.world.clock.now(),
        )
    }
}

/// A body whose token names its organisation acts for that one only; other roles, and tokens without an
/// organisation, act for whom their scopes let them.
fn speaks_for(caller: &Caller, body: &Body) -> Result<(), Error> {
    let other = caller
        .organisation
        .as_ref()
        .is_some_and(|own| *own != body.organisation);
    if caller.has_role(Role::InspectionBody) && other {
        return Err(Error::NotTheBody);
    }
    Ok(())
}

/// A VIN prints masked in debug text: two VINs of one maker must not share page tokens.
fn text(vin: Option<Vin>) -> String {
    vin.map(|vin| vin.to_string()).unwrap_or_default()
}

fn key(tokens: &PageToken, token: &str) -> Result<Option<Uuid>, Error> {
    let key = tokens.decode(token)?;
    Ok(key.and_then(|key| key.parse().ok()))
}
