//! What every server stands behind on both transports: a deadline, a net for panics, a span.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;
use tonic::server::NamedService;
use tonic::{Code, Status};
use tower::Service;
use tracing::Instrument;

use crate::{Body, deadline, malformed, metrics, trace};

/// Wraps a generated server. In process tonic enforces no `grpc-timeout` and a handler's panic reaches
/// the caller; behind the guard both transports behave alike.
#[derive(Clone)]
pub struct Guard<S>(S);

impl<S> Guard<S> {
    /// Guards `server`.
    pub fn new(server: S) -> Self {
        Self(server)
    }
}

impl<S: NamedService> NamedService for Guard<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Guard<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let time = deadline::asked(request.headers());
        let span = trace::server_span(&request);
        let (path, began) = (
            request.uri().path().trim_start_matches('/').to_owned(),
            Instant::now(),
        );
        let started = AssertUnwindSafe(|| self.0.call(request));
        let Ok(call) = std::panic::catch_unwind(started) else {
            return Box::pin(async { Ok(panicked().into_http()) });
        };
        let guarded = async move {
            let call = AssertUnwindSafe(call).catch_unwind();
            let response = match tokio::time::timeout(time, deadline::scope(time, call)).await {
                Ok(Ok(Ok(response))) => malformed::blamed(response),
                Ok(Ok(Err(never))) => match never {},
                Ok(Err(_)) => panicked().into_http(),
                Err(_) => Status::new(Code::DeadlineExceeded, "the deadline passed").into_http(),
            };
            metrics::served(&path, trace::record_outcome(&response), began.elapsed());
            Ok(response)
        };
        Box::pin(guarded.instrument(span))
    }
}

fn panicked() -> Status {
    tracing::error!("a handler panicked");
    Status::new(Code::Internal, "a fault on our side")
}
