//! Channels to services that are not ours, whose streams may stay open longer than any deadline.

use std::convert::Infallible;

use tongguan_rpc::{Body, Channel};
use tower::{Service, ServiceExt};

/// A generated server without the guard: `Watch` and reflection streams last as long as their caller.
pub(crate) fn unguarded<S>(server: S) -> Channel
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    Channel::from_service(server.map_err(|never: Infallible| match never {}))
}
