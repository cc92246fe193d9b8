//! Packs in force, answers and publications: pure values over the rule language.

mod answer;
mod catalogue;
mod embedded;
mod impact;
mod publication;

pub use answer::effort;
pub(crate) use answer::{Answer, BriefAnswer, ease, hex_digest};
pub use catalogue::{Catalogue, PackProblem};
pub use embedded::embedded;
pub(crate) use impact::{Change, Impact, Trial, Version};
pub(crate) use publication::{Proposal, Publication, State};
