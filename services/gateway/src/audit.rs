//! The audit log: taken up beside the calls, committed many at once, and proved again on demand.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tongguan_vocabulary::{Clock, Tenant};

use crate::domain::{Basis, GENESIS, Recorded, Sealed, Shown, Thresholds, Visit};
use crate::store::Store;
use crate::{Error, measures};

/// Visits that may wait for their commit; more make calls wait.
const WAITING: usize = 8_192;
/// Visits of one commit.
const AT_ONCE: usize = 512;
/// How long a call waits for a place before it is refused: what can not be recorded is not shown.
const PATIENCE: Duration = Duration::from_secs(1);
/// Pause after a commit that failed.
const PAUSE: Duration = Duration::from_millis(250);
/// Entries read at once while the chain is proved.
const PAGE: u32 = 1_000;

/// Where visits are handed in. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Recorder {
    sender: mpsc::Sender<Recorded>,
    store: Store,
}

impl Recorder {
    /// A recorder, and the work that commits what it is given: to be run until the process stops.
    pub(crate) fn new(
        store: Store,
        stopping: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let work = work(store.clone(), receiver, stopping);
        (Self { sender, store }, work)
    }

    /// Takes up a visit; it is committed within moments, and before the process ends.
    pub(crate) async fn record(&self, tenant: Option<Tenant>, visit: Visit) -> Result<(), Error> {
        let Some(tenant) = tenant.or_else(nobody) else {
            return Ok(());
        };
        let recorded = Recorded { tenant, visit };
        let failed = match self.sender.try_send(recorded) {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        match failed {
            mpsc::error::TrySendError::Full(recorded) => self
                .sender
                .send_timeout(recorded, PATIENCE)
                .await
                .map_err(|_| Error::NotRecorded),
            // The worker is gone with the process's background work; open calls still end.
            mpsc::error::TrySendError::Closed(recorded) => self.store.record(&[recorded]).await,
        }
    }
}

impl Recorder {
    /// The same without waiting: for an answer whose reader went away while it was sent.
    pub(crate) fn record_at_once(&self, tenant: Option<Tenant>, visit: Visit) {
        if let Some(tenant) = tenant.or_else(nobody)
            && self.sender.try_send(Recorded { tenant, visit }).is_err()
        {
            tracing::error!("a disclosure that was cut short could not be recorded");
        }
    }
}

/// In whose log stands what callers without a token saw.
fn nobody() -> Option<Tenant> {
    "anonymous".parse().ok()
}

async fn work(store: Store, mut receiver: mpsc::Receiver<Recorded>, stopping: CancellationToken) {
    let mut visits = Vec::with_capacity(AT_ONCE);
    loop {
        if visits.is_empty() {
            tokio::select! {
                biased;
                taken = receiver.recv_many(&mut visits, AT_ONCE) => if taken == 0 { return },
                () = stopping.cancelled() => {
                    receiver.close();
                    if receiver.recv_many(&mut visits, AT_ONCE).await == 0 {
                        return;
                    }
                }
            }
        }
        match store.record(&visits).await {
            Ok(()) => {
                measures::recorded(&visits);
                visits.clear();
            }
            Err(error) => {
                tracing::error!(%error, waiting = visits.len(), "the audit log can not be written; it is tried again");
                if stopping.is_cancelled() {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = stopping.cancelled() => {}
                }
            }
        }
    }
}

/// What computing a chain again showed.
pub(crate) struct Proof {
    pub(crate) entries: u64,
    pub(crate) broken_at: u64,
    pub(crate) head: String,
}

/// The year's disclosures with what they mean.
pub(crate) struct Ledger {
    pub(crate) year: i32,
    pub(crate) shown: Vec<Shown>,
    pub(crate) subjects: u64,
    pub(crate) thresholds: Thresholds,
    pub(crate) warnings: Vec<String>,
}

/// The use cases of auditors. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Auditing(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    thresholds: Thresholds,
}

impl Auditing {
    pub(crate) fn new(store: Store, clock: Clock, thresholds: Thresholds) -> Self {
        Self(Arc::new(Inner {
            store,
            clock,
            thresholds,
        }))
    }

    /// Entries after a number with their visits; one more than `limit` says that there are more.
    pub(crate) async fn entries(
        &self,
        tenant: &Tenant,
        after: u64,
        subject: &str,
        limit: u32,
    ) -> Result<Vec<(Sealed, Visit)>, Error> {
        let sealed = self.0.store.visits(tenant, after, subject, limit).await?;
        let read = sealed.into_iter().map(|entry| {
            let visit = serde_json::from_str(&entry.body).unwrap_or_default();
            (entry, visit)
        });
        Ok(read.collect())
    }

    /// Computes the whole chain again, and compares its end with the head.
    pub(crate) async fn prove(&self, tenant: &Tenant) -> Result<Proof, Error> {
        let (last, head) = self.0.store.audit_head(tenant).await?;
        let (mut sequence, mut hash) = (0, GENESIS.to_owned());
        let broken = |entries, at, head| Proof {
            entries,
            broken_at: at,
            head,
        };
        while sequence < last {
            let page = self.0.store.visits(tenant, sequence, "", PAGE).await?;
            if page.is_empty() {
                break;
            }
            for entry in page {
                if !entry.fits(tenant, sequence + 1, &hash) {
                    return Ok(broken(sequence, sequence + 1, head));
                }
                sequence += 1;
                hash = entry.sha256;
                if sequence == last {
                    break;
                }
            }
        }
        let whole = sequence == last && hash == head;
        let at = if whole { 0 } else { sequence + 1 };
        Ok(broken(sequence, at, head))
    }

    /// What was shown abroad, on one ground where it is named; year 0 is this one.
    pub(crate) async fn ledger(
        &self,
        tenant: &Tenant,
        year: i32,
        basis: Option<Basis>,
    ) -> Result<Ledger, Error> {
        let year = if year == 0 {
            self.0.clock.today_in_china().year()
        } else {
            year
        };
        let (shown, subjects) = self.0.store.shown(tenant, year, basis).await?;
        let without_purpose = shown.iter().map(|one| one.without_purpose).sum();
        let thresholds = self.0.thresholds;
        Ok(Ledger {
            year,
            warnings: thresholds.warnings(subjects, without_purpose),
            shown,
            subjects,
            thresholds,
        })
    }
}

/// An instant as visits keep it.
pub(crate) fn micros(at: OffsetDateTime) -> i64 {
    (at.unix_timestamp_nanos() / 1_000) as i64
}
