//! The generated trait: decode → service → encode.

mod import;

use futures::stream::BoxStream;
use tongguan_access::caller;
use tongguan_api::registry::v1 as pb;
use tongguan_api::registry::v1::vehicle_registry_server::VehicleRegistry;
use tonic::{Request, Response, Status, Streaming};

use crate::service::Service;
use crate::wire;

/// The registry on the wire.
pub(crate) struct Rpc {
    service: Service,
}

impl Rpc {
    pub(crate) fn new(service: Service) -> Self {
        Self { service }
    }
}

type Answers<T> = BoxStream<'static, Result<T, Status>>;

#[tonic::async_trait]
impl VehicleRegistry for Rpc {
    async fn register_vehicle(
        &self,
        request: Request<pb::RegisterVehicleRequest>,
    ) -> Result<Response<pb::Vehicle>, Status> {
        let caller = caller(&request)?;
        let asked = wire::register(request.into_inner())?;
        let view = self
            .service
            .register(
                &caller,
                &asked.request_id,
                asked.details,
                asked.owner,
                asked.validate_only,
            )
            .await?;
        Ok(Response::new(view.into()))
    }

    async fn batch_register_vehicles(
        &self,
        request: Request<pb::BatchRegisterVehiclesRequest>,
    ) -> Result<Response<pb::BatchRegisterVehiclesResponse>, Status> {
        let caller = caller(&request)?;
        let batch = wire::batch(request.into_inner())?;
        let answers = self
            .service
            .register_all(
                &caller,
                &batch.request_id,
                &batch.canonical,
                batch.rows.good,
            )
            .await?;
        Ok(Response::new(pb::BatchRegisterVehiclesResponse {
            results: batch.rows.bad.results(answers),
        }))
    }

    type ImportVehiclesStream = Answers<pb::ImportVehiclesResponse>;

    async fn import_vehicles(
        &self,
        request: Request<Streaming<pb::ImportVehiclesRequest>>,
    ) -> Result<Response<Self::ImportVehiclesStream>, Status> {
        let caller = caller(&request)?;
        let (service, messages) = (self.service.clone(), request.into_inner());
        let answers = self.service.tasks().feed("import", |answers| {
            import::run(service, caller, messages, answers)
        });
        Ok(Response::new(answers))
    }

    async fn get_vehicle(
        &self,
        request: Request<pb::GetVehicleRequest>,
    ) -> Result<Response<pb::Vehicle>, Status> {
        let caller = caller(&request)?;
        let (vin, as_of) = wire::get(&request.into_inner())?;
        Ok(Response::new(
            self.service.get(&caller, vin, as_of).await?.into(),
        ))
    }

    async fn batch_get_vehicles(
        &self,
        request: Request<pb::BatchGetVehiclesRequest>,
    ) -> Result<Response<pb::BatchGetVehiclesResponse>, Status> {
        let caller = caller(&request)?;
        let asked = wire::batch_get(request.into_inner())?;
        let found = self.service.get_all(&caller, &asked.vins()).await?;
        Ok(Response::new(pb::BatchGetVehiclesResponse {
            results: asked.results(found),
        }))
    }

    async fn list_vehicles(
        &self,
        request: Request<pb::ListVehiclesRequest>,
    ) -> Result<Response<pb::ListVehiclesResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let filter = wire::filter(&request)?;
        let page = self
            .service
            .list(&caller, filter, &request.page_token, request.page_size)
            .await?;
        Ok(Response::new(pb::ListVehiclesResponse {
            vehicles: page.items.into_iter().map(pb::Vehicle::from).collect(),
            next_page_token: page.next,
        }))
    }

    async fn update_vehicle(
        &self,
        request: Request<pb::UpdateVehicleRequest>,
    ) -> Result<Response<pb::Vehicle>, Status> {
        let caller = caller(&request)?;
        let amendment = wire::amendment(request.into_inner())?;
        let (vin, ground, fields) = (
            amendment.vin,
            amendment.ground.clone(),
            amendment.fields.clone(),
        );
        let amended = |before| amendment.apply(before);
        let view = self
            .service
            .amend(&caller, vin, ground, &amendment.asked(), fields, amended)
            .await?;
        Ok(Response::new(view.into()))
    }

    async fn record_transfer_pending_export(
        &self,
        request: Request<pb::RecordTransferPendingExportRequest>,
    ) -> Result<Response<pb::Vehicle>, Status> {
        let caller = caller(&request)?;
        let (vin, ground, change, owner) = wire::transfer(request.into_inner())?;
        let view = self
            .service
            .change(
                &caller,
                "RecordTransferPendingExport",
                vin,
                ground,
                change,
                owner,
            )
            .await?;
        Ok(Response::new(view.into()))
    }

    async fn record_encumbrance(
        &self,
        request: Request<pb::RecordEncumbranceRequest>,
    ) -> Result<Response<pb::Vehicle>, Status> {
        let caller = caller(&request)?;
        let (vin, ground, change) = wire::encumbrance(request.into_inner())?;
        let view = self
            .service
            .change(&caller, "RecordEncumbrance", vin, ground, change, None)
            .await?;
        Ok(Response::new(view.into()))
    }

    async fn lift_encumbrance(
        &self,
        request: Request<pb::LiftEncumbranceRequest>,
    ) -> Result<Response<pb::Vehicle>, Status> {
        let caller = caller(&request)?;
        let (vin, ground, change) = wire::lift(request.into_inner())?;
        let view = self
            .service
            .change(&caller, "LiftEncumbrance", vin, ground, change, None)
            .await?;
        Ok(Response::new(view.into()))
    }

    async fn record_status(
        &self,
        request: Request<pb::RecordStatusRequest>,
    ) -> Result<Response<pb::Vehicle>, Status> {
        let caller = caller(&request)?;
        let (vin, ground, change) = wire::status(request.into_inner())?;
        let view = self
            .service
            .change(&caller, "RecordStatus", vin, ground, change, None)
            .await?;
        Ok(Response::new(view.into()))
    }

    async fn record_odometer(
        &self,
        request: Request<pb::RecordOdometerRequest>,
    ) -> Result<Response<pb::Vehicle>, Status> {
        let caller = caller(&request)?;
        let (vin, ground, change) = wire::odometer(request.into_inner())?;
        let view = self
            .service
            .change(&caller, "RecordOdometer", vin, ground, change, None)
            .await?;
        Ok(Response::new(view.into()))
    }

    async fn deregister_vehicle(
        &self,
        request: Request<pb::DeregisterVehicleRequest>,
    ) -> Result<Response<pb::Vehicle>, Status> {
        let caller = caller(&request)?;
        let (vin, ground, change) = wire::deregister(request.into_inner())?;
        let view = self
            .service
            .change(&caller, "DeregisterVehicle", vin, ground, change, None)
            .await?;
        Ok(Response::new(view.into()))
    }

    async fn record_identity(
        &self,
        request: Request<pb::RecordIdentityRequest>,
    ) -> Result<Response<pb::Vehicle>, Status> {
        let caller = caller(&request)?;
        let (vin, ground, change) = wire::identity(request.into_inner())?;
        let view = self
            .service
            .change(&caller, "RecordIdentity", vin, ground, change, None)
            .await?;
        Ok(Response::new(view.into()))
    }

    async fn read_owner(
        &self,
        request: Request<pb::ReadOwnerRequest>,
    ) -> Result<Response<pb::ReadOwnerResponse>, Status> {
        let caller = caller(&request)?;
        let (vin, purpose) = wire::read_owner(&request.into_inner())?;
        let read = self.service.read_owner(&caller, vin, purpose).await?;
        Ok(Response::new(read.into()))
    }

    async fn erase_person(
        &self,
        request: Request<pb::ErasePersonRequest>,
    ) -> Result<Response<pb::ErasePersonResponse>, Status> {
        let caller = caller(&request)?;
        let (request_id, person, reason) = wire::erase_person(&request.into_inner())?;
        let erased = self
            .service
            .erase_person(&caller, &request_id, person, reason)
            .await?;
        Ok(Response::new(wire::erased(erased)))
    }

    async fn list_owner_reads(
        &self,
        request: Request<pb::ListOwnerReadsRequest>,
    ) -> Result<Response<pb::ListOwnerReadsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let person = wire::owner_reads(&request)?;
        let page = self
            .service
            .looks(&caller, person, &request.page_token, request.page_size)
            .await?;
        Ok(Response::new(pb::ListOwnerReadsResponse {
            reads: page.items.into_iter().map(wire::looked).collect(),
            next_page_token: page.next,
        }))
    }

    async fn list_vehicle_events(
        &self,
        request: Request<pb::ListVehicleEventsRequest>,
    ) -> Result<Response<pb::ListVehicleEventsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let vin = wire::vin(&request.vin)?;
        let page = self
            .service
            .history(&caller, vin, &request.page_token, request.page_size)
            .await?;
        Ok(Response::new(pb::ListVehicleEventsResponse {
            events: page
                .items
                .into_iter()
                .map(|event| wire::event(event, String::new()))
                .collect(),
            next_page_token: page.next,
        }))
    }

    type WatchVehiclesStream = Answers<pb::VehicleEvent>;

    async fn watch_vehicles(
        &self,
        request: Request<pb::WatchVehiclesRequest>,
    ) -> Result<Response<Self::WatchVehiclesStream>, Status> {
        let caller = caller(&request)?;
        let service = self.service.clone();
        let mut after = request.into_inner().resume_token;
        // A bad token is refused before the stream begins.
        service.watch(&caller, &after).await?;
        let events = self.service.tasks().feed("watch", |sender| async move {
            while !sender.is_closed() {
                let events = match service.watch(&caller, &after).await {
                    Ok(events) => events,
                    Err(error) => {
                        let _reader_gone = sender.send(Err(error.into())).await;
                        break;
                    }
                };
                let idle = events.is_empty();
                for (token, event) in events {
                    after.clone_from(&token);
                    if sender.send(Ok(wire::event(event, token))).await.is_err() {
                        return;
                    }
                }
                if idle {
                    tokio::time::sleep(service.watch_interval).await;
                }
            }
        });
        Ok(Response::new(events))
    }

    async fn decode_vin(
        &self,
        request: Request<pb::DecodeVinRequest>,
    ) -> Result<Response<pb::DecodeVinResponse>, Status> {
        caller(&request)?;
        let (text, first_registered) = wire::decode(request.into_inner())?;
        Ok(Response::new(
            self.service.decode(&text, first_registered).into(),
        ))
    }
}
