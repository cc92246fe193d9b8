//! The one representation of every fact value: an interval of integers, where unknown is the widest.
//!
//! | kind | integer |
//! |---|---|
//! | flag | 0 or 1 |
//! | int | the number |
//! | number | thousandths |
//! | date | a [`Day`](crate::day) packed so that order is calendar order |
//! | code | its place in the word list |
//! | set | bits: `lo` the words surely in, `hi` the words possibly in |
//! | country, text | 63 bits of a hash of the folded text |
//! | stage | the ordinal of [`Stage`](crate::Stage) |

use crate::day;
use crate::schema::Kind;

/// An interval of integers; for sets, a lower and an upper bound of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The least value it may have.
    pub lo: i64,
    /// The greatest value it may have.
    pub hi: i64,
}

/// Bounds far enough from any value, and near enough to zero that sums cannot wrap.
const FAR: i64 = 1 << 60;

impl Slot {
    /// A value known exactly.
    #[inline]
    pub const fn exact(value: i64) -> Self {
        Self {
            lo: value,
            hi: value,
        }
    }

    /// Whether the value is known exactly.
    #[inline]
    pub const fn is_exact(self) -> bool {
        self.lo == self.hi
    }

    /// What a fact of this kind is before anything is known.
    pub const fn unknown(kind: Kind) -> Self {
        match kind {
            Kind::Flag => Self { lo: 0, hi: 1 },
            Kind::Date => Self {
                lo: day::MIN,
                hi: day::MAX,
            },
            Kind::Set(_) => Self {
                lo: 0,
                hi: i64::MAX,
            },
            Kind::Int(..)
            | Kind::Number(..)
            | Kind::Code(_)
            | Kind::Country
            | Kind::Text
            | Kind::Stage(_) => Self { lo: -FAR, hi: FAR },
        }
    }

    /// The smallest interval that holds both.
    #[inline]
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self {
            lo: self.lo.min(other.lo),
            hi: self.hi.max(other.hi),
        }
    }
}

/// Hashes a code or free text into a slot value: FNV-1a over the text trimmed and in ASCII lower case.
///
/// The function is part of the language: it never changes, so that recorded decisions replay.
pub fn text_id(text: &str) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.trim().bytes() {
        hash ^= u64::from(byte.to_ascii_lowercase());
        hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
    }
    // Within ±FAR like every other value, so that unknown stays the widest interval.
    (hash >> 4) as i64
}
