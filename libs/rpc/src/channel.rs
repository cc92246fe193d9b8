//! One boxed gRPC service type, made by [`local`] or [`remote`]: the services behind cannot be told apart.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use tonic::server::NamedService;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};
use tonic::{Code, Status};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use crate::remote::Remote;
use crate::{Guard, PeerError, deadline, trace};

/// The body of gRPC requests and answers.
pub type Body = tonic::body::Body;

type Boxed = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Status>;

/// The way to a service: in this process or behind a socket. Generated clients take it as transport.
#[derive(Clone)]
pub struct Channel(Boxed);

/// A service of this process, behind the same [`Guard`] that sockets get.
///
/// Request extensions are cleared: what does not travel as metadata must not arrive by accident.
pub fn local<S>(server: S) -> Channel
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    let guarded = Guard::new(server).map_request(|mut request: http::Request<Body>| {
        request.extensions_mut().clear();
        request
    });
    Channel(BoxCloneSyncService::new(
        guarded.map_err(|never: Infallible| match never {}),
    ))
}

/// How we show ourselves to a peer behind TLS, and whom we trust there; all PEM.
#[derive(Clone, Default)]
pub struct PeerTls {
    /// The authorities that sign peers' certificates; empty trusts the authorities built in.
    pub authorities: Vec<u8>,
    /// Our certificate and its chain, for mutual TLS; empty shows none.
    pub certificate: Vec<u8>,
    /// The key of our certificate.
    pub key: Vec<u8>,
}

/// A service behind sockets; connects when first used and reconnects by itself.
///
/// `uri` is `http://host:port`; for `https://host:port` see [`remote_with`]. A host that stands for several addresses
/// is several replicas, which take calls in turn; the name is resolved again every five seconds, so that a new replica
/// gets calls within them and one that went is not asked. Behind a balancer's one address it is the server's connection
/// age that gives new replicas their share.
pub fn remote(uri: &str) -> Result<Channel, PeerError> {
    remote_with(uri, None)
}

/// The same, with TLS as given where `uri` is `https://host:port`.
pub fn remote_with(uri: &str, tls: Option<&PeerTls>) -> Result<Channel, PeerError> {
    through(uri, Remote::new(uri, tls, None))
}

/// The same, with the replicas' addresses as `resolve` says instead of the host's name.
pub fn remote_among<F>(uri: &str, tls: Option<&PeerTls>, resolve: F) -> Result<Channel, PeerError>
where
    F: Fn() -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> + Send + Sync + 'static,
{
    through(uri, Remote::new(uri, tls, Some(Arc::new(resolve))))
}

fn through(uri: &str, remote: Option<Remote>) -> Result<Channel, PeerError> {
    let remote = remote.map(Arc::new).ok_or_else(|| PeerError::Address {
        uri: uri.to_owned(),
    })?;
    let service = tower::service_fn(move |request| {
        let remote = remote.clone();
        async move { remote.call(request).await }
    });
    Ok(Channel(BoxCloneSyncService::new(service)))
}

impl PeerTls {
    pub(crate) fn client(&self) -> ClientTlsConfig {
        let config = ClientTlsConfig::new();
        let config = if self.authorities.is_empty() {
            config.with_enabled_roots()
        } else {
            config.ca_certificate(Certificate::from_pem(&self.authorities))
        };
        if self.certificate.is_empty() {
            config
        } else {
            config.identity(Identity::from_pem(&self.certificate, &self.key))
        }
    }
}

pub(crate) fn transport_status(error: &(dyn std::error::Error + 'static)) -> Status {
    let text = deepest(error);
    if text.contains("Timeout expired") {
        Status::new(Code::DeadlineExceeded, "the deadline passed")
    } else {
        tracing::debug!(cause = text, "a peer could not be reached");
        Status::new(Code::Unavailable, "the service could not be reached")
    }
}

fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

/// A timed-out socket call surfaces from tonic as CANCELLED "Timeout expired": say what it is.
pub(crate) fn normalise(mut response: http::Response<Body>) -> http::Response<Body> {
    let headers = response.headers_mut();
    let cancelled = headers.get("grpc-status").is_some_and(|code| code == "1");
    let expired = headers
        .get("grpc-message")
        .is_some_and(|message| message.as_bytes().starts_with(b"Timeout"));
    if cancelled && expired {
        headers.insert("grpc-status", http::HeaderValue::from_static("4"));
    }
    response
}

impl Channel {
    /// Wraps any gRPC service, such as a fault layer of a test.
    pub fn from_service<S>(service: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Status>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        Self(BoxCloneSyncService::new(service))
    }
}

impl Service<http::Request<Body>> for Channel {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        trace::inject(request.headers_mut());
        deadline::inject(request.headers_mut());
        Box::pin(self.0.call(request))
    }
}

/// Sends each request to the channel of the service named in its path; answers UNIMPLEMENTED elsewhere.
#[derive(Clone, Default)]
pub struct Routes(Arc<HashMap<String, Channel>>);

impl Routes {
    /// Routes by full proto service name, such as `tongguan.registry.v1.VehicleRegistry`.
    pub fn new(channels: impl IntoIterator<Item = (String, Channel)>) -> Self {
        Self(Arc::new(channels.into_iter().collect()))
    }

    /// The channel of a service, where it is routed.
    pub fn get(&self, service: &str) -> Option<&Channel> {
        self.0.get(service)
    }

    /// The names of all routed services, sorted.
    pub fn services(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

impl Service<http::Request<Body>> for Routes {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let name = request.uri().path().split('/').nth(1).unwrap_or_default();
        let channel = self.0.get(name).cloned();
        Box::pin(async move {
            let answer = match channel {
                Some(channel) => channel.oneshot(request).await,
                None => Err(Status::new(Code::Unimplemented, "no such service")),
            };
            Ok(answer.unwrap_or_else(Status::into_http))
        })
    }
}
