//! Certificates: prepared, signed once, issued with their case, and moved through their one use.

use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, Once, Tx, execute, on, transaction};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{Claim, Entry, Happened, Store, locked, write};
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

#[derive(sqlx::FromRow)]
struct DraftRow {
    id: Uuid,
    body: Json<DraftBody>,
    to_be_signed: Vec<u8>,
    signature: Option<Vec<u8>>,
    status_index: i64,
}

#[derive(Serialize, Deserialize)]
struct DraftBody {
    expires_at: OffsetDateTime,
    record: serde_json::Value,
}

#[derive(sqlx::FromRow)]
struct HeldRow {
    body: Json<Held>,
}

/// A change to a certificate and its case.
pub(crate) type CertificateChange<'a> =
    &'a (dyn Fn(&mut Held, &mut Case) -> Result<Happened, Error> + Send + Sync);

/// A change to a case and to the certificate it has, where it has one.
pub(crate) type BothChange<'a> =
    &'a (dyn Fn(&mut Case, Option<&mut Held>) -> Result<Happened, Error> + Send + Sync);

impl Store {
    /// Stores the bytes to be signed, unless the case has some on their way: then those are answered.
    pub(crate) async fn prepare(
        &self,
        tenant: &Tenant,
        draft: &Draft,
        now: OffsetDateTime,
    ) -> Result<Draft, storage::Error> {
        const INSERT: &str = "insert into certificates (tenant_id, id, case_id, state, live, version, body, to_be_signed, signature, cose, \
                              status_index, created_at, updated_at) values ($1, $2, $3, 'PREPARED', $4, 0, $5, $6, null, null, $7, $8, $8) \
                              on conflict do nothing";
        let body = DraftBody {
            expires_at: draft.expires_at,
            record: draft.record.clone(),
        };
        fail::point("prepare.before");
        execute!(&self.db, |pool| sqlx::query(INSERT)
            .bind(tenant.as_str())
            .bind(draft.id)
            .bind(draft.case)
            .bind(false)
            .bind(Json(&body))
            .bind(draft.to_be_signed.as_slice())
            .bind(i64::from(draft.status_index))
            .bind(Instant(now))
            .execute(pool))?;
        fail::point("prepare.after");
        self.find_prepared(tenant, draft.case)
            .await?
            .ok_or_else(|| {
                storage::Error::corrupt("certificates.state", "a prepared certificate vanished")
            })
    }

    /// The certificate of a case that is on its way.
    pub(crate) async fn find_prepared(
        &self,
        tenant: &Tenant,
        case: Uuid,
    ) -> Result<Option<Draft>, storage::Error> {
        const READ: &str = "select id, body, to_be_signed, signature, status_index from certificates \
                            where tenant_id = $1 and case_id = $2 and state = 'PREPARED'";
        let row: Option<DraftRow> = on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(tenant.as_str())
            .bind(case)
            .fetch_optional(pool)
            .await)?;
        row.map(|row| {
            Ok(Draft {
                id: row.id,
                case,
                status_index: u32::try_from(row.status_index)
                    .map_err(|error| storage::Error::corrupt("certificates.status_index", error))?,
                to_be_signed: row.to_be_signed,
                signature: row.signature,
                expires_at: row.body.0.expires_at,
                record: row.body.0.record,
            })
        })
        .transpose()
    }

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

    /// Stores a signature where there is none, and answers the one that stands: a certificate is signed once.
    pub(crate) async fn sign_once(
        &self,
        tenant: &Tenant,
        id: Uuid,
        signature: &[u8],
    ) -> Result<Vec<u8>, storage::Error> {
        const STORE: &str = "update certificates set signature = $3 where tenant_id = $1 and id = $2 and signature is null";
        const READ: &str = "select signature from certificates where tenant_id = $1 and id = $2";
        execute!(&self.db, |pool| sqlx::query(STORE)
            .bind(tenant.as_str())
            .bind(id)
            .bind(signature)
            .execute(pool))?;
        fail::point("signature.after");
        on!(&self.db, |pool| sqlx::query_scalar(READ)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_one(pool)
            .await)
    }

    /// Issues a prepared certificate with its case; with a claim, only under its epoch. `replaced` is superseded.
    pub(crate) async fn issue(
        &self,
        once: Option<&Once>,
        claim: Option<&Claim>,
        entry: &Entry,
        held: &Held,
        replaced: Option<Uuid>,
        change: super::Change<'_>,
    ) -> Result<Held, Error> {
        let issued = transaction!(self.db, Error, |tx| {
            if let Some(once) = once
                && let Some(answer) = once.replay(tx).await?
            {
                return Ok(answer);
            }
            let id = held.case;
            let mut case = locked(tx, &entry.tenant, id)
                .await?
                .ok_or(Error::CaseNotFound { id })?;
            let happened = change(&mut case)?;
            if let Some(old) = replaced {
                let mut old = read(tx, &entry.tenant, old)
                    .await?
                    .ok_or(Error::CertificateNotFound { id: old })?;
                old.life = old.life.at(entry.at, old.expires_at).supersede(held.id)?;
                save(tx, entry, &old).await?;
            }
            save(tx, entry, held).await?;
            write(
                tx,
                entry,
                &mut case,
                &happened,
                claim.map(|claim| claim.epoch),
            )
            .await?;
            if let Some(once) = once {
                once.remember(tx, held).await?;
            }
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
            let mut case = locked(tx, &entry.tenant, case).await?.ok_or_else(missing)?;
            let mut held = read(tx, &entry.tenant, id).await?.ok_or_else(missing)?;
            held.life = held.life.at(entry.at, held.expires_at);
            let happened = change(&mut held, &mut case)?;
            save(tx, entry, &held).await?;
            write(tx, entry, &mut case, &happened, None).await?;
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
            let mut case = locked(tx, &entry.tenant, id)
                .await?
                .ok_or(Error::CaseNotFound { id })?;
            let mut held = match case.certificate {
                Some(certificate) => read(tx, &entry.tenant, certificate).await?,
                None => None,
            };
            if let Some(held) = &mut held {
                held.life = held.life.clone().at(entry.at, held.expires_at);
            }
            let happened = change(&mut case, held.as_mut())?;
            if let Some(held) = &held {
                save(tx, entry, held).await?;
            }
            write(tx, entry, &mut case, &happened, None).await?;
            once.remember(tx, &case).await?;
            Ok(case)
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
            let mut case = locked(tx, &entry.tenant, claim.id)
                .await?
                .ok_or_else(missing)?;
            let mut held = read(tx, &entry.tenant, id).await?.ok_or_else(missing)?;
            held.life = held.life.at(entry.at, held.expires_at);
            let happened = change(&mut held, &mut case)?;
            save(tx, entry, &held).await?;
            write(tx, entry, &mut case, &happened, Some(claim.epoch)).await?;
            Ok(case)
        });
        lapsed
    }

    /// An issued certificate.
    pub(crate) async fn find_certificate(
        &self,
        tenant: &Tenant,
        id: Uuid,
    ) -> Result<Option<Held>, storage::Error> {
        const READ: &str = "select body from certificates where tenant_id = $1 and id = $2 and state not in ('PREPARED', 'DISCARDED')";
        let row: Option<HeldRow> = on!(&self.db, |pool| sqlx::query_as(READ)
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(pool)
            .await)?;
        Ok(row.map(|row| row.body.0))
    }

    /// The life of an issued certificate, for whoever shows it: the certificate itself is the permission,
    /// and nothing but its state is told.
    pub(crate) async fn find_shown(
        &self,
        id: Uuid,
    ) -> Result<Option<(Life, OffsetDateTime)>, storage::Error> {
        const READ: &str = "select body from certificates where id = $1 and state not in ('PREPARED', 'DISCARDED')";
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
    const READ: &str = "select body from certificates where tenant_id = $1 and id = $2 and state not in ('PREPARED', 'DISCARDED')";
    let row: Option<HeldRow> = on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.map(|row| row.body.0))
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
        .bind(Json(held))
        .bind(held.cose.as_slice())
        .bind(Instant(entry.at))
        .execute(&mut **c))?;
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::CertificateNotFound { id: held.id })
    }
}
