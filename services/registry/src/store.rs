//! SQL of the registry: vehicles, their history, imports.

mod select;

use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_storage::{
    self as storage, Database, Instant, On, Once, Tx, execute, on, outbox, transaction,
};
use tongguan_vocabulary::{Tenant, Vin};
use uuid::Uuid;

use crate::domain::{Change, Details, Happened, State, Vehicle};
use crate::error::Error;
use select::select;

/// The stream of all vehicles' events.
pub(crate) const STREAM: &str = "vehicles";

/// Who changes a vehicle, and on what ground.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) tenant: Tenant,
    pub(crate) actor: String,
    pub(crate) reason: String,
    pub(crate) document: String,
    pub(crate) at: OffsetDateTime,
    /// Identity of the outbox event.
    pub(crate) event: Uuid,
}

/// What a list is filtered by; empty means any.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) state: Option<State>,
    pub(crate) exporter: String,
    pub(crate) category: String,
    pub(crate) plate: String,
    pub(crate) registered_from: String,
    pub(crate) registered_until: String,
}

/// One line of a vehicle's history.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct EventRow {
    pub(crate) vin: String,
    pub(crate) version: i64,
    pub(crate) kind: String,
    pub(crate) actor: String,
    pub(crate) reason: String,
    pub(crate) document: String,
    pub(crate) change: Json<serde_json::Value>,
    pub(crate) recorded_at: Instant,
}

#[derive(sqlx::FromRow)]
struct SnapshotRow {
    snapshot: Json<Vehicle>,
}

/// The registry's tables.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
}

impl Store {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }

    /// Stores a new vehicle with its first event; refuses a VIN the tenant has.
    pub(crate) async fn register(
        &self,
        once: &Once,
        entry: &Entry,
        details: &Details,
    ) -> Result<Vehicle, Error> {
        transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let vin = details.vin;
            let vehicle = insert(tx, entry, details)
                .await?
                .ok_or(Error::VinTaken { vin })?;
            once.remember(tx, &vehicle).await?;
            Ok(vehicle)
        })
    }

    /// Stores many in one commit; each is answered by itself and in order.
    pub(crate) async fn register_all(
        &self,
        rows: &[(Entry, Details)],
    ) -> Result<Vec<Result<Vehicle, Error>>, Error> {
        transaction!(self.db, Error, |tx| {
            let mut answers = Vec::with_capacity(rows.len());
            for (entry, details) in rows {
                answers.push(match insert(tx, entry, details).await {
                    Ok(stored) => stored.ok_or(Error::VinTaken { vin: details.vin }),
                    Err(refused @ Error::Refused(_)) => Err(refused),
                    Err(broken) => return Err(broken),
                });
            }
            Ok(answers)
        })
    }

    /// Applies a change to the latest version, under the row's lock.
    pub(crate) async fn change(
        &self,
        once: &Once,
        entry: &Entry,
        vin: Vin,
        etag: &str,
        change: &Change,
    ) -> Result<Vehicle, Error> {
        transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            lock(tx, &entry.tenant, vin).await?;
            let before = latest(tx, &entry.tenant, vin)
                .await?
                .ok_or(Error::VehicleNotFound { vin })?;
            if !etag.is_empty() && etag != before.etag() {
                return Err(Error::EtagMismatch {
                    asked: etag.to_owned(),
                    now: before.etag(),
                });
            }
            let (after, happened) = before.apply(change, entry.at)?;
            record(tx, entry, &after, happened, &serde_json::json!(change)).await?;
            update(tx, &entry.tenant, &after).await?;
            once.remember(tx, &after).await?;
            Ok(after)
        })
    }

    /// The vehicle as it is, or as it was known at an instant.
    pub(crate) async fn find(
        &self,
        tenant: &Tenant,
        vin: Vin,
        as_of: Option<OffsetDateTime>,
    ) -> Result<Option<Vehicle>, storage::Error> {
        const NOW: &str = "select e.snapshot from vehicles v join vehicle_events e \
                           on e.tenant_id = v.tenant_id and e.vin = v.vin and e.version = v.version \
                           where v.tenant_id = $1 and v.vin = $2";
        const THEN: &str = "select snapshot from vehicle_events where tenant_id = $1 and vin = $2 and recorded_at <= $3 \
                            order by version desc limit 1";
        let row: Option<SnapshotRow> = match as_of {
            None => on!(&self.db, |pool| sqlx::query_as(NOW)
                .bind(tenant.as_str())
                .bind(vin.as_str())
                .fetch_optional(pool)
                .await)?,
            Some(instant) => on!(&self.db, |pool| sqlx::query_as(THEN)
                .bind(tenant.as_str())
                .bind(vin.as_str())
                .bind(Instant(instant))
                .fetch_optional(pool)
                .await)?,
        };
        Ok(row.map(|row| row.snapshot.0))
    }

    /// Vehicles that pass the filter, by VIN, after one.
    pub(crate) async fn list(
        &self,
        tenant: &Tenant,
        filter: &Filter,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Vehicle>, storage::Error> {
        match &self.db {
            // The builder is typed by the engine: the same calls, written once in `select`.
            On::Sqlite(pool) => {
                let mut query = select(tenant, filter, after, limit);
                let rows: Vec<SnapshotRow> = query.build_query_as().fetch_all(pool).await?;
                Ok(rows.into_iter().map(|row| row.snapshot.0).collect())
            }
            On::Postgres(pool) => {
                let mut query = select(tenant, filter, after, limit);
                let rows: Vec<SnapshotRow> = query.build_query_as().fetch_all(pool).await?;
                Ok(rows.into_iter().map(|row| row.snapshot.0).collect())
            }
        }
    }

    /// The history of a vehicle after a version.
    pub(crate) async fn events(
        &self,
        tenant: &Tenant,
        vin: Vin,
        after: i64,
        limit: u32,
    ) -> Result<Vec<EventRow>, storage::Error> {
        const READ: &str = "select vin, version, kind, actor, reason, document, change, recorded_at from vehicle_events \
                            where tenant_id = $1 and vin = $2 and version > $3 order by version limit $4";
        on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(tenant.as_str())
            .bind(vin.as_str())
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)
    }

    /// Events of all vehicles after a number of the stream, each with that number.
    pub(crate) async fn stream(
        &self,
        tenant: &Tenant,
        after: i64,
        limit: u32,
    ) -> Result<Vec<(i64, EventRow)>, storage::Error> {
        const READ: &str = "select vin, version, kind, actor, reason, document, change, recorded_at from vehicle_events \
                            where tenant_id = $1 and vin = $2 and version = $3";
        let mut events = Vec::new();
        for stored in outbox::after(&self.db, tenant, STREAM, after, limit).await? {
            let version = stored.payload["version"].as_i64().unwrap_or_default();
            let row: EventRow = on!(&self.db, |pool| sqlx::query_as(READ)
                .bind(tenant.as_str())
                .bind(&stored.aggregate)
                .bind(version)
                .fetch_one(pool)
                .await)?;
            events.push((stored.seq, row));
        }
        Ok(events)
    }

    /// Where an import stands: the first row not yet answered.
    pub(crate) async fn import_position(
        &self,
        tenant: &Tenant,
        id: &str,
    ) -> Result<i64, storage::Error> {
        const READ: &str = "select next_row from imports where tenant_id = $1 and id = $2";
        let position: Option<i64> = on!(&self.db, |pool| sqlx::query_scalar(READ)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(pool)
            .await)?;
        Ok(position.unwrap_or(0))
    }

    /// Notes that every row before `next_row` is answered.
    pub(crate) async fn import_reached(
        &self,
        tenant: &Tenant,
        id: &str,
        next_row: i64,
    ) -> Result<(), storage::Error> {
        const WRITE: &str = "insert into imports (tenant_id, id, next_row) values ($1, $2, $3) \
                             on conflict (tenant_id, id) do update set next_row = excluded.next_row where imports.next_row < excluded.next_row";
        execute!(&self.db, |pool| sqlx::query(WRITE)
            .bind(tenant.as_str())
            .bind(id)
            .bind(next_row)
            .execute(pool))?;
        Ok(())
    }
}

impl Vehicle {
    /// The opaque version callers send back.
    pub(crate) fn etag(&self) -> String {
        format!("v{}", self.version)
    }
}

/// Stores a new vehicle and its first event; nothing where the VIN is taken.
async fn insert(tx: &mut Tx, entry: &Entry, details: &Details) -> Result<Option<Vehicle>, Error> {
    const INSERT: &str = "insert into vehicles (tenant_id, vin, version, state, exporter, category, plate, first_registered) \
                          values ($1, $2, 1, 'Registered', '', $3, $4, $5) on conflict (tenant_id, vin) do nothing";
    let (vehicle, happened) = Vehicle::register(details.clone(), entry.at)?;
    let inserted = execute!(&mut *tx, |c| sqlx::query(INSERT)
        .bind(entry.tenant.as_str())
        .bind(details.vin.as_str())
        .bind(&details.category)
        .bind(&details.plate)
        .bind(details.first_registered.to_string())
        .execute(&mut **c))?;
    if inserted == 0 {
        return Ok(None);
    }
    record(tx, entry, &vehicle, happened, &serde_json::json!(details)).await?;
    Ok(Some(vehicle))
}

async fn record(
    tx: &mut Tx,
    entry: &Entry,
    vehicle: &Vehicle,
    happened: Happened,
    change: &serde_json::Value,
) -> Result<(), storage::Error> {
    const INSERT: &str = "insert into vehicle_events \
                          (tenant_id, vin, version, kind, actor, reason, document, change, snapshot, recorded_at) \
                          values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    execute!(&mut *tx, |c| sqlx::query(INSERT)
        .bind(entry.tenant.as_str())
        .bind(vehicle.details.vin.as_str())
        .bind(vehicle.version)
        .bind(happened.0)
        .bind(&entry.actor)
        .bind(&entry.reason)
        .bind(&entry.document)
        .bind(Json(change))
        .bind(Json(vehicle))
        .bind(Instant(entry.at))
        .execute(&mut **c))?;
    let event = outbox::Event {
        id: entry.event,
        tenant: entry.tenant.clone(),
        stream: STREAM,
        aggregate: vehicle.details.vin.as_str().to_owned(),
        kind: happened.0.to_owned(),
        payload: serde_json::json!({ "version": vehicle.version }),
        at: entry.at,
    };
    outbox::append(tx, &event).await?;
    Ok(())
}

/// Takes the row's lock, so that two changes of one vehicle come one after the other.
async fn lock(tx: &mut Tx, tenant: &Tenant, vin: Vin) -> Result<(), storage::Error> {
    const LOCK: &str = "update vehicles set version = version where tenant_id = $1 and vin = $2";
    execute!(&mut *tx, |c| sqlx::query(LOCK)
        .bind(tenant.as_str())
        .bind(vin.as_str())
        .execute(&mut **c))?;
    Ok(())
}

async fn latest(tx: &mut Tx, tenant: &Tenant, vin: Vin) -> Result<Option<Vehicle>, storage::Error> {
    const READ: &str = "select snapshot from vehicle_events where tenant_id = $1 and vin = $2 order by version desc limit 1";
    let row: Option<SnapshotRow> = on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(tenant.as_str())
        .bind(vin.as_str())
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.map(|row| row.snapshot.0))
}

async fn update(tx: &mut Tx, tenant: &Tenant, vehicle: &Vehicle) -> Result<(), storage::Error> {
    const UPDATE: &str = "update vehicles set version = $3, state = $4, exporter = $5, category = $6, plate = $7, first_registered = $8 \
                          where tenant_id = $1 and vin = $2";
    let exporter = vehicle
        .transfer
        .as_ref()
        .map(|transfer| transfer.exporter.as_str())
        .unwrap_or_default();
    execute!(&mut *tx, |c| sqlx::query(UPDATE)
        .bind(tenant.as_str())
        .bind(vehicle.details.vin.as_str())
        .bind(vehicle.version)
        .bind(format!("{:?}", vehicle.state))
        .bind(exporter)
        .bind(&vehicle.details.category)
        .bind(&vehicle.details.plate)
        .bind(vehicle.details.first_registered.to_string())
        .execute(&mut **c))?;
    Ok(())
}
