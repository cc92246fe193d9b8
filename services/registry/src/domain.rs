//! Vehicles, what can happen to them, and what follows: pure, synchronous, total.

pub mod change;
pub mod decode;
pub mod details;
pub mod identity;
pub mod owner;
pub mod prohibition;
pub mod scrapping;
pub mod shared;
pub mod vehicle;

pub use change::{Change, Happened, Refusal};
pub use decode::{Decoded, decode};
pub use identity::{Mark, MarkKind};
pub use owner::Owner;
pub use prohibition::Prohibition;
pub use scrapping::{Scrapping, ScrappingTable};
pub use shared::Shared;
pub use vehicle::{
    Details, Encumbrance, EncumbranceKind, Reading, ReadingSource, State, Transfer, Vehicle,
};
