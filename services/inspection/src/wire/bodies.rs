//! Bodies on the wire.

use tongguan_api::common::v1 as common;
use tongguan_api::inspection::v1 as pb;
use tongguan_rpc::{Invalid, Violations};
use tongguan_vocabulary::PartialDate;
use uuid::Uuid;

use super::{category, is_organisation, request_id};
use crate::domain::body::{Accreditation, NewBody, Scheme, Scope, Suspension};
use crate::domain::key::{Key, read};
use crate::store::BodyChange;

/// A body to register, with the idempotency key.
pub(crate) fn register_body(
    message: pb::RegisterBodyRequest,
) -> Result<(String, NewBody), Invalid> {
    let mut bad = Violations::default();
    let key = request_id(&mut bad, &message.request_id);
    let Some(body) = bad.required("body", message.body) else {
        return bad.finish_with(None);
    };
    let name = bad.text("body.name", &body.name, 200);
    bad.check(
        is_organisation(&body.organisation),
        "body.organisation",
        || "is not 18 digits and capitals (GB 32100)".to_owned(),
    );
    let accreditations = accreditations(&mut bad, body.accreditations);
    let keys = keys(&mut bad, body.keys);
    bad.finish()?;
    let new = NewBody {
        name,
        organisation: body.organisation,
        accreditations,
        keys,
    };
    Ok((key, new))
}

/// An amendment: key, id, etag, what changes.
pub(crate) fn update_body(
    message: pb::UpdateBodyRequest,
) -> Result<(String, Uuid, String, BodyChange), Invalid> {
    let mut bad = Violations::default();
    let key = request_id(&mut bad, &message.request_id);
    let Some(body) = bad.required("body", message.body) else {
        return bad.finish_with(None);
    };
    let id: Option<Uuid> = bad.parse("body.id", &body.id);
    let etag = bad.text("body.etag", &body.etag, 40);
    let paths = message
        .update_mask
        .map(|mask| mask.paths)
        .unwrap_or_default();
    bad.check(!paths.is_empty(), "update_mask", || {
        "is required".to_owned()
    });
    for path in paths
        .iter()
        .filter(|path| !matches!(path.as_str(), "name" | "accreditations" | "keys"))
    {
        bad.add(
            "update_mask",
            format!("{path} can not be changed (name, accreditations and keys can)"),
        );
    }
    let wanted = |field: &str| paths.iter().any(|path| path == field);
    let change = BodyChange::Amend {
        name: wanted("name").then(|| bad.text("body.name", &body.name, 200)),
        accreditations: wanted("accreditations")
            .then(|| accreditations(&mut bad, body.accreditations)),
        keys: wanted("keys").then(|| keys(&mut bad, body.keys)),
    };
    let id = bad.finish_with(id)?;
    Ok((key, id, etag, change))
}

/// A suspension: key, id, what.
pub(crate) fn suspension(
    message: pb::SuspendBodyRequest,
) -> Result<(String, Uuid, Suspension), Invalid> {
    let mut bad = Violations::default();
    let key = request_id(&mut bad, &message.request_id);
    let id: Option<Uuid> = bad.parse("id", &message.id);
    let Some(given) = bad.required("suspension", message.suspension) else {
        return bad.finish_with(None);
    };
    let from = bad.day("suspension.from", given.from);
    let until = given
        .until
        .and_then(|until| bad.day("suspension.until", Some(until)));
    let reason = bad.text("suspension.reason", &given.reason, 500);
    if let (Some(from), Some(until)) = (from, until) {
        bad.check(from <= until, "suspension.until", || {
            format!("{until} is before {from}")
        });
    }
    let (id, from) = bad.finish_with(id.zip(from))?;
    let suspension = Suspension {
        from: from.into(),
        until: until.map(PartialDate::from),
        reason,
    };
    Ok((key, id, suspension))
}

fn keys(bad: &mut Violations, given: Vec<pb::BodyKey>) -> Vec<Key> {
    const MOST: usize = 10;
    let count = given.len();
    bad.check(count <= MOST, "body.keys", || {
        format!("are {count}, at most {MOST} are taken")
    });
    let mut all: Vec<Key> = Vec::new();
    for (index, given) in given.into_iter().take(MOST).enumerate() {
        let at = format!("body.keys[{index}]");
        let Some(key) = body_key(bad, &at, given) else {
            continue;
        };
        let twice = all.iter().any(|other| other.id == key.id);
        bad.check(!twice, &format!("{at}.id"), || {
            format!("{:?} is given twice", key.id)
        });
        all.push(key);
    }
    all
}

fn body_key(bad: &mut Violations, at: &str, given: pb::BodyKey) -> Option<Key> {
    let id = bad.optional_text(&format!("{at}.id"), &given.id, 64);
    let plain = id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    bad.check(plain, &format!("{at}.id"), || {
        "has other characters than letters, digits, dots, dashes and underscores".to_owned()
    });
    let read = match read(&given.public_key) {
        Ok(read) => Some(read),
        Err(why) => {
            bad.add(format!("{at}.public_key"), why);
            None
        }
    };
    let from = bad.day(&format!("{at}.valid_from"), given.valid_from);
    let until = given
        .valid_until
        .and_then(|until| bad.day(&format!("{at}.valid_until"), Some(until)));
    if let (Some(from), Some(until)) = (from, until) {
        bad.check(from <= until, &format!("{at}.valid_until"), || {
            format!("{until} is before {from}")
        });
    }
    Some(Key::new(
        id,
        read?,
        from?.into(),
        until.map(PartialDate::from),
    ))
}

fn accreditations(bad: &mut Violations, given: Vec<pb::Accreditation>) -> Vec<Accreditation> {
    let count = given.len();
    bad.check((1..=20).contains(&count), "body.accreditations", || {
        format!("are {count}, 1 to 20 are taken")
    });
    given
        .into_iter()
        .enumerate()
        .filter_map(|(index, given)| {
            accreditation(bad, &format!("body.accreditations[{index}]"), given)
        })
        .collect()
}

fn accreditation(
    bad: &mut Violations,
    at: &str,
    given: pb::Accreditation,
) -> Option<Accreditation> {
    let scheme = bad
        .enumeration(&format!("{at}.scheme"), given.scheme)
        .and_then(|scheme| match scheme {
            pb::accreditation::Scheme::Unspecified => None,
            pb::accreditation::Scheme::Cma => Some(Scheme::Cma),
            pb::accreditation::Scheme::Cnas => Some(Scheme::Cnas),
            pb::accreditation::Scheme::CommodityInspection => Some(Scheme::CommodityInspection),
        });
    let number = bad.text(&format!("{at}.number"), &given.number, 40);
    let from = bad.day(&format!("{at}.valid_from"), given.valid_from);
    let until = bad.day(&format!("{at}.valid_until"), given.valid_until);
    if let (Some(from), Some(until)) = (from, until) {
        bad.check(from <= until, &format!("{at}.valid_until"), || {
            format!("{until} is before {from}")
        });
    }
    let count = given.scopes.len();
    bad.check((1..=50).contains(&count), &format!("{at}.scopes"), || {
        format!("are {count}, 1 to 50 are taken")
    });
    let mut scopes = Vec::with_capacity(count);
    for (index, scope) in given.scopes.into_iter().enumerate() {
        let at = format!("{at}.scopes[{index}]");
        let standard = bad.text(&format!("{at}.standard"), &scope.standard, 40);
        bad.check(
            !scope.categories.is_empty(),
            &format!("{at}.categories"),
            || "are required".to_owned(),
        );
        let mut categories = Vec::new();
        for (index, value) in scope.categories.into_iter().enumerate() {
            let value = bad.enumeration::<common::VehicleCategory>(
                &format!("{at}.categories[{index}]"),
                value,
            );
            categories.extend(value.and_then(category));
        }
        scopes.push(Scope {
            standard,
            categories,
        });
    }
    Some(Accreditation {
        scheme: scheme?,
        number,
        valid_from: from?.into(),
        valid_until: until?.into(),
        scopes,
    })
}
