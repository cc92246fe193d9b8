//! The case until it is filed: open, attach, reconcile, submit; and reading it.

use serde::{Deserialize, Serialize};
use tongguan_access::Caller;
use tongguan_rpc::PageToken;
use tongguan_vocabulary::{Country, Vin};
use uuid::Uuid;

use super::{Page, Service, exporter_of_record, may_prepare, still_open};
use crate::domain::case::{Declared, Exporter, Trip};
use crate::domain::reconcile::{Reconciliation, reconcile};
use crate::domain::{Case, Document, Event};
use crate::error::Error;
use crate::store::{EventRow, Filter, Happened};

/// What a case is opened with.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Opening {
    pub(crate) vin: Vin,
    pub(crate) destination: Country,
    pub(crate) exporter: Exporter,
    pub(crate) trip: Trip,
    pub(crate) declared: Declared,
    /// The exporter's mandate, where an agent prepares.
    pub(crate) mandate: Option<Document>,
}

/// What a case is filed with.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Submission {
    pub(crate) id: Uuid,
    pub(crate) etag: String,
    pub(crate) trip: Option<Trip>,
    pub(crate) declared: Declared,
}

/// What a repeated request to attach is answered from: the document, or the whole case where it was kept before.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Attached {
    Case(Box<Case>),
    Document(Box<Option<Document>>),
}

impl Attached {
    fn of(case: &Case) -> Self {
        Self::Document(Box::new(case.documents.last().cloned()))
    }

    fn document(self) -> Option<Document> {
        match self {
            Self::Case(case) => case.documents.into_iter().next_back(),
            Self::Document(document) => *document,
        }
    }
}

/// The case without its papers and its decision, which no operation tells.
fn filed(case: &Case) -> Case {
    Case {
        documents: Vec::new(),
        decision: None,
        ..case.clone()
    }
}

impl Service {
    /// Opens a case; with `validate_only` it stores nothing.
    pub(crate) async fn open(
        &self,
        caller: &Caller,
        request_id: &str,
        opening: Opening,
        validate_only: bool,
    ) -> Result<Case, Error> {
        let papers = opening.mandate.iter();
        let today = self.world.clock.today_in_china();
        may_prepare(caller, &opening.exporter.code, papers, today)?;
        let entry = self.entry(caller);
        let once = self.once(caller, "OpenCase", request_id, &opening);
        let Opening {
            vin,
            destination,
            exporter,
            trip,
            declared,
            mandate,
        } = opening;
        let mut case = Case::open(
            self.world.ids.next(),
            vin,
            destination,
            exporter,
            trip,
            declared,
            entry.at,
        );
        case.documents.extend(mandate.map(|paper| Document {
            id: self.world.ids.next(),
            attached_at: entry.at,
            attached_by: caller.subject.clone(),
            ..paper
        }));
        if validate_only {
            return match self.store.find_open(&caller.tenant, vin).await? {
                Some(_) => Err(Error::CaseOpen { vin }),
                None => Ok(case),
            };
        }
        let store = self.store.clone();
        let opened = self
            .tasks
            .shield(async move { store.open(&once, &entry, &case).await })
            .await?;
        self.joined.notify_one();
        Ok(opened)
    }

    /// Attaches a document, or replaces one.
    pub(crate) async fn attach(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        document: Document,
        replaces: Option<Uuid>,
    ) -> Result<Document, Error> {
        let entry = self.entry(caller);
        // Identity and time are the service's: the request is the rest.
        let once = self.once(
            caller,
            "AttachDocument",
            request_id,
            &(id, &document, replaces),
        );
        let document = Document {
            id: self.world.ids.next(),
            attached_at: entry.at,
            attached_by: caller.subject.clone(),
            ..document
        };
        let caller = caller.clone();
        let store = self.store.clone();
        let today = self.world.clock.today_in_china();
        let attached = async move {
            let change = |case: &mut Case| {
                // An agent renews its mandate by attaching the new one.
                let papers = case.documents.iter().chain([&document]);
                may_prepare(&caller, &case.exporter.code, papers, today)?;
                still_open(case)?;
                if let Some(old) = replaces {
                    let known = case
                        .documents
                        .iter_mut()
                        .find(|known| known.id == old && known.counts());
                    known
                        .ok_or(Error::DocumentNotFound { id: old })?
                        .replaced_by = Some(document.id);
                }
                case.documents.push(document.clone());
                Ok(Happened::because("DOCUMENT_ATTACHED", &document.code))
            };
            store
                .change_to(&once, &entry, id, "", &change, Attached::of)
                .await
        };
        let attached = self.tasks.shield(attached).await?;
        attached.document().ok_or(Error::DocumentNotFound { id })
    }

    /// Compares documents, case and registry, and changes nothing. A peer that is down leaves its half out.
    pub(crate) async fn reconcile(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<Reconciliation, Error> {
        let case = self.get(caller, id).await?;
        let mut unreachable = Vec::new();
        let vehicle = self
            .desk
            .vehicle(&caller.tenant, &case.vin)
            .await
            .unwrap_or_else(|_| {
                unreachable.push("registry".to_owned());
                None
            });
        let inspection = self
            .desk
            .inspection(&caller.tenant, &case.vin)
            .await
            .unwrap_or_else(|_| {
                unreachable.push("inspection".to_owned());
                None
            });
        let mut compared = reconcile(&case, vehicle.as_ref(), inspection.as_ref());
        compared.unreachable = unreachable;
        Ok(compared)
    }

    /// Files a case and wakes the worker; of the case it answers what its operation tells.
    pub(crate) async fn submit(
        &self,
        caller: &Caller,
        request_id: &str,
        submission: Submission,
    ) -> Result<Case, Error> {
        let entry = self.entry(caller);
        let once = self.once(caller, "SubmitCase", request_id, &submission);
        let operation = self.world.ids.next();
        let today = self.world.clock.today_in_china();
        let store = self.store.clone();
        let caller = caller.clone();
        let filing = async move {
            let change = |case: &mut Case| {
                exporter_of_record(&caller, &case.exporter.code)?;
                case.take(Event::Submit)?;
                if let Some(trip) = &submission.trip {
                    case.trip = trip.clone();
                }
                case.declared.extend(submission.declared.clone());
                case.operation = Some(operation);
                case.submitted_at = case.submitted_at.or(Some(entry.at));
                case.submitted_on = Some(today);
                Ok(Happened::new("SUBMITTED"))
            };
            let (id, etag) = (submission.id, submission.etag.as_str());
            store
                .change_to(&once, &entry, id, etag, &change, filed)
                .await
        };
        let case = self.tasks.shield(filing).await?;
        self.wake.notify_one();
        Ok(case)
    }

    /// Gives a case up.
    pub(crate) async fn withdraw(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        reason: String,
    ) -> Result<Case, Error> {
        let entry = self.entry(caller);
        let once = self.once(caller, "WithdrawCase", request_id, &(id, &reason));
        let store = self.store.clone();
        let caller = caller.clone();
        let withdrawn = async move {
            let change = |case: &mut Case| {
                exporter_of_record(&caller, &case.exporter.code)?;
                if let Some(batch) = case.batch {
                    let problems = vec![format!(
                        "case {} is in licence batch {batch}: cancel that first",
                        case.id
                    )];
                    return Err(Error::BatchRule { problems });
                }
                case.take(Event::Withdraw)?;
                Ok(Happened::because("WITHDRAWN", &reason))
            };
            store.change(&once, &entry, id, "", &change).await
        };
        self.tasks.shield(withdrawn).await
    }

    /// Reads a case.
    pub(crate) async fn get(&self, caller: &Caller, id: Uuid) -> Result<Case, Error> {
        self.store
            .find(&caller.tenant, id)
            .await?
            .ok_or(Error::CaseNotFound { id })
    }

    /// Lists cases, newest first.
    pub(crate) async fn list(
        &self,
        caller: &Caller,
        filter: Filter,
        page_token: &str,
        page_size: i32,
    ) -> Result<Page<Case>, Error> {
        let tokens = PageToken::of(&[caller.tenant.as_str(), "ListCases", &format!("{filter:?}")]);
        let before = tokens
            .decode(page_token)?
            .and_then(|key| Uuid::try_parse(&key).ok());
        let size = PageToken::size(page_size, 50, 1_000);
        let items = self
            .store
            .list(&caller.tenant, &filter, before, size + 1)
            .await?;
        let (items, next) = tokens.page(items, size, |case| case.id.to_string());
        Ok(Page { items, next })
    }

    /// Events of all cases after a resume token, with the token after each.
    ///
    /// The query runs in a task of its own: a watcher that reads slowly must not hold a connection of the
    /// pool in a stream that nobody polls.
    pub(crate) async fn watch(
        &self,
        caller: &Caller,
        after: &str,
    ) -> Result<Vec<(String, EventRow)>, Error> {
        let tokens = PageToken::of(&[caller.tenant.as_str(), "WatchCases"]);
        let after = tokens
            .decode(after)?
            .and_then(|key| key.parse().ok())
            .unwrap_or(0);
        let (store, tenant) = (self.store.clone(), caller.tenant.clone());
        let events = self
            .tasks
            .shield(async move { store.stream(&tenant, after, 100).await })
            .await?;
        Ok(events
            .into_iter()
            .map(|(seq, event)| (tokens.encode(&seq.to_string()), event))
            .collect())
    }
}
