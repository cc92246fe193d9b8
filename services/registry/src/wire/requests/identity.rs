//! Marks of identity, decoded.

use tongguan_api::registry::v1 as pb;
use tongguan_rpc::{Invalid, Violations};
use tongguan_vocabulary::Vin;

use super::ground;
use crate::domain::{Change, Mark, MarkKind};
use crate::service::Ground;

pub(crate) fn identity(
    request: pb::RecordIdentityRequest,
) -> Result<(Vin, Ground, Change), Invalid> {
    let mut bad = Violations::default();
    let mark = bad.required("mark", request.mark).unwrap_or_default();
    let ground = Ground {
        reason: bad.optional_text("reason", &request.reason, 500),
        ..ground(&mut bad, &request.request_id, &mark.document)
    };
    let vin = bad.parse("vin", &request.vin);
    let kind = bad.enumeration::<pb::identity_mark::Kind>("mark.kind", mark.kind);
    let value = bad.text("mark.value", &mark.value, 120);
    let since = bad.day("mark.since", mark.since);
    let replaces = bad.optional_text("replaces", &request.replaces, 120);
    let kind = kind.map(|kind| match kind {
        pb::identity_mark::Kind::Plate | pb::identity_mark::Kind::Unspecified => MarkKind::Plate,
        pb::identity_mark::Kind::Engine => MarkKind::Engine,
        pb::identity_mark::Kind::Battery => MarkKind::Battery,
        pb::identity_mark::Kind::StampedVin => MarkKind::StampedVin,
    });
    if kind == Some(MarkKind::StampedVin) && !value.is_empty() {
        let _stamped: Option<Vin> = bad.parse("mark.value", &value);
    }
    let whole = vin.zip(kind).zip(since);
    let ((vin, kind), since) = bad.finish_with(whole)?;
    let mark = Mark {
        kind,
        value,
        since: Some(since.into()),
        until: None,
        document: ground.document.clone(),
    };
    Ok((vin, ground, Change::Identify { mark, replaces }))
}
