//! What clearing means: pure, synchronous, total. No I/O, no clock, no ids of its own.

pub mod batch;
pub mod case;
pub mod certificate;
pub mod chart;
pub mod confirmation;
pub mod decision;
pub mod document;
pub mod evidence;
pub mod exit;
pub mod facts;
pub mod journal;
pub mod mandate;
pub mod reconcile;
pub mod sandbox;
pub mod text;
pub mod told;
#[cfg(test)]
mod walk_tests;

pub use batch::{Batch, BatchState};
pub use case::{Case, Declared, Exporter, ExporterKind, Trip};
pub use chart::{Effect, Event, Illegal, State};
pub use decision::{Decision, Outcome};
pub use document::{Document, DocumentKind, Statements};
