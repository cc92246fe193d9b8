//! The sandbox ↔ proto.

use time::OffsetDateTime;
use tongguan_access::Role;
use tongguan_api::gateway::v1 as pb;
use tongguan_rpc::{Invalid, Violations, wire};
use uuid::Uuid;

use crate::domain::{ApiKey, MAGIC};
use crate::sandbox::Made;

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

pub(crate) fn set_clock(request: &pb::SetClockRequest) -> Result<OffsetDateTime, Invalid> {
    let mut bad = Violations::default();
    bad.optional_text("request_id", &request.request_id, 64);
    let time = request.time.as_ref().and_then(wire::instant);
    bad.check(time.is_some(), "time", || {
        "is required: the instant the clock is to show".to_owned()
    });
    bad.finish()?;
    Ok(time.unwrap_or(OffsetDateTime::UNIX_EPOCH))
}

pub(crate) fn clock(shown: OffsetDateTime) -> pb::SandboxClock {
    pb::SandboxClock {
        time: Some(wire::timestamp(shown)),
    }
}

pub(crate) fn create_key(
    request: &pb::CreateApiKeyRequest,
) -> Result<(String, Vec<Role>), Invalid> {
    let mut bad = Violations::default();
    let label = bad.optional_text("label", &request.label, 100);
    let count = request.roles.len();
    bad.check((1..=9).contains(&count), "roles", || {
        format!("has {count} roles, must have 1 to 9")
    });
    let mut roles = Vec::new();
    for (n, role) in request.roles.iter().take(9).enumerate() {
        roles.extend(bad.parse::<Role>(&format!("roles[{n}]"), role));
    }
    bad.finish()?;
    Ok((label, roles))
}

pub(crate) fn key_id(request: &pb::RevokeApiKeyRequest) -> Result<Uuid, Invalid> {
    let mut bad = Violations::default();
    let id = bad.parse::<Uuid>("key", &request.key);
    bad.finish()?;
    Ok(id.unwrap_or_default())
}

pub(crate) fn made(made: Made) -> pb::ApiKey {
    pb::ApiKey {
        secret: made.secret,
        ..key(made.key)
    }
}

pub(crate) fn keys(keys: Vec<ApiKey>) -> pb::ListApiKeysResponse {
    pb::ListApiKeysResponse {
        keys: keys.into_iter().map(key).collect(),
    }
}

pub(crate) fn key(key: ApiKey) -> pb::ApiKey {
    pb::ApiKey {
        key: key.id.to_string(),
        label: key.label,
        roles: key.roles,
        organisation: key.organisation.unwrap_or_default(),
        create_time: Some(wire::timestamp(key.created)),
        revoke_time: key.revoked.map(wire::timestamp),
        secret: String::new(),
    }
}
