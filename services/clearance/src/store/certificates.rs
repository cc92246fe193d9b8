//! Certificates: prepared, signed once, issued with their case, and moved through their one use.

use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, Once, Tx, execute, on, transaction};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{Claim, Entry, Fence, Happened, Store, locked, write};
use crate::domain::Case;
use crate::domain::certificate::Life;
use crate::error::Error;
use crate::fail;

/// A certificate on its way: its bytes are stored before they are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) id: Uuid,
    pub(crate) case: Uuid,
    pub(crate) status_index: u32,
    pub(crate) to_be_signed: Vec<u8>,
    pub(crate) signature: Option<Vec<u8>>,
    pub(crate) expires_at: OffsetDateTime,
    pub(crate) record: serde_json::Value,
}

/// An issued certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) id: Uuid,
    pub(crate) case: Uuid,
    pub(crate) life: Life,
    pub(crate) record: serde_json::Value,
    pub(crate) issued_at: OffsetDateTime,
    pub(crate) expires_at: OffsetDateTime,
    pub(crate) status_index: u32,
    pub(crate) log_index: u64,
    pub(crate) simulated: bool,
    /// The envelope with its proof.
    pub(crate) cose: Vec<u8>,
}

/// The envelope stands in its own column; a body written before holds it too.
#[derive(sqlx::FromRow)]
struct HeldRow {
    body: Json<Held>,
    cose: Option<Vec<u8>>,
}

impl HeldRow {
    fn held(self) -> Held {
        let mut held = self.body.0;
        if let Some(cose) = self.cose {
            held.cose = cose;
        }
        held
    }
}

/// A change to a certificate and its case.
pub(crate) type CertificateChange<'a> =
    &'a (dyn Fn(&mut Held, &mut Case) -> Result<Happened, Error> + Send + Sync);

/// A change to a case and to the certificate it has, where it has one.
pub(crate) type BothChange<'a> =
    &'a (dyn Fn(&mut Case, Option<&mut Held>) -> Result<Happened, Error> + Send + Sync);

impl Store {
    /// Gives a certificate up that was not issued, because its case changed.
    pub(crate) async fn discard_prepared(
        &self,
        tenant: &Tenant,
        case: Uuid,
    ) -> Result<(), storage::Error> {
        const DISCARD: &str = "update certificates set state = 'DISCARDED' where tenant_id = $1 and case_id = $2 and state = 'PREPARED'";
        execute!(&self.db, |pool| sqlx::query(DISCARD)
            .bind(tenant.as_str())
            .bind(case)
            .execute(pool))?;
        Ok(())
    }

    /// Issues a prepared certificate with its case, in the place of another, which is superseded.
    pub(crate) async fn replace(
        &self,
        once: &Once,
        entry: &Entry,
        held: &Held,
        replaced: Uuid,
        change: super::Change<'_>,
    ) -> Result<Held, Error> {
        let issued = transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let id = held.case;
            let mut loaded = locked(tx, &entry.tenant, id)
                .await?
                .ok_or(Error::CaseNotFound { id })?;
            let happened = change(&mut loaded.case)?;
            let mut old = read(tx, &entry.tenant, replaced)
                .await?
                .ok_or(Error::CertificateNotFound { id: replaced })?;
            old.life = old.life.at(entry.at, old.expires_at).supersede(held.id)?;
            save(tx, entry, &old).await?;
            save(tx, entry, held).await?;
            write(tx, entry, &mut loaded, happened, Fence::Open).await?;
            once.remember(tx, held).await?;
            fail::point("issue.before");
            Ok(held.clone())
        });
        fail::point("issue.after");
        issued
    }

    /// Moves a certificate and its case together; one winner under concurrency, because the case's row is locked first.
    pub(crate) async fn move_certificate(
        &self,
        once: &Once,
        entry: &Entry,
        id: Uuid,
        change: CertificateChange<'_>,
    ) -> Result<Held, Error> {
        let moved = transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let missing = || Error::CertificateNotFound { id };
            let case = read(tx, &entry.tenant, id).await?.ok_or_else(missing)?.case;
            let mut loaded = locked(tx, &entry.tenant, case).await?.ok_or_else(missing)?;
            let mut held = read(tx, &entry.tenant, id).await?.ok_or_else(missing)?;
            held.life = held.life.at(entry.at, held.expires_at);
            let happened = change(&mut held, &mut loaded.case)?;
            save(tx, entry, &held).await?;
            write(tx, entry, &mut loaded, happened, Fence::Open).await?;
            once.remember(tx, &held).await?;
            fail::point("certificate.before");
            Ok(held)
        });
        fail::point("certificate.after");
        moved
    }

    /// Changes a case, and its live certificate where it has one, together.
    pub(crate) async fn change_both(
        &self,
        once: &Once,
        entry: &Entry,
        id: Uuid,
        change: BothChange<'_>,
    ) -> Result<Case, Error> {
        let changed = transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let mut loaded = locked(tx, &entry.tenant, id)
                .await?
                .ok_or(Error::CaseNotFound { id })?;
            let mut held = match loaded.case.certificate {
                Some(certificate) => read(tx, &entry.tenant, certificate).await?,
                None => None,
            };
            if let Some(held) = &mut held {
                held.life = held.life.clone().at(entry.at, held.expires_at);
            }
            let happened = change(&mut loaded.case, held.as_mut())?;
            if let Some(held) = &held {
                save(tx, entry, held).await?;
            }
            write(tx, entry, &mut loaded, happened, Fence::Open).await?;
            once.remember(tx, &loaded.case).await?;
            Ok(loaded.case)
        });
        changed
    }

    /// As [`Store::move_certificate`], for the worker.
    pub(crate) async fn lapse(
        &self,
        claim: &Claim,
        entry: &Entry,
        id: Uuid,
        change: CertificateChange<'_>,
    ) -> Result<Case, Error> {
        let lapsed = transaction!(self.db, Error, |tx| {
            let missing = || Error::CertificateNotFound { id };
            let mut loaded = locked(tx, &entry.tenant, claim.id)
                .await?
                .ok_or_else(missing)?;
            let mut held = read(tx, &entry.tenant, id).await?.ok_or_else(missing)?;
            held.life = held.life.at(entry.at, held.expires_at);
            let happened = change(&mut held, &mut loaded.case)?;
            save(tx, entry, &held).await?;
            write(tx, entry, &mut loaded, happened, Fence::Held(claim.epoch)).await?;
            Ok(loaded.case)
        });
        lapsed
    }

    /// An issued certificate.
    pub(crate) async fn find_certificate(
        &self,
        tenant: &Tenant,
        id: Uuid,
    ) -> Result<Option<Held>, storage::Error> {
        const READ: &str = "select body, cose from certificates where tenant_id = $1 and id = $2 and state not in ('PREPARED', 'DISCARDED')";
        let row: Option<HeldRow> = on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(pool)
            .await)?;
        Ok(row.map(HeldRow::held))
    }

    /// The life of an issued certificate, for whoever shows it: the certificate itself is the permission,
    /// and nothing but its state is told.
    pub(crate) async fn find_shown(
        &self,
        id: Uuid,
    ) -> Result<Option<(Life, OffsetDateTime)>, storage::Error> {
        const READ: &str = "select body, cose from certificates where id = $1 and state not in ('PREPARED', 'DISCARDED')";
        let row: Option<HeldRow> = on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(id)
            .fetch_optional(pool)
            .await)?;
        Ok(row.map(|row| (row.body.0.life, row.body.0.expires_at)))
    }

    /// Status indices that are not plain valid, with the state: the whole issuer's, for the status list.
    pub(crate) async fn marked(&self) -> Result<Vec<(i64, String)>, storage::Error> {
        const READ: &str = "select status_index, state from certificates where state in ('USED', 'REVOKED', 'SUPERSEDED', 'SUSPENDED') order by status_index";
        on!(&self.db, |pool| sqlx::query_as(READ).fetch_all(pool).await)
    }
}

async fn read(tx: &mut Tx, tenant: &Tenant, id: Uuid) -> Result<Option<Held>, storage::Error> {
    const READ: &str = "select body, cose from certificates where tenant_id = $1 and id = $2 and state not in ('PREPARED', 'DISCARDED')";
    let row: Option<HeldRow> = on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.map(HeldRow::held))
}

async fn save(tx: &mut Tx, entry: &Entry, held: &Held) -> Result<(), Error> {
    const SAVE: &str = "update certificates set state = $3, live = $4, version = version + 1, body = $5, cose = $6, updated_at = $7 \
                        where tenant_id = $1 and id = $2 and state <> 'DISCARDED'";
    let live = matches!(
        held.life,
        Life::Live | Life::Reserved { .. } | Life::Suspended { .. }
    );
    let rows = execute!(&mut *tx, |c| sqlx::query(SAVE)
        .bind(entry.tenant.as_str())
        .bind(held.id)
        .bind(held.life.as_str())
        .bind(live)
        .bind(Json(&body(held)))
        .bind(held.cose.as_slice())
        .bind(Instant(entry.at))
        .execute(&mut **c))?;
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::CertificateNotFound { id: held.id })
    }
}

/// What of a certificate stands in its body: all but the envelope.
pub(super) fn body(held: &Held) -> Held {
    Held {
        id: held.id,
        case: held.case,
        life: held.life.clone(),
        record: held.record.clone(),
        issued_at: held.issued_at,
        expires_at: held.expires_at,
        status_index: held.status_index,
        log_index: held.log_index,
        simulated: held.simulated,
        cose: Vec::new(),
    }
}
