//! Issuing in batches, three commits however many there are: the bytes to be signed, the signatures with their places
//! in the log, the certificates with their cases.

mod rows;

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;
use tongguan_storage::{self as storage, transaction};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::case::{self, Line, Loaded, Parts};
use super::log::{draw, keep_checkpoint, touch};
use super::{Claim, Draft, Entry, Held, Store};
use crate::error::Error;
use crate::fail;
use rows::{append, as_read, discard, insert, prepared, standing, store_signatures, write};

/// A certificate that is signed.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) tenant: Tenant,
    pub(crate) id: Uuid,
    pub(crate) signature: Vec<u8>,
}

/// The signature that stands, and the certificate's place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) signature: Vec<u8>,
    pub(crate) index: u64,
}

/// Entry and leaf hash of a certificate with a signature, by its place in the batch.
pub(crate) type EntryOf<'a> =
    &'a (dyn Fn(usize, &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> + Send + Sync);

/// A certificate about to be issued: its case as it is to be stored, read under the claim.
pub(crate) struct Issuing {
    pub(crate) claim: Claim,
    pub(crate) loaded: Loaded,
    pub(crate) held: Held,
    pub(crate) line: Line,
}

impl Store {
    /// Stores the bytes to be signed of every case that has none on their way, under a range of status indices drawn
    /// for them; answers what is on its way of each. What is not `ours` any more is given up and made anew.
    ///
    /// An index that is drawn and not used stays valid for ever.
    pub(crate) async fn prepare(
        &self,
        wanted: &[(Tenant, Uuid)],
        now: OffsetDateTime,
        ours: &(dyn Fn(&Draft) -> bool + Send + Sync),
        make: &(dyn Fn(usize, u32) -> Option<Draft> + Send + Sync),
    ) -> Result<Vec<Option<Draft>>, storage::Error> {
        let drafts: Result<_, storage::Error> = transaction!(self.db, storage::Error, |tx| {
            let mut drafts = prepared(tx, wanted).await?;
            for (tenant, case) in wanted {
                if drafts.get(case).is_some_and(|draft| !ours(draft)) {
                    drafts.remove(case);
                    discard(tx, tenant, *case).await?;
                }
            }
            let missing: Vec<usize> = (0..wanted.len())
                .filter(|place| !drafts.contains_key(&wanted[*place].1))
                .collect();
            if !missing.is_empty() {
                let first = draw(tx, "status_index", missing.len() as u32).await?;
                let mut made = Vec::with_capacity(missing.len());
                for (place, number) in missing.into_iter().zip(first..) {
                    let index = u32::try_from(number)
                        .map_err(|error| storage::Error::corrupt("counters.next", error))?;
                    made.extend(make(place, index).map(|draft| (&wanted[place].0, draft)));
                }
                if insert(tx, &made, now).await? == made.len() as u64 {
                    drafts.extend(made.into_iter().map(|(_, draft)| (draft.case, draft)));
                } else {
                    // Another issuer was first with some: its bytes are those that are signed.
                    drafts = prepared(tx, wanted).await?;
                }
            }
            fail::point("prepare.before");
            Ok(wanted.iter().map(|(_, case)| drafts.remove(case)).collect())
        });
        fail::point("prepare.after");
        drafts
    }

    /// Stores signatures where there are none, and appends to the log what does not stand in it: a certificate is
    /// signed once and logged once. Answers what stands, in the order given.
    ///
    /// The counter's row stays locked until the commit, so indices have no gaps and a reader never meets a late one.
    pub(crate) async fn sign_and_log(
        &self,
        signed: &[Signed],
        entry: EntryOf<'_>,
    ) -> Result<Vec<Logged>, Error> {
        let logged: Result<_, Error> = transaction!(self.db, Error, |tx| {
            touch(tx, "log_index").await?;
            let mut stand: BTreeMap<Uuid, (Vec<u8>, Option<i64>)> = BTreeMap::new();
            if store_signatures(tx, signed).await? < signed.len() as u64 {
                stand = standing(tx, signed).await?;
            }
            fail::point("signature.after");
            let mut fresh = Vec::with_capacity(signed.len());
            for (place, one) in signed.iter().enumerate() {
                let (signature, index) = stand
                    .entry(one.id)
                    .or_insert_with(|| (one.signature.clone(), None));
                if index.is_none() {
                    fresh.push((one, entry(place, signature)?));
                }
            }
            if !fresh.is_empty() {
                let first = draw(tx, "log_index", fresh.len() as u32).await?;
                let rows: Vec<_> = (first..).zip(&fresh).collect();
                append(tx, &rows).await?;
                for (number, (one, _)) in rows {
                    if let Some((_, index)) = stand.get_mut(&one.id) {
                        *index = Some(number);
                    }
                }
            }
            fail::point("append.before");
            let of = |one: &Signed| {
                let (signature, index) = stand.remove(&one.id)?;
                Some(Logged {
                    signature,
                    index: index?.unsigned_abs(),
                })
            };
            let logged: Option<Vec<Logged>> = signed.iter().map(of).collect();
            let lost = || storage::Error::corrupt("log_entries", "a certificate is named twice");
            Ok(logged.ok_or_else(lost)?)
        });
        fail::point("append.after");
        logged
    }

    /// Issues certificates with their cases and the checkpoint that proves them, each only under its claim's epoch
    /// (I7), and only where its case is as it was read and its bytes were not given up. Answers which were issued.
    pub(crate) async fn issue(
        &self,
        entry: &Entry,
        batch: &mut [Issuing],
        checkpoint: (u64, &str),
    ) -> Result<BTreeSet<Uuid>, Error> {
        let issued: Result<_, Error> = transaction!(self.db, Error, |tx| {
            let stand = as_read(tx, batch).await?;
            let mut winners: Vec<&mut Issuing> = batch
                .iter_mut()
                .filter(|one| stand.contains(&one.claim.id))
                .collect();
            for one in &mut winners {
                one.loaded.advance(1, entry);
                let of = Entry {
                    tenant: one.claim.tenant.clone(),
                    ..entry.clone()
                };
                case::beside(tx, &of, &one.loaded).await?;
            }
            let parts: Vec<Parts> = winners
                .iter_mut()
                .map(|one| Parts::take(&mut one.loaded.case))
                .collect();
            let written = write(tx, entry, &winners).await;
            for (one, parts) in winners.iter_mut().zip(parts) {
                parts.put_back(&mut one.loaded.case);
            }
            written?;
            keep_checkpoint(tx, checkpoint.0, checkpoint.1).await?;
            fail::point("issue.before");
            Ok(stand)
        });
        fail::point("issue.after");
        issued
    }
}
