//! Vehicles, what can happen to them, and what follows: pure, synchronous, total.

pub mod decode;
pub mod prohibition;
pub mod scrapping;
pub mod vehicle;

pub use decode::{Decoded, decode};
pub use prohibition::Prohibition;
pub use scrapping::{Scrapping, ScrappingTable};
pub use vehicle::{
    Change, Details, Encumbrance, EncumbranceKind, Happened, Reading, ReadingSource, Refusal,
    State, Transfer, Vehicle,
};
