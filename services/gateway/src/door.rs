//! The door: gRPC, gRPC-Web, JSON, the documents and the landing page, as one service on one port.
//!
//! Calls are forwarded as they are: each service's own guard checks the token, so that nothing
//! reaches a service by another way. The door adds what only it can know: whether a tenant has calls
//! left, what an API key stands for, how large a message may be, and who was shown what.

mod abroad;
mod answer;
mod catalogue;
mod console;
mod deprecation;
mod docs;
mod exchange;
mod failure;
mod fresh;
mod guide;
mod log;
mod meter;
mod openapi;
mod page;
mod privacy;
mod quota;
mod rest;
mod sample;
mod watch;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use tongguan_access::{Access, Caller};
use tongguan_rpc::{Body, Routes, Tasks, hop_span};
use tongguan_storage::Database;
use tongguan_vocabulary::Clock;
use tonic::Status;
use tonic::transport::server::TcpConnectInfo;
use tower::Service;
use tracing::Instrument as _;

use crate::audit::Recorder;
use crate::domain::Basis;
use crate::store::Store;
use crate::{Config, Error};
use catalogue::catalogue;
use deprecation::Announced;
use exchange::Exchange;
use quota::{Class, Left, Meters};
use rest::Rest;
use watch::{Arrival, arrived, watched};

/// Whether a role answers, asked by `/readyz`.
pub type Ready = Arc<dyn Fn() -> bool + Send + Sync>;

/// What the door stands among.
pub struct Around {
    /// The services by full proto name, such as `tongguan.registry.v1.VehicleRegistry`.
    pub routes: Routes,
    /// Answers `/readyz`.
    pub ready: Ready,
    /// Whose tokens count.
    pub access: Access,
    /// The gateway's own database: API keys, the audit log.
    pub database: Database,
    /// Tells the time.
    pub clock: Clock,
    /// Background work.
    pub tasks: Tasks,
}

/// Everything that is served on the public port. Cheap to clone.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    routes: Routes,
    rest: Rest,
    origins: Vec<String>,
    ready: Ready,
    access: Access,
    exchange: Exchange,
    meters: Meters,
}

/// The door over the services around it.
pub fn door(config: &Config, around: Around) -> Door {
    let store = Store::new(around.database);
    let clock = around.clock.steady();
    let (recorder, work) = Recorder::new(store.clone(), around.tasks.stopping());
    around.tasks.spawn("audit log", work);
    let routes = watched(&around.routes, &recorder, &clock);
    Door(Arc::new(Inner {
        rest: Rest::new(&routes, config.max_json_bytes),
        routes,
        origins: config.cors_origins.clone(),
        ready: around.ready,
        exchange: Exchange::new(store, around.access.clone(), clock.clone()),
        access: around.access,
        meters: Meters::new(&config.quotas, clock),
    }))
}

impl Service<Request<Body>> for Door {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let door = Arc::clone(&self.0);
        let span = hop_span("gateway", &request);
        Box::pin(async move { Ok(door.answer(request).await) }.instrument(span))
    }
}

/// How a client speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Grpc,
    Web,
    Other,
}

impl Inner {
    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let origin = request
            .headers()
            .get(header::ORIGIN)
            .cloned()
            .filter(|origin| self.allows(origin));
        let request_id = request.headers().get("x-request-id").cloned();
        let mut response = if request.method() == Method::OPTIONS {
            preflight()
        } else {
            let (parts, body) = request.into_parts();
            let kind = kind(&parts.headers);
            let page = (kind == Kind::Other).then(|| page::page(&parts, &self.ready));
            match page.flatten() {
                Some(page) => page,
                None => Box::pin(self.served(kind, parts, body)).await,
            }
        };
        let headers = response.headers_mut();
        if let Some(origin) = origin {
            let exposed = "grpc-status, grpc-message, grpc-status-details-bin, x-request-id, retry-after, ratelimit, ratelimit-policy, deprecation, sunset, link";
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(exposed),
            );
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
        if let Some(id) = request_id {
            headers.insert("x-request-id", id);
        }
        response
    }

    /// Answers a call, once it is known who comes and that he has calls left.
    async fn served(&self, kind: Kind, mut parts: Parts, body: Body) -> Response<Body> {
        if let Err(error) = self.exchange.exchange(&mut parts.headers).await {
            return answer::refused(kind, error.into()).await;
        }
        if kind == Kind::Other
            && let Some(target) = page::well_known(parts.uri.path())
        {
            parts = page::redirected(parts, target);
        }
        let path = parts.uri.path();
        let method = match kind {
            Kind::Other => catalogue().find(parts.method.as_str(), path),
            Kind::Grpc | Kind::Web => catalogue().rpc(path),
        };
        let caller = self.access.sender(&parts.headers).ok();
        let address = address(&parts);
        let class = Class::of(method, caller.as_deref());
        let left = match self.meters.spend(class, caller.as_deref(), address) {
            Some(Err(left)) => {
                let error = Error::QuotaExceeded {
                    class: left.class.name(),
                    wait: left.wait,
                };
                let mut response = answer::refused(kind, error.into()).await;
                left.say(response.headers_mut());
                return response;
            }
            Some(Ok(left)) => Some(left),
            None => None,
        };
        self.forward(&mut parts, caller.as_deref());
        let basis = match basis(&parts.headers) {
            Ok(basis) => basis,
            Err(error) => return answer::refused(kind, error.into()).await,
        };
        let arrival = Arrival {
            network: address.map(network).unwrap_or_default(),
            purpose: purpose(&parts.headers),
            basis,
            caller,
            announced: Announced::default(),
        };
        let announced = arrival.announced.clone();
        if let Some(notice) = method.and_then(|method| method.deprecated.as_ref()) {
            announced.add(notice);
        }
        let answer = async {
            match kind {
                Kind::Grpc => answer::grpc(&self.routes, Request::from_parts(parts, body)).await,
                Kind::Web => answer::web(&self.routes, Request::from_parts(parts, body)).await,
                Kind::Other => {
                    let asked = fresh::Asked::of(&parts);
                    let answer = match log::wanted(&parts) {
                        Some(file) => log::file(&self.routes, file).await,
                        None => self.rest.answer(method, parts, body).await,
                    };
                    asked.answer(answer).await
                }
            }
        };
        let mut response = arrived(arrival, answer).await;
        announced.say(response.headers_mut());
        if let Some(left) = left {
            Left::say(&left, response.headers_mut());
        }
        response
    }

    /// A sandbox's clock goes with the call; what a client says of time stays here.
    fn forward(&self, parts: &mut Parts, caller: Option<&Caller>) {
        match caller {
            Some(caller) => self.access.say_shift(&caller.tenant, &mut parts.headers),
            None => {
                parts.headers.remove(tongguan_access::CLOCK);
            }
        }
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        self.origins
            .iter()
            .any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes())
    }
}

impl From<Error> for answer::Refused {
    fn from(error: Error) -> Self {
        Self(Status::from(error))
    }
}

fn kind(headers: &HeaderMap) -> Kind {
    let content = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if content.starts_with("application/grpc-web") {
        Kind::Web
    } else if content.starts_with("application/grpc") {
        Kind::Grpc
    } else {
        Kind::Other
    }
}

fn address(parts: &Parts) -> Option<IpAddr> {
    let peer = parts.extensions.get::<TcpConnectInfo>()?;
    Some(peer.remote_addr()?.ip().to_canonical())
}

/// The network of an address, as far as an audit needs it: an IPv4 /24, an IPv6 /48.
fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// The caller's reason, at most 200 printable characters of it.
fn purpose(headers: &HeaderMap) -> String {
    let sent = headers.get("x-purpose").map(HeaderValue::as_bytes);
    let text = String::from_utf8_lossy(sent.unwrap_or_default());
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(200)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Why something may be shown abroad, where the caller says so.
fn basis(headers: &HeaderMap) -> Result<Option<Basis>, Error> {
    let Some(sent) = headers.get("x-legal-basis") else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(sent.as_bytes());
    let unknown = |_| Error::BasisUnknown {
        text: text.chars().take(40).collect(),
    };
    text.parse().map(Some).map_err(unknown)
}

fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    let allowed = "authorization, content-type, accept, idempotency-key, x-request-id, x-purpose, x-legal-basis, traceparent, tracestate, \
                   grpc-timeout, x-grpc-web, x-user-agent";
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(allowed),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, PATCH, PUT, DELETE"),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("7200"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_knows_the_network_and_not_the_person() {
        let network = |text: &str| network(text.parse::<IpAddr>().unwrap().to_canonical());
        assert_eq!(network("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(network("2001:db8:1:2::9"), "2001:db8:1::/48");
        assert_eq!(network("::ffff:192.0.2.77"), "192.0.2.0/24");
    }

    #[test]
    fn a_purpose_is_short_and_printable() {
        let mut headers = HeaderMap::new();
        assert_eq!(purpose(&headers), "");
        let long = format!(" 查验 {}", "x".repeat(300));
        headers.insert(
            "x-purpose",
            HeaderValue::from_bytes(long.as_bytes()).unwrap(),
        );
        assert!(purpose(&headers).starts_with("查验 xxx"));
        assert!(purpose(&headers).chars().count() <= 200);
    }
}
