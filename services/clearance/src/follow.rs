//! Following the peers: what they tell after a decision marks the cases it touches, which the worker then
//! looks at again.
//!
//! Where a stream goes on is stored in the transaction of its marks, so that nothing is missed and
//! nothing is marked twice, however often the process or the peer ends. Packs tell nothing by
//! themselves: those in force are compared with those known, at a bounded interval.

use std::collections::HashSet;
use std::time::Duration;

use futures::StreamExt as _;
use tongguan_storage::lease::{self, Lease};
use tongguan_vocabulary::Tenant;

use crate::domain::told::{Feed, Touched};
use crate::error::Error;
use crate::peers::{InForce, Told};
use crate::service::Service;

/// Events of one transaction.
const ROUND: usize = 256;
/// How long a follower holds its stream without a sign of life.
const LEASE: time::Duration = time::Duration::seconds(60);
/// How often a follower whose stream is silent gives one.
const RENEW: Duration = Duration::from_secs(20);

/// A stream that lasted longer was served.
const SERVED: Duration = Duration::from_secs(1);

/// Why a stretch of following ended.
enum End {
    /// Another process follows.
    Held,
    /// The stream ended.
    Dry,
}

/// Follows every tenant's peers until the process stops.
pub(crate) async fn run(service: Service) {
    let stopping = service.tasks.stopping();
    let pause = Duration::from_millis(service.config.follow_interval_ms.max(1));
    let mut followed = HashSet::new();
    while !stopping.is_cancelled() {
        match service.store.followed_tenants().await {
            Ok(tenants) => {
                for tenant in tenants {
                    if followed.insert(tenant.clone()) {
                        for feed in Feed::ALL {
                            let following = service.clone().follow(tenant.clone(), feed);
                            service.tasks.spawn("clearance follower", following);
                        }
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "the tenants to follow could not be read"),
        }
        tokio::select! {
            () = stopping.cancelled() => {}
            () = service.joined.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Compares the packs in force with those known until the process stops.
pub(crate) async fn packs(service: Service) {
    let stopping = service.tasks.stopping();
    let owner = service.world.ids.next().to_string();
    let pause = Duration::from_millis(service.config.pack_interval_ms.max(1));
    while !stopping.is_cancelled() {
        if let Err(error) = service.compare_packs(&owner).await {
            tracing::warn!(%error, "the packs in force could not be read; they are read again");
        }
        tokio::select! {
            () = stopping.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Service {
    async fn follow(self, tenant: Tenant, feed: Feed) {
        let stopping = self.tasks.stopping();
        let owner = self.world.ids.next().to_string();
        let longest = Duration::from_millis(self.config.follow_interval_ms.max(1));
        let mut pause = longest / 8;
        while !stopping.is_cancelled() {
            pause = match self.stretch(&owner, &tenant, feed).await {
                Ok(End::Dry) => longest / 8,
                Ok(End::Held) => longest,
                Err(error) => {
                    let feed = feed.name();
                    tracing::warn!(%error, feed, "a peer's stream broke off; it goes on from its last event");
                    (pause * 2).min(longest)
                }
            };
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Follows one stream from its last position until it ends, breaks or another process has taken it.
    async fn stretch(&self, owner: &str, tenant: &Tenant, feed: Feed) -> Result<End, Error> {
        let name = format!("follow/{}/{tenant}", feed.name());
        let Some(mut held) = self.hold(&name, owner).await? else {
            return Ok(End::Held);
        };
        let stopping = self.tasks.stopping();
        let position = self.store.position(tenant, feed).await?;
        let told = self.desk.watch(tenant, feed, position).await?;
        let begun = tokio::time::Instant::now();
        let mut told = told.ready_chunks(ROUND);
        loop {
            let chunk = tokio::select! {
                () = stopping.cancelled() => return self.give_up(&held, End::Dry).await,
                chunk = tokio::time::timeout(RENEW, told.next()) => chunk,
            };
            let Some(renewed) = self.hold(&name, owner).await? else {
                return Ok(End::Held);
            };
            held = renewed;
            let chunk = match chunk {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return self.give_up(&held, End::Dry).await,
                Err(_silence) => continue,
            };
            let mut broken = None;
            let mut good: Vec<Told> = Vec::with_capacity(chunk.len());
            for one in chunk {
                match one {
                    Ok(told) => good.push(told),
                    Err(error) => broken = Some(error),
                }
            }
            if !self.mark(&held, tenant, feed, good).await? {
                return Ok(End::Held);
            }
            match broken {
                // A stream that was served a while ends at its deadline: that is no failure.
                Some(error) if error.is_outage() && begun.elapsed() > SERVED => {
                    return self.give_up(&held, End::Dry).await;
                }
                Some(error) => return Err(error.into()),
                None => {}
            }
        }
    }

    async fn hold(&self, name: &str, owner: &str) -> Result<Option<Lease>, Error> {
        let now = self.world.clock.now();
        Ok(lease::claim(self.store.database(), name, owner, now, LEASE).await?)
    }

    /// Leaves the stream to whoever comes first, this process or another.
    async fn give_up(&self, held: &Lease, end: End) -> Result<End, Error> {
        lease::release(self.store.database(), held, self.world.clock.now()).await?;
        Ok(end)
    }

    async fn mark(
        &self,
        held: &Lease,
        tenant: &Tenant,
        feed: Feed,
        told: Vec<Told>,
    ) -> Result<bool, Error> {
        let Some(position) = told.last().map(|last| last.token.clone()) else {
            return Ok(true);
        };
        let touched: HashSet<Touched> = told.into_iter().map(|told| told.touched).collect();
        let touched: Vec<Touched> = if touched.contains(&Touched::All) {
            vec![Touched::All]
        } else {
            touched.into_iter().collect()
        };
        let marked = self
            .store
            .take_over(held, tenant, feed, &position, &touched)
            .await?;
        if marked.is_some_and(|marked| marked > 0) {
            self.wake.notify_one();
        }
        Ok(marked.is_some())
    }

    async fn compare_packs(&self, owner: &str) -> Result<(), Error> {
        let tenants = self.store.followed_tenants().await?;
        let Some(asking) = tenants.first() else {
            return Ok(());
        };
        let Some(held) = self.hold("follow/packs", owner).await? else {
            return Ok(());
        };
        let in_force = self.desk.packs(asking).await?;
        for pack in &in_force {
            if self.store.known_pack(&pack.market).await?.as_deref() == Some(pack.digest.as_str()) {
                continue;
            }
            let touched = resting_on(&pack.market, &in_force);
            let marked = self
                .store
                .take_over_pack(&held, &tenants, &pack.market, &pack.digest, &touched)
                .await?;
            if marked.is_some_and(|marked| marked > 0) {
                self.wake.notify_one();
            }
        }
        self.give_up(&held, End::Dry).await?;
        Ok(())
    }
}

/// Whose verdicts rest on a market's pack: China's on every one; a layer's on the markets that stand on it.
fn resting_on(market: &str, all: &[InForce]) -> Vec<Touched> {
    if market == crate::domain::decision::CHINA {
        return vec![Touched::All];
    }
    let above = all
        .iter()
        .filter(|other| other.layers.iter().any(|layer| layer == market))
        .map(|other| other.market.as_str());
    std::iter::once(market)
        .chain(above)
        .map(|market| Touched::Destination(market.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_touches_the_markets_that_stand_on_it_and_chinas_pack_touches_all() {
        let market = |name: &str, layers: &[&str]| InForce {
            market: name.to_owned(),
            digest: String::new(),
            layers: layers.iter().map(|layer| (*layer).to_owned()).collect(),
        };
        let all = [
            market("EAEU", &[]),
            market("KZ", &["EAEU"]),
            market("KE", &[]),
        ];
        let to = |name: &str| Touched::Destination(name.to_owned());
        assert_eq!(resting_on("EAEU", &all), [to("EAEU"), to("KZ")]);
        assert_eq!(resting_on("KE", &all), [to("KE")]);
        assert_eq!(resting_on("CN-EXPORT", &all), [Touched::All]);
    }
}
