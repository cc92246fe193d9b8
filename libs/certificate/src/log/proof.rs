//! Inclusion and consistency proofs: checking them (RFC 9162 sections 2.1.3.2 and 2.1.4.2).

use serde::Serialize;

use crate::cbor::{Parsed, Reader, Writer};
use crate::log::Hash;
use crate::signer::Signature;
use crate::values::{Digest, Fixed};

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Digest::of_parts(&[&[1], &left.0, &right.0])
}

/// The root that `path` proves for `leaf` at `index` in a tree of `size`, or `None` where the path
/// does not have the length of that place.
pub fn inclusion_root(leaf: &Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut root = *leaf;
    for sibling in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            root = node_hash(sibling, &root);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            root = node_hash(&root, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

/// Whether the tree of `new_size` with `new_root` continues the tree of `old_size` with `old_root`.
pub fn is_consistent(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    path: &[Hash],
) -> bool {
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return path.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        // The empty tree is the start of every tree.
        return path.is_empty() && *old_root == Digest::of(&[]);
    }
    let mut nodes = path.iter();
    let first = if old_size.is_power_of_two() {
        Some(old_root)
    } else {
        nodes.next()
    };
    let Some(first) = first else {
        return false;
    };
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (*first, *first);
    for sibling in nodes {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == *old_root && new == *new_root
}

/// The proof a certificate carries: its place in the log and the log's signature over that tree.
///
/// The root is not carried: it follows from the path, and the checkpoint signature fails if
/// anything was changed. CBOR: `[log key, index, size, path (32 bytes a hash), signature]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogProof {
    /// The id of the log's note key, 4 bytes.
    pub log_key: Fixed<4>,
    /// The entry's index.
    pub index: u64,
    /// The size of the tree that was signed.
    pub size: u64,
    /// The siblings from the leaf upwards, at most 63.
    pub path: Vec<Hash>,
    /// The log's Ed25519 signature over the checkpoint's text.
    pub signature: Fixed<64>,
}

impl LogProof {
    /// The longest path of a log with fewer than 2⁶³ entries.
    pub const MAX_PATH: usize = 63;

    /// The signature bytes.
    pub fn signature(&self) -> &Signature {
        &self.signature.0
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        let path: Vec<u8> = self.path.iter().flat_map(|hash| hash.0).collect();
        writer
            .array(5)
            .bytes(&self.log_key.0)
            .uint(self.index)
            .uint(self.size);
        writer.bytes(&path).bytes(&self.signature.0);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Parsed<Self> {
        reader.array_of(5)?;
        let log_key = Fixed(reader.fixed()?);
        let (index, size) = (reader.uint()?, reader.uint()?);
        let (hashes, rest) = reader.bytes()?.as_chunks::<32>();
        if !rest.is_empty() || hashes.len() > Self::MAX_PATH {
            return Err("path is not whole hashes or is too long");
        }
        Ok(Self {
            log_key,
            index,
            size,
            path: hashes.iter().copied().map(Fixed).collect(),
            signature: Fixed(reader.fixed()?),
        })
    }
}
