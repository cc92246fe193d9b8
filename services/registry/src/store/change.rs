//! One change of one vehicle: the version before moves into the history, the version after takes its place.

use tongguan_storage::{self as storage, Instant, Once, Tx, Vault, execute, locking, on, outbox};
use tongguan_vocabulary::{Ids, Tenant, Vin};

use sqlx::types::Json;

use super::{Entry, Owned, Remembered, STREAM, SnapshotRow, column, owners, shared};
use crate::domain::{Change, Happened, Mark, MarkKind, Vehicle};
use crate::error::Error;

/// A change that was asked for.
pub(crate) struct Alteration {
    pub(crate) once: Once,
    pub(crate) entry: Entry,
    pub(crate) vin: Vin,
    /// The version that was read; empty where any will do.
    pub(crate) etag: String,
    pub(crate) change: Change,
    pub(crate) owner: Option<Owned>,
    /// Identity of the event at another vehicle, where the change contradicts that.
    pub(crate) other_event: uuid::Uuid,
}

pub(super) async fn run(
    vault: &Vault,
    ids: &Ids,
    tx: &mut Tx,
    alteration: &Alteration,
) -> Result<Vehicle, Error> {
    let (entry, vin) = (&alteration.entry, alteration.vin);
    match alteration.once.replay(tx).await? {
        Some(Remembered::Whole(vehicle)) => return Ok(*vehicle),
        Some(Remembered::Version(version)) => {
            let vehicle = version_of(tx, &entry.tenant, vin, version).await?;
            return vehicle.ok_or(Error::VehicleNotFound { vin });
        }
        None => {}
    }
    let before = lock(tx, &entry.tenant, vin)
        .await?
        .ok_or(Error::VehicleNotFound { vin })?;
    if !alteration.etag.is_empty() && alteration.etag != before.etag() {
        return Err(Error::EtagMismatch {
            asked: alteration.etag.clone(),
            now: before.etag(),
        });
    }
    let (after, happened) = before.apply(&alteration.change, entry.at)?;
    let change = serde_json::json!(alteration.change);
    write(tx, entry, &after, happened, &change).await?;
    let after = shared::settle(ids, tx, entry, &before, after).await?;
    if let Change::Identify { mark, .. } = &alteration.change {
        meet(tx, alteration, mark).await?;
    }
    if let Some(owned) = &alteration.owner {
        owners::keep(vault, tx, entry, vin, after.version, owned).await?;
    }
    let remembered = Remembered::Version(after.version);
    alteration.once.remember(tx, &remembered).await?;
    Ok(after)
}

/// A VIN stamped anew may be that of another living vehicle: then that one shows two living identities.
async fn meet(tx: &mut Tx, alteration: &Alteration, mark: &Mark) -> Result<(), Error> {
    let entry = &alteration.entry;
    let stamped = mark.value.parse::<Vin>().ok();
    let other = stamped.filter(|vin| mark.kind == MarkKind::StampedVin && *vin != alteration.vin);
    let Some(other) = other else { return Ok(()) };
    let Some(standing) = lock(tx, &entry.tenant, other).await? else {
        return Ok(());
    };
    let contradicted = Change::Contradict {
        marks: vec![Mark {
            value: alteration.vin.as_str().to_owned(),
            ..mark.clone()
        }],
    };
    // A vehicle that takes no more changes is not living, and nothing contradicts it.
    let Ok((after, happened)) = standing.apply(&contradicted, entry.at) else {
        return Ok(());
    };
    let entry = Entry {
        event: alteration.other_event,
        ..entry.clone()
    };
    let change = serde_json::json!(contradicted);
    write(tx, &entry, &after, happened, &change).await?;
    Ok(())
}

/// Stores the next version of a vehicle, its event and the version before as history.
pub(super) async fn write(
    tx: &mut Tx,
    entry: &Entry,
    after: &Vehicle,
    happened: Happened,
    change: &serde_json::Value,
) -> Result<(), storage::Error> {
    const KEEP: &str = "insert into vehicle_events (tenant_id, vin, version, kind, actor, reason, document, change, snapshot, recorded_at) \
                           select tenant_id, vin, version, kind, actor, reason, document, change, snapshot, recorded_at from vehicles \
                           where tenant_id = $1 and vin = $2 and version = $3";
    const UPDATE: &str = "update vehicles set version = $3, state = $4, exporter = $5, category = $6, plate = $7, first_registered = $8, \
                          kind = $9, actor = $10, reason = $11, document = $12, change = $13, snapshot = $14, recorded_at = $15, \
                          living_engine = $16, living_battery = $17 \
                          where tenant_id = $1 and vin = $2";
    let (tenant, vin) = (entry.tenant.as_str(), after.details.vin);
    let kept = execute!(&mut *tx, |c| sqlx::query(KEEP)
        .bind(tenant)
        .bind(vin.as_str())
        .bind(after.version - 1)
        .execute(&mut **c))?;
    if kept == 0 {
        // Another writer made a version since this one was read without a lock; the transaction runs again.
        return Err(storage::Error::Contended(sqlx::Error::RowNotFound));
    }
    let exporter = after
        .transfer
        .as_ref()
        .map(|transfer| transfer.exporter.as_str());
    execute!(&mut *tx, |c| sqlx::query(UPDATE)
        .bind(tenant)
        .bind(vin.as_str())
        .bind(after.version)
        .bind(column(after.state))
        .bind(exporter.unwrap_or_default())
        .bind(&after.details.category)
        .bind(&after.details.plate)
        .bind(after.details.first_registered.to_string())
        .bind(happened.0)
        .bind(&entry.actor)
        .bind(&entry.reason)
        .bind(&entry.document)
        .bind(Json(change))
        .bind(Json(after))
        .bind(Instant(entry.at))
        .bind(after.shown(MarkKind::Engine))
        .bind(after.shown(MarkKind::Battery))
        .execute(&mut **c))?;
    let event = outbox::Event {
        id: entry.event,
        tenant: entry.tenant.clone(),
        stream: STREAM,
        aggregate: vin.as_str().to_owned(),
        kind: happened.0.to_owned(),
        payload: serde_json::json!({ "version": after.version }),
        at: entry.at,
    };
    outbox::append(tx, &event).await?;
    Ok(())
}

/// Takes the row's lock and reads it, so that two changes of one vehicle come one after the other.
pub(super) async fn lock(
    tx: &mut Tx,
    tenant: &Tenant,
    vin: Vin,
) -> Result<Option<Vehicle>, storage::Error> {
    let read = locking!(
        tx,
        "select snapshot from vehicles where tenant_id = $1 and vin = $2"
    );
    let row: Option<SnapshotRow> = on!(&mut *tx, |c| sqlx::query_as(read)
        .bind(tenant.as_str())
        .bind(vin.as_str())
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.map(|row| row.snapshot.0))
}

async fn version_of(
    tx: &mut Tx,
    tenant: &Tenant,
    vin: Vin,
    version: i64,
) -> Result<Option<Vehicle>, storage::Error> {
    const READ: &str = "select snapshot from vehicles where tenant_id = $1 and vin = $2 and version = $3 \
                        union all select snapshot from vehicle_events where tenant_id = $1 and vin = $2 and version = $3";
    let row: Option<SnapshotRow> = on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(tenant.as_str())
        .bind(vin.as_str())
        .bind(version)
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.map(|row| row.snapshot.0))
}
