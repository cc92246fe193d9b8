//! Rows that no order of writes, retries and kills may leave: each statement selects what must not be there.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, on};
use uuid::Uuid;

use super::{STREAM, Store};

/// A case as its row, its audit and the outbox count its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) tenant: String,
    pub(crate) case: Uuid,
    pub(crate) version: i64,
    /// States after each audit line, in order, with the lines' versions.
    pub(crate) lines: Vec<(i64, String)>,
    pub(crate) events: i64,
}

/// A statement that selects tenants and ids of what must not be.
const OPEN_TWICE: &str = "select c.tenant_id, c.id from cases c where c.open_case and exists \
     (select 1 from cases o where o.tenant_id = c.tenant_id and o.vin = c.vin and o.id <> c.id and o.open_case)";
const LIVE_TWICE: &str = "select c.tenant_id, c.id from certificates c where c.live and exists \
     (select 1 from certificates o where o.tenant_id = c.tenant_id and o.case_id = c.case_id and o.id <> c.id and o.live)";
const UNPROVEN: &str = "select c.tenant_id, c.id from certificates c \
     left join case_steps s on s.tenant_id = c.tenant_id and s.case_id = c.case_id and s.outcome <> 'UNREACHABLE' \
     and s.recorded_at <= c.created_at where c.state not in ('PREPARED', 'DISCARDED') \
     group by c.tenant_id, c.id having count(distinct s.kind) < 5";
const REVIVED: &str = "select c.tenant_id, c.id from certificates c join cases k on k.tenant_id = c.tenant_id and k.id = c.case_id \
     where c.live and k.state in ('INVALIDATED', 'WITHDRAWN', 'EXPIRED')";
const PINNED_TWICE: &str = "select tenant_id, case_id from case_steps where outcome <> 'UNREACHABLE' \
     group by tenant_id, case_id, round, kind having count(number) > 1";
const STRAY: &str = "select c.tenant_id, c.id from certificates c left join cases k on k.tenant_id = c.tenant_id and k.id = c.case_id \
     where k.id is null";
const NO_TIMER: &str = "select c.tenant_id, c.id from cases c join case_work w on w.tenant_id = c.tenant_id and w.case_id = c.id \
     where c.state in ('PARKED', 'SUBMITTED', 'GATHERING', 'LICENSED') and w.due_at is null";

impl Store {
    /// Open cases that share a VIN.
    pub(crate) async fn open_twice(&self) -> Result<Vec<(String, Uuid)>, storage::Error> {
        self.which(OPEN_TWICE).await
    }

    /// Live certificates that share a case.
    pub(crate) async fn live_twice(&self) -> Result<Vec<(String, Uuid)>, storage::Error> {
        self.which(LIVE_TWICE).await
    }

    /// Issued certificates with a step of gathering missing before their bytes were made.
    pub(crate) async fn unproven(&self) -> Result<Vec<(String, Uuid)>, storage::Error> {
        self.which(UNPROVEN).await
    }

    /// Live certificates of cases that ended.
    pub(crate) async fn revived(&self) -> Result<Vec<(String, Uuid)>, storage::Error> {
        self.which(REVIVED).await
    }

    /// Cases with a step that was pinned twice in one round.
    pub(crate) async fn pinned_twice(&self) -> Result<Vec<(String, Uuid)>, storage::Error> {
        self.which(PINNED_TWICE).await
    }

    /// Certificates without a case of their own tenant.
    pub(crate) async fn stray(&self) -> Result<Vec<(String, Uuid)>, storage::Error> {
        self.which(STRAY).await
    }

    /// Cases that wait for the worker without a time.
    pub(crate) async fn without_timer(&self) -> Result<Vec<(String, Uuid)>, storage::Error> {
        self.which(NO_TIMER).await
    }

    async fn which(&self, sql: &'static str) -> Result<Vec<(String, Uuid)>, storage::Error> {
        on!(&self.db, |pool| sqlx::query_as(sql).fetch_all(pool).await)
    }

    /// Cases that were due before an instant and are so still.
    pub(crate) async fn overdue(
        &self,
        since: OffsetDateTime,
    ) -> Result<Vec<(String, Uuid)>, storage::Error> {
        const READ: &str = "select tenant_id, case_id from case_work where due_at < $1";
        on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(Instant(since))
            .fetch_all(pool)
            .await)
    }

    /// Every case with what its row, its audit and the outbox say of its changes.
    pub(crate) async fn counted(&self) -> Result<Vec<Counted>, storage::Error> {
        const CASES: &str = "select tenant_id, id, version from cases";
        const LINES: &str = "select tenant_id, case_id, version, state from case_events order by tenant_id, case_id, version";
        const EVENTS: &str = "select tenant_id, aggregate, cast(count(seq) as bigint) from outbox where stream = $1 group by tenant_id, aggregate";
        let cases: Vec<(String, Uuid, i64)> =
            on!(&self.db, |pool| sqlx::query_as(CASES).fetch_all(pool).await)?;
        let lines: Vec<(String, Uuid, i64, String)> =
            on!(&self.db, |pool| sqlx::query_as(LINES).fetch_all(pool).await)?;
        let events: Vec<(String, String, i64)> = on!(&self.db, |pool| sqlx::query_as(EVENTS)
            .bind(STREAM)
            .fetch_all(pool)
            .await)?;
        let mut counted: BTreeMap<(String, Uuid), Counted> = BTreeMap::new();
        let mut of = |tenant: String, case: Uuid, change: &dyn Fn(&mut Counted)| {
            let empty = Counted {
                tenant: tenant.clone(),
                case,
                version: 0,
                lines: Vec::new(),
                events: 0,
            };
            change(counted.entry((tenant, case)).or_insert(empty));
        };
        for (tenant, case, version) in cases {
            of(tenant, case, &|counted| counted.version = version);
        }
        for (tenant, case, version, state) in lines {
            of(tenant, case, &|counted| {
                counted.lines.push((version, state.clone()));
            });
        }
        for (tenant, aggregate, count) in events {
            let case = Uuid::try_parse(&aggregate)
                .map_err(|error| storage::Error::corrupt("outbox.aggregate", error))?;
            of(tenant, case, &|counted| counted.events = count);
        }
        Ok(counted.into_values().collect())
    }

    /// The envelopes of every issued certificate.
    pub(crate) async fn envelopes(&self) -> Result<Vec<(Uuid, Vec<u8>)>, storage::Error> {
        const READ: &str = "select id, cose from certificates where cose is not null order by id";
        on!(&self.db, |pool| sqlx::query_as(READ).fetch_all(pool).await)
    }
}
