//! The same answer in the words of each protocol: gRPC, gRPC-Web, JSON.

use std::convert::Infallible;

use http::{HeaderValue, Request, Response, StatusCode, Version};
use tongguan_rpc::{Body, ErrorReason, Routes};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tonic_web::GrpcWebLayer;
use tower::{Layer as _, ServiceExt as _};

use super::{Kind, failure};

/// A refusal made at the door.
pub(crate) struct Refused(pub(crate) Status);

pub(crate) async fn grpc(routes: &Routes, request: Request<Body>) -> Response<Body> {
    if request.version() < Version::HTTP_2 {
        let message = "gRPC needs HTTP/2; use gRPC-Web or JSON over HTTP/1.1";
        return failure::refuse(
            StatusCode::BAD_REQUEST,
            Code::FailedPrecondition,
            ErrorReason::NotImplemented,
            message,
        );
    }
    infallible(routes.clone().oneshot(request).await)
}

pub(crate) async fn web(routes: &Routes, request: Request<Body>) -> Response<Body> {
    let layered = GrpcWebLayer::new().layer(routes.clone());
    infallible(layered.oneshot(request).await)
}

/// The refusal as the client reads it.
pub(crate) async fn refused(kind: Kind, Refused(status): Refused) -> Response<Body> {
    let wait = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay);
    match kind {
        Kind::Other => failure::of_status(&status),
        Kind::Grpc => {
            let mut response = status.into_http();
            if let Some(wait) = wait {
                // What gRPC's own retries obey (gRFC A6).
                let millis = HeaderValue::from(wait.as_millis() as u64);
                response
                    .headers_mut()
                    .insert("grpc-retry-pushback-ms", millis);
            }
            response
        }
        Kind::Web => {
            let refusing = tower::service_fn(move |_: Request<Body>| {
                let status = status.clone();
                async move { Ok::<_, Infallible>(status.into_http::<Body>()) }
            });
            let mut request = Request::new(Body::empty());
            request.headers_mut().insert(
                http::header::CONTENT_TYPE,
                HeaderValue::from_static("application/grpc-web+proto"),
            );
            *request.method_mut() = http::Method::POST;
            infallible(GrpcWebLayer::new().layer(refusing).oneshot(request).await)
        }
    }
}

fn infallible(answer: Result<Response<Body>, Infallible>) -> Response<Body> {
    match answer {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
