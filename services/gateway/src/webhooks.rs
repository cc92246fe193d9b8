//! Webhooks: endpoints with keys of their own, and the log of what was sent to them.

mod keys;
mod reach;
mod sender;

use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use tokio::sync::Notify;
use tongguan_rpc::{Invalid, Violations};
use tongguan_storage::Once;
use tongguan_storage::seal::{Sealer, configured_key};
use tongguan_vocabulary::{Tenant, World};
use uuid::Uuid;

use crate::domain::{Delivery, DeliveryState, Endpoint, EndpointState, Event};
use crate::jobs::Keyed;
use crate::store::Store;
use crate::{Config, Error};

/// How an event is written into a message, handed in so that the use cases need not know the wire.
pub(crate) type Render = fn(&Event, bool) -> String;

/// The use cases of webhooks. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Webhooks {
    store: Store,
    world: World,
    client: reqwest::Client,
    private: bool,
    render: Render,
    sealer: Arc<Sealer>,
    keep: Duration,
    wake: Arc<Notify>,
}

/// What an endpoint is asked to be.
pub(crate) struct Wanted {
    pub(crate) url: String,
    pub(crate) kind_prefixes: Vec<String>,
    pub(crate) note: String,
    pub(crate) sees_vins: bool,
}

impl Webhooks {
    pub(crate) fn new(
        store: Store,
        world: World,
        config: &Config,
        render: Render,
    ) -> Result<Self, Error> {
        let key = configured_key(&config.webhook_key, config.webhook_key_file.as_deref())?;
        let private = config.webhook_private_addresses;
        Ok(Self {
            store,
            world,
            client: reach::client(private).map_err(|_| Error::NoClient)?,
            private,
            render,
            sealer: Arc::new(Sealer::new(&key)?),
            keep: Duration::days(config.keep_deliveries_days.into()),
            wake: Arc::default(),
        })
    }

    /// Wakes the sender.
    pub(crate) fn wake(&self) -> Arc<Notify> {
        self.wake.clone()
    }

    pub(crate) async fn create(
        &self,
        tenant: &Tenant,
        key: Keyed<'_>,
        wanted: &Wanted,
    ) -> Result<Endpoint, Error> {
        self.check(&wanted.url).await?;
        let now = self.world.clock.now();
        let once = Once::new(tenant, "CreateEndpoint", key.request_id, key.canonical, now);
        let id = self.world.ids.next();
        let endpoint = Endpoint {
            id,
            url: wanted.url.clone(),
            kind_prefixes: wanted.kind_prefixes.clone(),
            note: wanted.note.clone(),
            state: EndpointState::Active,
            sees_vins: wanted.sees_vins,
            keys: vec![keys::draw(&self.sealer, id)?],
            delivered_through: 0,
            failing_since: None,
            created: now,
        };
        self.store.create_endpoint(&once, tenant, &endpoint).await
    }

    async fn check(&self, text: &str) -> Result<(), Invalid> {
        let mut bad = Violations::default();
        match reach::address(text, self.private) {
            Err(why) => bad.add("url", why),
            Ok(url) => {
                let inside = !self.private && reach::leads_inside(&url).await;
                bad.check(!inside, "url", || "leads into a private network".to_owned());
            }
        }
        bad.finish()
    }

    pub(crate) async fn list(
        &self,
        tenant: &Tenant,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Endpoint>, Error> {
        self.store.endpoints(tenant, after, limit).await
    }

    pub(crate) async fn delete(&self, tenant: &Tenant, id: Uuid) -> Result<Endpoint, Error> {
        self.store.delete_endpoint(tenant, id).await
    }

    pub(crate) async fn rotate(
        &self,
        tenant: &Tenant,
        key: Keyed<'_>,
        id: Uuid,
        overlap: Duration,
    ) -> Result<Endpoint, Error> {
        let now = self.world.clock.now();
        let once = Once::new(tenant, "RotateSecret", key.request_id, key.canonical, now);
        let fresh = keys::draw(&self.sealer, id)?;
        self.store
            .rotate(&once, tenant, id, &fresh, overlap, now)
            .await
    }

    pub(crate) async fn deliveries(
        &self,
        tenant: &Tenant,
        endpoint: Uuid,
        state: Option<DeliveryState>,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Delivery>, Error> {
        self.store.endpoint(tenant, endpoint).await?;
        self.store
            .deliveries(tenant, endpoint, state, before, limit)
            .await
    }

    pub(crate) async fn resend(
        &self,
        tenant: &Tenant,
        key: Keyed<'_>,
        id: Uuid,
    ) -> Result<Delivery, Error> {
        let now = self.world.clock.now();
        let once = Once::new(tenant, "ResendDelivery", key.request_id, key.canonical, now);
        let delivery = self.store.resend(&once, tenant, id, now).await?;
        self.wake.notify_one();
        Ok(delivery)
    }

    pub(crate) async fn recover(
        &self,
        tenant: &Tenant,
        key: Keyed<'_>,
        endpoint: Uuid,
        since: OffsetDateTime,
    ) -> Result<u64, Error> {
        let now = self.world.clock.now();
        let once = Once::new(tenant, "RecoverSince", key.request_id, key.canonical, now);
        let scheduled = self
            .store
            .recover(&once, tenant, endpoint, since, now)
            .await?;
        self.wake.notify_one();
        Ok(scheduled)
    }

    pub(crate) async fn test(
        &self,
        tenant: &Tenant,
        key: Keyed<'_>,
        endpoint: Uuid,
    ) -> Result<Delivery, Error> {
        let now = self.world.clock.now();
        let once = Once::new(tenant, "SendTestEvent", key.request_id, key.canonical, now);
        let event = Event::test(self.world.ids.next(), endpoint, now);
        let body = (self.render)(&event, false);
        let delivery = Delivery::of(&event, self.world.ids.next(), endpoint, body, now);
        let delivery = self.store.send_test(&once, tenant, &delivery).await?;
        self.wake.notify_one();
        Ok(delivery)
    }
}
