//! Reads: a vehicle now, then, by version; lists; histories; the stream of events.

use std::collections::{BTreeSet, HashMap};

use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, built, on, outbox};
use tongguan_vocabulary::{Tenant, Vin};

use super::{Event, EventRow, Filter, STREAM, SnapshotRow, Store, column};
use crate::domain::Vehicle;

impl Store {
    /// The vehicle as it is, or as it was known at an instant.
    pub(crate) async fn find(
        &self,
        tenant: &Tenant,
        vin: Vin,
        as_of: Option<OffsetDateTime>,
    ) -> Result<Option<Vehicle>, storage::Error> {
        const NOW: &str = "select snapshot from vehicles where tenant_id = $1 and vin = $2";
        const THEN: &str = "select snapshot from vehicle_events where tenant_id = $1 and vin = $2 and recorded_at <= $3 \
                            order by version desc limit 1";
        let now: Option<SnapshotRow> = on!(&self.db, |pool| sqlx::query_as(NOW)
            .bind(tenant.as_str())
            .bind(vin.as_str())
            .fetch_optional(pool)
            .await)?;
        let (Some(row), Some(instant)) = (&now, as_of) else {
            return Ok(now.map(|row| row.snapshot.0));
        };
        if row.snapshot.0.updated_at <= instant {
            return Ok(now.map(|row| row.snapshot.0));
        }
        let then: Option<SnapshotRow> = on!(&self.db, |pool| sqlx::query_as(THEN)
            .bind(tenant.as_str())
            .bind(vin.as_str())
            .bind(Instant(instant))
            .fetch_optional(pool)
            .await)?;
        Ok(then.map(|row| row.snapshot.0))
    }

    /// A version of a vehicle; versions never change.
    pub(crate) async fn version(
        &self,
        tenant: &Tenant,
        vin: Vin,
        version: i64,
    ) -> Result<Option<Vehicle>, storage::Error> {
        const READ: &str = "select snapshot from vehicles where tenant_id = $1 and vin = $2 and version = $3 \
                            union all select snapshot from vehicle_events where tenant_id = $1 and vin = $2 and version = $3";
        let row: Option<SnapshotRow> = on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(tenant.as_str())
            .bind(vin.as_str())
            .bind(version)
            .fetch_optional(pool)
            .await)?;
        Ok(row.map(|row| row.snapshot.0))
    }

    /// The vehicles of these VINs that the tenant has, in any order.
    pub(crate) async fn find_all(
        &self,
        tenant: &Tenant,
        vins: &[Vin],
    ) -> Result<Vec<Vehicle>, storage::Error> {
        let mut found = Vec::with_capacity(vins.len());
        for chunk in storage::chunks(vins) {
            let rows: Vec<SnapshotRow> = built!(
                &self.db,
                "select snapshot from vehicles where tenant_id = ",
                |query| {
                    query.push_bind(tenant.as_str()).push(" and vin in (");
                    let mut list = query.separated(", ");
                    for vin in chunk {
                        list.push_bind(vin.as_str());
                    }
                    query.push(")");
                },
                |pool| query.build_query_as().fetch_all(pool).await
            )?;
            found.extend(rows.into_iter().map(|row| row.snapshot.0));
        }
        Ok(found)
    }

    /// Vehicles that pass the filter, by VIN, after one.
    pub(crate) async fn list(
        &self,
        tenant: &Tenant,
        filter: &Filter,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Vehicle>, storage::Error> {
        let clauses = [
            (" and exporter = ", filter.exporter.as_str()),
            (" and category = ", &filter.category),
            (" and plate = ", &filter.plate),
            // A date without day or month sorts before its first day, so this holds where the first day it can mean does.
            (" and first_registered <= ", &filter.registered_until),
            (
                " and state = ",
                filter.state.map(column).unwrap_or_default(),
            ),
        ];
        let rows: Vec<SnapshotRow> = built!(
            &self.db,
            "select snapshot from vehicles where tenant_id = ",
            |query| {
                query.push_bind(tenant.as_str());
                query.push(" and vin > ").push_bind(after);
                for (clause, value) in clauses.iter().filter(|(_, value)| !value.is_empty()) {
                    query.push(clause).push_bind(*value);
                }
                // The indexes leave out what is empty; SQLite uses them only where the statement says so too.
                for (clause, value) in [
                    (" and exporter <> ''", &filter.exporter),
                    (" and plate <> ''", &filter.plate),
                ] {
                    query.push(if value.is_empty() { "" } else { clause });
                }
                if let [from, month, year] = &filter.registered_from[..] {
                    // Without day or month the last day it can mean counts: the month or year of the bound is within.
                    query
                        .push(" and (first_registered >= ")
                        .push_bind(from.as_str());
                    query
                        .push(" or first_registered = ")
                        .push_bind(month.as_str());
                    query
                        .push(" or first_registered = ")
                        .push_bind(year.as_str());
                    query.push(")");
                }
                query
                    .push(" order by vin limit ")
                    .push_bind(i64::from(limit));
            },
            |pool| query.build_query_as().fetch_all(pool).await
        )?;
        Ok(rows.into_iter().map(|row| row.snapshot.0).collect())
    }

    /// The history of a vehicle after a version, oldest first.
    pub(crate) async fn events(
        &self,
        tenant: &Tenant,
        vin: Vin,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Event>, storage::Error> {
        const READ: &str = "select vin, version, kind, actor, reason, document, change, snapshot, recorded_at from vehicle_events \
                            where tenant_id = $1 and vin = $2 and version > $3 \
                            union all \
                            select vin, version, kind, actor, reason, document, change, snapshot, recorded_at from vehicles \
                            where tenant_id = $1 and vin = $2 and version > $3 order by version limit $4";
        let rows: Vec<EventRow> = on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(tenant.as_str())
            .bind(vin.as_str())
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)?;
        rows.into_iter().map(Event::try_from).collect()
    }

    /// Events of all vehicles after a number of the stream, each with that number.
    pub(crate) async fn stream(
        &self,
        tenant: &Tenant,
        after: i64,
        limit: u32,
    ) -> Result<Vec<(i64, Event)>, storage::Error> {
        const COLUMNS: &str = "select vin, version, kind, actor, reason, document, change, snapshot, recorded_at from ";
        let stored = outbox::after(&self.db, tenant, STREAM, after, limit).await?;
        if stored.is_empty() {
            return Ok(Vec::new());
        }
        let version =
            |event: &outbox::Stored| event.payload["version"].as_i64().unwrap_or_default();
        let vins: BTreeSet<&str> = stored
            .iter()
            .map(|event| event.aggregate.as_str())
            .collect();
        let versions: BTreeSet<i64> = stored.iter().map(version).collect();
        let rows: Vec<EventRow> = built!(
            &self.db,
            COLUMNS,
            |query| {
                for (place, table) in ["vehicles", "vehicle_events"].into_iter().enumerate() {
                    if place > 0 {
                        query.push(" union all ").push(COLUMNS);
                    }
                    query.push(table).push(" where tenant_id = ");
                    query.push_bind(tenant.as_str()).push(" and vin in (");
                    let mut list = query.separated(", ");
                    for vin in &vins {
                        list.push_bind(*vin);
                    }
                    query.push(") and version in (");
                    let mut list = query.separated(", ");
                    for version in &versions {
                        list.push_bind(*version);
                    }
                    query.push(")");
                }
            },
            |pool| query.build_query_as().fetch_all(pool).await
        )?;
        let mut found: HashMap<(String, i64), EventRow> = rows
            .into_iter()
            .map(|row| ((row.vin.clone(), row.version), row))
            .collect();
        let mut events = Vec::with_capacity(stored.len());
        for event in &stored {
            let row = found
                .remove(&(event.aggregate.clone(), version(event)))
                .ok_or_else(|| storage::Error::corrupt("outbox.payload", "no such version"))?;
            events.push((event.seq, row.try_into()?));
        }
        Ok(events)
    }
}
