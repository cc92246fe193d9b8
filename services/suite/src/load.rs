//! Load: synthetic cars through the real API, measured from the caller's side, beside the limit of the same machine.

pub mod fleet;
pub mod floor;
pub mod meter;
pub mod usage;
pub mod year;

use crate::dossier::DossierError;
use crate::journey::JourneyError;
use crate::stand::StandError;

/// Why a load run can not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A sample the fleet is made of can not be read.
    #[error(transparent)]
    Dossier(#[from] DossierError),
    /// The suite does not start.
    #[error(transparent)]
    Stand(#[from] StandError),
    /// The suite fails under the load.
    #[error(transparent)]
    Journey(#[from] JourneyError),
    /// The suite lacks a role that the load calls.
    #[error("the suite lacks a role that the load calls")]
    RoleMissing,
    /// A worker panicked.
    #[error("a worker of the load run broke down")]
    Worker(#[from] tokio::task::JoinError),
    /// The database of the floor can not be written.
    #[error("the floor's database can not be written")]
    Floor(#[from] tongguan_storage::Error),
    /// The floor's key can not sign.
    #[error("the floor's key can not sign")]
    Key(#[from] tongguan_certificate::Error),
}
