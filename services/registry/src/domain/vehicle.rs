//! A vehicle as a state machine without I/O: `vehicle + change → vehicle + what happened`, or a refusal.

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};
use tongguan_vocabulary::{Odometer, PartialDate};
use uuid::Uuid;

use super::change::{Change, Happened, Refusal};
pub use super::details::Details;
use super::identity::Mark;
use super::shared::Shared;

/// Where a vehicle stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Registered for use in China.
    Registered,
    /// Annotated 转让待出口.
    TransferPendingExport,
    /// Deregistered.
    Deregistered,
}

/// The annotation 转让待出口.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Unified social credit code of the exporter (GB 32100).
    pub exporter: String,
    /// The exporter's registered name.
    pub exporter_name: String,
    /// Date of the annotation.
    pub date: Date,
    /// Last day of the temporary plate, where one was issued.
    pub temporary_plate_until: Option<Date>,
    /// Last day of the exporter's filing.
    pub filing_valid_until: Date,
}

/// What kind of burden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EncumbranceKind {
    /// 抵押.
    Mortgage,
    /// 质押.
    Pledge,
    /// 海关监管.
    CustomsSupervision,
    /// 查封、扣押.
    Seizure,
}

/// A burden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encumbrance {
    /// Identity.
    pub id: Uuid,
    /// Kind.
    pub kind: EncumbranceKind,
    /// Contract or order number.
    pub legal_basis: String,
    /// The organisation that holds it.
    pub holder: String,
    /// Since when.
    pub since: PartialDate,
    /// When it was lifted.
    pub lifted: Option<Date>,
}

/// Who read a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadingSource {
    /// The registration authority.
    Registration,
    /// An inspection body.
    Inspection,
    /// A repair shop.
    Maintenance,
    /// The seller or exporter.
    Declared,
    /// Telematics.
    Telematics,
}

/// One odometer reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What the meter showed.
    pub odometer: Odometer,
    /// On which day.
    pub date: Date,
    /// Who read it.
    pub source: ReadingSource,
    /// The paper it stands on.
    pub document: String,
}

/// Everything known of a vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vehicle {
    /// What its certificate says.
    pub details: Details,
    /// Where it stands.
    pub state: State,
    /// The transfer pending export, once annotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Transfer>,
    /// Burdens, lifted ones included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encumbrances: Vec<Encumbrance>,
    /// Police status letters in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status_letters: Vec<char>,
    /// When they were read.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub status_at: Option<OffsetDateTime>,
    /// Odometer readings by date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Reading>,
    /// Date of deregistration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deregistered: Option<Date>,
    /// Marks that changed since it was registered, ended ones included; see [`Vehicle::identities`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// Marks that another living vehicle of the tenant shows too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<Shared>,
    /// Rises by one with each event, from 1.
    pub version: i64,
    /// When it was first stored.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

impl Vehicle {
    /// Registers a vehicle.
    pub fn register(details: Details, at: OffsetDateTime) -> Result<(Self, Happened), Refusal> {
        is_used_car(&details)?;
        let vehicle = Self {
            details,
            state: State::Registered,
            transfer: None,
            encumbrances: Vec::new(),
            status_letters: Vec::new(),
            status_at: None,
            readings: Vec::new(),
            deregistered: None,
            marks: Vec::new(),
            shared: Vec::new(),
            version: 1,
            created_at: at,
            updated_at: at,
        };
        Ok((vehicle, Happened("REGISTERED")))
    }

    /// What the vehicle becomes when `change` happens at `at`.
    pub fn apply(&self, change: &Change, at: OffsetDateTime) -> Result<(Self, Happened), Refusal> {
        if self.state == State::Deregistered {
            return Err(Refusal::Deregistered);
        }
        let mut next = self.clone();
        let happened = match change {
            Change::Amend { details, .. } => {
                next.amend(details, day_in_china(at))?;
                "AMENDED"
            }
            Change::TransferPendingExport(transfer) => {
                next.annotate(transfer)?;
                "TRANSFER_PENDING_EXPORT_RECORDED"
            }
            Change::Encumber(encumbrance) => {
                next.encumbrances.push(encumbrance.clone());
                "ENCUMBRANCE_RECORDED"
            }
            Change::Lift { id, date } => {
                next.lift(*id, *date)?;
                "ENCUMBRANCE_LIFTED"
            }
            Change::Status(letters) => {
                next.status_letters.clone_from(letters);
                next.status_at = Some(at);
                "STATUS_RECORDED"
            }
            Change::Odometer {
                reading,
                lower_because,
            } => {
                next.read_meter(reading, lower_because)?;
                "ODOMETER_RECORDED"
            }
            Change::Identify { mark, replaces } => {
                next.identify(mark, replaces)?;
                "IDENTITY_RECORDED"
            }
            Change::Contradict { marks } => {
                next.marks.extend_from_slice(marks);
                "IDENTITY_CONTRADICTED"
            }
            Change::Share(shared) => {
                next.shared.push(shared.clone());
                "IDENTITY_SHARED"
            }
            Change::Unshare { kind, value } => {
                next.shared
                    .retain(|one| one.kind != *kind || one.value != *value);
                "IDENTITY_SHARED_NO_MORE"
            }
            Change::Deregister { date, .. } => {
                next.hand_in_plates(*date);
                next.state = State::Deregistered;
                next.deregistered = Some(*date);
                "DEREGISTERED"
            }
        };
        next.reconsider_shared();
        next.version += 1;
        next.updated_at = at;
        Ok((next, Happened(happened)))
    }

    /// After the annotation no plate can be given any more.
    fn amend(&mut self, details: &Details, on: Date) -> Result<(), Refusal> {
        if let Some(transfer) = &self.transfer
            && !details.plate.is_empty()
        {
            return Err(Refusal::TransferPending {
                since: transfer.date,
            });
        }
        is_used_car(details)?;
        self.succeed(details, on, "");
        self.details = details.clone();
        Ok(())
    }

    /// Only a filed exporter receives a transfer pending export, once, and the temporary plate ends within 60 days.
    fn annotate(&mut self, transfer: &Transfer) -> Result<(), Refusal> {
        if let Some(standing) = &self.transfer {
            return Err(Refusal::TransferPending {
                since: standing.date,
            });
        }
        if transfer.filing_valid_until < transfer.date {
            return Err(Refusal::FilingEnded {
                until: transfer.filing_valid_until,
                date: transfer.date,
            });
        }
        if let Some(until) = transfer.temporary_plate_until
            && until - transfer.date > Duration::days(60)
        {
            return Err(Refusal::PlateTooLong {
                from: transfer.date,
                until,
            });
        }
        self.state = State::TransferPendingExport;
        self.transfer = Some(transfer.clone());
        self.hand_in_plates(transfer.date);
        Ok(())
    }

    /// Plates are handed in with the transfer pending export, and at the latest with the deregistration.
    fn hand_in_plates(&mut self, on: Date) {
        let unplated = Details {
            plate: String::new(),
            ..self.details.clone()
        };
        self.succeed(&unplated, on, "");
        self.details = unplated;
    }

    fn lift(&mut self, id: Uuid, date: Date) -> Result<(), Refusal> {
        let burden = self
            .encumbrances
            .iter_mut()
            .find(|burden| burden.id == id)
            .ok_or(Refusal::NoEncumbrance { id })?;
        if let Some(date) = burden.lifted {
            return Err(Refusal::Lifted { date });
        }
        burden.lifted = Some(date);
        Ok(())
    }

    fn read_meter(&mut self, reading: &Reading, lower_because: &str) -> Result<(), Refusal> {
        let higher_before = self
            .readings
            .iter()
            .filter(|earlier| {
                earlier.date <= reading.date && earlier.odometer.to_km() > reading.odometer.to_km()
            })
            .max_by_key(|earlier| earlier.odometer.to_km());
        if let Some(earlier) = higher_before
            && lower_because.is_empty()
        {
            return Err(Refusal::OdometerWentBack {
                before: earlier.odometer,
                on: earlier.date,
                now: reading.odometer,
            });
        }
        let place = self
            .readings
            .partition_point(|earlier| earlier.date <= reading.date);
        self.readings.insert(place, reading.clone());
        Ok(())
    }
}

/// No. 6 of 2024 excludes three-wheelers (N11) and low-speed goods vehicles (H5x).
fn is_used_car(details: &Details) -> Result<(), Refusal> {
    if details.vehicle_type.starts_with("H5") || details.vehicle_type == "N11" {
        return Err(Refusal::NotAUsedCar {
            code: details.vehicle_type.clone(),
        });
    }
    Ok(())
}

/// The civil date in China (UTC+8), where papers are dated.
fn day_in_china(at: OffsetDateTime) -> Date {
    at.to_offset(time::macros::offset!(+8)).date()
}

#[cfg(test)]
#[path = "vehicle_tests.rs"]
pub(crate) mod tests;
