//! The generated trait: decode → service → encode.

mod watch;

use futures::stream::BoxStream;
use tongguan_access::caller;
use tongguan_api::inspection::v1 as pb;
use tongguan_api::inspection::v1::inspection_intake_server::InspectionIntake;
use tonic::{Request, Response, Status, Streaming};

use crate::service::Service;
use crate::wire;

/// The inspection intake on the wire.
pub(crate) struct Rpc {
    service: Service,
}

impl Rpc {
    pub(crate) fn new(service: Service) -> Self {
        Self { service }
    }
}

#[tonic::async_trait]
impl InspectionIntake for Rpc {
    async fn register_body(
        &self,
        request: Request<pb::RegisterBodyRequest>,
    ) -> Result<Response<pb::InspectionBody>, Status> {
        let caller = caller(&request)?;
        let (key, new) = wire::register_body(request.into_inner())?;
        let body = self.service.register_body(&caller, &key, new).await?;
        Ok(Response::new(body.into()))
    }

    async fn update_body(
        &self,
        request: Request<pb::UpdateBodyRequest>,
    ) -> Result<Response<pb::InspectionBody>, Status> {
        let caller = caller(&request)?;
        let (key, id, etag, change) = wire::update_body(request.into_inner())?;
        Ok(Response::new(
            self.service
                .amend_body(&caller, &key, id, etag, change)
                .await?
                .into(),
        ))
    }

    async fn suspend_body(
        &self,
        request: Request<pb::SuspendBodyRequest>,
    ) -> Result<Response<pb::InspectionBody>, Status> {
        let caller = caller(&request)?;
        let (key, id, suspension) = wire::suspension(request.into_inner())?;
        Ok(Response::new(
            self.service
                .suspend_body(&caller, &key, id, suspension)
                .await?
                .into(),
        ))
    }

    async fn get_body(
        &self,
        request: Request<pb::GetBodyRequest>,
    ) -> Result<Response<pb::InspectionBody>, Status> {
        let caller = caller(&request)?;
        let id = wire::id(&request.into_inner().id)?;
        Ok(Response::new(
            self.service.get_body(&caller, id).await?.into(),
        ))
    }

    async fn list_bodies(
        &self,
        request: Request<pb::ListBodiesRequest>,
    ) -> Result<Response<pb::ListBodiesResponse>, Status> {
        let caller = caller(&request)?;
        let asked = request.into_inner();
        let page = self
            .service
            .list_bodies(
                &caller,
                &asked.organisation,
                &asked.page_token,
                asked.page_size,
            )
            .await?;
        Ok(Response::new(pb::ListBodiesResponse {
            bodies: page
                .items
                .into_iter()
                .map(pb::InspectionBody::from)
                .collect(),
            next_page_token: page.next,
        }))
    }

    async fn get_catalogue(
        &self,
        request: Request<pb::GetCatalogueRequest>,
    ) -> Result<Response<pb::Catalogue>, Status> {
        let asked = request.into_inner();
        let only = wire::catalogue_request(&asked)?;
        let (catalogue, standard) = self.service.catalogue(&asked.standard, &asked.version)?;
        let versions = self.service.catalogue_versions();
        Ok(Response::new(wire::catalogue(
            catalogue, standard, versions, only,
        )))
    }

    async fn submit_inspection(
        &self,
        request: Request<pb::SubmitInspectionRequest>,
    ) -> Result<Response<pb::Inspection>, Status> {
        let caller = caller(&request)?;
        let asked = wire::submit(request.into_inner())?;
        let inspection = self
            .service
            .submit(&caller, &asked.key, asked.sent, asked.validate_only)
            .await?;
        Ok(Response::new(wire::judged(inspection, asked.shown)))
    }

    async fn upload_evidence(
        &self,
        request: Request<Streaming<pb::UploadEvidenceRequest>>,
    ) -> Result<Response<pb::UploadEvidenceResponse>, Status> {
        let caller = caller(&request)?;
        let mut messages = request.into_inner();
        let (media, size, expected) = wire::upload(messages.message().await?)?;
        let mut upload = self.service.begin_upload(media, size, expected)?;
        while let Some(message) = messages.message().await? {
            upload.take(&wire::chunk(message)?)?;
        }
        Ok(Response::new(
            self.service.finish_upload(&caller, upload).await?.into(),
        ))
    }

    async fn get_inspection(
        &self,
        request: Request<pb::GetInspectionRequest>,
    ) -> Result<Response<pb::Inspection>, Status> {
        let caller = caller(&request)?;
        let id = wire::id(&request.into_inner().id)?;
        Ok(Response::new(self.service.get(&caller, id).await?.into()))
    }

    async fn list_inspections(
        &self,
        request: Request<pb::ListInspectionsRequest>,
    ) -> Result<Response<pb::ListInspectionsResponse>, Status> {
        let caller = caller(&request)?;
        let asked = request.into_inner();
        let filter = wire::inspections(&asked)?;
        let page = self
            .service
            .list(&caller, &filter, &asked.page_token, asked.page_size)
            .await?;
        Ok(Response::new(pb::ListInspectionsResponse {
            inspections: page.items.into_iter().map(pb::Inspection::from).collect(),
            next_page_token: page.next,
        }))
    }

    async fn withdraw_inspection(
        &self,
        request: Request<pb::WithdrawInspectionRequest>,
    ) -> Result<Response<pb::Inspection>, Status> {
        let caller = caller(&request)?;
        let (key, id, reason) = wire::withdraw(&request.into_inner())?;
        Ok(Response::new(
            self.service
                .withdraw(&caller, &key, id, reason)
                .await?
                .into(),
        ))
    }

    async fn supersede_inspection(
        &self,
        request: Request<pb::SupersedeInspectionRequest>,
    ) -> Result<Response<pb::Inspection>, Status> {
        let caller = caller(&request)?;
        let asked = wire::supersede(request.into_inner())?;
        let inspection = self
            .service
            .supersede(&caller, &asked.key, asked.id, asked.sent, asked.reason)
            .await?;
        Ok(Response::new(inspection.into()))
    }

    async fn resolve_anomaly(
        &self,
        request: Request<pb::ResolveAnomalyRequest>,
    ) -> Result<Response<pb::Anomaly>, Status> {
        let caller = caller(&request)?;
        let (key, id, verdict, reason) = wire::resolve(&request.into_inner())?;
        Ok(Response::new(
            self.service
                .resolve_anomaly(&caller, &key, id, verdict, reason)
                .await?
                .into(),
        ))
    }

    type WatchInspectionsStream = BoxStream<'static, Result<pb::InspectionEvent, Status>>;

    async fn watch_inspections(
        &self,
        request: Request<pb::WatchInspectionsRequest>,
    ) -> Result<Response<Self::WatchInspectionsStream>, Status> {
        let caller = caller(&request)?;
        let after = request.into_inner().resume_token;
        Ok(Response::new(
            watch::events(&self.service, caller, after).await?,
        ))
    }

    async fn list_anomalies(
        &self,
        request: Request<pb::ListAnomaliesRequest>,
    ) -> Result<Response<pb::ListAnomaliesResponse>, Status> {
        let caller = caller(&request)?;
        let asked = request.into_inner();
        let filter = wire::anomalies(&asked)?;
        let page = self
            .service
            .list_anomalies(&caller, &filter, &asked.page_token, asked.page_size)
            .await?;
        Ok(Response::new(pb::ListAnomaliesResponse {
            anomalies: page.items.into_iter().map(pb::Anomaly::from).collect(),
            next_page_token: page.next,
        }))
    }
}
