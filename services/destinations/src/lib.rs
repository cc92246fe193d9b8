//! May this vehicle enter that market on that date, why, until when, what would change it.
