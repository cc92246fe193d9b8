//! The manufacturer's after-sales confirmation (售后维修服务确认书), checked as the licence desk does.
//!
//! Guidelines of 11 December 2025: issued by the manufacturer listed in the MIIT Announcement, exact
//! name; not by sales subsidiaries, overseas departments, dealers or modified-vehicle makers; for
//! every vehicle the destination, the VIN and an overseas service outlet; the manufacturer's seal.

use time::Date;
use tongguan_vocabulary::{Country, Vin};

use super::document::{Document, IssuerKind};
use super::reconcile::{Fault, Severity};
use super::text::{Likeness, compare};

/// What a confirmation must fit.
#[derive(Debug, Clone, Copy)]
pub struct Fits<'a> {
    /// The vehicle.
    pub vin: &'a Vin,
    /// Where it goes.
    pub destination: Country,
    /// The manufacturer's exact name, where the registry knows it.
    pub manufacturer: Option<&'a str>,
    /// The day the licence is applied for.
    pub on: Option<Date>,
}

/// Everything wrong with a confirmation, at once.
pub fn faults(letter: &Document, fits: &Fits<'_>) -> Vec<Fault> {
    let mut found = Vec::new();
    let mut add =
        |severity, fault, message: String| found.push(Fault::of(letter, severity, fault, message));
    let issuer = letter.issuer.as_str();
    let wrong_issuer = match letter.issuer_kind {
        IssuerKind::Manufacturer => None,
        IssuerKind::SalesSubsidiary => Some((
            "ISSUER_IS_SUBSIDIARY",
            "a sales subsidiary or overseas department",
        )),
        IssuerKind::Dealer => Some(("ISSUER_IS_DEALER", "a dealer")),
        IssuerKind::Modifier => Some(("ISSUER_IS_MODIFIER", "a maker of modified vehicles")),
        _ => Some(("ISSUER_IS_NOT_MANUFACTURER", "not the manufacturer")),
    };
    if let Some((fault, who)) = wrong_issuer {
        add(
            Severity::Blocking,
            fault,
            format!(
                "the confirmation is issued by {issuer:?}, {who}; only the listed manufacturer may"
            ),
        );
    }
    match fits.manufacturer {
        Some(name) if !matches!(compare(name, issuer), Likeness::Same | Likeness::SameFolded) => {
            add(
                Severity::Blocking,
                "ISSUER_NAME_DIFFERS",
                format!(
                    "the issuer {issuer:?} is not {name:?}, the manufacturer in the Announcement"
                ),
            );
        }
        Some(_) => {}
        None => add(
            Severity::Warning,
            "ISSUER_NOT_COMPARED",
            "the registry does not name the manufacturer, so the issuer could not be compared"
                .to_owned(),
        ),
    }
    if !letter.statements.vins.contains(fits.vin) {
        add(
            Severity::Blocking,
            "VIN_NOT_LISTED",
            "the confirmation does not list this vehicle's VIN; it must list every vehicle's"
                .to_owned(),
        );
    }
    match letter.statements.destination {
        None => add(
            Severity::Blocking,
            "DESTINATION_MISSING",
            "the confirmation names no destination".to_owned(),
        ),
        Some(country) if country != fits.destination => {
            add(
                Severity::Blocking,
                "DESTINATION_DIFFERS",
                format!(
                    "the confirmation is for {country}, the case for {}",
                    fits.destination
                ),
            );
        }
        Some(_) => {}
    }
    let outlets = &letter.statements.service_outlets;
    let complete = |outlet: &&super::document::ServiceOutlet| {
        !outlet.provider.is_empty() && !outlet.address.is_empty()
    };
    if outlets.is_empty() {
        add(
            Severity::Blocking,
            "NO_SERVICE_OUTLET",
            "the confirmation names no overseas service outlet".to_owned(),
        );
    } else if !outlets.iter().any(|outlet| complete(&outlet)) {
        add(
            Severity::Blocking,
            "SERVICE_OUTLET_INCOMPLETE",
            "no service outlet has both provider and address".to_owned(),
        );
    } else if !outlets.iter().filter(complete).any(|outlet| {
        outlet
            .country
            .is_none_or(|country| country == fits.destination)
    }) {
        add(
            Severity::Warning,
            "SERVICE_OUTLET_ELSEWHERE",
            format!("no service outlet is in {}", fits.destination),
        );
    }
    if !letter.sealed {
        add(
            Severity::Blocking,
            "NOT_SEALED",
            "the confirmation lacks the manufacturer's official seal".to_owned(),
        );
    }
    if let (Some(last), Some(day)) = (letter.valid_until, fits.on)
        && day > last
    {
        add(
            Severity::Blocking,
            "EXPIRED",
            format!("the confirmation ended on {last}, before the application on {day}"),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::{DocumentKind, ServiceOutlet, Statements};
    use time::OffsetDateTime;
    use time::macros::date;
    use uuid::Uuid;

    fn vin() -> Vin {
        "LSVWY4180KN246094".parse().unwrap()
    }

    fn letter() -> Document {
        Document {
            id: Uuid::nil(),
            kind: DocumentKind::AfterSalesConfirmation,
            code: "after-sales-confirmation".to_owned(),
            number: "QR-1".to_owned(),
            issuer: "上汽大众汽车有限公司".to_owned(),
            issuer_kind: IssuerKind::Manufacturer,
            issued: Some(date!(2026 - 02 - 01)),
            valid_until: Some(date!(2026 - 12 - 31)),
            sha256: "0".repeat(64),
            media_type: "application/pdf".to_owned(),
            size_bytes: 1,
            sealed: true,
            statements: Statements {
                vins: vec![vin()],
                destination: "KZ".parse().ok(),
                service_outlets: vec![ServiceOutlet {
                    provider: "Almaty Auto".to_owned(),
                    address: "Almaty".to_owned(),
                    country: "KZ".parse().ok(),
                }],
                ..Statements::default()
            },
            attached_at: OffsetDateTime::UNIX_EPOCH,
            attached_by: "test".to_owned(),
            replaced_by: None,
        }
    }

    fn found(change: impl FnOnce(&mut Document)) -> Vec<String> {
        let mut letter = letter();
        change(&mut letter);
        let fits = Fits {
            vin: &vin(),
            destination: "KZ".parse().unwrap(),
            manufacturer: Some("上汽大众汽车有限公司"),
            on: Some(date!(2026 - 03 - 02)),
        };
        faults(&letter, &fits)
            .into_iter()
            .map(|fault| fault.fault)
            .collect()
    }

    #[test]
    fn a_complete_letter_of_the_manufacturer_does() {
        assert!(found(|_| {}).is_empty());
    }

    #[test]
    fn every_requirement_of_the_guidelines_is_checked() {
        type Change = fn(&mut Document);
        let table: [(Change, &str); 13] = [
            (
                |l| l.issuer_kind = IssuerKind::Exporter,
                "ISSUER_IS_NOT_MANUFACTURER",
            ),
            (
                |l| l.issuer = "SAIC Volkswagen".to_owned(),
                "ISSUER_NAME_DIFFERS",
            ),
            (
                |l| l.statements.service_outlets[0].address.clear(),
                "SERVICE_OUTLET_INCOMPLETE",
            ),
            (|l| l.issuer_kind = IssuerKind::Dealer, "ISSUER_IS_DEALER"),
            (
                |l| l.issuer_kind = IssuerKind::Modifier,
                "ISSUER_IS_MODIFIER",
            ),
            (
                |l| l.issuer_kind = IssuerKind::SalesSubsidiary,
                "ISSUER_IS_SUBSIDIARY",
            ),
            (
                |l| l.issuer = "上汽大众汽车销售有限公司".to_owned(),
                "ISSUER_NAME_DIFFERS",
            ),
            (|l| l.statements.vins.clear(), "VIN_NOT_LISTED"),
            (
                |l| l.statements.destination = "RU".parse().ok(),
                "DESTINATION_DIFFERS",
            ),
            (|l| l.statements.destination = None, "DESTINATION_MISSING"),
            (
                |l| l.statements.service_outlets.clear(),
                "NO_SERVICE_OUTLET",
            ),
            (|l| l.sealed = false, "NOT_SEALED"),
            (|l| l.valid_until = Some(date!(2026 - 03 - 01)), "EXPIRED"),
        ];
        for (change, fault) in table {
            assert_eq!(found(change), [fault]);
        }
    }

    #[test]
    fn an_issuer_that_can_not_be_compared_is_told_and_is_no_pass() {
        let (vin, letter) = (vin(), letter());
        let fits = Fits {
            vin: &vin,
            destination: "KZ".parse().unwrap(),
            manufacturer: None,
            on: None,
        };
        let found = faults(&letter, &fits);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].fault, "ISSUER_NOT_COMPARED");
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let all = found(|l| {
            l.sealed = false;
            l.statements.vins.clear();
            l.issuer_kind = IssuerKind::Dealer;
        });
        assert_eq!(all, ["ISSUER_IS_DEALER", "VIN_NOT_LISTED", "NOT_SEALED"]);
    }
}
