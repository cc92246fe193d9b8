//! Webhooks on the wire.

use tongguan_access::caller;
use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::webhooks_server::Webhooks;
use tonic::{Request, Response, Status};

use super::Rpc;
use super::events::sees_vins;
use crate::jobs::Keyed;
use crate::wire::webhooks as wire;
use crate::wire::webhooks::Write;

type Answer<T> = Result<Response<T>, Status>;

impl<T> Write<T> {
    fn key(&self) -> Keyed<'_> {
        Keyed {
            request_id: &self.request_id,
            canonical: &self.canonical,
        }
    }
}

#[tonic::async_trait]
impl Webhooks for Rpc {
    async fn create_endpoint(
        &self,
        request: Request<pb::CreateEndpointRequest>,
    ) -> Answer<pb::Endpoint> {
        let caller = caller(&request)?;
        let write = wire::create(request.into_inner(), sees_vins(&caller))?;
        let made = self
            .webhooks
            .create(&caller.tenant, write.key(), &write.asked)
            .await?;
        // Only now, so that what is told first is told to the endpoint too.
        self.log.join(&caller.tenant).await?;
        Ok(Response::new(wire::endpoint(made, self.clock.now())))
    }

    async fn list_endpoints(
        &self,
        request: Request<pb::ListEndpointsRequest>,
    ) -> Answer<pb::ListEndpointsResponse> {
        let tenant = caller(&request)?.tenant;
        let page = wire::endpoints_page(&tenant, request.get_ref())?;
        let found = self.webhooks.list(&tenant, page.after, page.read).await?;
        Ok(Response::new(wire::endpoints(
            &page,
            found,
            self.clock.now(),
        )))
    }

    async fn delete_endpoint(
        &self,
        request: Request<pb::DeleteEndpointRequest>,
    ) -> Answer<pb::Endpoint> {
        let tenant = caller(&request)?.tenant;
        let id = wire::delete(request.get_ref())?;
        let ended = self.webhooks.delete(&tenant, id).await?;
        Ok(Response::new(wire::endpoint(ended, self.clock.now())))
    }

    async fn rotate_secret(
        &self,
        request: Request<pb::RotateSecretRequest>,
    ) -> Answer<pb::Endpoint> {
        let tenant = caller(&request)?.tenant;
        let write = wire::rotate(request.into_inner())?;
        let (id, overlap) = write.asked;
        let turned = self
            .webhooks
            .rotate(&tenant, write.key(), id, overlap)
            .await?;
        Ok(Response::new(wire::endpoint(turned, self.clock.now())))
    }

    async fn list_deliveries(
        &self,
        request: Request<pb::ListDeliveriesRequest>,
    ) -> Answer<pb::ListDeliveriesResponse> {
        let tenant = caller(&request)?.tenant;
        let (id, state, page) = wire::deliveries_page(&tenant, request.get_ref())?;
        let found = self
            .webhooks
            .deliveries(&tenant, id, state, page.after, page.read)
            .await?;
        Ok(Response::new(wire::deliveries(&page, found)))
    }

    async fn resend_delivery(
        &self,
        request: Request<pb::ResendDeliveryRequest>,
    ) -> Answer<pb::Delivery> {
        let tenant = caller(&request)?.tenant;
        let write = wire::resend(request.into_inner())?;
        let again = self
            .webhooks
            .resend(&tenant, write.key(), write.asked)
            .await?;
        Ok(Response::new(wire::delivery(again)))
    }

    async fn recover_since(
        &self,
        request: Request<pb::RecoverSinceRequest>,
    ) -> Answer<pb::RecoverSinceResponse> {
        let tenant = caller(&request)?.tenant;
        let write = wire::recover(request.into_inner())?;
        let (id, since) = write.asked;
        let scheduled = self
            .webhooks
            .recover(&tenant, write.key(), id, since)
            .await?;
        Ok(Response::new(pb::RecoverSinceResponse { scheduled }))
    }

    async fn send_test_event(
        &self,
        request: Request<pb::SendTestEventRequest>,
    ) -> Answer<pb::Delivery> {
        let tenant = caller(&request)?.tenant;
        let write = wire::test(request.into_inner())?;
        let sent = self
            .webhooks
            .test(&tenant, write.key(), write.asked)
            .await?;
        Ok(Response::new(wire::delivery(sent)))
    }
}
