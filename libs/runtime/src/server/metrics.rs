//! What a listener counts: its connections, and the calls it refused before any service saw them.

use std::sync::LazyLock;

use opentelemetry::metrics::{Counter, UpDownCounter};
use opentelemetry::{KeyValue, global};

use super::refusal::Refusal;

static CONNECTIONS: LazyLock<UpDownCounter<i64>> = LazyLock::new(|| {
    global::meter("tongguan")
        .i64_up_down_counter("tongguan.server.connections")
        .build()
});

static REFUSALS: LazyLock<Counter<u64>> = LazyLock::new(|| {
    global::meter("tongguan")
        .u64_counter("tongguan.server.refusals")
        .build()
});

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
    REFUSALS.add(1, &[KeyValue::new("reason", reason)]);
}
