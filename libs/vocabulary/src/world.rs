//! What a pure program may not invent: the time and fresh identifiers.
//!
//! Production draws them from the machine; tests fix the clock and seed the ids. Clippy forbids
//! every other way to get either.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use crate::Shift;

/// Tells the time; cheap to clone. Under a [`Shift`] it is ahead by that much.
#[derive(Clone, Default)]
pub struct Clock {
    fixed: Option<Arc<AtomicI64>>,
    steady: bool,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `now` until it is moved.
    pub fn fixed(now: OffsetDateTime) -> Self {
        let micros = (now.unix_timestamp_nanos() / 1_000) as i64;
        Self {
            fixed: Some(Arc::new(AtomicI64::new(micros))),
            steady: false,
        }
    }

    /// The same clock, untouched by any [`Shift`]: for what belongs to the house and not to a tenant, such as the life
    /// of a token or the next attempt of a delivery.
    #[must_use]
    pub fn steady(&self) -> Self {
        Self {
            fixed: self.fixed.clone(),
            steady: true,
        }
    }

    /// The present instant in UTC, to the microsecond (what both databases can hold).
    pub fn now(&self) -> OffsetDateTime {
        let nanos = if let Some(fixed) = &self.fixed {
            i128::from(fixed.load(Ordering::SeqCst)) * 1_000
        } else {
            #[expect(
                clippy::disallowed_methods,
                reason = "this is the one place that reads the machine's clock"
            )]
            let now = OffsetDateTime::now_utc();
            now.unix_timestamp_nanos() / 1_000 * 1_000
        };
        let shift = if self.steady {
            Shift::NONE
        } else {
            Shift::present()
        };
        let nanos = nanos + i128::from(shift.micros()) * 1_000;
        OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Today's civil date in China (UTC+8), where filings are dated.
    pub fn today_in_china(&self) -> Date {
        (self.now() + Duration::hours(8)).date()
    }

    /// Moves a fixed clock; the system clock cannot be moved and stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Some(fixed) = &self.fixed {
            fixed.fetch_add(by.whole_microseconds() as i64, Ordering::SeqCst);
        }
    }
}

/// Draws identifiers; cheap to clone.
#[derive(Clone, Default)]
pub struct Ids(Option<Arc<AtomicU64>>);

impl Ids {
    /// Time-ordered random ids (UUIDv7, RFC 9562).
    pub fn random() -> Self {
        Self(None)
    }

    /// A repeatable series of ids for tests.
    pub fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(AtomicU64::new(seed))))
    }

    /// A fresh id.
    pub fn next(&self) -> Uuid {
        if let Some(counter) = &self.0 {
            let n = counter.fetch_add(1, Ordering::SeqCst);
            let mut bytes = [0_u8; 10];
            bytes[2..].copy_from_slice(&n.to_be_bytes());
            uuid::Builder::from_unix_timestamp_millis(n, &bytes).into_uuid()
        } else {
            #[expect(
                clippy::disallowed_methods,
                reason = "this is the one place that draws random ids"
            )]
            let id = Uuid::now_v7();
            id
        }
    }
}

/// The clock and the ids together, as every service receives them.
#[derive(Clone, Default)]
pub struct World {
    /// Tells the time.
    pub clock: Clock,
    /// Draws identifiers.
    pub ids: Ids,
}

impl World {
    /// A world for tests: the clock stands at `now`, ids are a series from 1.
    pub fn fixed(now: OffsetDateTime) -> Self {
        Self {
            clock: Clock::fixed(now),
            ids: Ids::seeded(1),
        }
    }
}
