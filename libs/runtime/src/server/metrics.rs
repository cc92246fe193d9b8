//! What a listener counts: its connections, and the calls it refused before any service saw them.

use tongguan_meters::{CONNECTIONS, REFUSALS, label};

use super::refusal::Refusal;

/// An open connection, counted while it lives.
pub(super) struct Open(());

impl Open {
    pub(super) fn new() -> Self {
        CONNECTIONS.add(1, &[]);
        Self(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        CONNECTIONS.add(-1, &[]);
    }
}

/// A call that was refused.
pub(super) fn refused(refusal: Refusal) {
    count(match refusal {
        Refusal::Overloaded => "overloaded",
        Refusal::TooLarge { .. } => "too_large",
        Refusal::TooSlow => "too_slow",
        Refusal::Panicked => "panicked",
    });
}

/// A connection for which there was no place.
pub(super) fn turned_away() {
    count("connections");
}

fn count(reason: &'static str) {
    REFUSALS.add(1, &[label("reason", reason)]);
}
