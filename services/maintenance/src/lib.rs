//! What does the national health-record system say, how fresh is that, does the odometer hold.

pub mod domain;
