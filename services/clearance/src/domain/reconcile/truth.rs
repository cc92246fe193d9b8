//! What the papers are compared with.

use tongguan_vocabulary::PartialDate;

use crate::domain::case::Case;
use crate::domain::document::{DocumentKind, Statements};
use crate::domain::evidence::VehicleEvidence;

/// A value with the source it is taken from.
pub(super) type Sourced<T> = (&'static str, T);

/// What the papers are compared with: the registry first, then the registration certificate.
pub(super) struct Truth {
    pub(super) brand: Sourced<String>,
    pub(super) model: Sourced<String>,
    pub(super) manufacturer: Sourced<String>,
    pub(super) engine_number: Sourced<String>,
    pub(super) battery_id: Sourced<String>,
    pub(super) colour: Sourced<String>,
    pub(super) first_registered: Sourced<Option<PartialDate>>,
    pub(super) transfer: Sourced<Option<PartialDate>>,
    pub(super) manufactured: Sourced<Option<PartialDate>>,
}

impl Truth {
    pub(super) fn of(case: &Case, vehicle: Option<&VehicleEvidence>) -> Self {
        let empty = Statements::default();
        let paper = case
            .document(DocumentKind::RegistrationCertificate)
            .map_or(&empty, |document| &document.statements);
        let text = |ours: fn(&VehicleEvidence) -> &String, theirs: &String| match vehicle
            .map(ours)
            .filter(|text| !text.is_empty())
        {
            Some(text) => ("REGISTRY", text.clone()),
            None => ("REGISTRATION_CERTIFICATE", theirs.clone()),
        };
        let date = |ours: Option<PartialDate>, theirs: Option<PartialDate>| match ours {
            Some(date) => ("REGISTRY", Some(date)),
            None => ("REGISTRATION_CERTIFICATE", theirs),
        };
        Self {
            brand: text(|v| &v.brand, &paper.brand),
            model: text(|v| &v.model, &paper.model),
            manufacturer: text(|v| &v.manufacturer, &paper.manufacturer),
            engine_number: text(|v| &v.engine_number, &paper.engine_number),
            battery_id: text(|v| &v.battery_id, &paper.battery_id),
            colour: text(|v| &v.colour, &paper.colour),
            first_registered: date(
                vehicle.and_then(|v| v.first_registered),
                paper.first_registered,
            ),
            transfer: date(
                vehicle.and_then(|v| v.transfer.as_ref()?.date),
                paper.transfer_pending_export,
            ),
            manufactured: date(vehicle.and_then(|v| v.manufactured), paper.manufactured),
        }
    }
}
