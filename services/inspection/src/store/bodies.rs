//! Bodies: one row each, changed under its lock; a suspension marks the reports of its window.

use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::types::Json;
use tongguan_storage::{self as storage, Once, Tx, execute, locking, on, transaction};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{Entry, Store, anomalies, reviews, tell};
use crate::domain::anomaly::{Kind, Seen};
use crate::domain::body::{Accreditation, Body, Suspension};
use crate::domain::key::Key;
use crate::error::Error;

/// A change of a body.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum BodyChange {
    /// New values for the fields given.
    Amend {
        /// Registered name.
        name: Option<String>,
        /// What it may test.
        accreditations: Option<Vec<Accreditation>>,
        /// What it signs with.
        keys: Option<Vec<Key>>,
    },
    /// A suspension, or the end of one.
    Suspend(Suspension),
}

impl Store {
    /// Stores a new body; refuses an organisation the tenant has.
    pub(crate) async fn register_body(
        &self,
        once: &Once,
        entry: &Entry,
        body: &Body,
    ) -> Result<Body, Error> {
        const INSERT: &str = "insert into bodies (tenant_id, id, organisation, version, pass_run, document) \
                              values ($1, $2, $3, $4, 0, $5) on conflict (tenant_id, organisation) do nothing";
        transaction!(self.db, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let inserted = execute!(&mut *tx, |c| sqlx::query(INSERT)
                .bind(entry.tenant.as_str())
                .bind(body.id)
                .bind(&body.organisation)
                .bind(body.version)
                .bind(Json(body))
                .execute(&mut **c))?;
            if inserted == 0 {
                let organisation = body.organisation.clone();
                return Err(Error::BodyTaken { organisation });
            }
            tell(
                tx,
                entry,
                body.id,
                "BODY_REGISTERED",
                json!({ "body": body.id }),
            )
            .await?;
            once.remember(tx, body).await?;
            Ok(body.clone())
        })
    }

    /// Changes a body under its row's lock.
    pub(crate) async fn change_body(
        &self,
        once: &Once,
        entry: &Entry,
        id: Uuid,
        etag: Option<&str>,
        change: &BodyChange,
    ) -> Result<Body, Error> {
        transaction!(self.db, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let mut body = lock(tx, &entry.tenant, id)
                .await?
                .ok_or(Error::BodyNotFound { id })?;
            if let Some(asked) = etag.filter(|etag| *etag != body.etag()) {
                return Err(Error::EtagMismatch {
                    asked: asked.to_owned(),
                    now: body.etag(),
                });
            }
            match change {
                BodyChange::Amend {
                    name,
                    accreditations,
                    keys,
                } => {
                    if let Some(name) = name {
                        body.name.clone_from(name);
                    }
                    if let Some(accreditations) = accreditations {
                        body.accreditations.clone_from(accreditations);
                    }
                    if let Some(keys) = keys {
                        body.keys.clone_from(keys);
                    }
                    body.touch(entry.at);
                    save(tx, &entry.tenant, &body).await?;
                    tell(tx, entry, id, "BODY_UPDATED", json!({ "body": id })).await?;
                }
                BodyChange::Suspend(suspension) => {
                    body.suspend(suspension.clone(), entry.at);
                    save(tx, &entry.tenant, &body).await?;
                    let marked = review(tx, entry, &body, suspension).await?;
                    let payload = json!({
                        "body": id,
                        "from": suspension.from,
                        "until": suspension.until,
                        "inspections_under_review": marked,
                    });
                    tell(tx, entry, id, "BODY_SUSPENDED", payload).await?;
                }
            }
            once.remember(tx, &body).await?;
            Ok(body)
        })
    }

    /// A body of the tenant.
    pub(crate) async fn find_body(
        &self,
        tenant: &Tenant,
        id: Uuid,
    ) -> storage::Result<Option<Body>> {
        const READ: &str = "select document from bodies where tenant_id = $1 and id = $2";
        let row: Option<Json<Body>> = on!(&self.db, |pool| sqlx::query_scalar(READ)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(pool)
            .await)?;
        Ok(row.map(|row| row.0))
    }

    /// Bodies by id after one; only of one organisation where it is given.
    pub(crate) async fn list_bodies(
        &self,
        tenant: &Tenant,
        organisation: &str,
        after: Uuid,
        limit: u32,
    ) -> storage::Result<Vec<Body>> {
        const READ: &str = "select document from bodies where tenant_id = $1 and id > $2 \
                            and ($3 = '' or organisation = $3) order by id limit $4";
        let rows: Vec<Json<Body>> = on!(&self.db, |pool| sqlx::query_scalar(READ)
            .bind(tenant.as_str())
            .bind(after)
            .bind(organisation)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }
}

impl Body {
    /// The opaque version callers send back.
    pub(crate) fn etag(&self) -> String {
        format!("v{}", self.version)
    }
}

/// Reads a body and keeps others from changing it until the commit.
async fn lock(tx: &mut Tx, tenant: &Tenant, id: Uuid) -> storage::Result<Option<Body>> {
    let read = locking!(
        tx,
        "select document from bodies where tenant_id = $1 and id = $2"
    );
    let row: Option<Json<Body>> = on!(&mut *tx, |c| sqlx::query_scalar(read)
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.map(|row| row.0))
}

async fn save(tx: &mut Tx, tenant: &Tenant, body: &Body) -> storage::Result<()> {
    const SAVE: &str =
        "update bodies set version = $3, document = $4 where tenant_id = $1 and id = $2";
    execute!(&mut *tx, |c| sqlx::query(SAVE)
        .bind(tenant.as_str())
        .bind(body.id)
        .bind(body.version)
        .bind(Json(body))
        .execute(&mut **c))?;
    Ok(())
}

/// Queues for review each report whose test date the latest suspension covers, once, and lets queue and reports follow
/// all suspensions; answers how many reports this one covers.
async fn review(
    tx: &mut Tx,
    entry: &Entry,
    body: &Body,
    latest: &Suspension,
) -> Result<u64, Error> {
    const COVERED: &str = "select id, vin, exists (select 1 from anomalies a where a.tenant_id = i.tenant_id \
                           and a.inspection_id = i.id and a.kind = $5) from inspections i \
                           where tenant_id = $1 and body_id = $2 and performed >= $3 and performed <= $4";
    let (from, until) = window(latest);
    let rows: Vec<(Uuid, String, bool)> = on!(&mut *tx, |c| sqlx::query_as(COVERED)
        .bind(entry.tenant.as_str())
        .bind(body.id)
        .bind(&from)
        .bind(&until)
        .bind(Kind::BodySuspended.as_str())
        .fetch_all(&mut **c)
        .await)?;
    let covered = rows.len() as u64;
    let until = latest
        .until
        .map_or_else(|| "further notice".to_owned(), |until| until.to_string());
    let explanation = format!(
        "the body is suspended from {} until {until}, which holds the day of this test: {}",
        latest.from, latest.reason
    );
    let seen = Seen::plain(Kind::BodySuspended, explanation);
    let found: Vec<_> = rows
        .into_iter()
        .filter(|(_, _, queued)| !queued)
        .map(|(id, vin, _)| (id, vin, seen.clone()))
        .collect();
    anomalies::insert(tx, entry, body.id, &found).await?;
    reviews::follow(tx, entry, body.id, &body.suspensions).await?;
    Ok(covered)
}

fn window(suspension: &Suspension) -> (String, String) {
    // Dates of four-digit years sort as text; 2199 is the last year a date can have.
    let until = suspension
        .until
        .map_or_else(|| "2199-12-31".to_owned(), |until| until.to_string());
    (suspension.from.to_string(), until)
}
