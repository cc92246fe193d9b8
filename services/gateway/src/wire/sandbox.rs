//! Magic VINs, encoded.

use tongguan_api::gateway::v1 as pb;

use crate::domain::MAGIC;

/// All magic VINs.
pub(crate) fn magic_vins() -> pb::ListMagicVinsResponse {
    let vins = MAGIC.iter().map(|magic| pb::MagicVin {
        vin: magic.vin.to_owned(),
        forces: magic.forces.to_owned(),
        description: magic.description.to_owned(),
    });
    pb::ListMagicVinsResponse {
        vins: vins.collect(),
    }
}
