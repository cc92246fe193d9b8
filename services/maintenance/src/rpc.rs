//! The generated trait: decode → service → encode.

use tongguan_access::caller;
use tongguan_api::common::v1::Operation;
use tongguan_api::maintenance::v1 as pb;
use tongguan_api::maintenance::v1::maintenance_lookup_server::MaintenanceLookup;
use tonic::{Request, Response, Status};

use crate::service::Service;
use crate::wire;

/// The maintenance lookup on the wire.
pub(crate) struct Rpc {
    service: Service,
}

impl Rpc {
    pub(crate) fn new(service: Service) -> Self {
        Self { service }
    }
}

#[tonic::async_trait]
impl MaintenanceLookup for Rpc {
    async fn lookup_history(
        &self,
        request: Request<pb::LookupHistoryRequest>,
    ) -> Result<Response<pb::History>, Status> {
        let caller = caller(&request)?;
        let ask = wire::lookup(request.into_inner())?;
        let told = self.service.look_up(&caller, ask).await?;
        Ok(Response::new(wire::history::history(told)))
    }

    async fn start_lookup(
        &self,
        request: Request<pb::StartLookupRequest>,
    ) -> Result<Response<Operation>, Status> {
        let caller = caller(&request)?;
        let (request_id, canonical, ask, deadline) = wire::start(request.into_inner())?;
        let lookup = self
            .service
            .start(&caller, &request_id, &canonical, ask, deadline)
            .await?;
        Ok(Response::new(wire::operation::operation(&lookup)))
    }

    async fn get_lookup(
        &self,
        request: Request<pb::GetLookupRequest>,
    ) -> Result<Response<pb::Lookup>, Status> {
        let caller = caller(&request)?;
        let id = wire::lookup_id(&request.into_inner().lookup)?;
        let progress = self.service.progress(&caller, id).await?;
        Ok(Response::new(wire::operation::lookup(progress)))
    }

    async fn cancel_lookup(
        &self,
        request: Request<pb::CancelLookupRequest>,
    ) -> Result<Response<Operation>, Status> {
        let caller = caller(&request)?;
        let id = wire::lookup_id(&request.into_inner().lookup)?;
        let lookup = self.service.cancel(&caller, id).await?;
        Ok(Response::new(wire::operation::operation(&lookup)))
    }

    async fn list_sources(
        &self,
        request: Request<pb::ListSourcesRequest>,
    ) -> Result<Response<pb::ListSourcesResponse>, Status> {
        caller(&request)?;
        let request = request.into_inner();
        let (sources, next_page_token) = self
            .service
            .list_sources(&request.page_token, request.page_size)?;
        Ok(Response::new(pb::ListSourcesResponse {
            sources: sources.into_iter().map(wire::sources::source).collect(),
            next_page_token,
        }))
    }

    async fn get_source_health(
        &self,
        request: Request<pb::GetSourceHealthRequest>,
    ) -> Result<Response<pb::SourceHealth>, Status> {
        caller(&request)?;
        let (upstream, health, parked, now) =
            self.service.health(&request.into_inner().source).await?;
        Ok(Response::new(wire::sources::health(
            upstream, &health, parked, now,
        )))
    }

    async fn analyse_odometer(
        &self,
        request: Request<pb::AnalyseOdometerRequest>,
    ) -> Result<Response<pb::OdometerAnalysis>, Status> {
        caller(&request)?;
        let (timeline, as_of) = wire::odometer::timeline(request.into_inner())?;
        let (timeline, analysis) = self.service.analyse(timeline, as_of);
        Ok(Response::new(wire::odometer::analysis(
            &analysis,
            &timeline.readings,
        )))
    }

    async fn purge_history(
        &self,
        request: Request<pb::PurgeHistoryRequest>,
    ) -> Result<Response<pb::PurgeHistoryResponse>, Status> {
        let caller = caller(&request)?;
        let (request_id, canonical, vin, consent, reason) = wire::purge(request.into_inner())?;
        let purged = self
            .service
            .purge(&caller, &request_id, &canonical, vin, &consent, &reason)
            .await?;
        Ok(Response::new(pb::PurgeHistoryResponse {
            answers: purged.answers,
            lookups: purged.lookups,
        }))
    }
}
