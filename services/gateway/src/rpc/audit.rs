//! The audit log on the wire.

use tongguan_access::caller;
use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::audit_server::Audit;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire::audit as wire;

#[tonic::async_trait]
impl Audit for Rpc {
    async fn list_audit_entries(
        &self,
        request: Request<pb::ListAuditEntriesRequest>,
    ) -> Result<Response<pb::ListAuditEntriesResponse>, Status> {
        let tenant = caller(&request)?.tenant;
        let query = wire::query(request.into_inner())?;
        let found = self
            .auditing
            .entries(&tenant, query.after, &query.subject, query.limit + 1)
            .await?;
        Ok(Response::new(wire::entries(query.limit, found)))
    }

    async fn prove_audit_log(
        &self,
        request: Request<pb::ProveAuditLogRequest>,
    ) -> Result<Response<pb::AuditProof>, Status> {
        let tenant = caller(&request)?.tenant;
        Ok(Response::new(wire::proof(
            self.auditing.prove(&tenant).await?,
        )))
    }

    async fn get_disclosures(
        &self,
        request: Request<pb::GetDisclosuresRequest>,
    ) -> Result<Response<pb::Disclosures>, Status> {
        let tenant = caller(&request)?.tenant;
        let (year, basis) = wire::ledger(request.into_inner())?;
        Ok(Response::new(wire::disclosures(
            self.auditing.ledger(&tenant, year, basis).await?,
        )))
    }
}
