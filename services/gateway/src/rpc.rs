//! The generated traits: decode → service → encode.

mod audit;
mod events;
mod sandbox;
mod webhooks;

use std::pin::Pin;

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tongguan_access::caller;
use tongguan_api::common::v1::Operation;
use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::export_readiness_server::ExportReadiness;
use tongguan_rpc::Tasks;
use tongguan_vocabulary::Clock;
use tonic::{Request, Response, Status};

use crate::audit::Auditing;
use crate::events::Log;
use crate::jobs::{Jobs, Keyed};
use crate::sandbox::Sandboxes;
use crate::service::Service;
use crate::webhooks::Webhooks;
use crate::wire;

/// The gateway's own services on the wire.
#[derive(Clone)]
pub(crate) struct Rpc {
    pub(crate) service: Service,
    pub(crate) jobs: Jobs,
    pub(crate) log: Log,
    pub(crate) webhooks: Webhooks,
    pub(crate) auditing: Auditing,
    pub(crate) sandboxes: Sandboxes,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl ExportReadiness for Rpc {
    async fn check_readiness(
        &self,
        request: Request<pb::CheckReadinessRequest>,
    ) -> Result<Response<pb::Readiness>, Status> {
        let tenant = caller(&request)?.tenant;
        let question = wire::check(request.into_inner())?;
        let ready = self
            .service
            .check(
                &tenant,
                question.listing,
                &question.markets,
                question.wait,
                question.all_rules,
            )
            .await?;
        Ok(Response::new(wire::readiness(ready)))
    }

    type StreamReadinessStream = Answers<pb::ReadinessRow>;

    async fn stream_readiness(
        &self,
        request: Request<pb::StreamReadinessRequest>,
    ) -> Result<Response<Self::StreamReadinessStream>, Status> {
        let tenant = caller(&request)?.tenant;
        let questions = wire::stream(request.into_inner())?;
        let listings = questions
            .listings
            .into_iter()
            .map(|(key, listing)| (key, listing.map_err(Into::into)))
            .collect();
        let answers = self
            .service
            .check_all(tenant, listings, questions.markets, questions.wait);
        Ok(Response::new(
            answers
                .map(|(row, key, answer)| Ok(wire::row(row as u64, key, answer)))
                .boxed(),
        ))
    }

    async fn start_readiness_job(
        &self,
        request: Request<pb::StartReadinessJobRequest>,
    ) -> Result<Response<Operation>, Status> {
        let tenant = caller(&request)?.tenant;
        let new = wire::jobs::start_job(request.into_inner())?;
        let key = Keyed {
            request_id: &new.request_id,
            canonical: &new.canonical,
        };
        let job = self
            .jobs
            .start(&tenant, key, new.markets, &new.rows, new.open)
            .await?;
        Ok(Response::new(wire::jobs::operation(&job)))
    }

    async fn add_to_readiness_job(
        &self,
        request: Request<pb::AddToReadinessJobRequest>,
    ) -> Result<Response<pb::ReadinessJob>, Status> {
        let tenant = caller(&request)?.tenant;
        let (request_id, canonical, part) = wire::jobs::add_to_job(request.into_inner())?;
        let key = Keyed {
            request_id: &request_id,
            canonical: &canonical,
        };
        let job = self.jobs.add(&tenant, key, &part).await?;
        Ok(Response::new(wire::jobs::job(job)))
    }

    async fn get_readiness_job(
        &self,
        request: Request<pb::GetReadinessJobRequest>,
    ) -> Result<Response<pb::ReadinessJob>, Status> {
        let tenant = caller(&request)?.tenant;
        let id = wire::jobs::job_id(&request.into_inner().job)?;
        Ok(Response::new(wire::jobs::job(
            self.jobs.get(&tenant, id).await?,
        )))
    }

    type ReadReadinessResultsStream = Answers<pb::ReadinessRow>;

    async fn read_readiness_results(
        &self,
        request: Request<pb::ReadReadinessResultsRequest>,
    ) -> Result<Response<Self::ReadReadinessResultsStream>, Status> {
        let tenant = caller(&request)?.tenant;
        let request = request.into_inner();
        let id = wire::jobs::job_id(&request.job)?;
        self.jobs.get(&tenant, id).await?;
        let jobs = self.jobs.clone();
        let pages = stream::try_unfold(request.first_row, move |from| {
            let (jobs, tenant) = (jobs.clone(), tenant.clone());
            async move {
                let page = jobs.answers(&tenant, id, from).await?;
                let next = from + page.len() as u64;
                let rows: Vec<_> = page
                    .into_iter()
                    .map(|row| wire::jobs::row_read(row).map_err(Status::from))
                    .collect();
                Ok::<_, Status>((!rows.is_empty()).then(|| (stream::iter(rows), next)))
            }
        });
        Ok(Response::new(pages.try_flatten().boxed()))
    }

    async fn cancel_readiness_job(
        &self,
        request: Request<pb::CancelReadinessJobRequest>,
    ) -> Result<Response<pb::ReadinessJob>, Status> {
        let tenant = caller(&request)?.tenant;
        let id = wire::jobs::job_id(&request.into_inner().job)?;
        Ok(Response::new(wire::jobs::job(
            self.jobs.cancel(&tenant, id).await?,
        )))
    }
}
