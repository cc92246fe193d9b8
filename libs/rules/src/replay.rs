//! Decisions as bytes: the same pack and facts give the same record, for ever.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::facts::{FactError, Facts};
use crate::pack::Pack;
use crate::verdict::{Verdict, evaluate};

/// Everything a decision depended on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The version of the language, as [`engine_version`](crate::engine_version).
    pub engine: String,
    /// The market.
    pub market: String,
    /// The digest of its pack.
    pub digest: String,
    /// The facts, dates included, in canonical form.
    pub facts: Value,
}

/// Why a record could not be replayed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReplayError {
    /// Another pack is needed.
    #[error("the record was made with pack {wanted}, not {given}")]
    Pack {
        /// The digest in the record.
        wanted: String,
        /// The digest of the pack given.
        given: String,
    },
    /// Another version of the language is needed.
    #[error("the record was made by {wanted}, this is {given}")]
    Engine {
        /// The version in the record.
        wanted: String,
        /// The version of this crate.
        given: &'static str,
    },
    /// The facts do not fit the schema.
    #[error("the recorded facts do not fit the schema: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Facts(Vec<FactError>),
}

impl Record {
    /// Records what a decision depends on.
    pub fn of(pack: &Pack, facts: &Facts) -> Self {
        Self {
            engine: crate::engine_version().to_owned(),
            market: pack.market.clone(),
            digest: pack.digest.clone(),
            facts: facts.to_json(),
        }
    }

    /// The record as canonical bytes: JSON without blanks, keys in fixed order.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::json!({ "digest": self.digest, "engine": self.engine, "facts": self.facts, "market": self.market }).to_string().into_bytes()
    }

    /// Decides again.
    pub fn replay(&self, pack: &Pack) -> Result<Verdict, ReplayError> {
        if self.engine != crate::engine_version() {
            return Err(ReplayError::Engine {
                wanted: self.engine.clone(),
                given: crate::engine_version(),
            });
        }
        if self.digest != pack.digest {
            return Err(ReplayError::Pack {
                wanted: self.digest.clone(),
                given: pack.digest.clone(),
            });
        }
        let facts = Facts::from_json(&self.facts).map_err(ReplayError::Facts)?;
        Ok(evaluate(pack, &facts))
    }
}

impl Verdict {
    /// The verdict as canonical bytes: JSON without blanks, fields in the order of their declaration.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Plain data with string keys always serialises.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
