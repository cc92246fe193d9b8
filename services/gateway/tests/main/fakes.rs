//! Peers made of closures, behind the same guard as real ones, and a world with a door over them.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::{BufMut as _, Bytes, BytesMut};
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use prost::Message;
use tongguan_access::{Access, Caller, Grant, generate_key};
use tongguan_gateway::{Around, Config, Door, Peers, SERVICES, door, migrations, serve};
use tongguan_rpc::{Body, Channel, Routes, Tasks};
use tongguan_storage::Database;
use tongguan_vocabulary::{Clock, Tenant, World};
use tonic::Status;
use tower::ServiceExt as _;

pub(crate) const VIN: &str = "LSVAU2A37N2100005";

/// The body of a handler: who asks and the request's bytes in, answer bytes out.
type Handler =
    Arc<dyn Fn(&Tenant, Bytes) -> BoxFuture<'static, Result<Vec<Vec<u8>>, Status>> + Send + Sync>;

/// A service that answers the methods it was given, and any other with an empty message.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    handlers: HashMap<String, Handler>,
    pub(crate) seen: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

impl Fake {
    /// Answers `method` (its last path segment) with what the closure says.
    pub(crate) fn on<Q: Message + Default, A: Message + 'static>(
        mut self,
        method: &str,
        answer: impl Fn(Q) -> Result<A, Status> + Send + Sync + 'static,
    ) -> Self {
        let handler: Handler = Arc::new(move |_, bytes| {
            let answer =
                answer(Q::decode(bytes).expect("the gateway sent a message of another kind"));
            Box::pin(async move { answer.map(|message| vec![message.encode_to_vec()]) })
        });
        self.handlers.insert(method.to_owned(), handler);
        self
    }

    /// Answers `method` with several messages, then with an error if there is one.
    pub(crate) fn streams<A: Message>(mut self, method: &str, answers: Vec<A>) -> Self {
        let answers: Vec<Vec<u8>> = answers.iter().map(Message::encode_to_vec).collect();
        let handler: Handler = Arc::new(move |_, _| {
            let answers = answers.clone();
            Box::pin(async move { Ok(answers) })
        });
        self.handlers.insert(method.to_owned(), handler);
        self
    }

    /// Answers `method` with the messages that the closure makes of the request, for the tenant that asks.
    pub(crate) fn streams_on<Q: Message + Default, A: Message + 'static>(
        mut self,
        method: &str,
        answer: impl Fn(&Tenant, Q) -> Vec<A> + Send + Sync + 'static,
    ) -> Self {
        let handler: Handler = Arc::new(move |tenant, bytes| {
            let question = Q::decode(bytes).expect("the gateway sent a message of another kind");
            let answers = answer(tenant, question);
            Box::pin(async move { Ok(answers.iter().map(Message::encode_to_vec).collect()) })
        });
        self.handlers.insert(method.to_owned(), handler);
        self
    }

    /// Never answers `method`.
    pub(crate) fn hangs(mut self, method: &str) -> Self {
        self.handlers.insert(
            method.to_owned(),
            Arc::new(|_, _| Box::pin(std::future::pending())),
        );
        self
    }

    pub(crate) fn channel(self, access: &Access) -> Channel {
        let service = tower::service_fn(move |request: Request<Body>| -> BoxFuture<'static, Result<Response<Body>, Infallible>> {
            let fake = self.clone();
            Box::pin(async move { Ok(fake.answer(request).await.unwrap_or_else(Status::into_http)) })
        });
        Channel::from_service(
            access
                .guard(service)
                .map_err(|never: Infallible| match never {}),
        )
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let (parts, body) = request.into_parts();
        self.seen
            .lock()
            .unwrap()
            .push((parts.uri.path().to_owned(), parts.headers.clone()));
        let framed = body.collect().await?.to_bytes();
        let message = framed.slice(5.min(framed.len())..);
        let method = parts.uri.path().rsplit('/').next().unwrap_or_default();
        let answers = match self.handlers.get(method) {
            Some(handler) => {
                let caller = parts.extensions.get::<Arc<Caller>>();
                let tenant = &caller.expect("the guard stands before the fake").tenant;
                handler(tenant, message).await?
            }
            None => vec![Vec::new()],
        };
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        let data = answers
            .into_iter()
            .map(|message| Frame::data(framed_message(&message)));
        let frames = data.chain([Frame::trailers(trailers)]).map(Ok::<_, Status>);
        let mut response = Response::new(Body::new(StreamBody::new(futures::stream::iter(
            frames.collect::<Vec<_>>(),
        ))));
        response
            .headers_mut()
            .insert("content-type", "application/grpc".parse().unwrap());
        Ok(response)
    }
}

/// A message with the five bytes before it that gRPC puts there.
pub(crate) fn framed_message(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(message.len() as u32);
    framed.put_slice(message);
    framed.freeze()
}

/// The peers of a gateway under test.
#[derive(Default)]
pub(crate) struct Fakes {
    pub(crate) registry: Fake,
    pub(crate) inspection: Fake,
    pub(crate) maintenance: Fake,
    pub(crate) destinations: Fake,
    pub(crate) clearance: Fake,
}

/// A gateway at a fixed noon.
pub(crate) struct House {
    pub(crate) access: Access,
    pub(crate) door: Door,
    pub(crate) gateway: Channel,
    pub(crate) clock: Clock,
}

pub(crate) async fn house(fakes: Fakes) -> House {
    let database = tongguan_testkit::databases::sqlite(&migrations()).await;
    house_on(fakes, database, &Tasks::new()).await
}

pub(crate) async fn house_on(fakes: Fakes, database: Database, tasks: &Tasks) -> House {
    house_with(fakes, database, tasks, Config::default()).await
}

pub(crate) async fn house_with(
    fakes: Fakes,
    database: Database,
    tasks: &Tasks,
    config: Config,
) -> House {
    let clock = Clock::fixed(tongguan_testkit::noon());
    let access = Access::embedded(&generate_key().unwrap(), clock.clone()).unwrap();
    let peers = Peers {
        registry: fakes.registry.channel(&access),
        inspection: fakes.inspection.channel(&access),
        maintenance: fakes.maintenance.channel(&access),
        destinations: fakes.destinations.channel(&access),
        clearance: fakes.clearance.channel(&access),
    };
    let mut routes = vec![
        (
            "tongguan.registry.v1.VehicleRegistry".to_owned(),
            peers.registry.clone(),
        ),
        (
            "tongguan.inspection.v1.InspectionIntake".to_owned(),
            peers.inspection.clone(),
        ),
        (
            "tongguan.maintenance.v1.MaintenanceLookup".to_owned(),
            peers.maintenance.clone(),
        ),
        (
            "tongguan.destinations.v1.DestinationRules".to_owned(),
            peers.destinations.clone(),
        ),
        (
            "tongguan.clearance.v1.ExportClearance".to_owned(),
            peers.clearance.clone(),
        ),
    ];
    let world = World {
        clock: clock.clone(),
        ..World::fixed(tongguan_testkit::noon())
    };
    let gateway = serve(
        config.clone(),
        database.clone(),
        peers,
        &access,
        world,
        tasks,
    )
    .await
    .unwrap();
    routes.extend(SERVICES.map(|name| (name.to_owned(), gateway.clone())));
    let around = Around {
        routes: Routes::new(routes),
        ready: Arc::new(|| true),
        access: access.clone(),
        database,
        clock: clock.clone(),
        tasks: tasks.clone(),
    };
    let door = door(&config, around);
    House {
        access,
        door,
        gateway,
        clock,
    }
}

impl House {
    /// A bearer value with these scopes for tenant acme.
    pub(crate) fn token(&self, scopes: &[&str]) -> String {
        let mut grant = Grant::new("acme".parse().unwrap(), "li.wei");
        grant.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        format!("Bearer {}", self.access.mint(&grant))
    }

    /// A request that carries such a token.
    pub(crate) fn request<M>(&self, message: M) -> tonic::Request<M> {
        let mut request = tonic::Request::new(message);
        let token = self.token(&[
            "gateway.read",
            "gateway.write",
            "sandbox.read",
            "sandbox.write",
        ]);
        request
            .metadata_mut()
            .insert("authorization", token.parse().unwrap());
        request
    }

    /// What the door answers.
    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Bytes> {
        let (parts, body) = self
            .door
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_parts();
        Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }

    /// A JSON call with full rights.
    pub(crate) async fn json(
        &self,
        verb: &str,
        target: &str,
        body: &str,
    ) -> (u16, serde_json::Value) {
        let request = Request::builder()
            .method(verb)
            .uri(target)
            .header("authorization", self.token(&["*.*"]));
        let answer = self.send(request.body(text(body)).unwrap()).await;
        let json = serde_json::from_slice(answer.body()).unwrap_or(serde_json::Value::Null);
        (answer.status().as_u16(), json)
    }
}

pub(crate) fn text(body: &str) -> Body {
    Body::new(http_body_util::Full::new(Bytes::from(body.to_owned())))
}
