//! The issuer: signs certificates, keeps the transparency log, publishes bundle and status list.

mod bundle;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;
use tongguan_certificate::log::tile::Tile;
use tongguan_certificate::{
    Checkpoint, Digest, Live, LogProof, NoteKey, NoteKeyKind, PublicKey, SignedCheckpoint,
    Signer as _, Status, StatusList, Timestamp, Tree, Trust, Verifier,
};
use tongguan_rpc::Tasks;

use crate::config::Config;
use crate::domain::certificate::Life;
use crate::error::Error;
use crate::keys::Keys;
use crate::store::Store;
use crate::witnesses::Witnesses;
use bundle::{current_bundle, publish};

/// How long before its end a trust bundle is published again.
const RENEW: Duration = Duration::days(7);

/// The issuer of this installation.
pub(crate) struct Issuer {
    pub(crate) name: String,
    pub(crate) simulated: bool,
    pub(crate) keys: Keys,
    log_key: NoteKey,
    tree: Mutex<Tree>,
    verifier: RwLock<Arc<Verifier>>,
    witnesses: Witnesses,
    /// The newest checkpoint that enough witnesses cosigned.
    cosigned: RwLock<Option<SignedCheckpoint>>,
    /// A witness saw another log: nothing is signed any more.
    barred: AtomicBool,
    store: Store,
    list_size: u32,
    list_ttl: u64,
    bundle_life: Duration,
}

impl Issuer {
    /// Opens the issuer: keys, log, bundle. Refuses a stored log that its last checkpoint did not sign, and one that
    /// does not continue what a witness saw.
    pub(crate) async fn open(
        config: &Config,
        store: Store,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let keys = Keys::open(config)?;
        let witnesses = Witnesses::new(config)?;
        let log_key = NoteKey::new(
            &format!("{}/log", config.issuer),
            NoteKeyKind::Log,
            keys.log.public_key().clone(),
        )?;
        let mut tree = Tree::new();
        grow(&mut tree, &store).await?;
        if let Some(note) = store.last_checkpoint().await? {
            // A note of an earlier log key can not be checked here; its root can.
            let root = match SignedCheckpoint::open(&note, &log_key) {
                Ok(signed) => Some((signed.checkpoint().size, signed.checkpoint().root)),
                Err(_) => None,
            };
            if let Some((size, root)) = root
                && tree.root_at(size).ok() != Some(root)
            {
                return Err(Error::LogDamaged);
            }
        }
        let bundle_life = Duration::days(config.trust_bundle_days);
        let bundle = current_bundle(config, &keys, &log_key, &witnesses, &store, now).await?;
        let issuer = Self {
            name: config.issuer.clone(),
            simulated: config.simulated,
            keys,
            log_key,
            tree: Mutex::new(tree),
            verifier: RwLock::new(Arc::new(Verifier::new(bundle))),
            witnesses,
            cosigned: RwLock::default(),
            barred: AtomicBool::default(),
            store,
            list_size: config
                .status_list_size
                .clamp(4, tongguan_certificate::status::MAX_STATUSES),
            list_ttl: config.status_list_ttl.max(1),
            bundle_life,
        };
        issuer.witness().await?;
        Ok(issuer)
    }

    /// Shows the log to its witnesses where they have not all cosigned it as it stands.
    pub(crate) async fn witness(&self) -> Result<(), Error> {
        let signed = {
            let mut tree = self.tree.lock().await;
            grow(&mut tree, &self.store).await?;
            let cosigned = self.cosigned();
            let shown = cosigned.is_some_and(|cosigned| {
                cosigned.checkpoint().size == tree.size() && self.witnesses.all_signed(&cosigned)
            });
            if self.witnesses.is_empty() || tree.size() == 0 || shown {
                return Ok(());
            }
            self.sign_checkpoint(&tree).await?
        };
        let signed = match self.witnesses.show(&self.tree, signed).await {
            Err(Error::WitnessDisagrees { seen, held, .. })
                if seen > held && self.holds(seen).await? =>
            {
                // Another process of this log was faster; the next round shows what both hold.
                return Ok(());
            }
            Err(error @ Error::WitnessDisagrees { .. }) => {
                self.barred.store(true, Ordering::Relaxed);
                tracing::error!(%error, "nothing is signed any more");
                return Err(error);
            }
            shown => shown?,
        };
        if signed.cosigners(&self.witnesses.keys()).len() as u64 >= self.witnesses.quorum {
            let mut cosigned = self
                .cosigned
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *cosigned = Some(signed);
        }
        Ok(())
    }

    /// Whether the store has grown to the entries a witness saw.
    async fn holds(&self, seen: u64) -> Result<bool, Error> {
        let mut tree = self.tree.lock().await;
        grow(&mut tree, &self.store).await?;
        Ok(tree.size() >= seen)
    }

    fn cosigned(&self) -> Option<SignedCheckpoint> {
        let cosigned = self.cosigned.read().unwrap_or_else(PoisonError::into_inner);
        cosigned.clone()
    }

    /// The name of the status list an index stands in, and its place there.
    pub(crate) fn list_of(&self, index: u32) -> (String, u32) {
        (
            format!("{}/status/{}", self.name, index / self.list_size),
            index % self.list_size,
        )
    }

    /// Signs the log as it stands, and proves that entries are in it. The checkpoint is not stored yet: that is for
    /// whoever publishes a proof.
    pub(crate) async fn prove(
        &self,
        indices: &[u64],
    ) -> Result<(SignedCheckpoint, Vec<LogProof>), Error> {
        if self.barred.load(Ordering::Relaxed) {
            return Err(Error::LogDamaged);
        }
        let mut tree = self.tree.lock().await;
        grow(&mut tree, &self.store).await?;
        let signed =
            Checkpoint::of(self.log_key.name(), &tree).sign(&self.log_key, &self.keys.log)?;
        let proofs: Result<Vec<LogProof>, _> = indices
            .iter()
            .map(|index| signed.prove(&tree, *index))
            .collect();
        Ok((signed, proofs?))
    }

    /// The newest checkpoint; with witnesses, the newest that enough of them cosigned.
    pub(crate) async fn checkpoint(&self) -> Result<SignedCheckpoint, Error> {
        if self.witnesses.quorum > 0
            && let Some(cosigned) = self.cosigned()
        {
            return Ok(cosigned);
        }
        let mut tree = self.tree.lock().await;
        grow(&mut tree, &self.store).await?;
        self.sign_checkpoint(&tree).await
    }

    async fn sign_checkpoint(&self, tree: &Tree) -> Result<SignedCheckpoint, Error> {
        let signed =
            Checkpoint::of(self.log_key.name(), tree).sign(&self.log_key, &self.keys.log)?;
        self.store
            .store_checkpoint(signed.checkpoint().size, signed.note())
            .await?;
        Ok(signed)
    }

    /// A tile of hashes or of entries; `None` where the path names none.
    pub(crate) async fn tile(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let (of_entries, path) = match path.strip_prefix("tile/entries/") {
            Some(rest) => (true, format!("tile/0/{rest}")),
            None => (false, path.to_owned()),
        };
        let Some(tile) = Tile::parse(&path) else {
            return Ok(None);
        };
        let mut tree = self.tree.lock().await;
        grow(&mut tree, &self.store).await?;
        let Ok(hashes) = tile.bytes(&tree) else {
            return Ok(None);
        };
        if !of_entries {
            return Ok(Some(hashes));
        }
        let entries = self
            .store
            .entries(tile.index * 256, u32::from(tile.width))
            .await?;
        Ok(Some(tongguan_certificate::log::entry::join_bundle(
            &entries,
        )?))
    }

    /// The verifier under the bundle in force.
    pub(crate) fn verifier(&self) -> Arc<Verifier> {
        self.verifier
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The bundle in force, published again shortly before it ends.
    pub(crate) async fn bundle(&self, now: OffsetDateTime) -> Result<Arc<Verifier>, Error> {
        let held = self.verifier();
        let trust = held.bundle().trust();
        if OffsetDateTime::from(trust.expires_at) - RENEW > now {
            return Ok(held);
        }
        let renewed = Trust {
            version: trust.version + 1,
            issued_at: now.into(),
            expires_at: (now + self.bundle_life).into(),
            ..trust.clone()
        };
        let bundle = publish(&renewed, &self.keys, &self.store).await?;
        let verifier = Arc::new(Verifier::new(bundle));
        *self
            .verifier
            .write()
            .unwrap_or_else(PoisonError::into_inner) = verifier.clone();
        Ok(verifier)
    }

    /// The public half of the bundle's key.
    pub(crate) fn root_key(&self) -> &PublicKey {
        self.keys.root.public_key()
    }

    /// A status list, signed now. An empty name means the newest; `None` where there is no such list.
    pub(crate) async fn status_list(
        &self,
        name: &str,
        now: OffsetDateTime,
    ) -> Result<Option<(String, Vec<u8>, u64)>, Error> {
        let marked = self.store.marked().await?;
        let last = self.store.last_status_index().await?.unwrap_or(0);
        let number = if name.is_empty() {
            last / self.list_size
        } else {
            let prefix = format!("{}/status/", self.name);
            match name
                .strip_prefix(&prefix)
                .and_then(|number| number.parse().ok())
                .filter(|number| *number <= last / self.list_size)
            {
                Some(number) => number,
                None => return Ok(None),
            }
        };
        let name = format!("{}/status/{number}", self.name);
        let mut list = StatusList::new(&name, self.list_size, now.into(), self.list_ttl)?;
        for (index, state) in marked {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            if index / self.list_size == number {
                let status = match state.as_str() {
                    "USED" => Status::Used,
                    "SUSPENDED" => Status::Suspended,
                    _ => Status::Revoked,
                };
                list.set(index % self.list_size, status)?;
            }
        }
        Ok(Some((name, list.sign(&self.keys.issuer)?, self.list_ttl)))
    }
}

/// What a certificate's life says to a verifier; an expired one speaks for itself.
pub(crate) fn live(life: &Life) -> Live {
    match life {
        Life::Live | Life::Expired => Live::Unused,
        Life::Reserved { reservation } => Live::Reserved {
            until: Timestamp::from(reservation.until),
        },
        Life::Suspended { .. } => Live::Suspended,
        Life::Used { .. } => Live::Used,
        Life::Revoked { .. } => Live::Revoked,
        Life::Superseded { by } => Live::Superseded { by: *by },
    }
}

/// Brings the tree up to the entries in the store, which another process may have appended.
async fn grow(tree: &mut Tree, store: &Store) -> Result<(), Error> {
    const PAGE: u32 = 4_096;
    loop {
        let leaves = store.leaves(tree.size(), PAGE).await?;
        let full = leaves.len() == PAGE as usize;
        for leaf in leaves {
            let hash: [u8; 32] = leaf.try_into().map_err(|_| Error::LogDamaged)?;
            tree.append(Digest::from(tongguan_certificate::Fixed(hash)));
        }
        if !full {
            return Ok(());
        }
    }
}

/// Shows the log to its witnesses as it grows, until told to stop.
pub(crate) fn watched(
    issuer: Arc<Issuer>,
    config: &Config,
    tasks: &Tasks,
) -> impl Future<Output = ()> + Send + use<> {
    let pause = std::time::Duration::from_millis(config.witness_interval_ms.max(10));
    let stopping = tasks.stopping();
    async move {
        while !issuer.witnesses.is_empty() {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            if let Err(error) = issuer.witness().await {
                tracing::warn!(%error, "the log was not shown to its witnesses");
            }
        }
    }
}
