//! The generated trait: decode → service → encode.

use std::pin::Pin;

use futures::{Stream, StreamExt, stream};
use tongguan_access::caller;
use tongguan_api::clearance::v1 as pb;
use tongguan_api::clearance::v1::export_clearance_server::ExportClearance;
use tongguan_api::common::v1::Operation;
use tongguan_certificate::Certificate;
use tonic::{Request, Response, Status};

use crate::error::Error;
use crate::service::Service;
use crate::wire;

/// Clearance on the wire.
pub(crate) struct Rpc {
    service: Service,
}

impl Rpc {
    pub(crate) fn new(service: Service) -> Self {
        Self { service }
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;
type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(value: impl Into<T>) -> Answer<T> {
    Ok(Response::new(value.into()))
}

#[tonic::async_trait]
impl ExportClearance for Rpc {
    async fn open_case(&self, request: Request<pb::OpenCaseRequest>) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let (request_id, opening, validate_only) = wire::open(request.into_inner())?;
        answer(self.service.open(&caller, &request_id, opening, validate_only).await?)
    }

    async fn attach_document(&self, request: Request<pb::AttachDocumentRequest>) -> Answer<pb::Document> {
        let caller = caller(&request)?;
        let (request_id, case, document, replaces) = wire::attach(request.into_inner())?;
        answer(self.service.attach(&caller, &request_id, case, document, replaces).await?)
    }

    async fn reconcile_documents(&self, request: Request<pb::ReconcileDocumentsRequest>) -> Answer<pb::Reconciliation> {
        let caller = caller(&request)?;
        let id = wire::id(&request.into_inner().case_id)?;
        answer(self.service.reconcile(&caller, id).await?)
    }

    async fn submit_case(&self, request: Request<pb::SubmitCaseRequest>) -> Answer<Operation> {
        let caller = caller(&request)?;
        let (request_id, submission) = wire::submit(request.into_inner())?;
        let case = self.service.submit(&caller, &request_id, submission).await?;
        answer(wire::operation(&case))
    }

    async fn get_case(&self, request: Request<pb::GetCaseRequest>) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let id = wire::id(&request.into_inner().case_id)?;
        answer(self.service.get(&caller, id).await?)
    }

    async fn list_cases(&self, request: Request<pb::ListCasesRequest>) -> Answer<pb::ListCasesResponse> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let filter = wire::filter(&request)?;
        let page = self.service.list(&caller, filter, &request.page_token, request.page_size).await?;
        answer(pb::ListCasesResponse { cases: page.items.into_iter().map(wire::listed).collect(), next_page_token: page.next })
    }

    type WatchCasesStream = Answers<pb::CaseEvent>;

    async fn watch_cases(&self, request: Request<pb::WatchCasesRequest>) -> Answer<Self::WatchCasesStream> {
        let caller = caller(&request)?;
        let service = self.service.clone();
        let pb::WatchCasesRequest { resume_token: start, case_id } = request.into_inner();
        // A bad token or id is refused before the stream begins.
        service.watch(&caller, &start).await?;
        let only = if case_id.is_empty() { None } else { Some(wire::id(&case_id)?) };
        let stopping = service.stopping();
        let pause = std::time::Duration::from_millis(service.config.watch_interval_ms);
        let batches = stream::try_unfold(start, move |after| {
            let (service, caller) = (service.clone(), caller.clone());
            async move {
                loop {
                    let events = service.watch(&caller, &after).await?;
                    if let Some((last, _)) = events.last() {
                        let next = last.clone();
                        return Ok::<_, Status>(Some((events, next)));
                    }
                    tokio::time::sleep(pause).await;
                }
            }
        });
        let events = batches.flat_map(move |batch| match batch {
            Ok(events) => {
                let wanted = events.into_iter().filter(|(_, event)| only.is_none_or(|id| id == event.case_id));
                stream::iter(wanted.map(|(token, event)| Ok(wire::event(event, token))).collect::<Vec<_>>())
            }
            Err(status) => stream::iter(vec![Err(status)]),
        });
        Ok(Response::new(events.take_until(stopping).boxed()))
    }

    async fn decide_case(&self, request: Request<pb::DecideCaseRequest>) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let (request_id, id, ready, reason) = wire::decide(request.into_inner())?;
        answer(self.service.decide(&caller, &request_id, id, ready, reason).await?)
    }

    async fn override_decision(&self, request: Request<pb::OverrideDecisionRequest>) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let (request_id, id, ready, reason) = wire::override_decision(request.into_inner())?;
        answer(self.service.override_decision(&caller, &request_id, id, ready, reason).await?)
    }

    async fn withdraw_case(&self, request: Request<pb::WithdrawCaseRequest>) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let (request_id, id, reason) = wire::withdraw(request.into_inner())?;
        answer(self.service.withdraw(&caller, &request_id, id, reason).await?)
    }

    async fn get_state_chart(&self, _: Request<pb::GetStateChartRequest>) -> Answer<pb::StateChart> {
        answer(wire::state_chart())
    }

    async fn create_licence_batch(&self, request: Request<pb::CreateLicenceBatchRequest>) -> Answer<pb::LicenceBatch> {
        let caller = caller(&request)?;
        let (request_id, new) = wire::create(request.into_inner())?;
        answer(self.service.create_batch(&caller, &request_id, new).await?)
    }

    async fn add_to_licence_batch(&self, request: Request<pb::AddToLicenceBatchRequest>) -> Answer<pb::LicenceBatch> {
        let caller = caller(&request)?;
        let (request_id, id, cases) = wire::add(request.into_inner())?;
        answer(self.service.add_to_batch(&caller, &request_id, id, cases).await?)
    }

    async fn submit_licence_batch(&self, request: Request<pb::SubmitLicenceBatchRequest>) -> Answer<pb::LicenceBatch> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (request_id, id) = wire::batch_id(&request.request_id, &request.batch_id)?;
        answer(self.service.submit_batch(&caller, &request_id, id).await?)
    }

    async fn record_licence(&self, request: Request<pb::RecordLicenceRequest>) -> Answer<pb::LicenceBatch> {
        let caller = caller(&request)?;
        let (request_id, id, record) = wire::record(request.into_inner())?;
        answer(self.service.record_licence(&caller, &request_id, id, record).await?)
    }

    async fn cancel_licence_batch(&self, request: Request<pb::CancelLicenceBatchRequest>) -> Answer<pb::LicenceBatch> {
        let caller = caller(&request)?;
        let (request_id, id, reason) = wire::cancel(request.into_inner())?;
        answer(self.service.cancel_batch(&caller, &request_id, id, reason).await?)
    }

    async fn get_licence_batch(&self, request: Request<pb::GetLicenceBatchRequest>) -> Answer<pb::LicenceBatch> {
        let caller = caller(&request)?;
        let (_, id) = wire::batch_id("", &request.into_inner().batch_id)?;
        answer(self.service.get_batch(&caller, id).await?)
    }

    async fn get_certificate(&self, request: Request<pb::GetCertificateRequest>) -> Answer<pb::Certificate> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let held = self.service.certificate(&caller, wire::certificate(&request.certificate_id)?).await?;
        let page = request.with_html.then(|| Certificate::from_cose(&held.cose).and_then(|certificate| certificate.to_html(None)));
        let html = page.transpose().map_err(Error::from)?.unwrap_or_default();
        answer(pb::Certificate { html, ..held.into() })
    }

    async fn verify_certificate(&self, request: Request<pb::VerifyCertificateRequest>) -> Answer<pb::Verification> {
        let (shown, seen) = wire::verify(request.into_inner())?;
        answer(wire::verification(self.service.verify(&shown, seen.as_ref()).await))
    }

    async fn verify_manifest(&self, request: Request<pb::VerifyManifestRequest>) -> Answer<pb::ManifestVerification> {
        let (texts, vins) = wire::manifest_question(request.into_inner())?;
        answer(wire::manifest(self.service.verify_manifest(texts, &vins).await))
    }

    async fn check_certificate(&self, request: Request<pb::CheckCertificateRequest>) -> Answer<pb::CertificateCheck> {
        let caller = caller(&request)?;
        let (id, seen) = wire::check(request.into_inner())?;
        answer(wire::checked(self.service.check(&caller, id, seen.as_ref()).await?))
    }

    async fn reserve_certificate(&self, request: Request<pb::ReserveCertificateRequest>) -> Answer<pb::Reservation> {
        let caller = caller(&request)?;
        let (request_id, id, movement, hold) = wire::reserve(request.into_inner())?;
        answer(self.service.reserve(&caller, &request_id, id, movement, hold).await?)
    }

    async fn consume_certificate(&self, request: Request<pb::ConsumeCertificateRequest>) -> Answer<pb::Certificate> {
        let caller = caller(&request)?;
        let (request_id, id, reservation, why) = wire::consume(request.into_inner())?;
        answer(self.service.consume(&caller, &request_id, id, reservation, why).await?)
    }

    async fn release_reservation(&self, request: Request<pb::ReleaseReservationRequest>) -> Answer<pb::Certificate> {
        let caller = caller(&request)?;
        let (request_id, id, reservation, reason) = wire::release(request.into_inner())?;
        answer(self.service.release(&caller, &request_id, id, reservation, reason).await?)
    }

    async fn amend_certificate(&self, request: Request<pb::AmendCertificateRequest>) -> Answer<pb::Certificate> {
        let caller = caller(&request)?;
        let (request_id, id, reason, valid_until) = wire::amend(request.into_inner())?;
        answer(self.service.amend(&caller, &request_id, id, reason, valid_until).await?)
    }

    async fn invalidate_certificate(&self, request: Request<pb::InvalidateCertificateRequest>) -> Answer<pb::Certificate> {
        let caller = caller(&request)?;
        let (request_id, id, reason) = wire::invalidate(request.into_inner())?;
        answer(self.service.invalidate(&caller, &request_id, id, reason).await?)
    }

    async fn get_trust_bundle(&self, _: Request<pb::GetTrustBundleRequest>) -> Answer<pb::TrustBundle> {
        let issuer = &self.service.issuer;
        let verifier = issuer.bundle(self.service.world.clock.now()).await?;
        answer(wire::bundle(verifier.bundle(), issuer.root_key().as_bytes(), issuer.simulated))
    }

    async fn get_status_list(&self, request: Request<pb::GetStatusListRequest>) -> Answer<pb::StatusList> {
        let now = self.service.world.clock.now();
        let name = request.into_inner().list;
        let found = self.service.issuer.status_list(&name, now).await?;
        let (list, token, ttl) = found.ok_or(Error::StatusListNotFound { name })?;
        answer(wire::status_list(list, token, ttl, now))
    }

    async fn get_checkpoint(&self, _: Request<pb::GetCheckpointRequest>) -> Answer<pb::Checkpoint> {
        answer(wire::checkpoint(&self.service.checkpoint().await?))
    }

    async fn get_log_tile(&self, request: Request<pb::GetLogTileRequest>) -> Answer<pb::LogTile> {
        let path = request.into_inner().path;
        let content = self.service.issuer.tile(&path).await?.ok_or(Error::TileNotFound)?;
        answer(pb::LogTile { content: content.into() })
    }

    async fn record_exit(&self, request: Request<pb::RecordExitRequest>) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let (request_id, id, exit, returning) = wire::exit(request.into_inner())?;
        answer(self.service.exit(&caller, &request_id, id, exit, returning).await?)
    }

    async fn record_deregistration(&self, request: Request<pb::RecordDeregistrationRequest>) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let (request_id, id, date, document) = wire::deregistration(request.into_inner())?;
        answer(self.service.deregister(&caller, &request_id, id, date, document).await?)
    }

    async fn list_open_movements(&self, request: Request<pb::ListOpenMovementsRequest>) -> Answer<pb::ListOpenMovementsResponse> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let due = wire::movements(&request)?;
        answer(self.service.open_movements(&caller, &request.exporter_code, due, &request.page_token, request.page_size).await?)
    }

    async fn get_statistics(&self, request: Request<pb::GetStatisticsRequest>) -> Answer<pb::Statistics> {
        let caller = caller(&request)?;
        let (from, until) = wire::statistics(request.into_inner())?;
        answer(self.service.statistics(&caller, from, until).await?)
    }
}
