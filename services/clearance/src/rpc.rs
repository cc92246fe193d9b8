//! The generated trait: decode → service → encode.

mod watch;

use std::pin::Pin;

use futures::Stream;
use tongguan_access::caller;
use tongguan_api::clearance::v1 as pb;
use tongguan_api::clearance::v1::export_clearance_server::ExportClearance;
use tongguan_api::common::v1::Operation;
use tonic::{Request, Response, Status};

use crate::service::Service;
use crate::wire;

/// Clearance on the wire.
pub(crate) struct Rpc {
    pub(crate) service: Service,
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;
type Ask<T> = Request<T>;
type Answer<T> = Result<Response<T>, Status>;

#[expect(
    clippy::unnecessary_wraps,
    reason = "the last line of every method below"
)]
fn answer<T>(value: impl Into<T>) -> Answer<T> {
    Ok(Response::new(value.into()))
}

#[tonic::async_trait]
impl ExportClearance for Rpc {
    async fn open_case(&self, request: Ask<pb::OpenCaseRequest>) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let (request_id, opening, validate_only) = wire::open(request.into_inner())?;
        answer(
            self.service
                .open(&caller, &request_id, opening, validate_only)
                .await?,
        )
    }

    async fn attach_document(
        &self,
        request: Ask<pb::AttachDocumentRequest>,
    ) -> Answer<pb::Document> {
        let caller = caller(&request)?;
        let (request_id, case, document, replaces) = wire::attach(request.into_inner())?;
        answer(
            self.service
                .attach(&caller, &request_id, case, document, replaces)
                .await?,
        )
    }

    async fn reconcile_documents(
        &self,
        request: Ask<pb::ReconcileDocumentsRequest>,
    ) -> Answer<pb::Reconciliation> {
        let caller = caller(&request)?;
        let id = wire::id(&request.into_inner().case_id)?;
        answer(self.service.reconcile(&caller, id).await?)
    }

    async fn submit_case(&self, request: Ask<pb::SubmitCaseRequest>) -> Answer<Operation> {
        let caller = caller(&request)?;
        let (request_id, submission) = wire::submit(request.into_inner())?;
        let case = self
            .service
            .submit(&caller, &request_id, submission)
            .await?;
        answer(wire::operation(&case))
    }

    async fn get_case(&self, request: Ask<pb::GetCaseRequest>) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let id = wire::id(&request.into_inner().case_id)?;
        answer(self.service.get(&caller, id).await?)
    }

    async fn list_cases(
        &self,
        request: Ask<pb::ListCasesRequest>,
    ) -> Answer<pb::ListCasesResponse> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let filter = wire::filter(&request)?;
        let page = self
            .service
            .list(&caller, filter, &request.page_token, request.page_size)
            .await?;
        answer(pb::ListCasesResponse {
            cases: page.items.into_iter().map(wire::listed).collect(),
            next_page_token: page.next,
        })
    }

    type WatchCasesStream = Answers<pb::CaseEvent>;

    async fn watch_cases(
        &self,
        request: Ask<pb::WatchCasesRequest>,
    ) -> Answer<Self::WatchCasesStream> {
        let caller = caller(&request)?;
        watch::cases(self.service.clone(), caller, request.into_inner()).await
    }

    async fn decide_case(&self, request: Ask<pb::DecideCaseRequest>) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let (request_id, id, ready, reason) = wire::decide(request.into_inner())?;
        answer(
            self.service
                .decide(&caller, &request_id, id, ready, reason)
                .await?,
        )
    }

    async fn override_decision(
        &self,
        request: Ask<pb::OverrideDecisionRequest>,
    ) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let (request_id, id, ready, reason) = wire::override_decision(request.into_inner())?;
        answer(
            self.service
                .override_decision(&caller, &request_id, id, ready, reason)
                .await?,
        )
    }

    async fn withdraw_case(&self, request: Ask<pb::WithdrawCaseRequest>) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let (request_id, id, reason) = wire::withdraw(request.into_inner())?;
        answer(
            self.service
                .withdraw(&caller, &request_id, id, reason)
                .await?,
        )
    }

    async fn get_state_chart(&self, _: Ask<pb::GetStateChartRequest>) -> Answer<pb::StateChart> {
        answer(wire::state_chart())
    }

    async fn create_licence_batch(
        &self,
        request: Ask<pb::CreateLicenceBatchRequest>,
    ) -> Answer<pb::LicenceBatch> {
        let caller = caller(&request)?;
        let (request_id, new) = wire::create(request.into_inner())?;
        answer(self.service.create_batch(&caller, &request_id, new).await?)
    }

    async fn add_to_licence_batch(
        &self,
        request: Ask<pb::AddToLicenceBatchRequest>,
    ) -> Answer<pb::LicenceBatch> {
        let caller = caller(&request)?;
        let (request_id, id, cases) = wire::add(request.into_inner())?;
        answer(
            self.service
                .add_to_batch(&caller, &request_id, id, cases)
                .await?,
        )
    }

    async fn submit_licence_batch(
        &self,
        request: Ask<pb::SubmitLicenceBatchRequest>,
    ) -> Answer<pb::LicenceBatch> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (request_id, id) = wire::batch_id(&request.request_id, &request.batch_id)?;
        answer(self.service.submit_batch(&caller, &request_id, id).await?)
    }

    async fn record_licence(
        &self,
        request: Ask<pb::RecordLicenceRequest>,
    ) -> Answer<pb::LicenceBatch> {
        let caller = caller(&request)?;
        let (request_id, id, record) = wire::record(request.into_inner())?;
        answer(
            self.service
                .record_licence(&caller, &request_id, id, record)
                .await?,
        )
    }

    async fn cancel_licence_batch(
        &self,
        request: Ask<pb::CancelLicenceBatchRequest>,
    ) -> Answer<pb::LicenceBatch> {
        let caller = caller(&request)?;
        let (request_id, id, reason) = wire::cancel(request.into_inner())?;
        answer(
            self.service
                .cancel_batch(&caller, &request_id, id, reason)
                .await?,
        )
    }

    async fn get_licence_batch(
        &self,
        request: Ask<pb::GetLicenceBatchRequest>,
    ) -> Answer<pb::LicenceBatch> {
        let caller = caller(&request)?;
        let (_, id) = wire::batch_id("", &request.into_inner().batch_id)?;
        answer(self.service.get_batch(&caller, id).await?)
    }

    async fn get_certificate(
        &self,
        request: Ask<pb::GetCertificateRequest>,
    ) -> Answer<pb::Certificate> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let held = self
            .service
            .certificate(&caller, wire::certificate(&request.certificate_id)?)
            .await?;
        answer(wire::rendered(held, request.with_html)?)
    }

    async fn verify_certificate(
        &self,
        request: Ask<pb::VerifyCertificateRequest>,
    ) -> Answer<pb::Verification> {
        let (shown, seen) = wire::verify(request.into_inner())?;
        answer(wire::verification(
            self.service.verify(&shown, seen.as_ref()).await,
        ))
    }

    async fn verify_manifest(
        &self,
        request: Ask<pb::VerifyManifestRequest>,
    ) -> Answer<pb::ManifestVerification> {
        let (texts, vins) = wire::manifest_question(request.into_inner())?;
        answer(wire::manifest(
            self.service.verify_manifest(texts, &vins).await,
        ))
    }

    async fn check_certificate(
        &self,
        request: Ask<pb::CheckCertificateRequest>,
    ) -> Answer<pb::CertificateCheck> {
        let caller = caller(&request)?;
        let (id, seen) = wire::check(request.into_inner())?;
        answer(wire::checked(
            self.service.check(&caller, id, seen.as_ref()).await?,
        ))
    }

    async fn reserve_certificate(
        &self,
        request: Ask<pb::ReserveCertificateRequest>,
    ) -> Answer<pb::Reservation> {
        let caller = caller(&request)?;
        let (request_id, id, movement, hold) = wire::reserve(request.into_inner())?;
        answer(
            self.service
                .reserve(&caller, &request_id, id, movement, hold)
                .await?,
        )
    }

    async fn consume_certificate(
        &self,
        request: Ask<pb::ConsumeCertificateRequest>,
    ) -> Answer<pb::Certificate> {
        let caller = caller(&request)?;
        let (request_id, id, reservation, why) = wire::consume(request.into_inner())?;
        answer(
            self.service
                .consume(&caller, &request_id, id, reservation, why)
                .await?,
        )
    }

    async fn release_reservation(
        &self,
        request: Ask<pb::ReleaseReservationRequest>,
    ) -> Answer<pb::Certificate> {
        let caller = caller(&request)?;
        let (request_id, id, reservation, reason) = wire::release(request.into_inner())?;
        answer(
            self.service
                .release(&caller, &request_id, id, reservation, reason)
                .await?,
        )
    }

    async fn amend_certificate(
        &self,
        request: Ask<pb::AmendCertificateRequest>,
    ) -> Answer<pb::Certificate> {
        let caller = caller(&request)?;
        let (request_id, id, reason, valid_until) = wire::amend(request.into_inner())?;
        answer(
            self.service
                .amend(&caller, &request_id, id, reason, valid_until)
                .await?,
        )
    }

    async fn invalidate_certificate(
        &self,
        request: Ask<pb::InvalidateCertificateRequest>,
    ) -> Answer<pb::Certificate> {
        let caller = caller(&request)?;
        let (request_id, id, reason) = wire::invalidate(request.into_inner())?;
        answer(
            self.service
                .invalidate(&caller, &request_id, id, reason)
                .await?,
        )
    }

    async fn get_trust_bundle(&self, _: Ask<pb::GetTrustBundleRequest>) -> Answer<pb::TrustBundle> {
        let verifier = self.service.bundle().await?;
        answer(wire::bundle(&self.service, verifier.bundle()))
    }

    async fn get_status_list(
        &self,
        request: Ask<pb::GetStatusListRequest>,
    ) -> Answer<pb::StatusList> {
        let published = self.service.status_list(request.into_inner().list).await?;
        answer(published.as_ref())
    }

    async fn get_checkpoint(&self, _: Ask<pb::GetCheckpointRequest>) -> Answer<pb::Checkpoint> {
        answer(wire::checkpoint(&self.service.checkpoint().await?))
    }

    async fn get_log_tile(&self, request: Ask<pb::GetLogTileRequest>) -> Answer<pb::LogTile> {
        let tile = self.service.tile(&request.into_inner().path).await?;
        answer(pb::LogTile {
            content: tile.into(),
        })
    }

    async fn record_exit(&self, request: Ask<pb::RecordExitRequest>) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let (request_id, id, exit, returning) = wire::exit(request.into_inner())?;
        answer(
            self.service
                .exit(&caller, &request_id, id, exit, returning)
                .await?,
        )
    }

    async fn record_deregistration(
        &self,
        request: Ask<pb::RecordDeregistrationRequest>,
    ) -> Answer<pb::Case> {
        let caller = caller(&request)?;
        let (request_id, id, date, document) = wire::deregistration(request.into_inner())?;
        answer(
            self.service
                .deregister(&caller, &request_id, id, date, document)
                .await?,
        )
    }

    async fn list_open_movements(
        &self,
        request: Ask<pb::ListOpenMovementsRequest>,
    ) -> Answer<pb::ListOpenMovementsResponse> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let due = wire::movements(&request)?;
        answer(
            self.service
                .open_movements(
                    &caller,
                    &request.exporter_code,
                    due,
                    &request.page_token,
                    request.page_size,
                )
                .await?,
        )
    }

    async fn get_statistics(
        &self,
        request: Ask<pb::GetStatisticsRequest>,
    ) -> Answer<pb::Statistics> {
        let caller = caller(&request)?;
        let (from, until) = wire::statistics(request.into_inner())?;
        answer(self.service.statistics(&caller, from, until).await?)
    }
}
