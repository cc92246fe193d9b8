//! The suite: every role composed into one process or the ones named, the command line, the demo.

pub mod backup;
pub mod cli;
pub mod compose;
pub mod doctor;
pub mod dossier;
pub mod journey;
pub mod keys;
pub mod load;
pub mod report;
pub mod role;
pub mod settings;
pub mod stand;
pub mod start;
pub mod witness;

pub use compose::Suite;
pub use role::Role;
pub use settings::Settings;
