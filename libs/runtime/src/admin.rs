//! The operators' listener: health, reflection and the log filter, away from the public port.

use std::convert::Infallible;

use futures::future::BoxFuture;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tongguan_rpc::{Body, Channel, Routes};
use tongguan_telemetry::LogFilter;
use tower::Service;

use crate::channel::unguarded;
use crate::{Error, Health};

/// The services `grpc.reflection.v1` and `v1alpha` over `descriptors` (an encoded `FileDescriptorSet`), by name, for
/// [`Routes`]; many clients still ask for the older one.
pub fn reflection(descriptors: &[u8]) -> Result<Vec<(String, Channel)>, Error> {
    // The set carries google.* files that the health and reflection protocols do not need twice.
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    Ok(vec![
        (
            "grpc.reflection.v1.ServerReflection".to_owned(),
            unguarded(builder().build_v1()?),
        ),
        (
            "grpc.reflection.v1alpha.ServerReflection".to_owned(),
            unguarded(builder().build_v1alpha()?),
        ),
    ])
}

/// What the admin port serves: gRPC health and reflection; `GET /livez`, `GET /readyz`; `GET` and `PUT /log-filter`
/// (text, the directives of `tracing_subscriber::EnvFilter`).
#[derive(Clone)]
pub struct Admin {
    routes: Routes,
    health: Health,
    filter: Option<LogFilter>,
}

impl Admin {
    /// Serves `health`, reflects `descriptors`, changes `filter` where logging is ours.
    pub fn new(
        health: Health,
        descriptors: &[u8],
        filter: Option<LogFilter>,
    ) -> Result<Self, Error> {
        let mut routes = reflection(descriptors)?;
        routes.push(("grpc.health.v1.Health".to_owned(), health.channel()));
        Ok(Self {
            routes: Routes::new(routes),
            health,
            filter,
        })
    }

    async fn plain(self, request: Request<Body>) -> Response<Body> {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/livez") => text(StatusCode::OK, "alive"),
            (&Method::GET, "/readyz") if self.health.ready() => text(StatusCode::OK, "ready"),
            (&Method::GET, "/readyz") => {
                let troubles = self.health.troubles().into_iter();
                let lines = troubles.map(|(role, why)| format!("\n{role}: {why}"));
                let page = format!("not ready{}", lines.collect::<String>());
                text(StatusCode::SERVICE_UNAVAILABLE, &page)
            }
            (&Method::GET | &Method::PUT, "/log-filter") => self.log_filter(request).await,
            (_, "/livez" | "/readyz" | "/log-filter") => {
                text(StatusCode::METHOD_NOT_ALLOWED, "no such method here")
            }
            _ => text(
                StatusCode::NOT_FOUND,
                "here are /livez, /readyz, /log-filter, gRPC health and reflection",
            ),
        }
    }

    async fn log_filter(self, request: Request<Body>) -> Response<Body> {
        let Some(filter) = self.filter else {
            return text(
                StatusCode::NOT_FOUND,
                "logging is not set up by this process",
            );
        };
        if request.method() == Method::GET {
            return text(StatusCode::OK, &filter.current());
        }
        // The listener limits the body.
        let Ok(body) = request.into_body().collect().await else {
            return text(StatusCode::PAYLOAD_TOO_LARGE, "that is no log filter");
        };
        let bytes = body.to_bytes();
        let Ok(directives) = std::str::from_utf8(&bytes) else {
            return text(StatusCode::BAD_REQUEST, "a log filter is UTF-8 text");
        };
        match filter.set(directives.trim()) {
            Ok(()) => {
                tracing::warn!(directives = directives.trim(), "the log filter was changed");
                text(StatusCode::OK, &filter.current())
            }
            Err(error) => text(StatusCode::BAD_REQUEST, &error.to_string()),
        }
    }
}

impl Service<Request<Body>> for Admin {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if request.uri().path().starts_with("/grpc.") {
            return self.routes.call(request);
        }
        let admin = self.clone();
        Box::pin(async move { Ok(admin.plain(request).await) })
    }
}

fn text(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::from(format!("{text}\n"))));
    *response.status_mut() = status;
    response
}
