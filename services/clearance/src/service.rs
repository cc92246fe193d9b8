//! The use cases of clearance, in domain words.

mod cases;
mod certificates;
mod figures;
mod issue;
mod licences;
mod officers;

use std::sync::Arc;

use serde::Serialize;
use time::Date;
use tokio::sync::Notify;
use tongguan_access::{Caller, Role};
use tongguan_rpc::Tasks;
use tongguan_storage::Once;
use tongguan_vocabulary::World;

use crate::config::Config;
use crate::domain::{Case, Document, mandate};
use crate::error::Error;
use crate::issuer::Issuer;
pub(crate) use crate::issuer::Published;
use crate::peers::Desk;
use crate::store::{Entry, Store};

pub(crate) use cases::{Opening, Submission};
pub(crate) use certificates::{Checked, Line, Manifest, Seen, Shown, Verified};
pub(crate) use figures::{MovementPage, MovementView, StatisticsView};
pub(crate) use licences::{LicenceRecord, NewBatch};

/// A page of a list.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: String,
}

/// Clearance.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) world: World,
    pub(crate) tasks: Tasks,
    pub(crate) desk: Desk,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) config: Arc<Config>,
    /// Wakes the worker at once.
    pub(crate) wake: Arc<Notify>,
    /// Says that a tenant may be new, whose peers are to be followed.
    pub(crate) joined: Arc<Notify>,
}

impl Service {
    pub(crate) fn entry(&self, caller: &Caller) -> Entry {
        Entry {
            tenant: caller.tenant.clone(),
            actor: caller.subject.clone(),
            at: self.world.clock.now(),
        }
    }

    pub(crate) fn once(
        &self,
        caller: &Caller,
        method: &'static str,
        request_id: &str,
        request: &impl Serialize,
    ) -> Once {
        // Serialising plain data to memory can not fail; an empty text would only make the key stricter.
        let canonical = serde_json::to_vec(request).unwrap_or_default();
        Once::new(
            &caller.tenant,
            method,
            request_id,
            &canonical,
            self.world.clock.now(),
        )
    }

    /// Fires when watches must end.
    pub(crate) fn stopping(&self) -> impl Future<Output = ()> + Send + 'static {
        self.tasks.stopping().cancelled_owned()
    }
}

/// Only the exporter of record files, withdraws, batches and deregisters (谁出口谁申领).
fn exporter_of_record(caller: &Caller, exporter: &str) -> Result<(), Error> {
    if caller.organisation.as_deref() == Some(exporter) {
        return Ok(());
    }
    Err(Error::NotExporterOfRecord {
        exporter: exporter.to_owned(),
    })
}

/// An exporter prepares its own cases, an agent those of an exporter whose mandate it holds on the day,
/// an operator any.
fn may_prepare<'a>(
    caller: &Caller,
    exporter: &str,
    papers: impl Iterator<Item = &'a Document>,
    day: Date,
) -> Result<(), Error> {
    let organisation = caller.organisation.as_deref();
    if organisation == Some(exporter) || caller.has_role(Role::Operator) {
        return Ok(());
    }
    if caller.has_role(Role::MarketplaceAgent) {
        let problems = mandate::missing(papers, exporter, organisation, day);
        return if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::MandateMissing { problems })
        };
    }
    if organisation.is_none() {
        return Ok(());
    }
    exporter_of_record(caller, exporter)
}

/// Only while documents, trip and facts may change.
fn still_open(case: &Case) -> Result<(), Error> {
    if case.state.takes_documents() {
        return Ok(());
    }
    Err(crate::domain::Illegal {
        state: case.state,
        event: crate::domain::Event::Submit,
    }
    .into())
}
