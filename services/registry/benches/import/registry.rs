//! The registry behind a socket, and a client that imports.

use std::ops::Range;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_stream::StreamExt;
use tongguan_access::{Access, Grant};
use tongguan_api::registry::v1 as pb;
use tongguan_api::registry::v1::vehicle_registry_client::VehicleRegistryClient;
use tongguan_registry::{Config, serve};
use tongguan_rpc::{Body, Channel, Routes, Tasks, remote};
use tongguan_storage::Database;
use tongguan_vocabulary::{Clock, World};
use tonic::Request;
use tower::ServiceExt;

use super::cars;

/// Vehicles of a message, the most the registry takes.
const MESSAGE: u32 = 500;

pub(crate) struct Registry {
    /// The service in this process, without the socket.
    pub(crate) local: VehicleRegistryClient<Channel>,
    remote: VehicleRegistryClient<Channel>,
    access: Access,
    tasks: Tasks,
}

impl Registry {
    pub(crate) async fn over(database: Database) -> Self {
        let tasks = Tasks::new();
        let key = tongguan_access::generate_key().expect("a key");
        let access = Access::embedded(&key, Clock::system()).expect("an issuer");
        let built = serve(
            Config::default(),
            database,
            &access,
            World::default(),
            &tasks,
        );
        let channel = built.await.expect("the registry");
        let name = "tongguan.registry.v1.VehicleRegistry".to_owned();
        let routes = Routes::new([(name, channel.clone())]);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let address = format!("http://{address}");
        listen(listener, routes, &tasks);
        Self {
            local: VehicleRegistryClient::new(channel),
            remote: VehicleRegistryClient::new(remote(&address).expect("an address")),
            access,
            tasks,
        }
    }

    pub(crate) fn ask<M>(&self, message: M) -> Request<M> {
        let grant = Grant::new("acme".parse().expect("a tenant"), "tester")
            .scope("registry.read")
            .scope("registry.write");
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", self.access.mint(&grant));
        let bearer = bearer.parse().expect("a header");
        request.metadata_mut().insert("authorization", bearer);
        request
    }

    /// Imports these vehicles and waits until the last is durable.
    pub(crate) async fn import(&self, id: &str, numbers: Range<u32>, count: u32) {
        let (first, expected) = (numbers.start, u64::from(numbers.end - numbers.start));
        let id = id.to_owned();
        let messages = numbers.clone().step_by(MESSAGE as usize).map(move |from| {
            let until = (from + MESSAGE).min(numbers.end);
            pb::ImportVehiclesRequest {
                import_id: id.clone(),
                first_row: u64::from(from - first),
                vehicles: (from..until)
                    .map(|number| cars::car(cars::place(number, count)))
                    .collect(),
            }
        });
        let request = self.ask(tokio_stream::iter(messages));
        let answers = self.remote.clone().import_vehicles(request).await;
        let mut answers = answers.expect("an import").into_inner();
        let mut stored = 0;
        while let Some(answer) = answers.next().await {
            stored += answer.expect("an acknowledgement").stored;
        }
        assert_eq!(stored, expected, "every vehicle is stored");
    }

    pub(crate) async fn stop(self) {
        drop((self.local, self.remote));
        self.tasks.stop().await;
    }
}

/// Serves connections until the tasks are told to stop.
fn listen(listener: TcpListener, routes: Routes, tasks: &Tasks) {
    let (stopping, connections) = (tasks.stopping(), tasks.clone());
    tasks.spawn("listener", async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stopping.cancelled() => return,
            };
            let (stream, _) = accepted.expect("a connection");
            let routes = routes.clone().map_request(|request: http::Request<_>| {
                request.map(|body: hyper::body::Incoming| Body::new(body))
            });
            let stopping = connections.stopping();
            connections.spawn("connection", async move {
                let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                server.initial_stream_window_size(1 << 20);
                let service = TowerToHyperService::new(routes);
                let served = server.serve_connection(TokioIo::new(stream), service);
                tokio::select! {
                    _ended = served => {}
                    () = stopping.cancelled() => {}
                }
            });
        }
    });
}
