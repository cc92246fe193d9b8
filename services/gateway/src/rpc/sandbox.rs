//! The sandbox on the wire: for sandbox tenants only.

use tongguan_access::caller;
use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::sandbox_server::Sandbox;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::Error;
use crate::domain::{MAGIC, is_sandbox};
use crate::unimplemented::unimplemented;

fn sandbox<T>(request: &Request<T>) -> Result<(), Status> {
    if is_sandbox(&caller(request)?.tenant) {
        Ok(())
    } else {
        Err(Error::NotASandbox.into())
    }
}

#[tonic::async_trait]
impl Sandbox for Rpc {
    async fn set_clock(
        &self,
        request: Request<pb::SetClockRequest>,
    ) -> Result<Response<pb::SandboxClock>, Status> {
        sandbox(&request)?;
        Err(unimplemented("SetClock").into())
    }

    async fn list_magic_vins(
        &self,
        request: Request<pb::ListMagicVinsRequest>,
    ) -> Result<Response<pb::ListMagicVinsResponse>, Status> {
        sandbox(&request)?;
        let vins = MAGIC.iter().map(|magic| pb::MagicVin {
            vin: magic.vin.to_owned(),
            forces: magic.forces.to_owned(),
            description: magic.description.to_owned(),
        });
        Ok(Response::new(pb::ListMagicVinsResponse {
            vins: vins.collect(),
        }))
    }

    async fn reset(
        &self,
        request: Request<pb::ResetRequest>,
    ) -> Result<Response<pb::SandboxClock>, Status> {
        sandbox(&request)?;
        Err(unimplemented("Reset").into())
    }
}
