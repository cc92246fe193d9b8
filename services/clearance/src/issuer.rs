//! The issuer: signs certificates, keeps the transparency log, publishes bundle and status list.

mod bundle;
mod list;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;
use tongguan_certificate::log::tile::Tile;
use tongguan_certificate::{
    Checkpoint, Digest, Live, LogProof, NoteKey, NoteKeyKind, PublicKey, SignedCheckpoint,
    Signer as _, Timestamp, Tree, Trust, Verifier,
};
use tongguan_rpc::Tasks;

use crate::config::Config;
use crate::domain::certificate::Life;
use crate::error::Error;
use crate::keys::{Key, Keys};
use crate::store::Store;
use crate::witnesses::Witnesses;
use bundle::{current_bundle, publish};
pub(crate) use list::Published;

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
    /// The checkpoint that was signed and stored last.
    kept: RwLock<Option<SignedCheckpoint>>,
    /// The newest checkpoint that enough witnesses cosigned.
    cosigned: RwLock<Option<SignedCheckpoint>>,
    /// The status lists as they were signed last, by number.
    lists: Mutex<BTreeMap<u32, Arc<Published>>>,
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
        Self::with(Keys::open(config)?, config, store, now).await
    }

    async fn with(
        keys: Keys,
        config: &Config,
        store: Store,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
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
            kept: RwLock::default(),
            cosigned: RwLock::default(),
            lists: Mutex::default(),
            store,
            list_size: config.list_size(),
            list_ttl: config.status_list_ttl.max(1),
            bundle_life,
        };
        issuer.witness().await?;
        Ok(issuer)
    }

    /// Shows the log to its witnesses where they have not all cosigned it as it stands.
    pub(crate) async fn witness(&self) -> Result<(), Error> {
        self.standing()?;
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
            self.of(&tree)
        };
        let signed = self.sign_checkpoint(signed).await?;
        let signed = match self.witnesses.show(&self.tree, signed).await {
            Err(Error::WitnessDisagrees { seen, held, .. })
                if seen > held && self.holds(seen).await? =>
            {
                // Another process of this log was faster; the next round shows what both hold.
                return Ok(());
            }
            Err(error @ Error::WitnessDisagrees { .. }) => {
                let why = self.keys.bar.get_or_init(|| error.to_string());
                tracing::error!(why, "nothing is signed any more");
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

    /// Whether the log may be relied on: once a witness disagreed, nothing is signed, reserved or used on it by this
    /// process any more, because a certificate whose use was forgotten could be used again.
    pub(crate) fn standing(&self) -> Result<(), Error> {
        match self.keys.bar.get() {
            None => Ok(()),
            Some(why) => Err(Error::Barred { why: why.clone() }),
        }
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
        self.standing()?;
        let signed = self.sign(self.grown().await?).await?;
        let tree = self.tree.lock().await;
        let proofs: Result<Vec<LogProof>, _> = indices
            .iter()
            .map(|index| signed.prove(&tree, *index))
            .collect();
        Ok((signed, proofs?))
    }

    /// The newest checkpoint; with witnesses, the newest that enough of them cosigned.
    pub(crate) async fn checkpoint(&self) -> Result<SignedCheckpoint, Error> {
        self.standing()?;
        if self.witnesses.quorum > 0
            && let Some(cosigned) = self.cosigned()
        {
            return Ok(cosigned);
        }
        self.sign_checkpoint(self.grown().await?).await
    }

    fn of(&self, tree: &Tree) -> Checkpoint {
        Checkpoint::of(self.log_key.name(), tree)
    }

    /// The log as it stands in the store.
    async fn grown(&self) -> Result<Checkpoint, Error> {
        let mut tree = self.tree.lock().await;
        grow(&mut tree, &self.store).await?;
        Ok(self.of(&tree))
    }

    /// Signs and keeps a checkpoint; the one that was kept last, where it says the same.
    async fn sign_checkpoint(&self, checkpoint: Checkpoint) -> Result<SignedCheckpoint, Error> {
        let held = {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            kept.clone()
        };
        if let Some(held) = held.filter(|held| *held.checkpoint() == checkpoint) {
            return Ok(held);
        }
        let signed = self.sign(checkpoint).await?;
        self.store
            .store_checkpoint(signed.checkpoint().size, signed.note())
            .await?;
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(signed.clone());
        Ok(signed)
    }

    /// Signs a checkpoint. The tree is not held meanwhile: a token may take its time.
    async fn sign(&self, checkpoint: Checkpoint) -> Result<SignedCheckpoint, Error> {
        let log = self.log_key.clone();
        let signing = move |key: &Key| checkpoint.sign(&log, key);
        self.keys.log.signing(signing).await
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
        self.standing()?;
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

#[cfg(test)]
mod tests;
