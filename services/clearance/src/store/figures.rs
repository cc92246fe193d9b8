//! What supervision asks: open movements, scores, statistics.

use tongguan_storage::{self as storage, on};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::Store;

/// A vehicle that left, with its clock.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Movement {
    pub(crate) id: Uuid,
    pub(crate) vin: String,
    pub(crate) exporter: String,
    pub(crate) exited: Option<String>,
    pub(crate) deregister_by: Option<String>,
    pub(crate) deregistered: Option<String>,
}

/// Counts of one group.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Group {
    pub(crate) month: String,
    pub(crate) destination: String,
    pub(crate) category: String,
    pub(crate) powertrain: String,
    pub(crate) state: String,
    pub(crate) cases: i64,
    pub(crate) value_usd: i64,
    pub(crate) young: i64,
    pub(crate) aged: i64,
}

/// Everything the statistics are made of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    pub(crate) groups: Vec<Group>,
    pub(crate) refusals: Vec<(String, i64)>,
    /// Seconds from first submission to certificate, sorted.
    pub(crate) clearing: Vec<i64>,
}

impl Store {
    /// Open movements, the earliest due first, after a key of due day and id.
    pub(crate) async fn open_movements(
        &self,
        tenant: &Tenant,
        exporter: &str,
        due_until: &str,
        after: (&str, Uuid),
        limit: u32,
    ) -> Result<Vec<Movement>, storage::Error> {
        const READ: &str = "select id, vin, exporter, exited, deregister_by, deregistered from cases \
                            where tenant_id = $1 and deregister_by is not null and deregistered is null \
                            and ($2 = '' or exporter = $2) and ($3 = '' or deregister_by <= $3) \
                            and (deregister_by > $4 or (deregister_by = $4 and id > $5)) order by deregister_by, id limit $6";
        on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(tenant.as_str())
            .bind(exporter)
            .bind(due_until)
            .bind(after.0)
            .bind(after.1)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)
    }

    /// All movements of an exporter, open and closed.
    pub(crate) async fn movements_of(
        &self,
        tenant: &Tenant,
        exporter: &str,
    ) -> Result<Vec<Movement>, storage::Error> {
        const READ: &str = "select id, vin, exporter, exited, deregister_by, deregistered from cases \
                            where tenant_id = $1 and exporter = $2 and deregister_by is not null";
        on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(tenant.as_str())
            .bind(exporter)
            .fetch_all(pool)
            .await)
    }

    /// The figures of cases opened between two months, both included; empty means open-ended.
    pub(crate) async fn figures(
        &self,
        tenant: &Tenant,
        from: &str,
        until: &str,
    ) -> Result<Figures, storage::Error> {
        const GROUPS: &str = "select month, destination, category, powertrain, state, count(id) as cases, \
                              cast(sum(value_usd) as bigint) as value_usd, \
                              cast(sum(case when days_registered <= 180 then 1 else 0 end) as bigint) as young, \
                              count(days_registered) as aged \
                              from cases where tenant_id = $1 and ($2 = '' or month >= $2) and ($3 = '' or month <= $3) \
                              group by month, destination, category, powertrain, state \
                              order by month, destination, category, powertrain, state";
        const REFUSALS: &str = "select r.rule_id, count(r.case_id) as refused from case_refusals r \
                                join cases c on c.tenant_id = r.tenant_id and c.id = r.case_id \
                                where r.tenant_id = $1 and ($2 = '' or c.month >= $2) and ($3 = '' or c.month <= $3) \
                                group by r.rule_id order by refused desc, r.rule_id";
        const CLEARING: &str = "select clearing_seconds from cases where tenant_id = $1 and clearing_seconds is not null \
                                and ($2 = '' or month >= $2) and ($3 = '' or month <= $3) order by clearing_seconds";
        let groups = on!(&self.db, |pool| sqlx::query_as(GROUPS)
            .bind(tenant.as_str())
            .bind(from)
            .bind(until)
            .fetch_all(pool)
            .await)?;
        let refusals = on!(&self.db, |pool| sqlx::query_as(REFUSALS)
            .bind(tenant.as_str())
            .bind(from)
            .bind(until)
            .fetch_all(pool)
            .await)?;
        let clearing = on!(&self.db, |pool| sqlx::query_scalar(CLEARING)
            .bind(tenant.as_str())
            .bind(from)
            .bind(until)
            .fetch_all(pool)
            .await)?;
        Ok(Figures {
            groups,
            refusals,
            clearing,
        })
    }
}
