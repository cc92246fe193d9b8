//! Amendments: a mask of fields and their new values.

use serde::Serialize;
use tongguan_api::registry::v1 as pb;
use tongguan_rpc::{Invalid, Violations};
use tongguan_vocabulary::Vin;

use super::key;
use crate::domain::Details;
use crate::service::Ground;
use crate::wire::details;

/// Fields to change, and their new values.
pub(crate) struct Amendment {
    pub(crate) vin: Vin,
    pub(crate) ground: Ground,
    pub(crate) fields: Vec<String>,
    details: Details,
}

impl Amendment {
    /// What the request said, for its idempotency key.
    pub(crate) fn asked(&self) -> impl Serialize + '_ {
        (&self.details, &self.fields, &self.ground.etag)
    }

    /// The details with the masked fields replaced; what is wrong with the mixture, such as a date of manufacture after
    /// the first registration that stays.
    pub(crate) fn apply(&self, before: Details) -> Result<Details, Invalid> {
        let (mut old, new) = (
            pb::VehicleDetails::from(before),
            pb::VehicleDetails::from(self.details.clone()),
        );
        for field in &self.fields {
            copy_field(field, &mut old, &new);
        }
        let mut bad = Violations::default();
        let mixed = details::decode(&mut bad, "vehicle", Some(old));
        bad.finish_with(mixed)
    }
}

macro_rules! amendable {
    ($($field:ident),+ $(,)?) => {
        /// Fields an amendment may name; the VIN is none of them.
        const AMENDABLE: &[&str] = &[$(stringify!($field)),+];

        fn copy_field(name: &str, to: &mut pb::VehicleDetails, from: &pb::VehicleDetails) {
            $(if name == stringify!($field) { to.$field = from.$field.clone(); })+
        }
    };
}

amendable!(
    brand,
    model,
    manufacturer,
    category,
    vehicle_type,
    use_nature,
    colour,
    powertrain,
    fuel,
    steering,
    engine_number,
    battery_id,
    engine_cc,
    power_kw,
    gross_mass_kg,
    curb_mass_kg,
    seats,
    emission_stage,
    manufactured,
    model_year,
    first_registered,
    imported,
    modified,
    certificate_number,
    plate,
);

pub(crate) fn amendment(request: pb::UpdateVehicleRequest) -> Result<Amendment, Invalid> {
    let mut bad = Violations::default();
    let request_id = key(&mut bad, &request.request_id);
    let etag = bad.text("etag", &request.etag, 64);
    let reason = bad.optional_text("reason", &request.reason, 500);
    let document = bad.optional_text("document", &request.document, 200);
    let fields = request
        .update_mask
        .map(|mask| mask.paths)
        .unwrap_or_default();
    bad.check(!fields.is_empty(), "update_mask", || {
        "names no field".to_owned()
    });
    for field in fields
        .iter()
        .filter(|field| !AMENDABLE.contains(&field.as_str()))
    {
        bad.add("update_mask", format!("{field:?} can not be amended"));
    }
    let details = details::decode(&mut bad, "vehicle", request.vehicle);
    let details = bad.finish_with(details)?;
    Ok(Amendment {
        vin: details.vin,
        ground: Ground {
            request_id,
            etag,
            reason,
            document,
        },
        fields,
        details,
    })
}
