//! The sandbox on the wire: for sandbox tenants only.

use tongguan_access::caller;
use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::sandbox_server::Sandbox;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::service::sandbox_only;
use crate::unimplemented::unimplemented;
use crate::wire::sandbox::magic_vins;

#[tonic::async_trait]
impl Sandbox for Rpc {
    async fn set_clock(
        &self,
        request: Request<pb::SetClockRequest>,
    ) -> Result<Response<pb::SandboxClock>, Status> {
        sandbox_only(&caller(&request)?)?;
        Err(unimplemented("SetClock").into())
    }

    async fn list_magic_vins(
        &self,
        request: Request<pb::ListMagicVinsRequest>,
    ) -> Result<Response<pb::ListMagicVinsResponse>, Status> {
        sandbox_only(&caller(&request)?)?;
        Ok(Response::new(magic_vins()))
    }

    async fn reset(
        &self,
        request: Request<pb::ResetRequest>,
    ) -> Result<Response<pb::SandboxClock>, Status> {
        sandbox_only(&caller(&request)?)?;
        Err(unimplemented("Reset").into())
    }
}
