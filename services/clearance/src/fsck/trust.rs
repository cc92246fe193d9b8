//! The issuer's keys, the editions of its trust bundle, and the checkpoints they sign.

use tongguan_certificate::log::SignedCheckpoint;
use tongguan_certificate::{Checkpoint, Signer as _, Tree, TrustBundle};

use super::{Findings, Part};
use crate::config::Config;
use crate::error::Error;
use crate::keys::Keys;
use crate::store::Store;

/// The keys are there, every edition opens with their root and follows the one before, and the last one names them;
/// that edition.
pub(super) async fn check(
    config: &Config,
    store: &Store,
    found: &mut Findings,
) -> Result<Option<TrustBundle>, Error> {
    let editions = store.bundles().await?;
    found.trust_bundles = editions.len();
    if editions.is_empty() {
        // The issuer never started here: any keys would do.
        return Ok(None);
    }
    let keys = match Keys::existing(config) {
        Ok(keys) => keys,
        Err(Error::KeysMissing { files }) => {
            for file in files {
                let problem = "is not there: a start would make another, under which nothing that was issued verifies";
                found.fault(Part::Key, file, problem);
            }
            return Ok(None);
        }
        Err(Error::Key { file, source }) => {
            found.fault(Part::Key, file, format!("can not be used: {source}"));
            return Ok(None);
        }
        Err(other) => return Err(other),
    };
    let roots = [keys.root.public_key().clone()];
    let mut last: Option<TrustBundle> = None;
    for (version, bytes) in editions {
        let opened = match &last {
            None => TrustBundle::open(&bytes, &roots),
            Some(before) => before.replace(&bytes, &roots),
        };
        match opened {
            Ok(bundle) if bundle.trust().version == version => last = Some(bundle),
            Ok(bundle) => {
                let problem = format!("says that it is edition {}", bundle.trust().version);
                found.fault(Part::TrustBundle, version, problem);
            }
            Err(error) => found.fault(Part::TrustBundle, version, error),
        }
    }
    if let Some(bundle) = &last {
        named(&keys, bundle, found);
    }
    Ok(last)
}

/// What signs is what verifiers were told; a key that is not was never announced, or is another installation's.
fn named(keys: &Keys, bundle: &TrustBundle, found: &mut Findings) {
    let trust = bundle.trust();
    let problem = format!("is not in edition {} of the trust bundle", trust.version);
    if bundle.key(keys.issuer.key_id()).is_none() {
        found.fault(Part::Key, "issuer", &problem);
    }
    let log = keys.log.public_key();
    if !trust.logs.iter().any(|known| known.public_key() == log) {
        found.fault(Part::Key, "log", &problem);
    }
}

/// Every checkpoint is signed by a log of the bundle and is one the entries continue.
pub(super) async fn checkpoints(
    store: &Store,
    bundle: Option<&TrustBundle>,
    tree: &Tree,
    found: &mut Findings,
) -> Result<(), Error> {
    let held = store.checkpoints().await?;
    found.checkpoints = held.len();
    let Some(bundle) = bundle else {
        if found.trust_bundles == 0 && found.checkpoints > 0 {
            found.fault(
                Part::TrustBundle,
                "",
                "there is none, and there are checkpoints",
            );
        }
        // Without a bundle that opens there is no key to hold them against; that is named already.
        return Ok(());
    };
    let logs = &bundle.trust().logs;
    for (size, note) in held {
        let opened = logs
            .iter()
            .find_map(|log| SignedCheckpoint::open(&note, log).ok());
        let Some(signed) = opened else {
            found.fault(
                Part::Checkpoint,
                size,
                "is not signed by a log of the trust bundle",
            );
            continue;
        };
        let checkpoint: &Checkpoint = signed.checkpoint();
        if checkpoint.size != size {
            let problem = format!("signs {} entries", checkpoint.size);
            found.fault(Part::Checkpoint, size, problem);
        }
        if let Some(finding) = tree.departs_from(checkpoint) {
            found.fault(Part::Checkpoint, size, finding);
        }
    }
    Ok(())
}
