//! Bodies on the wire.

use tongguan_api::common::v1 as common;
use tongguan_api::inspection::v1 as pb;
use tongguan_rpc::{Invalid, Violations};
use tongguan_vocabulary::PartialDate;
use uuid::Uuid;

use super::{category, is_organisation, request_id};
use crate::domain::body::{Accreditation, Scheme, Scope, Suspension};
use crate::store::BodyChange;

/// A body to register: key, name, organisation, accreditations.
pub(crate) fn register_body(
    message: pb::RegisterBodyRequest,
) -> Result<(String, String, String, Vec<Accreditation>), Invalid> {
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
    bad.finish()?;
    Ok((key, name, body.organisation, accreditations))
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
        .filter(|path| !matches!(path.as_str(), "name" | "accreditations"))
    {
        bad.add(
            "update_mask",
            format!("{path} can not be changed (name and accreditations can)"),
        );
    }
    let wanted = |field: &str| paths.iter().any(|path| path == field);
    let change = BodyChange::Amend {
        name: wanted("name").then(|| bad.text("body.name", &body.name, 200)),
        accreditations: wanted("accreditations")
            .then(|| accreditations(&mut bad, body.accreditations)),
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
