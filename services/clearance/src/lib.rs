//! May it leave; the case, the licence batch, the certificate, its one-time use, its exit.

pub mod domain;
