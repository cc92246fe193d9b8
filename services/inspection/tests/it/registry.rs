//! A registry that answers `GetVehicle` from a table, and can be put behind faults.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use tongguan_api::registry::v1 as pb;
use tongguan_rpc::{Body, Channel};
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status};

/// The vehicles of the table, by VIN, and what happens before the next answer.
#[derive(Clone, Default)]
pub(crate) struct Table {
    vehicles: Arc<Mutex<HashMap<String, pb::Vehicle>>>,
    meanwhile: Arc<Mutex<Option<BoxFuture<'static, ()>>>>,
}

impl Table {
    pub(crate) fn put(&self, vehicle: pb::Vehicle) {
        let vin = vehicle.details.clone().unwrap().vin;
        self.vehicles.lock().unwrap().insert(vin, vehicle);
    }

    /// Lets something happen while the next question waits for its answer.
    pub(crate) fn meanwhile(&self, work: impl Future<Output = ()> + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(work.boxed());
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
    type Future = BoxFuture<'static, Result<Response<pb::Vehicle>, Status>>;

    fn call(&mut self, request: Request<pb::GetVehicleRequest>) -> Self::Future {
        let table = self.clone();
        async move {
            let meanwhile = table.meanwhile.lock().unwrap().take();
            if let Some(work) = meanwhile {
                work.await;
            }
            let found = table
                .vehicles
                .lock()
                .unwrap()
                .get(&request.into_inner().vin)
                .cloned();
            found
                .map(Response::new)
                .ok_or_else(|| Status::not_found("no such vehicle"))
        }
        .boxed()
    }
}
