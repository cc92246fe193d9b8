//! Tiles of 256 hashes and their paths (C2SP tlog-tiles), to be served as static files.

use crate::error::{Error, Result};
use crate::log::Tree;

/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: u64 = 256;

/// One tile: level 0 holds leaf hashes, level L the hashes of full tiles at L − 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// Level, 0–7.
    pub level: u8,
    /// Place in its level.
    pub index: u64,
    /// Hashes in it, 1–256; fewer than 256 makes it a partial tile.
    pub width: u16,
}

impl Tile {
    /// Its path below the log's address: `tile/0/x001/067`, partial `tile/0/x001/067.p/5`.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, place(self.index, self.width))
    }

    /// The path of the entry bundle beside a tile of level 0.
    pub fn entries_path(&self) -> String {
        format!("tile/entries/{}", place(self.index, self.width))
    }

    /// Reads a path of [`Tile::path`] back; `None` for any other text.
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (level, rest) = rest.split_once('/')?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (
                number,
                width
                    .parse()
                    .ok()
                    .filter(|width| (1..256).contains(width))?,
            ),
            None => (rest, 256),
        };
        let index = number.split('/').try_fold(0_u64, |index, part| {
            let digits = part.strip_prefix('x').unwrap_or(part);
            index.checked_mul(1_000)?.checked_add(digits.parse().ok()?)
        })?;
        let tile = Self {
            level: level.parse().ok().filter(|level| *level < 8)?,
            index,
            width,
        };
        (tile.path() == path).then_some(tile)
    }

    /// The hashes, 32 bytes each.
    pub fn bytes(&self, tree: &Tree) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::from(self.width) * 32);
        for offset in 0..u64::from(self.width) {
            let node = self
                .index
                .checked_mul(WIDTH)
                .and_then(|first| first.checked_add(offset));
            let hash = node
                .and_then(|node| tree.node(usize::from(self.level) * 8, node))
                .ok_or_else(|| Error::Log(format!("{} is beyond the tree", self.path())))?;
            bytes.extend_from_slice(&hash.0);
        }
        Ok(bytes)
    }
}

fn place(index: u64, width: u16) -> String {
    let mut text = format!("{:03}", index % 1_000);
    let mut rest = index / 1_000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1_000);
        rest /= 1_000;
    }
    if u64::from(width) < WIDTH {
        text += ".p/";
        text += &width.to_string();
    }
    text
}

/// The tiles to write when a tree has grown from `old` to `new` entries: every tile that gained a
/// hash, with its present width.
pub fn grown(old: u64, new: u64) -> Vec<Tile> {
    let mut tiles = Vec::new();
    for level in 0..8_u8 {
        let shift = u32::from(level) * 8;
        let (before, after) = (old >> shift, new >> shift);
        if after == before {
            break;
        }
        for index in before / WIDTH..after.div_ceil(WIDTH) {
            let width = (after - index * WIDTH).min(WIDTH) as u16;
            tiles.push(Tile {
                level,
                index,
                width,
            });
        }
    }
    tiles
}
