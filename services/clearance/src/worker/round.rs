//! Everything of one round of gathering, as it is pinned.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::Case;
use crate::domain::case::VehicleNote;
use crate::domain::decision::{EvidencePin, PackPin};
use crate::domain::evidence::{FactMap, Gathered, Judgement};
use crate::domain::facts;
use crate::domain::journal::StepKind;
use crate::domain::reconcile::Reconciliation;
use crate::error::Error;

/// Everything of one round, as it is pinned.
#[derive(Default)]
pub(super) struct Round {
    pub(super) gathered: Gathered,
    pub(super) reconciliation: Reconciliation,
    pub(super) facts: FactMap,
    pub(super) judgement: Option<Judgement>,
}

impl Round {
    /// Takes a pinned output in.
    pub(super) fn keep(&mut self, kind: StepKind, output: &str, case: &Case) -> Result<(), Error> {
        match kind {
            StepKind::Registry => self.gathered.vehicle = read(output)?,
            StepKind::Inspection => self.gathered.inspection = read(output)?,
            StepKind::Maintenance => self.gathered.maintenance = read(output)?,
            StepKind::Reconciliation => {
                self.reconciliation = read(output)?;
                self.facts = facts::build(case, &self.gathered, &self.reconciliation);
            }
            StepKind::Rules => self.judgement = read(output)?,
        }
        Ok(())
    }

    /// What a step is asked with: its hash stands in the journal.
    pub(super) fn input(&self, kind: StepKind, case: &Case) -> String {
        match kind {
            StepKind::Registry | StepKind::Inspection => json(&case.vin),
            StepKind::Maintenance => json(&(&case.vin, &self.gathered)),
            StepKind::Reconciliation => {
                json(&(&case.documents, &case.exporter, &case.trip, &self.gathered))
            }
            StepKind::Rules => json(&(case.destination, &self.facts)),
        }
    }

    pub(super) fn vehicle_note(&self) -> Option<VehicleNote> {
        let vehicle = self.gathered.vehicle.as_ref()?;
        Some(VehicleNote {
            brand: vehicle.brand.clone(),
            model: vehicle.model.clone(),
            manufacturer: vehicle.manufacturer.clone(),
            colour: vehicle.colour.clone(),
            category: vehicle.category.clone(),
            powertrain: vehicle.powertrain.clone(),
            model_year: vehicle.model_year,
            first_registered: vehicle.first_registered,
            transfer_pending_export: vehicle.transfer.as_ref().and_then(|transfer| transfer.date),
            engine_number: vehicle.engine_number.clone(),
            battery_id: vehicle.battery_id.clone(),
            photograph: self
                .gathered
                .inspection
                .as_ref()
                .map(|inspection| inspection.photograph.clone())
                .unwrap_or_default(),
        })
    }
}

impl Round {
    /// The packs that judged, pinned.
    pub(super) fn packs(&self) -> Vec<PackPin> {
        let Some(Judgement::Verdicts(verdicts)) = &self.judgement else {
            return Vec::new();
        };
        verdicts
            .iter()
            .map(|verdict| PackPin {
                market: verdict.market.clone(),
                version: verdict.version.clone(),
                sha256: verdict.digest.clone(),
            })
            .collect()
    }

    /// What the decision rests on, pinned.
    pub(super) fn evidence(&self, case: &Case) -> Vec<EvidencePin> {
        let gathered = &self.gathered;

        let digest = |kind: StepKind| {
            case.taken(kind)
                .map(|step| step.output_sha256.clone())
                .unwrap_or_default()
        };
        let mut pins = Vec::new();
        if let Some(vehicle) = &gathered.vehicle {
            let sha256 = digest(StepKind::Registry);
            let id = format!(
                "v{}-{}",
                vehicle.version,
                sha256.get(..16).unwrap_or_default()
            );
            pins.push(EvidencePin {
                kind: "REGISTRY".to_owned(),
                id,
                sha256,
            });
        }
        if let Some(inspection) = &gathered.inspection {
            pins.push(EvidencePin {
                kind: "INSPECTION".to_owned(),
                id: inspection.id.clone(),
                sha256: inspection.sha256.clone(),
            });
        }
        if gathered.maintenance.is_some() {
            let sha256 = digest(StepKind::Maintenance);
            pins.push(EvidencePin {
                kind: "MAINTENANCE".to_owned(),
                id: sha256.get(..32).unwrap_or_default().to_owned(),
                sha256,
            });
        }
        pins.extend(case.counted().map(|document| EvidencePin {
            kind: "DOCUMENT".to_owned(),
            id: document.id.to_string(),
            sha256: document.sha256.clone(),
        }));
        pins
    }
}

pub(super) fn json(value: &impl Serialize) -> String {
    // Plain data with text keys always serialises.
    serde_json::to_string(value).unwrap_or_default()
}

fn read<T: DeserializeOwned>(output: &str) -> Result<T, Error> {
    serde_json::from_str(output)
        .map_err(|error| tongguan_storage::Error::corrupt("case_steps.output", error).into())
}
