//! A vehicle as a state machine without I/O: `vehicle + change → vehicle + what happened`, or a refusal.

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};
use tongguan_vocabulary::{Odometer, PartialDate, Vin};
use uuid::Uuid;

use super::change::{Change, Happened, Refusal};

/// What the registration certificate (机动车登记证书) says, without the owner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// VIN.
    pub vin: Vin,
    /// Brand.
    pub brand: String,
    /// Model.
    pub model: String,
    /// Manufacturer's exact name in the MIIT Announcement.
    pub manufacturer: String,
    /// UNECE category, such as `M1`.
    pub category: String,
    /// Vehicle type code of GA 802, such as `K33`.
    pub vehicle_type: String,
    /// Use nature letter of GA/T 24.
    pub use_nature: String,
    /// Colour letters of GA/T 24.
    pub colour: String,
    /// What moves it, such as `BEV`.
    pub powertrain: String,
    /// What it burns; empty where nothing or unknown.
    pub fuel: String,
    /// `LEFT`, `RIGHT` or empty where unknown.
    pub steering: String,
    /// Engine or motor number.
    pub engine_number: String,
    /// Traction battery id.
    pub battery_id: String,
    /// Displacement, cubic centimetres.
    pub engine_cc: Option<u32>,
    /// Power, kilowatts.
    pub power_kw: Option<f64>,
    /// Gross mass, kilograms.
    pub gross_mass_kg: Option<u32>,
    /// Curb mass, kilograms.
    pub curb_mass_kg: Option<u32>,
    /// Seats with the driver's.
    pub seats: Option<u32>,
    /// Emission stage with its family, such as `china.6b`.
    pub emission_stage: String,
    /// Ex-factory date.
    pub manufactured: Option<PartialDate>,
    /// Model year.
    pub model_year: Option<u32>,
    /// First registration (注册登记日期).
    pub first_registered: PartialDate,
    /// Whether it was imported into China.
    pub imported: bool,
    /// Whether it is a modified vehicle (改装车).
    pub modified: bool,
    /// Registration certificate number.
    pub certificate_number: String,
    /// Plate; empty once handed in.
    pub plate: String,
}

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
    pub transfer: Option<Transfer>,
    /// Burdens, lifted ones included.
    pub encumbrances: Vec<Encumbrance>,
    /// Police status letters in force.
    pub status_letters: Vec<char>,
    /// When they were read.
    #[serde(with = "time::serde::rfc3339::option")]
    pub status_at: Option<OffsetDateTime>,
    /// Odometer readings by date.
    pub readings: Vec<Reading>,
    /// Date of deregistration.
    pub deregistered: Option<Date>,
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
        // No. 6 of 2024 excludes three-wheelers (N11) and low-speed goods vehicles (H5x).
        if details.vehicle_type.starts_with("H5") || details.vehicle_type == "N11" {
            return Err(Refusal::NotAUsedCar {
                code: details.vehicle_type,
            });
        }
        let vehicle = Self {
            details,
            state: State::Registered,
            transfer: None,
            encumbrances: Vec::new(),
            status_letters: Vec::new(),
            status_at: None,
            readings: Vec::new(),
            deregistered: None,
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
                next.details = details.as_ref().clone();
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
            Change::Deregister { date, .. } => {
                next.state = State::Deregistered;
                next.deregistered = Some(*date);
                "DEREGISTERED"
            }
        };
        next.version += 1;
        next.updated_at = at;
        Ok((next, Happened(happened)))
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
        // Plates are handed in with the transfer.
        self.details.plate.clear();
        Ok(())
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

#[cfg(test)]
#[path = "vehicle_tests.rs"]
pub(crate) mod tests;
