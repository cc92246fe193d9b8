//! What the worker does in the database: claims with a fence, the journal, fenced changes.

use time::{Duration, OffsetDateTime};
use tongguan_storage::{self as storage, Instant, execute, on, transaction};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{Change, Entry, Store, locked, write};
use crate::domain::Case;
use crate::domain::journal::{StepKind, StepNote};
use crate::error::Error;
use crate::fail;

/// A case claimed by a worker; every write it makes says this epoch.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub(crate) tenant: Tenant,
    pub(crate) id: Uuid,
    pub(crate) epoch: i64,
    /// How often another look was asked for, when it was claimed.
    pub(crate) asked: i64,
    /// Whether one is owed.
    pub(crate) again: bool,
}

/// A journaled step with its pinned output.
#[derive(Debug, Clone)]
pub(crate) struct Pinned {
    pub(crate) note: StepNote,
    pub(crate) output: String,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    tenant_id: String,
    id: Uuid,
}

impl Store {
    /// Claims cases that are due: one statement a case takes the lease and raises the epoch, so that a
    /// worker paused past its lease finds itself fenced off.
    pub(crate) async fn claim_due(
        &self,
        owner: &str,
        now: OffsetDateTime,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<Claim>, storage::Error> {
        const DUE: &str = "select tenant_id, id from cases where due_at is not null and due_at <= $1 \
                           and (lease_until is null or lease_until < $1) order by due_at limit $2";
        const ASKED: &str = "select tenant_id, id from cases where asked > looked \
                             and state in ('READY', 'LICENSED', 'CERTIFIED', 'RESERVED') \
                             and (lease_until is null or lease_until < $1) limit $2";
        let mut due: Vec<DueRow> = on!(&self.db, |pool| sqlx::query_as(DUE)
            .bind(Instant(now))
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)?;
        let asked: Vec<DueRow> = on!(&self.db, |pool| sqlx::query_as(ASKED)
            .bind(Instant(now))
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)?;
        due.extend(asked);
        self.claim(owner, now, lease, due).await
    }

    /// How many cases are due and not worked on.
    pub(crate) async fn due(&self, now: OffsetDateTime) -> Result<u64, storage::Error> {
        const DUE: &str = "select count(id) from cases where due_at is not null and due_at <= $1 \
                           and (lease_until is null or lease_until < $1)";
        let due: i64 = on!(&self.db, |pool| sqlx::query_scalar(DUE)
            .bind(Instant(now))
            .fetch_one(pool)
            .await)?;
        Ok(due as u64)
    }

    /// Claims the cases of one tenant that are due by its own clock, which is ahead of the others'.
    pub(crate) async fn claim_due_of(
        &self,
        tenant: &Tenant,
        owner: &str,
        now: OffsetDateTime,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<Claim>, storage::Error> {
        const DUE: &str = "select tenant_id, id from cases where tenant_id = $3 and due_at is not null and due_at <= $1 \
                           and (lease_until is null or lease_until < $1) order by due_at limit $2";
        let due: Vec<DueRow> = on!(&self.db, |pool| sqlx::query_as(DUE)
            .bind(Instant(now))
            .bind(i64::from(limit))
            .bind(tenant.as_str())
            .fetch_all(pool)
            .await)?;
        self.claim(owner, now, lease, due).await
    }

    async fn claim(
        &self,
        owner: &str,
        now: OffsetDateTime,
        lease: Duration,
        due: Vec<DueRow>,
    ) -> Result<Vec<Claim>, storage::Error> {
        const CLAIM: &str = "update cases set lease_owner = $3, lease_until = $4, epoch = epoch + 1 \
                             where tenant_id = $1 and id = $2 and (due_at <= $5 or asked > looked) \
                             and (lease_until is null or lease_until < $5) returning epoch, asked, looked";
        let mut claims = Vec::with_capacity(due.len());
        for row in due {
            let claimed: Option<(i64, i64, i64)> = on!(&self.db, |pool| sqlx::query_as(CLAIM)
                .bind(&row.tenant_id)
                .bind(row.id)
                .bind(owner)
                .bind(Instant(now + lease))
                .bind(Instant(now))
                .fetch_optional(pool)
                .await)?;
            let tenant = row
                .tenant_id
                .parse()
                .map_err(|error| storage::Error::corrupt("cases.tenant_id", error))?;
            claims.extend(claimed.map(|(epoch, asked, looked)| Claim {
                tenant,
                id: row.id,
                epoch,
                asked,
                again: asked > looked,
            }));
        }
        Ok(claims)
    }

    /// Gives a claim up.
    pub(crate) async fn release(&self, claim: &Claim) -> Result<(), storage::Error> {
        const RELEASE: &str = "update cases set lease_owner = null, lease_until = null where tenant_id = $1 and id = $2 and epoch = $3";
        execute!(&self.db, |pool| sqlx::query(RELEASE)
            .bind(claim.tenant.as_str())
            .bind(claim.id)
            .bind(claim.epoch)
            .execute(pool))?;
        Ok(())
    }

    /// Changes a claimed case; a stale epoch changes nothing (I7).
    pub(crate) async fn advance(
        &self,
        claim: &Claim,
        entry: &Entry,
        change: Change<'_>,
    ) -> Result<Case, Error> {
        let advanced = transaction!(self.db, Error, |tx| {
            let id = claim.id;
            let mut case = locked(tx, &claim.tenant, id)
                .await?
                .ok_or(Error::CaseNotFound { id })?;
            let happened = change(&mut case)?;
            write(tx, entry, &mut case, &happened, Some(claim.epoch)).await?;
            fail::point("advance.before");
            Ok(case)
        });
        fail::point("advance.after");
        advanced
    }

    /// Pins a step and stores the change it brings, in one transaction.
    pub(crate) async fn journal(
        &self,
        claim: &Claim,
        entry: &Entry,
        step: &Pinned,
        change: Change<'_>,
    ) -> Result<Case, Error> {
        const PIN: &str = "insert into case_steps (tenant_id, case_id, number, round, kind, outcome, input_sha256, output, output_sha256, recorded_at) \
                           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let journaled = transaction!(self.db, Error, |tx| {
            let id = claim.id;
            let mut case = locked(tx, &claim.tenant, id)
                .await?
                .ok_or(Error::CaseNotFound { id })?;
            let happened = change(&mut case)?;
            case.steps.push(step.note.clone());
            let note = &step.note;
            execute!(&mut *tx, |c| sqlx::query(PIN)
                .bind(claim.tenant.as_str())
                .bind(id)
                .bind(i64::from(note.number))
                .bind(i64::from(note.round))
                .bind(note.kind.as_str())
                .bind(note.outcome.as_str())
                .bind(&note.input_sha256)
                .bind(&step.output)
                .bind(&note.output_sha256)
                .bind(Instant(note.at))
                .execute(&mut **c))?;
            write(tx, entry, &mut case, &happened, Some(claim.epoch)).await?;
            fail::point("journal.before");
            Ok(case)
        });
        fail::point("journal.after");
        journaled
    }

    /// The pinned output of a step of this round.
    pub(crate) async fn pinned(
        &self,
        tenant: &Tenant,
        id: Uuid,
        round: u32,
        kind: StepKind,
    ) -> Result<Option<String>, storage::Error> {
        const READ: &str = "select output from case_steps where tenant_id = $1 and case_id = $2 and round = $3 and kind = $4 \
                            and outcome <> 'UNREACHABLE' order by number desc limit 1";
        on!(&self.db, |pool| sqlx::query_scalar(READ)
            .bind(tenant.as_str())
            .bind(id)
            .bind(i64::from(round))
            .bind(kind.as_str())
            .fetch_optional(pool)
            .await)
    }
}
