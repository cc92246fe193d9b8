//! Documents, both ways.

use time::OffsetDateTime;
use tongguan_api::clearance::v1 as pb;
use tongguan_rpc::{Violations, wire};
use tongguan_vocabulary::Vin;
use uuid::Uuid;

use super::{credit_code, day, optional_day, partial};
use crate::domain::document::{Document, DocumentKind, IssuerKind, ServiceOutlet, Statements};
use crate::domain::mandate::{Mandate, Scope};

const KINDS: [(pb::document::Kind, DocumentKind); 11] = [
    (pb::document::Kind::Contract, DocumentKind::Contract),
    (
        pb::document::Kind::RegistrationCertificate,
        DocumentKind::RegistrationCertificate,
    ),
    (
        pb::document::Kind::InspectionReport,
        DocumentKind::InspectionReport,
    ),
    (
        pb::document::Kind::InspectionBodyDeclaration,
        DocumentKind::InspectionBodyDeclaration,
    ),
    (
        pb::document::Kind::DestinationStandardDeclaration,
        DocumentKind::DestinationStandardDeclaration,
    ),
    (
        pb::document::Kind::AfterSalesConfirmation,
        DocumentKind::AfterSalesConfirmation,
    ),
    (
        pb::document::Kind::ModificationProof,
        DocumentKind::ModificationProof,
    ),
    (pb::document::Kind::Mandate, DocumentKind::Mandate),
    (pb::document::Kind::Invoice, DocumentKind::Invoice),
    (
        pb::document::Kind::ContractTranslation,
        DocumentKind::ContractTranslation,
    ),
    (pb::document::Kind::Other, DocumentKind::Other),
];

const ISSUERS: [(pb::document::IssuerKind, IssuerKind); 9] = [
    (pb::document::IssuerKind::Unspecified, IssuerKind::Unstated),
    (
        pb::document::IssuerKind::Manufacturer,
        IssuerKind::Manufacturer,
    ),
    (
        pb::document::IssuerKind::SalesSubsidiary,
        IssuerKind::SalesSubsidiary,
    ),
    (pb::document::IssuerKind::Dealer, IssuerKind::Dealer),
    (pb::document::IssuerKind::Modifier, IssuerKind::Modifier),
    (pb::document::IssuerKind::Exporter, IssuerKind::Exporter),
    (
        pb::document::IssuerKind::InspectionBody,
        IssuerKind::InspectionBody,
    ),
    (pb::document::IssuerKind::Authority, IssuerKind::Authority),
    (pb::document::IssuerKind::Other, IssuerKind::Other),
];

/// A document as attached; identity, time and author are the service's.
pub(super) fn read(bad: &mut Violations, message: pb::Document) -> Option<Document> {
    let kind = bad
        .enumeration::<pb::document::Kind>("document.kind", message.kind)
        .and_then(|kind| find(&KINDS, kind));
    let issuer_kind = pb::document::IssuerKind::try_from(message.issuer_kind)
        .ok()
        .and_then(|kind| find(&ISSUERS, kind));
    bad.check(issuer_kind.is_some(), "document.issuer_kind", || {
        format!("{} is not a known value", message.issuer_kind)
    });
    let hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    bad.check(
        message.sha256.len() == 64 && message.sha256.bytes().all(hex),
        "document.sha256",
        || "is not a SHA-256 of 64 lower-case hex characters".to_owned(),
    );
    let issued = optional_day(bad, "document.issued", message.issued);
    let valid_until = optional_day(bad, "document.valid_until", message.valid_until);
    if let (Some(from), Some(to)) = (issued, valid_until) {
        bad.check(from <= to, "document.valid_until", || {
            format!("{to} is before the date of issue {from}")
        });
    }
    let code = match kind {
        Some(DocumentKind::Other) => {
            let shape =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
            bad.check(
                (1..=64).contains(&message.code.len()) && message.code.chars().all(shape),
                "document.code",
                || "is not a document code (1 to 64 of a-z, 0-9, - and _)".to_owned(),
            );
            message.code
        }
        Some(kind) => {
            bad.check(
                message.code.is_empty() || message.code == kind.code(),
                "document.code",
                || format!("is {} for this kind", kind.code()),
            );
            kind.code().to_owned()
        }
        None => message.code,
    };
    let statements = statements(bad, message.statements.unwrap_or_default());
    Some(Document {
        id: Uuid::nil(),
        kind: kind?,
        code,
        number: bad.optional_text("document.number", &message.number, 100),
        issuer: bad.optional_text("document.issuer", &message.issuer, 200),
        issuer_kind: issuer_kind?,
        issued,
        valid_until,
        sha256: message.sha256,
        media_type: bad.optional_text("document.media_type", &message.media_type, 100),
        size_bytes: message.size_bytes,
        sealed: message.sealed,
        statements,
        attached_at: OffsetDateTime::UNIX_EPOCH,
        attached_by: String::new(),
        replaced_by: None,
    })
}

fn find<A: PartialEq + Copy, B: Copy>(table: &[(A, B)], wanted: A) -> Option<B> {
    table
        .iter()
        .find(|(known, _)| *known == wanted)
        .map(|(_, found)| *found)
}

fn find_back<A: Copy, B: PartialEq + Copy>(table: &[(A, B)], wanted: B) -> Option<A> {
    table
        .iter()
        .find(|(_, known)| *known == wanted)
        .map(|(found, _)| *found)
}

fn statements(bad: &mut Violations, message: pb::Statements) -> Statements {
    let field = |name: &str| format!("document.statements.{name}");
    bad.check(message.vins.len() <= 100, &field("vins"), || {
        format!("has {} VINs, at most 100 are taken", message.vins.len())
    });
    bad.check(
        message.service_outlets.len() <= 50,
        &field("service_outlets"),
        || "has more than 50 entries".to_owned(),
    );
    let vins: Vec<Vin> = message
        .vins
        .iter()
        .take(100)
        .enumerate()
        .filter_map(|(place, vin)| bad.parse(&field(&format!("vins[{place}]")), vin))
        .collect();
    let odometer = message.odometer.as_ref().and_then(|odometer| {
        wire::odometer_reading(odometer)
            .map_err(|wrong| bad.add(field("odometer"), wrong))
            .ok()
    });
    let outlets = message
        .service_outlets
        .into_iter()
        .take(50)
        .enumerate()
        .map(|(place, outlet)| {
            let name = field(&format!("service_outlets[{place}]"));
            ServiceOutlet {
                provider: bad.optional_text(&format!("{name}.provider"), &outlet.provider, 200),
                address: bad.optional_text(&format!("{name}.address"), &outlet.address, 300),
                country: bad.optional_parse(&format!("{name}.country"), &outlet.country),
            }
        });
    let service_outlets = outlets.collect();
    Statements {
        owner_name: bad.optional_text(&field("owner_name"), &message.owner_name, 200),
        vins,
        brand: bad.optional_text(&field("brand"), &message.brand, 100),
        model: bad.optional_text(&field("model"), &message.model, 100),
        first_registered: bad.optional_date(&field("first_registered"), message.first_registered),
        transfer_pending_export: bad.optional_date(
            &field("transfer_pending_export"),
            message.transfer_pending_export,
        ),
        destination: bad.optional_parse(&field("destination"), &message.destination),
        engine_number: bad.optional_text(&field("engine_number"), &message.engine_number, 60),
        colour: bad.optional_text(&field("colour"), &message.colour, 40),
        manufactured: bad.optional_date(&field("manufactured"), message.manufactured),
        odometer,
        after_sales_terms: message.after_sales_terms,
        service_outlets,
        battery_id: bad.optional_text(&field("battery_id"), &message.battery_id, 60),
        manufacturer: bad.optional_text(&field("manufacturer"), &message.manufacturer, 200),
        language: bad.optional_text(&field("language"), &message.language, 35),
        standard: bad.optional_text(&field("standard"), &message.standard, 60),
        mandate: message.mandate.map(|said| mandate(bad, said)),
    }
}

fn mandate(bad: &mut Violations, message: pb::Mandate) -> Mandate {
    let field = |name: &str| format!("document.statements.mandate.{name}");
    let scopes = message
        .scopes
        .iter()
        .enumerate()
        .filter_map(|(place, scope)| {
            let name = field(&format!("scopes[{place}]"));
            let scope = bad.enumeration::<pb::mandate::Scope>(&name, *scope)?;
            (scope == pb::mandate::Scope::Prepare).then_some(Scope::Prepare)
        });
    let scopes = scopes.take(8).collect();
    Mandate {
        exporter: credit_code(bad, &field("exporter_code"), &message.exporter_code),
        agent: credit_code(bad, &field("agent_code"), &message.agent_code),
        scopes,
        from: optional_day(bad, &field("valid_from"), message.valid_from),
        until: optional_day(bad, &field("valid_until"), message.valid_until),
    }
}

fn mandate_out(says: Mandate) -> pb::Mandate {
    pb::Mandate {
        exporter_code: says.exporter,
        agent_code: says.agent,
        scopes: vec![pb::mandate::Scope::Prepare.into(); says.scopes.len()],
        valid_from: day(says.from),
        valid_until: day(says.until),
    }
}

impl From<Document> for pb::Document {
    fn from(document: Document) -> Self {
        let kind = find_back(&KINDS, document.kind).unwrap_or(pb::document::Kind::Unspecified);
        let issuer_kind = find_back(&ISSUERS, document.issuer_kind)
            .unwrap_or(pb::document::IssuerKind::Unspecified);
        Self {
            document_id: document.id.to_string(),
            kind: kind.into(),
            code: document.code,
            number: document.number,
            issuer: document.issuer,
            issuer_kind: issuer_kind.into(),
            issued: day(document.issued),
            valid_until: day(document.valid_until),
            sha256: document.sha256,
            media_type: document.media_type,
            size_bytes: document.size_bytes,
            sealed: document.sealed,
            statements: Some(document.statements.into()),
            attach_time: Some(wire::timestamp(document.attached_at)),
            attached_by: document.attached_by,
            replaced_by: document
                .replaced_by
                .map(|id| id.to_string())
                .unwrap_or_default(),
        }
    }
}

impl From<Statements> for pb::Statements {
    fn from(says: Statements) -> Self {
        Self {
            owner_name: says.owner_name,
            vins: says.vins.iter().map(ToString::to_string).collect(),
            brand: says.brand,
            model: says.model,
            first_registered: partial(says.first_registered),
            transfer_pending_export: partial(says.transfer_pending_export),
            destination: says
                .destination
                .map(|country| country.to_string())
                .unwrap_or_default(),
            engine_number: says.engine_number,
            colour: says.colour,
            manufactured: partial(says.manufactured),
            odometer: says.odometer.map(wire::odometer),
            after_sales_terms: says.after_sales_terms,
            service_outlets: says
                .service_outlets
                .into_iter()
                .map(|outlet| pb::ServiceOutlet {
                    provider: outlet.provider,
                    address: outlet.address,
                    country: outlet
                        .country
                        .map(|country| country.to_string())
                        .unwrap_or_default(),
                })
                .collect(),
            battery_id: says.battery_id,
            manufacturer: says.manufacturer,
            language: says.language,
            standard: says.standard,
            mandate: says.mandate.map(mandate_out),
        }
    }
}
