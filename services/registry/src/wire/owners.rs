//! Owners and looks into the vault, on the wire.

use time::OffsetDateTime;
use tongguan_api::registry::v1 as pb;
use tongguan_rpc::{Invalid, Violations, wire};
use tongguan_vocabulary::Vin;
use uuid::Uuid;

use crate::domain::Owner;
use crate::service::OwnerRead;
use crate::store::Looked;

/// Decodes an owner that may be absent; one that says nothing is absent too.
pub(super) fn decode(bad: &mut Violations, at: &str, owner: Option<pb::Owner>) -> Option<Owner> {
    let owner = owner?;
    if owner == pb::Owner::default() {
        return None;
    }
    let field = |name: &str| format!("{at}.{name}");
    let paper = owner.document_number.is_empty() == owner.document_type.is_empty();
    bad.check(paper, &field("document_type"), || {
        "comes with document_number, and the number with its type".to_owned()
    });
    Some(Owner {
        name: bad.text(&field("name"), &owner.name, 120),
        document_type: bad.optional_text(&field("document_type"), &owner.document_type, 40),
        document_number: bad.optional_text(&field("document_number"), &owner.document_number, 60),
        phone: bad.optional_text(&field("phone"), &owner.phone, 40),
        address: bad.optional_text(&field("address"), &owner.address, 300),
    })
}

fn purpose(bad: &mut Violations, field: &str, text: &str) -> String {
    let text = bad.text(field, text, 200);
    bad.check(text.chars().count() >= 3, field, || {
        "says in at least 3 characters what for".to_owned()
    });
    text
}

pub(crate) fn read_owner(request: &pb::ReadOwnerRequest) -> Result<(Vin, String), Invalid> {
    let mut bad = Violations::default();
    let vin = bad.parse("vin", &request.vin);
    let purpose = purpose(&mut bad, "purpose", &request.purpose);
    Ok((bad.finish_with(vin)?, purpose))
}

pub(crate) fn erase_person(
    request: &pb::ErasePersonRequest,
) -> Result<(String, Uuid, String), Invalid> {
    let mut bad = Violations::default();
    let request_id = bad.optional_text("request_id", &request.request_id, 64);
    let person = bad.parse("person", &request.person);
    let reason = purpose(&mut bad, "reason", &request.reason);
    Ok((request_id, bad.finish_with(person)?, reason))
}

pub(crate) fn owner_reads(request: &pb::ListOwnerReadsRequest) -> Result<Option<Uuid>, Invalid> {
    let mut bad = Violations::default();
    let person = bad.optional_parse("person", &request.person);
    bad.check(request.page_size >= 0, "page_size", || {
        "is negative".to_owned()
    });
    bad.finish()?;
    Ok(person)
}

pub(crate) fn erased(at: OffsetDateTime) -> pb::ErasePersonResponse {
    pb::ErasePersonResponse {
        erase_time: Some(wire::timestamp(at)),
    }
}

impl From<Owner> for pb::Owner {
    fn from(owner: Owner) -> Self {
        Self {
            name: owner.name,
            document_type: owner.document_type,
            document_number: owner.document_number,
            phone: owner.phone,
            address: owner.address,
        }
    }
}

impl From<OwnerRead> for pb::ReadOwnerResponse {
    fn from(read: OwnerRead) -> Self {
        let (owner, erased) = match read.found {
            Ok(owner) => (Some(owner.into()), None),
            Err(erased) => (None, Some(wire::timestamp(erased))),
        };
        Self {
            person: read.person.to_string(),
            owner,
            erase_time: erased,
            read: read.look.to_string(),
        }
    }
}

pub(crate) fn looked(looked: Looked) -> pb::OwnerRead {
    pb::OwnerRead {
        id: looked.id.to_string(),
        person: looked.person.to_string(),
        vin: looked.about,
        action: looked.action,
        actor: looked.actor,
        purpose: looked.purpose,
        read_time: Some(wire::timestamp(looked.looked_at.0)),
    }
}
