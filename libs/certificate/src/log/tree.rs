//! The Merkle tree in memory: appends, roots and proofs at any size it has had.

use crate::error::{Error, Result};
use crate::log::Hash;
use crate::log::proof::node_hash;
use crate::values::Digest;

/// An append-only tree. `levels[k][i]` is the hash of the full subtree over entries
/// `i·2ᵏ .. (i+1)·2ᵏ`; 64 bytes of memory an entry.
///
/// One tree may be rebuilt from the leaf hashes in storage with [`Tree::from_leaf_hashes`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Rebuilds a tree from its leaf hashes in order.
    pub fn from_leaf_hashes(leaves: impl IntoIterator<Item = Hash>) -> Self {
        let mut tree = Self::new();
        for leaf in leaves {
            tree.append(leaf);
        }
        tree
    }

    /// How many entries it holds.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Appends a leaf hash and returns its index.
    pub fn append(&mut self, leaf: Hash) -> u64 {
        let index = self.size();
        let mut hash = leaf;
        let mut level = 0;
        loop {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let row = &mut self.levels[level];
            row.push(hash);
            if !row.len().is_multiple_of(2) {
                return index;
            }
            hash = node_hash(&row[row.len() - 2], &row[row.len() - 1]);
            level += 1;
        }
    }

    /// The leaf hash at `index`.
    pub fn leaf(&self, index: u64) -> Option<&Hash> {
        self.node(0, index)
    }

    pub(crate) fn node(&self, level: usize, index: u64) -> Option<&Hash> {
        self.levels.get(level)?.get(usize::try_from(index).ok()?)
    }

    /// The root of the whole tree; the empty tree's is SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        self.subtree(0, self.size())
    }

    /// The root the tree had at `size`.
    pub fn root_at(&self, size: u64) -> Result<Hash> {
        self.within(size)?;
        Ok(self.subtree(0, size))
    }

    /// The siblings from the leaf at `index` up to the root of the tree of `size` (RFC 9162 2.1.3.1).
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>> {
        self.within(size)?;
        if index >= size {
            return Err(Error::Log(format!(
                "entry {index} is not in a tree of {size}"
            )));
        }
        let mut path = Vec::new();
        let (mut from, mut to) = (0, size);
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                path.push(self.subtree(middle, to));
                to = middle;
            } else {
                path.push(self.subtree(from, middle));
                from = middle;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// The proof that the tree of `new` continues the tree of `old` (RFC 9162 2.1.4.1); empty where
    /// they are equal or `old` is 0.
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>> {
        self.within(new)?;
        if old > new {
            return Err(Error::Log(format!(
                "a tree of {new} does not continue one of {old}"
            )));
        }
        let mut path = Vec::new();
        if old == 0 || old == new {
            return Ok(path);
        }
        let (mut from, mut to, mut whole) = (0, new, true);
        while old != to {
            let middle = from + split(to - from);
            if old <= middle {
                path.push(self.subtree(middle, to));
                to = middle;
            } else {
                path.push(self.subtree(from, middle));
                from = middle;
                whole = false;
            }
        }
        if !whole {
            path.push(self.subtree(from, to));
        }
        path.reverse();
        Ok(path)
    }

    fn within(&self, size: u64) -> Result<()> {
        if size <= self.size() {
            Ok(())
        } else {
            Err(Error::Log(format!(
                "size {size} is beyond the tree of {}",
                self.size()
            )))
        }
    }

    /// The root over entries `from..to`, where `from` is a multiple of the largest power of two below
    /// the length: the only ranges a Merkle tree has.
    fn subtree(&self, from: u64, to: u64) -> Hash {
        let length = to - from;
        if length == 0 {
            return Digest::of(&[]);
        }
        let level = length.trailing_zeros();
        if length.is_power_of_two()
            && let Some(hash) = self.node(level as usize, from >> level)
        {
            return *hash;
        }
        let middle = from + split(length);
        node_hash(&self.subtree(from, middle), &self.subtree(middle, to))
    }
}

/// The largest power of two below `length`, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}
