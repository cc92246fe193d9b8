//! What is told of inspections and bodies → proto.

use tongguan_api::inspection::v1 as pb;
use tongguan_rpc::wire;

use crate::store::Told;

pub(crate) fn event(told: Told, resume_token: String) -> pb::InspectionEvent {
    pb::InspectionEvent {
        kind: told.kind,
        subject: told.subject,
        vin: told.vin,
        record_time: Some(wire::timestamp(told.at)),
        resume_token,
    }
}
