//! Journeys: every sample dossier the whole way, in process and over sockets, on both databases.
#![expect(
    clippy::unwrap_used,
    reason = "a journey that can not be walked has failed"
)]

mod apart;
mod dossiers;
mod facts;
mod recovery;
mod sandbox;
mod traces;
