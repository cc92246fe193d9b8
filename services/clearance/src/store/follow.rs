//! How far the peers' streams were followed, and which cases what they told asks to be looked at again.

use tongguan_storage::lease::{self, Lease};
use tongguan_storage::{self as storage, Database, Tx, execute, on, transaction};
use tongguan_vocabulary::Tenant;

use super::{Claim, Store};
use crate::domain::told::{Feed, Touched};

/// The owner of positions that are the issuer's and no tenant's.
const ISSUER: &str = "issuer";

impl Store {
    /// The database, for leases.
    pub(crate) fn database(&self) -> &Database {
        &self.db
    }

    /// Tenants that ever had a case.
    pub(crate) async fn followed_tenants(&self) -> Result<Vec<Tenant>, storage::Error> {
        const READ: &str = "select tenant_id from followed where feed = 'vehicles'";
        let names: Vec<String> = on!(&self.db, |pool| sqlx::query_scalar(READ)
            .fetch_all(pool)
            .await)?;
        names
            .iter()
            .map(|name| {
                name.parse()
                    .map_err(|error| storage::Error::corrupt("followed.tenant_id", error))
            })
            .collect()
    }

    /// Where the following of a stream goes on; empty at its beginning.
    pub(crate) async fn position(
        &self,
        tenant: &Tenant,
        feed: Feed,
    ) -> Result<String, storage::Error> {
        Ok(self
            .read_position(tenant.as_str(), feed.name())
            .await?
            .unwrap_or_default())
    }

    /// The digest of a market's pack that cases were last held against.
    pub(crate) async fn known_pack(&self, market: &str) -> Result<Option<String>, storage::Error> {
        self.read_position(ISSUER, &format!("pack/{market}")).await
    }

    async fn read_position(
        &self,
        owner: &str,
        feed: &str,
    ) -> Result<Option<String>, storage::Error> {
        const READ: &str = "select position from followed where tenant_id = $1 and feed = $2";
        on!(&self.db, |pool| sqlx::query_scalar(READ)
            .bind(owner)
            .bind(feed)
            .fetch_optional(pool)
            .await)
    }

    /// Marks what a stretch of a stream touches and stores where it goes on, in one transaction; answers
    /// how many cases were marked, or `None` where another process follows meanwhile.
    pub(crate) async fn take_over(
        &self,
        held: &Lease,
        tenant: &Tenant,
        feed: Feed,
        position: &str,
        touched: &[Touched],
    ) -> Result<Option<u64>, storage::Error> {
        let marked: Result<Option<u64>, storage::Error> =
            transaction!(self.db, storage::Error, |tx| {
                if !lease::holds(tx, held).await? {
                    return Ok(None);
                }
                let mut marked = 0;
                for one in touched {
                    marked += mark(tx, tenant, one).await?;
                }
                advance(tx, tenant.as_str(), feed.name(), position).await?;
                Ok(Some(marked))
            });
        marked
    }

    /// As [`Store::take_over`], for a market whose pack changed: the cases of every tenant.
    pub(crate) async fn take_over_pack(
        &self,
        held: &Lease,
        tenants: &[Tenant],
        market: &str,
        digest: &str,
        touched: &[Touched],
    ) -> Result<Option<u64>, storage::Error> {
        let marked: Result<Option<u64>, storage::Error> =
            transaction!(self.db, storage::Error, |tx| {
                if !lease::holds(tx, held).await? {
                    return Ok(None);
                }
                let mut marked = 0;
                for tenant in tenants {
                    for one in touched {
                        marked += mark(tx, tenant, one).await?;
                    }
                }
                advance(tx, ISSUER, &format!("pack/{market}"), digest).await?;
                Ok(Some(marked))
            });
        marked
    }

    /// The look a claim was for was taken; one that was asked for meanwhile is still owed.
    pub(crate) async fn looked(&self, claim: &Claim) -> Result<(), storage::Error> {
        const LOOKED: &str = "update case_work set looked = $3 where tenant_id = $1 and case_id = $2 and looked < $3 and epoch = $4";
        execute!(&self.db, |pool| sqlx::query(LOOKED)
            .bind(claim.tenant.as_str())
            .bind(claim.id)
            .bind(claim.asked)
            .bind(claim.epoch)
            .execute(pool))?;
        Ok(())
    }
}

/// From the first case of a tenant on its peers' streams are followed.
pub(super) async fn join(tx: &mut Tx, tenant: &Tenant) -> Result<(), storage::Error> {
    const JOIN: &str = "insert into followed (tenant_id, feed, position) values ($1, $2, '') on conflict (tenant_id, feed) do nothing";
    for feed in Feed::ALL {
        execute!(&mut *tx, |c| sqlx::query(JOIN)
            .bind(tenant.as_str())
            .bind(feed.name())
            .execute(&mut **c))?;
    }
    Ok(())
}

async fn advance(
    tx: &mut Tx,
    owner: &str,
    feed: &str,
    position: &str,
) -> Result<(), storage::Error> {
    const SAVE: &str = "insert into followed (tenant_id, feed, position) values ($1, $2, $3) \
                        on conflict (tenant_id, feed) do update set position = excluded.position";
    execute!(&mut *tx, |c| sqlx::query(SAVE)
        .bind(owner)
        .bind(feed)
        .bind(position)
        .execute(&mut **c))?;
    Ok(())
}

/// A case that is still gathering is marked too: its pinned evidence may be older than the event.
async fn mark(tx: &mut Tx, tenant: &Tenant, touched: &Touched) -> Result<u64, storage::Error> {
    const MARK: &str = "update case_work set asked = asked + 1 where tenant_id = $1 and case_id in \
                        (select id from cases where tenant_id = $1 and ($2 = '' or vin = $2) and ($3 = '' or destination = $3) \
                        and state in ('SUBMITTED', 'GATHERING', 'PARKED', 'READY', 'LICENSED', 'CERTIFIED', 'RESERVED'))";
    let (vin, destination) = match touched {
        Touched::Vin(vin) => (vin.as_str(), ""),
        Touched::Destination(market) => ("", market.as_str()),
        Touched::All => ("", ""),
    };
    execute!(&mut *tx, |c| sqlx::query(MARK)
        .bind(tenant.as_str())
        .bind(vin)
        .bind(destination)
        .execute(&mut **c))
}
