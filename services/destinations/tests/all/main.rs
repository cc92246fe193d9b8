//! Destination rules through their generated client, on every database, and the packs themselves.

mod api;
mod matrix;
mod packs;
mod publishing;
mod support;
