//! The generated trait: decode → service → encode.

mod matrix;

use std::pin::Pin;

use futures::{Stream, StreamExt, stream};
use tongguan_access::caller;
use tongguan_api::destinations::v1 as pb;
use tongguan_api::destinations::v1::destination_rules_server::DestinationRules;
use tonic::{Request, Response, Status, Streaming};

use crate::service::Service;
use crate::wire;

/// Destination rules on the wire.
pub(crate) struct Rpc {
    service: Service,
}

impl Rpc {
    pub(crate) fn new(service: Service) -> Self {
        Self { service }
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl DestinationRules for Rpc {
    async fn evaluate(
        &self,
        request: Request<pb::EvaluateRequest>,
    ) -> Result<Response<pb::EvaluateResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let all_rules = request.all_rules;
        let answers = self
            .service
            .evaluate(&caller, wire::question(request)?)
            .await?;
        let verdicts = answers
            .into_iter()
            .map(|answered| wire::verdict(answered, all_rules))
            .collect();
        Ok(Response::new(pb::EvaluateResponse { verdicts }))
    }

    type EvaluateMatrixStream = Answers<pb::EvaluateMatrixResponse>;

    async fn evaluate_matrix(
        &self,
        request: Request<Streaming<pb::EvaluateMatrixRequest>>,
    ) -> Result<Response<Self::EvaluateMatrixStream>, Status> {
        let caller = caller(&request)?;
        let parallel = self.service.matrix_parallel();
        let start = (
            request.into_inner(),
            Vec::new(),
            self.service.clone(),
            caller,
        );
        let batches = stream::unfold(
            start,
            |(mut messages, mut markets, service, caller)| async move {
                let message = messages.message().await.transpose()?;
                let batch = message.and_then(|message| Ok(wire::batch(message, &mut markets)?));
                let answer = matrix::answer(service.clone(), caller.clone(), batch);
                Some((answer, (messages, markets, service, caller)))
            },
        );
        // `buffered` keeps the order and polls no further batch than it may hold: the caller's pace is ours.
        Ok(Response::new(batches.buffered(parallel).boxed()))
    }

    async fn list_markets(
        &self,
        request: Request<pb::ListMarketsRequest>,
    ) -> Result<Response<pb::ListMarketsResponse>, Status> {
        caller(&request)?;
        let request = request.into_inner();
        let page = self
            .service
            .list_markets(&request.page_token, request.page_size)
            .await?;
        let now = self.service.now();
        let markets = page
            .items
            .iter()
            .map(|view| wire::market(view, now))
            .collect();
        Ok(Response::new(pb::ListMarketsResponse {
            markets,
            next_page_token: page.next,
        }))
    }

    async fn get_market(
        &self,
        request: Request<pb::GetMarketRequest>,
    ) -> Result<Response<pb::Market>, Status> {
        caller(&request)?;
        let view = self.service.market(&request.into_inner().market).await?;
        Ok(Response::new(wire::market(&view, self.service.now())))
    }

    async fn list_rules(
        &self,
        request: Request<pb::ListRulesRequest>,
    ) -> Result<Response<pb::ListRulesResponse>, Status> {
        caller(&request)?;
        let request = request.into_inner();
        let (pack, page) = self
            .service
            .list_rules(
                &request.market,
                &request.category,
                &request.page_token,
                request.page_size,
            )
            .await?;
        Ok(Response::new(wire::rules(&pack, &page.items, page.next)))
    }

    async fn get_pack(
        &self,
        request: Request<pb::GetPackRequest>,
    ) -> Result<Response<pb::Pack>, Status> {
        caller(&request)?;
        let request = request.into_inner();
        let found = self.service.pack(&request.market, &request.digest).await?;
        Ok(Response::new(wire::pack(found, self.service.now())))
    }

    async fn validate_pack(
        &self,
        request: Request<pb::ValidatePackRequest>,
    ) -> Result<Response<pb::ValidatePackResponse>, Status> {
        caller(&request)?;
        let yaml = request.into_inner().yaml;
        wire::yaml(&yaml)?;
        Ok(Response::new(wire::checked(
            &self.service.validate(&yaml).await?,
        )))
    }

    async fn publish_pack(
        &self,
        request: Request<pb::PublishPackRequest>,
    ) -> Result<Response<pb::Publication>, Status> {
        let caller = caller(&request)?;
        let publish = wire::publish(request.into_inner())?;
        let signed = self
            .service
            .publish(
                &caller,
                &publish.request_id,
                publish.proposal,
                publish.validate_only,
            )
            .await?;
        Ok(Response::new(wire::publication(
            &signed,
            self.service.now(),
        )))
    }

    async fn simulate_pack(
        &self,
        request: Request<pb::SimulatePackRequest>,
    ) -> Result<Response<pb::ImpactReport>, Status> {
        let caller = caller(&request)?;
        let mut request = request.into_inner();
        let (trials, refused) = wire::trials(&mut request)?;
        let report = self
            .service
            .simulate(&caller, &request.yaml, trials)
            .await?;
        Ok(Response::new(wire::impact(report, refused)))
    }

    async fn replay_decision(
        &self,
        request: Request<pb::ReplayDecisionRequest>,
    ) -> Result<Response<pb::ReplayDecisionResponse>, Status> {
        let caller = caller(&request)?;
        let replayed = self
            .service
            .replay(&caller, &request.into_inner().decision)
            .await?;
        Ok(Response::new(wire::replayed(replayed)))
    }
}
