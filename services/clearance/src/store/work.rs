//! What the worker does in the database: claims with a fence, the journal, fenced changes.

use std::collections::{BTreeMap, BTreeSet};

use time::{Duration, OffsetDateTime};
use tongguan_storage::{self as storage, Instant, Tx, built, execute, on, transaction};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::case::{self, CaseRow, Fence, Line, Loaded, locked, write};
use super::{Change, Entry, Store};
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

/// Whether a worker goes on with a case it stores.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End<'a> {
    /// It keeps its claim.
    GoesOn(&'a Claim),
    /// It gives its claim up; `looked` says that what was told before the claim has been looked at.
    Done { claim: &'a Claim, looked: bool },
}

#[derive(sqlx::FromRow)]
struct ClaimedRow {
    tenant_id: String,
    case_id: Uuid,
    epoch: i64,
    asked: i64,
    looked: i64,
}

impl ClaimedRow {
    fn claim(self) -> Result<Claim, storage::Error> {
        let tenant = self
            .tenant_id
            .parse()
            .map_err(|error| storage::Error::corrupt("case_work.tenant_id", error))?;
        Ok(Claim {
            tenant,
            id: self.case_id,
            epoch: self.epoch,
            asked: self.asked,
            again: self.asked > self.looked,
        })
    }
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
        const DUE: &str = "select tenant_id, case_id as id from case_work where due_at is not null and due_at <= $1 \
                           and (lease_until is null or lease_until < $1) order by due_at limit $2";
        const ASKED: &str = "select w.tenant_id, w.case_id as id from case_work w \
                             join cases c on c.tenant_id = w.tenant_id and c.id = w.case_id \
                             where w.asked > w.looked and c.state in ('READY', 'LICENSED', 'CERTIFIED', 'RESERVED') \
                             and (w.lease_until is null or w.lease_until < $1) limit $2";
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
        const DUE: &str = "select count(case_id) from case_work where due_at is not null and due_at <= $1 \
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
        const DUE: &str = "select tenant_id, case_id as id from case_work where tenant_id = $3 and due_at is not null and due_at <= $1 \
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
        const CLAIM: &str = "update case_work set epoch = epoch + 1, lease_owner = ";
        // A case can be both due and asked for; each is claimed once.
        let due: Vec<(String, Uuid)> = due
            .into_iter()
            .map(|row| (row.tenant_id, row.id))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let mut rows: Vec<ClaimedRow> = Vec::with_capacity(due.len());
        for chunk in storage::chunks(&due) {
            let claimed: Vec<ClaimedRow> = built!(
                &self.db,
                CLAIM,
                |query| {
                    query.push_bind(owner);
                    query
                        .push(", lease_until = ")
                        .push_bind(Instant(now + lease));
                    query.push(" where (due_at <= ").push_bind(Instant(now));
                    query.push(" or asked > looked) and (lease_until is null or lease_until < ");
                    query.push_bind(Instant(now));
                    query.push(") and (tenant_id, case_id) in (");
                    query.push_values(chunk, |mut row, (tenant, id)| {
                        row.push_bind(tenant.as_str()).push_bind(*id);
                    });
                    query.push(") returning tenant_id, case_id, epoch, asked, looked");
                },
                |pool| query.build_query_as().fetch_all(pool).await
            )?;
            rows.extend(claimed);
        }
        rows.into_iter().map(ClaimedRow::claim).collect()
    }

    /// The cases of claims, in no order; one that vanished is left out.
    pub(crate) async fn load(
        &self,
        claims: Vec<Claim>,
    ) -> Result<Vec<(Claim, Loaded)>, storage::Error> {
        let mut by_id: BTreeMap<Uuid, Claim> =
            claims.into_iter().map(|claim| (claim.id, claim)).collect();
        let keys: Vec<(String, Uuid)> = by_id
            .values()
            .map(|claim| (claim.tenant.to_string(), claim.id))
            .collect();
        let mut found = Vec::with_capacity(keys.len());
        for chunk in storage::chunks(&keys) {
            let rows: Vec<CaseRow> = built!(
                &self.db,
                case::READ,
                |query| {
                    query.push("(c.tenant_id, c.id) in (");
                    query.push_values(chunk, |mut row, (tenant, id)| {
                        row.push_bind(tenant.as_str()).push_bind(*id);
                    });
                    query.push(")");
                },
                |pool| query.build_query_as().fetch_all(pool).await
            )?;
            for loaded in rows.into_iter().map(CaseRow::loaded) {
                found.extend(by_id.remove(&loaded.case.id).map(|claim| (claim, loaded)));
            }
        }
        Ok(found)
    }

    /// Gives a claim up.
    pub(crate) async fn release(&self, claim: &Claim) -> Result<(), storage::Error> {
        const RELEASE: &str = "update case_work set lease_owner = null, lease_until = null where tenant_id = $1 and case_id = $2 and epoch = $3";
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
            let mut loaded = locked(tx, &claim.tenant, id)
                .await?
                .ok_or(Error::CaseNotFound { id })?;
            let happened = change(&mut loaded.case)?;
            write(tx, entry, &mut loaded, happened, Fence::Held(claim.epoch)).await?;
            Ok(loaded.case)
        });
        advanced
    }

    /// Stores what a worker made of a case it read: the steps it took with their answers pinned, and every change
    /// that followed, in one transaction. Nothing of it is stored where somebody else changed the case meanwhile,
    /// or where the epoch is stale (I7).
    pub(crate) async fn settle(
        &self,
        entry: &Entry,
        loaded: &mut Loaded,
        steps: &[Pinned],
        lines: &[Line],
        end: End<'_>,
    ) -> Result<(), Error> {
        let fence = match end {
            End::GoesOn(claim) => Fence::Held(claim.epoch),
            End::Done { claim, looked } => Fence::Done(claim.epoch, looked.then_some(claim.asked)),
        };
        let settled = transaction!(self.db, Error, |tx| {
            case::write_lines(tx, entry, loaded, lines, fence).await?;
            pin(tx, entry, loaded.case.id, steps).await?;
            fail::point("settle.before");
            Ok(())
        });
        fail::point("settle.after");
        settled
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

/// Writes steps of the journal.
async fn pin(tx: &mut Tx, entry: &Entry, id: Uuid, steps: &[Pinned]) -> Result<(), storage::Error> {
    const PIN: &str = "insert into case_steps (tenant_id, case_id, number, round, kind, outcome, input_sha256, output, output_sha256, recorded_at) ";
    if steps.is_empty() {
        return Ok(());
    }
    built!(&mut *tx, PIN, |query| {
        query.push_values(steps, |mut row, Pinned { note, output }| {
            row.push_bind(entry.tenant.as_str())
                .push_bind(id)
                .push_bind(i64::from(note.number))
                .push_bind(i64::from(note.round))
                .push_bind(note.kind.as_str())
                .push_bind(note.outcome.as_str())
                .push_bind(note.input_sha256.as_str())
                .push_bind(output.as_str())
                .push_bind(note.output_sha256.as_str())
                .push_bind(Instant(note.at));
        });
    })
    .map(drop)
}
