//! The words every service uses: VIN, odometer, country, partial date, clock, ids, and what is known of a vehicle.
//!
//! No I/O and no async: everything here is a value that can be compared, printed and tested by
//! itself.

mod country;
pub mod evidence;
mod invariant;
mod odometer;
mod partial_date;
mod shift;
mod tenant;
mod trouble;
mod vin;
mod world;

pub use country::{Country, CountryError};
pub use invariant::{Breach, Invariant};
pub use odometer::{Odometer, OdometerUnit};
pub use partial_date::{PartialDate, PartialDateError};
pub use shift::{Shift, Shifted};
pub use tenant::{Tenant, TenantError};
pub use trouble::Trouble;
pub use vin::{CheckDigit, Vin, VinError};
pub use world::{Clock, Ids, World};
