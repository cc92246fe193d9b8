//! The door: gRPC, gRPC-Web, JSON, the documents and the landing page, as one service on one port.
//!
//! Calls are forwarded as they are: each service's own guard checks the token, so that nothing
//! reaches a service by another way. Only the tables of the contract are held here.

mod catalogue;
mod docs;
mod failure;
mod openapi;
mod page;
mod rest;
mod sample;

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use tongguan_rpc::{Body, ErrorReason, Routes, hop_span};
use tonic::Code;
use tonic_web::GrpcWebLayer;
use tower::{Layer as _, Service, ServiceExt as _};
use tracing::Instrument as _;

use crate::Config;
use rest::Rest;

/// Whether a role answers, asked by `/readyz`.
pub type Ready = Arc<dyn Fn() -> bool + Send + Sync>;

/// Everything that is served on the public port. Cheap to clone.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    routes: Routes,
    rest: Rest,
    origins: Vec<String>,
    ready: Ready,
}

/// The door over the services named in `routes` (by full proto name, such as
/// `tongguan.registry.v1.VehicleRegistry`). `ready` answers `/readyz`.
pub fn door(config: &Config, routes: Routes, ready: Ready) -> Door {
    let rest = Rest::new(&routes, config.max_json_bytes);
    Door(Arc::new(Inner {
        routes,
        rest,
        origins: config.cors_origins.clone(),
        ready,
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
            match kind(request.headers()) {
                Kind::Web => self.web(request).await,
                Kind::Grpc => self.grpc(request).await,
                Kind::Other => self.plain(request).await,
            }
        };
        let headers = response.headers_mut();
        if let Some(origin) = origin {
            let exposed =
                "grpc-status, grpc-message, grpc-status-details-bin, x-request-id, retry-after";
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

    async fn grpc(&self, request: Request<Body>) -> Response<Body> {
        if request.version() < Version::HTTP_2 {
            let message = "gRPC needs HTTP/2; use gRPC-Web or JSON over HTTP/1.1";
            return failure::refuse(
                StatusCode::BAD_REQUEST,
                Code::FailedPrecondition,
                ErrorReason::NotImplemented,
                message,
            );
        }
        infallible(self.routes.clone().oneshot(request).await)
    }

    async fn web(&self, request: Request<Body>) -> Response<Body> {
        infallible(
            GrpcWebLayer::new()
                .layer(self.routes.clone())
                .oneshot(request)
                .await,
        )
    }

    async fn plain(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        match page::page(&parts, &self.ready) {
            Some(page) => page,
            None => match page::well_known(parts.uri.path()) {
                Some(target) => {
                    self.rest
                        .answer(page::redirected(parts, target), body)
                        .await
                }
                None => self.rest.answer(parts, body).await,
            },
        }
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        self.origins
            .iter()
            .any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes())
    }
}

enum Kind {
    Grpc,
    Web,
    Other,
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

fn infallible(answer: Result<Response<Body>, Infallible>) -> Response<Body> {
    match answer {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    let allowed = "authorization, content-type, accept, idempotency-key, x-request-id, traceparent, tracestate, grpc-timeout, \
                   x-grpc-web, x-user-agent";
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
