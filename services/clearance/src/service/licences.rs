//! Licence batches: opened, filled, handed in, licensed, given up.

use serde::Serialize;
use time::Date;
use tongguan_access::Caller;
use tongguan_vocabulary::Country;
use uuid::Uuid;

use super::{Service, exporter_of_record};
use crate::domain::batch::{RecordedLicence, longest_validity};
use crate::domain::case::Licence;
use crate::domain::{Batch, BatchState, Case, Event};
use crate::error::Error;
use crate::store::Happened;

/// What a batch is opened with.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NewBatch {
    pub(crate) commodity_code: String,
    pub(crate) destination: Country,
    pub(crate) declared_quantity: u32,
    pub(crate) cases: Vec<Uuid>,
}

/// A licence as its holder reads it off the paper.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LicenceRecord {
    pub(crate) number: String,
    pub(crate) issuer: String,
    pub(crate) issued: Date,
    pub(crate) valid_until: Option<Date>,
    pub(crate) quantity: u32,
    pub(crate) simulated: bool,
}

impl Service {
    /// Opens a batch.
    pub(crate) async fn create_batch(
        &self,
        caller: &Caller,
        request_id: &str,
        new: NewBatch,
    ) -> Result<Batch, Error> {
        let exporter = caller
            .organisation
            .clone()
            .ok_or_else(|| Error::NotExporterOfRecord {
                exporter: "of the batch".to_owned(),
            })?;
        let entry = self.entry(caller);
        let once = self.once(caller, "CreateLicenceBatch", request_id, &new);
        let batch = Batch {
            id: self.world.ids.next(),
            state: BatchState::Open,
            exporter,
            commodity_code: new.commodity_code,
            destination: new.destination,
            declared_quantity: new.declared_quantity,
            lines: Vec::new(),
            licence: None,
            cancelled_because: String::new(),
            version: 0,
            created_at: entry.at,
            updated_at: entry.at,
        };
        let store = self.store.clone();
        let cases = new.cases;
        self.tasks
            .shield(async move {
                store
                    .create_batch(&once, &entry, &batch, &cases, &add_named)
                    .await
            })
            .await
    }

    /// Adds cases, all or none.
    pub(crate) async fn add_to_batch(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        cases: Vec<Uuid>,
    ) -> Result<Batch, Error> {
        let entry = self.entry(caller);
        let once = self.once(caller, "AddToLicenceBatch", request_id, &(id, &cases));
        let store = self.store.clone();
        let caller = caller.clone();
        let added = async move {
            let named = cases.clone();
            let change = |batch: &mut Batch, loaded: &mut [Case]| {
                exporter_of_record(&caller, &batch.exporter)?;
                in_state(batch, BatchState::Open, "AddToLicenceBatch")?;
                // Only the named ones are new; lines already there were loaded with them.
                if let Some(twice) = named
                    .iter()
                    .find(|id| batch.lines.iter().any(|line| line.case == **id))
                {
                    return Err(Error::BatchRule {
                        problems: vec![format!("case {twice} is in the batch already")],
                    });
                }
                let mut fresh: Vec<Case> = loaded
                    .iter()
                    .filter(|case| named.contains(&case.id))
                    .cloned()
                    .collect();
                batch
                    .add(&fresh)
                    .map_err(|problems| Error::BatchRule { problems })?;
                for case in &mut fresh {
                    case.batch = Some(batch.id);
                }
                put_back(loaded, fresh);
                Ok(Some(Happened::because("BATCHED", &batch.id.to_string())))
            };
            store.change_batch(&once, &entry, id, &cases, &change).await
        };
        self.tasks.shield(added).await
    }

    /// Closes a batch and hands it in.
    pub(crate) async fn submit_batch(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
    ) -> Result<Batch, Error> {
        let entry = self.entry(caller);
        let once = self.once(caller, "SubmitLicenceBatch", request_id, &id);
        let store = self.store.clone();
        let caller = caller.clone();
        let submitted = async move {
            let change = |batch: &mut Batch, cases: &mut [Case]| {
                exporter_of_record(&caller, &batch.exporter)?;
                in_state(batch, BatchState::Open, "SubmitLicenceBatch")?;
                let mut problems: Vec<String> = batch.incomplete().into_iter().collect();
                problems.extend(not_ready(batch, cases));
                if !problems.is_empty() {
                    return Err(Error::BatchRule { problems });
                }
                batch.state = BatchState::Submitted;
                Ok(None)
            };
            store.change_batch(&once, &entry, id, &[], &change).await
        };
        self.tasks.shield(submitted).await
    }

    /// Records the official licence: its cases are LICENSED, and the worker certifies them.
    pub(crate) async fn record_licence(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        record: LicenceRecord,
    ) -> Result<Batch, Error> {
        let entry = self.entry(caller);
        let once = self.once(caller, "RecordLicence", request_id, &(id, &record));
        let today = self.world.clock.today_in_china();
        let store = self.store.clone();
        let recorded = async move {
            let change = |batch: &mut Batch, cases: &mut [Case]| {
                in_state(batch, BatchState::Submitted, "RecordLicence")?;
                let licence = RecordedLicence {
                    number: record.number.clone(),
                    issuer: record.issuer.clone(),
                    issued: record.issued,
                    valid_until: record
                        .valid_until
                        .unwrap_or_else(|| longest_validity(record.issued)),
                    quantity: record.quantity,
                    simulated: record.simulated,
                };
                let mut problems = batch.objections(&licence, today);
                problems.extend(not_ready(batch, cases));
                if !problems.is_empty() {
                    return Err(Error::LicenceRule { problems });
                }
                for case in cases.iter_mut() {
                    case.take(Event::LicenceRecorded)?;
                    case.licence = Some(Licence {
                        number: licence.number.clone(),
                        valid_until: licence.valid_until,
                        simulated: licence.simulated,
                    });
                }
                batch.state = BatchState::Licensed;
                batch.licence = Some(licence);
                Ok(Some(Happened::because("LICENSED", &record.number)))
            };
            store.change_batch(&once, &entry, id, &[], &change).await
        };
        let batch = self.tasks.shield(recorded).await?;
        self.wake.notify_one();
        Ok(batch)
    }

    /// Gives a batch up; its cases are free again.
    pub(crate) async fn cancel_batch(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        reason: String,
    ) -> Result<Batch, Error> {
        let entry = self.entry(caller);
        let once = self.once(caller, "CancelLicenceBatch", request_id, &(id, &reason));
        let store = self.store.clone();
        let caller = caller.clone();
        let cancelled = async move {
            let change = |batch: &mut Batch, cases: &mut [Case]| {
                exporter_of_record(&caller, &batch.exporter)?;
                if !matches!(batch.state, BatchState::Open | BatchState::Submitted) {
                    return Err(illegal(batch, "CancelLicenceBatch"));
                }
                for case in cases.iter_mut().filter(|case| case.batch == Some(batch.id)) {
                    case.batch = None;
                }
                batch.state = BatchState::Cancelled;
                batch.cancelled_because.clone_from(&reason);
                Ok(Some(Happened::because("UNBATCHED", &reason)))
            };
            store.change_batch(&once, &entry, id, &[], &change).await
        };
        self.tasks.shield(cancelled).await
    }

    /// Reads a batch.
    pub(crate) async fn get_batch(&self, caller: &Caller, id: Uuid) -> Result<Batch, Error> {
        self.store
            .find_batch(&caller.tenant, id)
            .await?
            .ok_or(Error::BatchNotFound { id })
    }
}

fn add_named(batch: &mut Batch, cases: &mut [Case]) -> Result<Option<Happened>, Error> {
    batch
        .add(cases)
        .map_err(|problems| Error::BatchRule { problems })?;
    for case in cases.iter_mut() {
        case.batch = Some(batch.id);
    }
    Ok(Some(Happened::because("BATCHED", &batch.id.to_string())))
}

fn put_back(loaded: &mut [Case], changed: Vec<Case>) {
    for case in changed {
        if let Some(place) = loaded.iter_mut().find(|known| known.id == case.id) {
            *place = case;
        }
    }
}

/// Cases that fell out of READY since they were added.
fn not_ready(batch: &Batch, cases: &[Case]) -> Vec<String> {
    cases
        .iter()
        .filter(|case| case.state != crate::domain::State::Ready || case.batch != Some(batch.id))
        .map(|case| {
            format!(
                "case {} is {} now: cancel the batch and form another",
                case.id, case.state
            )
        })
        .collect()
}

fn in_state(batch: &Batch, state: BatchState, step: &'static str) -> Result<(), Error> {
    if batch.state == state {
        Ok(())
    } else {
        Err(illegal(batch, step))
    }
}

fn illegal(batch: &Batch, step: &'static str) -> Error {
    Error::BatchIllegal {
        state: batch.state.as_str(),
        step,
        legal: batch.state.legal(),
    }
}
