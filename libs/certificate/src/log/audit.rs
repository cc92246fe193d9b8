//! Auditing a log: rebuild it from its entry bundles and hold it against what was published.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::log::entry::{Entry, leaf_hash, split_bundle};
use crate::log::{Checkpoint, Tree};
use uuid::Uuid;

/// What an audit found wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// An entry or a bundle cannot be read.
    #[error("bundle {bundle}: {problem}")]
    Unreadable {
        /// Its place.
        bundle: usize,
        /// What was wrong.
        problem: String,
    },
    /// Only the last bundle may be partial.
    #[error("bundle {bundle} holds {entries} entries and is not the last")]
    Gap {
        /// Its place.
        bundle: usize,
        /// Entries it holds.
        entries: usize,
    },
    /// One certificate id stands twice.
    #[error("certificate {id} stands at {first} and at {second}")]
    Repeated {
        /// The certificate.
        id: Uuid,
        /// Index of the first entry.
        first: u64,
        /// Index of the second.
        second: u64,
    },
    /// The log is shorter than a checkpoint it signed: entries were lost.
    #[error("the log holds {held} entries, its checkpoint says {published}")]
    Shorter {
        /// Entries held.
        held: u64,
        /// Entries published.
        published: u64,
    },
    /// The log is not the one of its checkpoint: entries were changed.
    #[error("the root at {size} entries is not the published one")]
    Changed {
        /// The checkpoint's size.
        size: u64,
    },
}

/// Rebuilds the tree from bundles in order and names everything that is wrong, all at once.
///
/// `published` are checkpoints the log must continue: its own last one, and what its witnesses saw.
pub fn audit<'b>(
    bundles: impl IntoIterator<Item = &'b [u8]>,
    published: &[Checkpoint],
) -> (Tree, Vec<Finding>) {
    let (mut tree, mut findings) = (Tree::new(), Vec::new());
    let mut seen: HashMap<Uuid, u64> = HashMap::new();
    let mut partial = None;
    for (bundle, bytes) in bundles.into_iter().enumerate() {
        if let Some((bundle, entries)) = partial.take() {
            findings.push(Finding::Gap { bundle, entries });
        }
        let entries = match split_bundle(bytes) {
            Ok(entries) => entries,
            Err(e) => {
                findings.push(unreadable(bundle, &e));
                continue;
            }
        };
        partial = (entries.len() < 256).then_some((bundle, entries.len()));
        for bytes in entries {
            let index = tree.append(leaf_hash(bytes));
            match Entry::from_bytes(bytes) {
                Err(e) => findings.push(unreadable(bundle, &e)),
                Ok(entry) => {
                    if let Some(first) = seen.insert(entry.certificate_id, index) {
                        findings.push(Finding::Repeated {
                            id: entry.certificate_id,
                            first,
                            second: index,
                        });
                    }
                }
            }
        }
    }
    findings.extend(
        published
            .iter()
            .filter_map(|checkpoint| tree.departs_from(checkpoint)),
    );
    (tree, findings)
}

fn unreadable(bundle: usize, error: &Error) -> Finding {
    Finding::Unreadable {
        bundle,
        problem: error.to_string(),
    }
}

impl Tree {
    /// How this tree fails to continue a checkpoint, if it does.
    pub fn departs_from(&self, checkpoint: &Checkpoint) -> Option<Finding> {
        match self.root_at(checkpoint.size) {
            Err(_) => Some(Finding::Shorter {
                held: self.size(),
                published: checkpoint.size,
            }),
            Ok(root) if root != checkpoint.root => Some(Finding::Changed {
                size: checkpoint.size,
            }),
            Ok(_) => None,
        }
    }

    /// The guard for start-up: refuses to append to a tree that does not continue `checkpoint`, be it
    /// the log's own last one or a witness's. A log restored from an old backup stops here instead of
    /// signing a fork.
    pub fn require_continues(&self, checkpoint: &Checkpoint) -> Result<()> {
        match self.departs_from(checkpoint) {
            None => Ok(()),
            Some(finding) => Err(Error::Log(finding.to_string())),
        }
    }
}
