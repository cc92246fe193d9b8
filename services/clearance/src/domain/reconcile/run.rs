//! The comparison of one case, field by field.

use tongguan_vocabulary::PartialDate;
use uuid::Uuid;

use super::truth::{Sourced, Truth};
use super::{Difference, Fault, Reconciliation, Severity};
use crate::domain::case::Case;
use crate::domain::document::Document;
use crate::domain::evidence::VehicleEvidence;
use crate::domain::text::{Likeness, compare};

#[derive(Default)]
pub(super) struct Run {
    differences: Vec<Difference>,
    agreed: Vec<&'static str>,
    pub(super) faults: Vec<Fault>,
}

impl Run {
    pub(super) fn document(&mut self, case: &Case, document: &Document, truth: &Truth) {
        let says = &document.statements;
        let source = document.kind.source();
        let from = Some(document.id);
        let named = says.owner_name.as_str();
        self.text(
            "owner_name",
            Severity::Blocking,
            &("CASE", case.exporter.name.clone()),
            (source, named, from),
        );
        if !says.vins.is_empty() {
            let listed = says.vins.contains(&case.vin);
            let all = says
                .vins
                .iter()
                .map(tongguan_vocabulary::Vin::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            self.outcome(
                "vin",
                listed,
                Severity::Blocking,
                ("CASE", case.vin.to_string()),
                (source, all, from),
            );
        }
        let textual = [
            ("brand", Severity::Blocking, &truth.brand, &says.brand),
            ("model", Severity::Blocking, &truth.model, &says.model),
            (
                "engine_number",
                Severity::Blocking,
                &truth.engine_number,
                &says.engine_number,
            ),
            (
                "manufacturer",
                Severity::Warning,
                &truth.manufacturer,
                &says.manufacturer,
            ),
            (
                "battery_id",
                Severity::Warning,
                &truth.battery_id,
                &says.battery_id,
            ),
            ("colour", Severity::Warning, &truth.colour, &says.colour),
        ];
        for (field, severity, expected, actual) in textual {
            self.text(field, severity, expected, (source, actual, from));
        }
        let dated = [
            (
                "first_registered",
                Severity::Blocking,
                &truth.first_registered,
                says.first_registered,
            ),
            (
                "transfer_pending_export",
                Severity::Blocking,
                &truth.transfer,
                says.transfer_pending_export,
            ),
            (
                "manufactured",
                Severity::Warning,
                &truth.manufactured,
                says.manufactured,
            ),
        ];
        for (field, severity, expected, actual) in dated {
            self.date(field, severity, expected, (source, actual, from));
        }
        if let Some(country) = says.destination {
            let same = country == case.destination;
            self.outcome(
                "destination",
                same,
                Severity::Blocking,
                ("CASE", case.destination.to_string()),
                (source, country.to_string(), from),
            );
        }
    }

    pub(super) fn text(
        &mut self,
        field: &'static str,
        severity: Severity,
        expected: &Sourced<String>,
        actual: (&'static str, &str, Option<Uuid>),
    ) {
        let (source, value, document) = actual;
        if expected.1.is_empty() || value.is_empty() || expected.0 == source {
            return;
        }
        let likeness = compare(&expected.1, value);
        let (severity, message) = match likeness {
            Likeness::Same => return self.agree(field),
            Likeness::SameFolded => {
                self.agree(field);
                (
                    Severity::Note,
                    format!("{field} is the same, written differently"),
                )
            }
            Likeness::OtherScript => (
                Severity::Warning,
                format!("{field} is written in another script: a person must compare it"),
            ),
            Likeness::Different => (severity, format!("{field} differs")),
        };
        self.differ(
            field,
            severity,
            (expected.0, expected.1.clone()),
            (source, value.to_owned(), document),
            message,
        );
    }

    fn date(
        &mut self,
        field: &'static str,
        severity: Severity,
        expected: &Sourced<Option<PartialDate>>,
        actual: (&'static str, Option<PartialDate>, Option<Uuid>),
    ) {
        let ((Some(right), source), (from, Some(value), document)) =
            ((expected.1, expected.0), actual)
        else {
            return;
        };
        if source == from {
            return;
        }
        if right == value {
            return self.agree(field);
        }
        // A month-only date agrees with every day of that month, and says less.
        let overlap = right.first() <= value.last() && value.first() <= right.last();
        let (severity, message) = if overlap {
            self.agree(field);
            (
                Severity::Note,
                format!("{field} agrees as far as it is known; one of the two is less exact"),
            )
        } else {
            (severity, format!("{field} differs"))
        };
        self.differ(
            field,
            severity,
            (source, right.to_string()),
            (from, value.to_string(), document),
            message,
        );
    }

    fn outcome(
        &mut self,
        field: &'static str,
        same: bool,
        severity: Severity,
        expected: (&'static str, String),
        actual: (&'static str, String, Option<Uuid>),
    ) {
        if same {
            self.agree(field);
        } else {
            self.differ(
                field,
                severity,
                expected,
                actual,
                format!("{field} differs"),
            );
        }
    }

    fn agree(&mut self, field: &'static str) {
        if !self.agreed.contains(&field) {
            self.agreed.push(field);
        }
    }

    fn differ(
        &mut self,
        field: &'static str,
        severity: Severity,
        expected: (&'static str, String),
        actual: (&'static str, String, Option<Uuid>),
        message: String,
    ) {
        self.differences.push(Difference {
            field: field.to_owned(),
            severity,
            expected_source: expected.0.to_owned(),
            expected: expected.1,
            actual_source: actual.0.to_owned(),
            actual: actual.1,
            message,
            document: actual.2,
        });
    }

    pub(super) fn finish(mut self, vehicle: Option<&VehicleEvidence>) -> Reconciliation {
        self.differences.sort_by(|a, b| {
            a.severity
                .cmp(&b.severity)
                .then_with(|| a.field.cmp(&b.field))
        });
        self.faults.sort_by(|a, b| {
            a.severity
                .cmp(&b.severity)
                .then_with(|| a.code.cmp(&b.code))
        });
        // A field that blocks somewhere did not agree, whatever other papers say.
        let disputed: Vec<String> = self
            .differences
            .iter()
            .filter(|difference| difference.severity != Severity::Note)
            .map(|difference| difference.field.clone())
            .collect();
        let mut agreed: Vec<String> = self
            .agreed
            .iter()
            .map(|field| (*field).to_owned())
            .filter(|field| !disputed.contains(field))
            .collect();
        agreed.sort();
        Reconciliation {
            differences: self.differences,
            agreed,
            faults: self.faults,
            vehicle_version: vehicle.map_or(0, |vehicle| vehicle.version),
            unreachable: Vec::new(),
        }
    }
}
