//! A registry that answers `GetVehicle` from a table, and can be put behind faults.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use tongguan_api::registry::v1 as pb;
use tongguan_rpc::{Body, Channel};
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status};

/// The vehicles of the table, by VIN.
#[derive(Clone, Default)]
pub(crate) struct Table(Arc<Mutex<HashMap<String, pb::Vehicle>>>);

impl Table {
    pub(crate) fn put(&self, vehicle: pb::Vehicle) {
        let vin = vehicle.details.clone().unwrap().vin;
        self.0.lock().unwrap().insert(vin, vehicle);
    }

    pub(crate) fn channel(&self) -> Channel {
        let table = self.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let table = table.clone();
            async move {
                assert!(
                    request.headers().contains_key("authorization"),
                    "peers are called with a token"
                );
                let codec = tonic_prost::ProstCodec::default();
                Ok::<_, Infallible>(Grpc::new(codec).unary(table, request).await)
            }
        });
        Channel::from_service(tower::util::MapErr::new(
            service,
            |never: Infallible| match never {},
        ))
    }
}

impl UnaryService<pb::GetVehicleRequest> for Table {
    type Response = pb::Vehicle;
    type Future = std::future::Ready<Result<Response<pb::Vehicle>, Status>>;

    fn call(&mut self, request: Request<pb::GetVehicleRequest>) -> Self::Future {
        let found = self
            .0
            .lock()
            .unwrap()
            .get(&request.into_inner().vin)
            .cloned();
        std::future::ready(
            found
                .map(Response::new)
                .ok_or_else(|| Status::not_found("no such vehicle")),
        )
    }
}
