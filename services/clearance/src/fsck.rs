//! Holds everything the issuer stored against everything else: entries, tiles, checkpoints, bundles, certificates,
//! status and keys.
//!
//! Nothing is changed, and nothing stops at the first fault: a report that names all of them is what a restore needs.

mod certificates;
mod trust;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use tongguan_certificate::log::audit;
use tongguan_certificate::log::entry::{Entry, join_bundle, leaf_hash};
use tongguan_certificate::log::tile::grown;
use tongguan_certificate::{Digest, Tree};
use tongguan_storage::Database;

use crate::config::Config;
use crate::error::Error;
use crate::store::Store;
use crate::store::log::EntryRow;

/// Rows read at a time: one entry bundle of C2SP tlog-tiles.
const PAGE: u32 = 256;

/// Where a fault stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A key of the issuer.
    Key,
    /// An entry of the log, or one that is missing.
    Entry,
    /// A tile of hashes that the entries do not give.
    Tile,
    /// A checkpoint.
    Checkpoint,
    /// An edition of the trust bundle.
    TrustBundle,
    /// A certificate.
    Certificate,
    /// A place on a status list.
    Status,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where.
    pub part: Part,
    /// Which one: an index, a size, an edition, an id.
    pub place: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}: {}", self.part, self.place, self.problem)
    }
}

/// What was looked at, and every fault.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Findings {
    /// Entries of the log.
    pub entries: u64,
    /// Tiles of hashes they give.
    pub tiles: usize,
    /// Signed checkpoints.
    pub checkpoints: usize,
    /// Editions of the trust bundle.
    pub trust_bundles: usize,
    /// Certificates.
    pub certificates: usize,
    /// Faults, in the order found.
    pub faults: Vec<Fault>,
}

impl Findings {
    fn fault(&mut self, part: Part, place: impl ToString, problem: impl ToString) {
        self.faults.push(Fault {
            part,
            place: place.to_string(),
            problem: problem.to_string(),
        });
    }
}

/// Checks the issuer's tables and keys against each other; makes no key and changes nothing.
pub async fn fsck(config: &Config, database: Database) -> Result<Findings, Error> {
    let store = Store::new(database);
    let mut found = Findings::default();
    let bundle = trust::check(config, &store, &mut found).await?;
    let (tree, logged) = entries(&store, &mut found).await?;
    trust::checkpoints(&store, bundle.as_ref(), &tree, &mut found).await?;
    certificates::check(config, &store, bundle.as_ref(), &logged, &mut found).await?;
    Ok(found)
}

/// Checks only the keys and the trust bundles: quick, however long the log is. None where the issuer never started on
/// this database, and any keys would do.
pub async fn keys(config: &Config, database: Database) -> Result<Option<Findings>, Error> {
    let mut found = Findings::default();
    trust::check(config, &Store::new(database), &mut found).await?;
    Ok((found.trust_bundles > 0).then_some(found))
}

/// Entries by the certificate they log.
type Logged = BTreeMap<uuid::Uuid, (u64, Entry)>;

/// Every entry is there, is what its hash says, and logs one certificate; tiles follow from them.
async fn entries(store: &Store, found: &mut Findings) -> Result<(Tree, Logged), Error> {
    let (mut rows, mut next): (Vec<EntryRow>, u64) = (Vec::new(), 0);
    loop {
        let page = store.entry_rows(next, PAGE).await?;
        let Some(last) = page.last() else { break };
        next = last.log_index.unsigned_abs() + 1;
        rows.extend(page);
    }
    let (mut logged, mut bundles) = (Logged::new(), Vec::new());
    let mut expected = 0;
    for row in &rows {
        let index = row.log_index.unsigned_abs();
        if index != expected {
            let problem = format!("stands where entry {expected} must: some before it are missing");
            found.fault(Part::Entry, index, problem);
        }
        expected = index + 1;
        if leaf_hash(&row.entry).0.as_slice() != row.leaf_hash {
            found.fault(Part::Entry, index, "its leaf hash is that of another entry");
        }
        match Entry::from_bytes(&row.entry) {
            Ok(entry) if entry.certificate_id != row.certificate_id => {
                let problem = format!(
                    "logs {}, its row says {}",
                    entry.certificate_id, row.certificate_id
                );
                found.fault(Part::Entry, index, problem);
            }
            Ok(entry) => {
                logged.insert(entry.certificate_id, (index, entry));
            }
            // Named by the audit below.
            Err(_) => {}
        }
    }
    for chunk in rows.chunks(PAGE as usize) {
        let entries: Vec<Vec<u8>> = chunk.iter().map(|row| row.entry.clone()).collect();
        bundles.push(join_bundle(&entries)?);
    }
    let (tree, findings) = audit(bundles.iter().map(Vec::as_slice), &[]);
    for finding in findings {
        found.fault(Part::Entry, "", finding);
    }
    let stored = Tree::from_leaf_hashes(
        rows.iter()
            .filter_map(|row| row.leaf_hash.as_slice().try_into().ok())
            .map(|hash: [u8; 32]| Digest::from(tongguan_certificate::Fixed(hash))),
    );
    found.entries = tree.size();
    for tile in grown(0, tree.size()) {
        found.tiles += 1;
        if tile.bytes(&tree).ok() != tile.bytes(&stored).ok() {
            found.fault(
                Part::Tile,
                tile.path(),
                "what is served is not what the entries give",
            );
        }
    }
    Ok((tree, logged))
}
