//! The gateway is the door: JSON and gRPC for integrators on one port, and answers composed of what every service knows.

mod audit;
mod config;
mod domain;
pub mod door;
mod error;
mod events;
mod jobs;
mod measures;
mod peers;
mod retention;
mod rpc;
mod sandbox;
mod service;
mod store;
mod webhooks;
mod wire;

pub use config::{Config, Quota, Quotas, Raised, RaisedError};
pub use domain::{JobRefusal, JobState};
pub use door::{Around, Door, Ready, door};
pub use error::Error;
pub use peers::Peers;

use tongguan_access::Access;
use tongguan_api::gateway::v1::audit_server::AuditServer;
use tongguan_api::gateway::v1::events_server::EventsServer;
use tongguan_api::gateway::v1::export_readiness_server::ExportReadinessServer;
use tongguan_api::gateway::v1::sandbox_server::SandboxServer;
use tongguan_api::gateway::v1::webhooks_server::WebhooksServer;
use tongguan_rpc::{Channel, Routes, Tasks, local};
use tongguan_storage::{Database, Migrations};
use tongguan_vocabulary::World;
use tower::ServiceExt as _;

use crate::domain::Thresholds;

/// The full proto names of the gateway's own services; all answer on the channel of [`serve`].
pub const SERVICES: [&str; 5] = [
    "tongguan.gateway.v1.ExportReadiness",
    "tongguan.gateway.v1.Events",
    "tongguan.gateway.v1.Webhooks",
    "tongguan.gateway.v1.Sandbox",
    "tongguan.gateway.v1.Audit",
];

/// The schema of this service.
pub fn migrations() -> Migrations {
    tongguan_storage::migrations!()
}

/// Builds the gateway's own services; one channel answers all of [`SERVICES`].
pub async fn serve(
    config: Config,
    database: Database,
    peers: Peers,
    access: &Access,
    world: World,
    tasks: &Tasks,
) -> Result<Channel, Error> {
    let desk = peers::Desk::new(peers, access);
    let store = store::Store::new(database);
    let service = service::Service::new(&config, desk.clone(), world.clone());
    // Jobs, deliveries and logs are the house's own doing: no sandbox's clock moves them.
    let world = World {
        clock: world.clock.steady(),
        ids: world.ids,
    };
    let codec = jobs::Codec {
        listing: wire::jobs::listing_read,
        row: wire::jobs::row_stored,
    };
    let jobs = jobs::Jobs::new(store.clone(), service.clone(), world.clone(), codec);
    tasks.spawn("readiness jobs", jobs.clone().work(tasks.stopping()));
    let clock = world.clock.clone();
    let webhooks =
        webhooks::Webhooks::new(store.clone(), world.clone(), &config, wire::webhooks::body)?;
    let thresholds = Thresholds {
        contract: config.export_contract_threshold,
        assessment: config.export_assessment_threshold,
    };
    let retention = retention::Retention::new(store.clone(), clock.clone(), &config);
    tasks.spawn("event retention", retention.work(tasks.stopping()));
    let auditing = audit::Auditing::new(store.clone(), clock.clone(), thresholds);
    let sandboxes = sandbox::Sandboxes::new(store.clone(), access.clone(), world.clone());
    sandboxes.look().await?;
    tasks.spawn("sandbox clocks", sandboxes.clone().follow(tasks.stopping()));
    tasks.spawn(
        "gateway measures",
        measures::watch(store.clone(), clock.clone(), tasks.stopping()),
    );
    let log = events::Log::new(store, desk, world, wire::webhooks::body, webhooks.wake());
    tasks.spawn("webhooks", webhooks.clone().send(tasks.stopping()));
    tasks.spawn("event feeds", log.clone().feed(tasks.clone()));
    let rpc = rpc::Rpc {
        service,
        jobs,
        log,
        webhooks,
        auditing,
        sandboxes,
        clock,
        tasks: tasks.clone(),
    };
    let limit = config.max_message_bytes;
    let [readiness, events, webhooks, sandbox, audit] = SERVICES.map(str::to_owned);
    let routes = Routes::new([
        (
            readiness,
            local(
                access.guard(
                    ExportReadinessServer::new(rpc.clone()).max_decoding_message_size(limit),
                ),
            ),
        ),
        (
            events,
            local(access.guard(EventsServer::new(rpc.clone()).max_decoding_message_size(limit))),
        ),
        (
            webhooks,
            local(access.guard(WebhooksServer::new(rpc.clone()).max_decoding_message_size(limit))),
        ),
        (
            sandbox,
            local(access.guard(SandboxServer::new(rpc.clone()).max_decoding_message_size(limit))),
        ),
        (
            audit,
            local(access.guard(AuditServer::new(rpc).max_decoding_message_size(limit))),
        ),
    ]);
    Ok(Channel::from_service(
        routes.map_err(|never| match never {}),
    ))
}
