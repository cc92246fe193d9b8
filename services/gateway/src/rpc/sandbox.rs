//! The sandbox on the wire: for sandbox tenants only.

use tongguan_access::caller;
use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::sandbox_server::Sandbox;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::service::sandbox_only;
use crate::wire::sandbox as wire;

#[tonic::async_trait]
impl Sandbox for Rpc {
    async fn set_clock(
        &self,
        request: Request<pb::SetClockRequest>,
    ) -> Result<Response<pb::SandboxClock>, Status> {
        let caller = caller(&request)?;
        sandbox_only(&caller)?;
        let time = wire::set_clock(request.get_ref())?;
        let shown = self.sandboxes.set_clock(&caller, time).await?;
        Ok(Response::new(wire::clock(shown)))
    }

    async fn list_magic_vins(
        &self,
        request: Request<pb::ListMagicVinsRequest>,
    ) -> Result<Response<pb::ListMagicVinsResponse>, Status> {
        sandbox_only(&caller(&request)?)?;
        Ok(Response::new(wire::magic_vins()))
    }

    async fn create_api_key(
        &self,
        request: Request<pb::CreateApiKeyRequest>,
    ) -> Result<Response<pb::ApiKey>, Status> {
        let caller = caller(&request)?;
        sandbox_only(&caller)?;
        let (label, roles) = wire::create_key(&request.into_inner())?;
        let made = self.sandboxes.create_key(&caller, label, roles).await?;
        Ok(Response::new(wire::made(made)))
    }

    async fn list_api_keys(
        &self,
        request: Request<pb::ListApiKeysRequest>,
    ) -> Result<Response<pb::ListApiKeysResponse>, Status> {
        let keys = self.sandboxes.keys(&caller(&request)?).await?;
        Ok(Response::new(wire::keys(keys)))
    }

    async fn revoke_api_key(
        &self,
        request: Request<pb::RevokeApiKeyRequest>,
    ) -> Result<Response<pb::ApiKey>, Status> {
        let caller = caller(&request)?;
        sandbox_only(&caller)?;
        let id = wire::key_id(request.get_ref())?;
        let key = self.sandboxes.revoke_key(&caller, id).await?;
        Ok(Response::new(wire::key(key)))
    }

    async fn reset(
        &self,
        request: Request<pb::ResetRequest>,
    ) -> Result<Response<pb::SandboxClock>, Status> {
        let shown = self.sandboxes.reset(&caller(&request)?).await?;
        Ok(Response::new(wire::clock(shown)))
    }
}
