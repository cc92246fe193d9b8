//! What every call meets before its service: the limit of calls in work, of bodies and of time, and a net for panics.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::{HeaderMap, Request, Response, header};
use http_body_util::Limited;
use hyper::body::Incoming;
use tongguan_rpc::Body;
use tonic::transport::server::TcpConnectInfo;
use tower::{Service, ServiceExt};

use super::Lanes;
use super::budget::Budget;
use super::metrics;
use super::refusal::Refusal;
use crate::limit::Limit;

/// The service of one listener with its limits; cheap to clone.
#[derive(Clone)]
pub(super) struct Edge<S> {
    service: S,
    limit: Limit,
    lanes: Lanes,
    max_body: usize,
    answer: Duration,
}

impl<S> Edge<S> {
    pub(super) fn new(
        service: S,
        limit: Limit,
        lanes: Lanes,
        max_body: usize,
        answer: Duration,
    ) -> Self {
        Self {
            service,
            limit,
            lanes,
            max_body,
            answer,
        }
    }

    /// Answers one call, whatever happens in its service.
    pub(super) async fn answer<B>(
        self,
        request: Request<Incoming>,
        peer: TcpConnectInfo,
        budget: Budget,
    ) -> Result<Response<Body>, Infallible>
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let call = budget.call();
        let grpc = is_grpc(request.headers());
        let refused = |refusal: Refusal| {
            if grpc {
                refusal.as_grpc()
            } else {
                refusal.as_json()
            }
        };
        let response = match self.try_answer(request, peer, grpc).await {
            Ok(response) => response.map(Body::new),
            Err(refusal) => {
                metrics::refused(refusal);
                refused(refusal)
            }
        };
        call.answered();
        Ok(response)
    }

    async fn try_answer<B>(
        self,
        request: Request<Incoming>,
        peer: TcpConnectInfo,
        grpc: bool,
    ) -> Result<Response<B>, Refusal>
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    {
        let (mut parts, body) = request.into_parts();
        let lane = (self.lanes)(&parts.headers);
        let place = self
            .limit
            .enter(lane)
            .await
            .map_err(|_| Refusal::Overloaded)?;
        let method = method(parts.uri.path(), grpc).to_owned();
        parts.extensions.insert(peer);
        // A gRPC body is a stream of messages, each limited where it is decoded.
        let body = if grpc {
            Body::new(body)
        } else if declared(&parts.headers) > self.max_body as u64 {
            return Err(Refusal::TooLarge {
                most: self.max_body,
            });
        } else {
            Body::new(Limited::new(body, self.max_body))
        };
        let call = self.service.oneshot(Request::from_parts(parts, body));
        match tokio::time::timeout(self.answer, AssertUnwindSafe(call).catch_unwind()).await {
            Ok(Ok(Ok(response))) => {
                place.answered(&method);
                Ok(response)
            }
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(_)) => Err(Refusal::Panicked),
            Err(_) => Err(Refusal::TooSlow),
        }
    }
}

/// What a call is told apart by: the method of gRPC, or the collection of a REST path, whose names come after it.
fn method(path: &str, grpc: bool) -> &str {
    let parts = if grpc { 3 } else { 4 };
    let end = path.match_indices('/').nth(parts - 1);
    end.map_or(path, |(at, _)| &path[..at])
}

/// gRPC and gRPC-Web carry their outcome in `grpc-status`; everything else reads HTTP.
fn is_grpc(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

fn declared(headers: &HeaderMap) -> u64 {
    headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse().ok())
        .unwrap_or(0)
}
