//! Holds everything the issuer stored against everything else: entries, tiles, checkpoints, bundles, certificates, status.
//!
//! Nothing is changed, and nothing stops at the first fault: a report that names all of them is what a restore needs.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use tongguan_certificate::log::entry::{Entry, join_bundle, leaf_hash};
use tongguan_certificate::log::tile::grown;
use tongguan_certificate::log::{SignedCheckpoint, audit};
use tongguan_certificate::verify::Against;
use tongguan_certificate::{
    Certificate, Checkpoint, Digest, Live, Reason, Signer as _, Tree, TrustBundle, Verifier,
};
use tongguan_storage::Database;

use crate::config::Config;
use crate::error::Error;
use crate::keys::Keys;
use crate::store::Store;
use crate::store::log::{CertificateRow, EntryRow};

/// Rows read at a time: one entry bundle of C2SP tlog-tiles.
const PAGE: u32 = 256;

/// Where a fault stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
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

/// Checks the issuer's tables in a database; the keys of the configuration are only looked at for the bundle's root.
pub async fn fsck(config: &Config, database: Database) -> Result<Findings, Error> {
    let store = Store::new(database);
    let mut found = Findings::default();
    let bundle = bundles(config, &store, &mut found).await?;
    let (tree, entries) = entries(&store, &mut found).await?;
    checkpoints(&store, bundle.as_ref(), &tree, &mut found).await?;
    certificates(config, &store, bundle.as_ref(), &entries, &mut found).await?;
    Ok(found)
}

/// Every edition opens and follows the one before; the last one.
async fn bundles(
    config: &Config,
    store: &Store,
    found: &mut Findings,
) -> Result<Option<TrustBundle>, Error> {
    let editions = store.bundles().await?;
    found.trust_bundles = editions.len();
    if editions.is_empty() {
        return Ok(None);
    }
    let root = Keys::open(config)?.root.public_key().clone();
    let mut last: Option<TrustBundle> = None;
    for (version, bytes) in editions {
        let opened = match &last {
            None => TrustBundle::open(&bytes, std::slice::from_ref(&root)),
            Some(before) => before.replace(&bytes, std::slice::from_ref(&root)),
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
    Ok(last)
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

/// Every checkpoint is signed by a log of the bundle and is one the entries continue.
async fn checkpoints(
    store: &Store,
    bundle: Option<&TrustBundle>,
    tree: &Tree,
    found: &mut Findings,
) -> Result<(), Error> {
    let logs = bundle
        .map(|bundle| bundle.trust().logs.clone())
        .unwrap_or_default();
    for (size, note) in store.checkpoints().await? {
        found.checkpoints += 1;
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

/// Every certificate verifies as of its issue, stands in the log where it says, and alone on its status index.
async fn certificates(
    config: &Config,
    store: &Store,
    bundle: Option<&TrustBundle>,
    logged: &Logged,
    found: &mut Findings,
) -> Result<(), Error> {
    let verifier = bundle.cloned().map(Verifier::new);
    let (mut after, mut places) = (uuid::Uuid::nil(), BTreeMap::new());
    let mut known = std::collections::BTreeSet::new();
    loop {
        let page = store.certificate_rows(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for row in page {
            known.insert(row.id);
            found.certificates += 1;
            if let Some(other) = places.insert(row.status_index, row.id) {
                let problem = format!("is that of {other} and of {}", row.id);
                found.fault(Part::Status, row.status_index, problem);
            }
            if let Some(cose) = &row.cose {
                certificate(config, &row, cose, verifier.as_ref(), logged, found);
            } else if row.state != "PREPARED" {
                found.fault(Part::Certificate, row.id, "was issued and has no envelope");
            }
        }
    }
    for (id, (index, _)) in logged.iter().filter(|(id, _)| !known.contains(*id)) {
        found.fault(
            Part::Certificate,
            id,
            format!("is logged at {index} and not in the store"),
        );
    }
    let next = store
        .last_status_index()
        .await?
        .map_or(0, |last| i64::from(last) + 1);
    for (index, id) in places.range(next..) {
        found.fault(
            Part::Status,
            index,
            format!("of {id} was never drawn: it can be given twice"),
        );
    }
    Ok(())
}

fn certificate(
    config: &Config,
    row: &CertificateRow,
    cose: &[u8],
    verifier: Option<&Verifier>,
    logged: &Logged,
    found: &mut Findings,
) {
    if !logged.contains_key(&row.id) {
        found.fault(Part::Certificate, row.id, "does not stand in the log");
    }
    let certificate = match Certificate::from_cose(cose) {
        Ok(certificate) => certificate,
        Err(error) => return found.fault(Part::Certificate, row.id, error),
    };
    let record = certificate.record();
    if record.id != row.id {
        let problem = format!("its envelope is that of {}", record.id);
        return found.fault(Part::Certificate, row.id, problem);
    }
    if let Some((index, entry)) = logged.get(&row.id)
        && entry.to_bytes() != certificate.log_entry()
    {
        let problem = format!("entry {index} logs other content under its id");
        found.fault(Part::Certificate, row.id, problem);
    }
    let size = i64::from(config.status_list_size.max(4));
    if i64::from(record.status.index) != row.status_index % size {
        let problem = format!(
            "states index {}, its row has {}",
            record.status.index, row.status_index
        );
        found.fault(Part::Status, row.id, problem);
    }
    let against = Against {
        live: Some(Live::Unused),
        ..Against::default()
    };
    if let Some(verifier) = verifier {
        let report = verifier.verify(cose, &against, record.issued_at);
        if report.reason != Reason::AllChecksPassed {
            let problem = format!("does not verify as of its issue: {}", report.reason.code());
            found.fault(Part::Certificate, row.id, problem);
        }
    }
}
