//! Rule packs: the signed, versioned, sourced data that says what one market asks.

mod compile;
mod documents;
mod examples;
mod layers;
mod read;
mod rule;
mod version;

use std::sync::Arc;

use serde::Serialize;

pub use documents::{COMMON, DocumentDef};
pub use examples::{ExampleFailure, ExampleReport};
pub use layers::Layers;
pub use rule::{
    Bilingual, Change, Confidence, Cure, DoubtReason, Effective, Otherwise, Rule, Source, Status,
};
pub use version::Version;

pub(crate) use compile::{Effect, Entry, RuleCode};
pub(crate) use examples::Example;

use crate::lang::branch::{Branch, Threader};
use crate::lang::code::Code;
use crate::problem::Problem;
use crate::schema::Fact;
use crate::yaml;

/// Most rules a pack may have together with its layers: one bit each in a [`Decision`](crate::Decision).
pub const MAX_RULES: usize = 128;
/// Longest pack file in bytes.
pub const MAX_PACK_BYTES: usize = 1 << 20;

/// The JSON Schema of a pack file, for editors.
pub const JSON_SCHEMA: &str = include_str!("pack/pack.schema.json");

/// A loaded, checked and compiled rule pack together with its layers.
#[derive(Debug, Clone)]
pub struct Pack {
    /// `KE`, `EAEU`, `CN-EXPORT` …
    pub market: String,
    /// The market's name.
    pub name: Bilingual,
    /// Whether this is a layer that other packs extend rather than a market of its own.
    pub layer: bool,
    /// Strictly rising version.
    pub version: Version,
    /// The day whose state of knowledge the pack records, packed; see [`crate::day`].
    pub as_of: i64,
    /// The event that decides which law applies where a rule does not say, and that `ship_by` moves.
    pub measured_at: Fact,
    /// Remarks on the market as a whole.
    pub notes: Vec<String>,
    /// Every rule in force order: the market's own first, then those of its layers.
    pub rules: Vec<Rule>,
    /// Layer rules that a rule of the market replaces, kept to be shown.
    pub overridden: Vec<Rule>,
    /// Every document the rules may name.
    pub documents: Vec<DocumentDef>,
    /// Stages of one family from which a stage of another may be concluded: from, reaches.
    pub equivalences: Vec<(crate::Stage, crate::Stage)>,
    /// The layers this pack extends, nearest first.
    pub layers: Vec<LayerRef>,
    /// SHA-256 over the canonical content of the pack and its layers, lower-case hexadecimal.
    pub digest: String,
    pub(crate) program: Program,
    pub(crate) examples: Vec<Example>,
    pub(crate) content: serde_json::Value,
    /// The pack's own text, from which packs that extend it compile its rules again for themselves.
    pub(crate) text: Arc<str>,
}

/// Which version of which layer a pack was built with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerRef {
    /// The layer's market code.
    pub market: String,
    /// Its version.
    pub version: Version,
    /// Its digest.
    pub digest: String,
}

/// The compiled form of a pack: all that [`decide`](crate::decide) reads.
#[derive(Debug, Clone, Default)]
pub struct Program {
    pub(crate) code: Code,
    pub(crate) rules: Vec<RuleCode>,
    pub(crate) branches: Vec<Branch>,
    pub(crate) entries: Vec<Entry>,
    /// The first day the pack speaks for; a trip without a date is taken not to lie before it.
    pub(crate) as_of: i64,
}

impl Program {
    fn new(mut code: Code, rules: Vec<RuleCode>, as_of: i64) -> Self {
        let mut lists = std::mem::take(&mut code.lists);
        let mut threader = Threader {
            code: &code,
            branches: Vec::new(),
        };
        let mut entries: Vec<Entry> = rules
            .iter()
            .map(|rule| rule.thread(&mut threader, &mut lists))
            .collect();
        let (branches, moved) = threader.finish();
        for entry in &mut entries {
            entry.entry = moved(entry.entry);
        }
        code.lists = lists;
        Self {
            code,
            rules,
            branches,
            entries,
            as_of,
        }
    }

    /// Bytes of compiled code, for sizing.
    pub fn size(&self) -> usize {
        self.code.size()
            + size_of_val(&*self.rules)
            + size_of_val(&*self.branches)
            + size_of_val(&*self.entries)
            + size_of::<Self>()
    }
}

impl Pack {
    /// Reads, checks and compiles a pack, and runs its examples.
    ///
    /// `layers` finds the packs it extends. Any problem refuses the whole pack; all are listed, in
    /// the order of the file.
    pub fn load(text: &str, layers: &dyn Layers) -> Result<Self, Vec<Problem>> {
        if text.len() > MAX_PACK_BYTES {
            return Err(vec![Problem {
                path: String::new(),
                line: 0,
                column: 0,
                message: format!(
                    "a pack has at most {MAX_PACK_BYTES} bytes; this has {}",
                    text.len()
                ),
            }]);
        }
        let node = yaml::parse(text).map_err(|problem| vec![problem])?;
        let pack = read::read(text, &node, layers)?;
        let report = pack.run_examples();
        if report.failures.is_empty() {
            return Ok(pack);
        }
        Err(report
            .failures
            .into_iter()
            .map(ExampleFailure::into_problem)
            .collect())
    }

    /// The compiled program, for [`decide`](crate::decide).
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The rule with this id, whether of the market or of a layer.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The pack's own content as canonical JSON: keys sorted, no comments, layers not included.
    pub fn content(&self) -> &serde_json::Value {
        &self.content
    }

    /// The document with this code.
    pub fn document(&self, code: &str) -> Option<&DocumentDef> {
        self.documents.iter().find(|document| document.code == code)
    }

    /// How many rules are kept as text only, because the language cannot express them yet.
    pub fn not_expressible(&self) -> usize {
        self.rules
            .iter()
            .filter(|rule| rule.not_expressible.is_some())
            .count()
    }
}
