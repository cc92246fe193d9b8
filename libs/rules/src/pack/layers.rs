//! Where a pack finds the layers it extends.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Pack;

/// Finds layer packs by market code.
pub trait Layers {
    /// The layer pack of this code.
    fn find(&self, market: &str) -> Option<&Pack>;
    /// The codes there are, for the nearest-name hint.
    fn codes(&self) -> Vec<&str>;
}

/// No layers.
impl Layers for () {
    fn find(&self, _: &str) -> Option<&Pack> {
        None
    }

    fn codes(&self) -> Vec<&str> {
        Vec::new()
    }
}

impl Layers for BTreeMap<String, Arc<Pack>> {
    fn find(&self, market: &str) -> Option<&Pack> {
        self.get(market).map(|pack| &**pack)
    }

    fn codes(&self) -> Vec<&str> {
        self.keys().map(String::as_str).collect()
    }
}

impl Layers for [Pack] {
    fn find(&self, market: &str) -> Option<&Pack> {
        self.iter().find(|pack| pack.market == market)
    }

    fn codes(&self) -> Vec<&str> {
        self.iter().map(|pack| pack.market.as_str()).collect()
    }
}
