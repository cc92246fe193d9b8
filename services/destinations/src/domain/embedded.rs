//! The packs that come with the program, compiled once per process.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::catalogue::{Catalogue, PackProblem, market_of};

include!(concat!(env!("OUT_DIR"), "/packs.rs"));

/// The packs that come with the program, or every problem of every one of them.
pub fn embedded() -> &'static Result<Catalogue, Vec<PackProblem>> {
    static CATALOGUE: OnceLock<Result<Catalogue, Vec<PackProblem>>> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let texts: BTreeMap<String, Arc<str>> = TEXTS
            .iter()
            .map(|text| (market_of(text), Arc::from(*text)))
            .collect();
        Catalogue::compile(&texts, None)
    })
}
