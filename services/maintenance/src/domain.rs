//! What this service knows by itself: reading records, judging odometers, telling outcomes apart; pure and total.

pub mod fields;
pub mod findings;
pub mod fold;
pub mod history;
pub mod lookup;
pub mod odometer;
pub mod other_car;
pub mod outcome;
pub mod record;
pub mod text;
pub mod words;
