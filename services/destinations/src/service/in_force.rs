//! Which packs are in force: those of the program, those published since, and any older one by its digest.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use time::{Duration, OffsetDateTime};
use tongguan_rules::Pack;

use super::Service;
use crate::domain::{Catalogue, Publication, State, embedded};
use crate::error::Error;
use crate::store::StoredPack;

/// What is in force, and what is on its way.
pub(super) struct InForce {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) publications: Arc<Vec<Publication>>,
    pub(super) read_at: OffsetDateTime,
}

impl Service {
    /// The packs in force now.
    pub(crate) async fn catalogue(&self) -> Result<Arc<Catalogue>, Error> {
        let now = self.now();
        let (catalogue, due) = {
            let held = self.in_force.read().unwrap_or_else(PoisonError::into_inner);
            let age = now - held.read_at;
            let turned = held.publications.iter().any(|publication| {
                !publication.confirmed_by.is_empty()
                    && publication.effective_at > held.read_at
                    && publication.effective_at <= now
            });
            (
                held.catalogue.clone(),
                turned || age >= Duration::seconds(i64::from(self.config.refresh_seconds)),
            )
        };
        if due {
            self.refresh(now).await
        } else {
            Ok(catalogue)
        }
    }

    /// Reads what was published and compiles what changed.
    pub(super) async fn refresh(&self, now: OffsetDateTime) -> Result<Arc<Catalogue>, Error> {
        let publications = self.store.publications().await?;
        let before = self
            .in_force
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .catalogue
            .clone();
        let mut texts = embedded()
            .as_ref()
            .map_or_else(|_| before.texts().clone(), |base| base.texts().clone());
        for publication in publications
            .iter()
            .filter(|publication| publication.state(now) == State::InForce)
        {
            texts.insert(
                publication.market.clone(),
                Arc::from(publication.yaml.as_str()),
            );
        }
        let catalogue = if texts == *before.texts() {
            before
        } else {
            let next =
                Arc::new(Catalogue::compile(&texts, Some(&before)).map_err(Error::PackRefused)?);
            self.keep(&next).await?;
            next
        };
        let mut held = self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *held = InForce {
            catalogue: catalogue.clone(),
            publications: Arc::new(publications),
            read_at: now,
        };
        Ok(catalogue)
    }

    /// Keeps the texts of packs, so that what they decide can be replayed after they are gone.
    pub(super) async fn keep(&self, catalogue: &Catalogue) -> Result<(), Error> {
        let packs: Vec<StoredPack> = catalogue
            .iter()
            .map(|pack| stored(pack, catalogue))
            .collect();
        Ok(self.store.keep_packs(&packs, self.now()).await?)
    }

    pub(super) fn publications(&self) -> Arc<Vec<Publication>> {
        self.in_force
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .publications
            .clone()
    }

    /// A pack by its digest, compiled from its kept text if it is no longer in force.
    pub(crate) async fn pack_of(&self, digest: &str) -> Result<Arc<Pack>, Error> {
        let catalogue = self.catalogue().await?;
        if let Some(pack) = catalogue.iter().find(|pack| pack.digest == digest) {
            return Ok(pack.clone());
        }
        let unknown = || Error::PackUnknown {
            digest: digest.to_owned(),
        };
        let wanted = self.store.find_pack(digest).await?.ok_or_else(unknown)?;
        let mut texts = BTreeMap::new();
        for layer in &wanted.layers {
            let layer = self.store.find_pack(layer).await?.ok_or_else(unknown)?;
            texts.insert(layer.market, Arc::from(layer.yaml));
        }
        texts.insert(wanted.market.clone(), Arc::from(wanted.yaml));
        let compiled = Catalogue::compile(&texts, None).map_err(Error::PackRefused)?;
        let pack = compiled
            .find(&wanted.market)
            .filter(|pack| pack.digest == digest);
        pack.cloned().ok_or_else(unknown)
    }
}

/// A pack as it is kept.
pub(super) fn stored(pack: &Pack, catalogue: &Catalogue) -> StoredPack {
    StoredPack {
        digest: pack.digest.clone(),
        market: pack.market.clone(),
        version: pack.version.to_string(),
        yaml: catalogue
            .texts()
            .get(&pack.market)
            .map_or_else(String::new, ToString::to_string),
        layers: pack
            .layers
            .iter()
            .map(|layer| layer.digest.clone())
            .collect(),
    }
}
