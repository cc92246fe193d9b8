//! What the registry refuses, and how each refusal is answered.

use tongguan_api::common::v1::ErrorReason;
use tongguan_rpc::{Failure, Invalid, PageTokenError, Violation, of_trouble};
use tongguan_storage as storage;
use tongguan_vocabulary::Vin;
use tonic::{Code, Status};

use crate::domain::Refusal;

/// Why the registry did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tenant has no such vehicle.
    #[error("vehicle {} is not registered", .vin.as_str())]
    VehicleNotFound {
        /// As asked.
        vin: Vin,
    },
    /// The tenant has this VIN already.
    #[error("VIN {} is registered already", .vin.as_str())]
    VinTaken {
        /// As asked.
        vin: Vin,
    },
    /// The vehicle changed since it was read.
    #[error("the vehicle is at etag {now} now, not at {asked}")]
    EtagMismatch {
        /// As asked.
        asked: String,
        /// What it is.
        now: String,
    },
    /// The vehicle's state forbids the change.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Rows of the import before this message are not answered.
    #[error("the import stands at row {next_row}: rows between it and this message are missing")]
    ImportGap {
        /// The first row not answered.
        next_row: u64,
    },
    /// No owner of the vehicle was ever given.
    #[error("no owner of vehicle {} was given", .vin.as_str())]
    NoOwner {
        /// As asked.
        vin: Vin,
    },
    /// The vault holds nothing under this identity.
    #[error("there is no such person")]
    PersonNotFound,
    /// Fields are wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A page or resume token is no good.
    #[error(transparent)]
    Page(#[from] PageTokenError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// A table shipped with the service does not parse.
    #[error("the table {table} is damaged")]
    Table {
        /// File name.
        table: &'static str,
        /// Why.
        source: serde_json::Error,
    },
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::VehicleNotFound { .. }
            | Self::NoOwner { .. }
            | Self::PersonNotFound
            | Self::Refused(Refusal::NoEncumbrance { .. }) => Code::NotFound,
            Self::VinTaken { .. } => Code::AlreadyExists,
            Self::EtagMismatch { .. } => Code::Aborted,
            Self::Refused(_) | Self::ImportGap { .. } => Code::FailedPrecondition,
            Self::Invalid(_) | Self::Page(_) => Code::InvalidArgument,
            Self::Storage(error) => of_trouble(error.trouble()).0,
            Self::Table { .. } => Code::Internal,
        }
    }

    fn reason(&self) -> ErrorReason {
        match self {
            Self::VehicleNotFound { .. } | Self::NoOwner { .. } | Self::PersonNotFound => {
                ErrorReason::NotFound
            }
            Self::ImportGap { .. } => ErrorReason::ImportGap,
            Self::VinTaken { .. } => ErrorReason::VinTaken,
            Self::EtagMismatch { .. } => ErrorReason::EtagMismatch,
            Self::Refused(refusal) => match refusal {
                Refusal::Deregistered => ErrorReason::VehicleDeregistered,
                Refusal::TransferPending { .. } => ErrorReason::TransferAlreadyPending,
                Refusal::FilingEnded { .. } => ErrorReason::ExporterNotFiled,
                Refusal::PlateTooLong { .. } => ErrorReason::InvalidFields,
                Refusal::NoEncumbrance { .. } => ErrorReason::NotFound,
                Refusal::Lifted { .. } => ErrorReason::EncumbranceLifted,
                Refusal::OdometerWentBack { .. } => ErrorReason::OdometerWentBack,
                Refusal::NotAUsedCar { .. } => ErrorReason::NotAUsedCar,
                Refusal::IdentityNotLiving { .. } => ErrorReason::IdentityNotLiving,
            },
            Self::Invalid(_) => ErrorReason::InvalidFields,
            Self::Page(_) => ErrorReason::PageTokenInvalid,
            Self::Storage(error) => of_trouble(error.trouble()).1,
            Self::Table { .. } => ErrorReason::Internal,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::ImportGap { next_row } => vec![("next_row", next_row.to_string())],
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(invalid) => invalid.violations(),
            _ => Vec::new(),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        tongguan_rpc::status(&error)
    }
}
