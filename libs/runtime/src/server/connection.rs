//! One connection from its first byte to its end.

use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tongguan_rpc::Body;
use tonic::transport::server::{Connected, TcpConnectInfo};
use tower::Service;

use super::ServerConfig;
use super::budget::Budget;
use super::edge::Edge;
use super::frames::Counted;
use super::patient::Patient;
use super::tls::Tls;
use crate::shutdown::Shutdown;

/// Runs what hyper starts for the streams of a connection; the hard stop ends it, and the server waits for it.
#[derive(Clone)]
pub(super) struct Streams {
    pub(super) tracker: TaskTracker,
    pub(super) hard: CancellationToken,
}

impl<F: Future + Send + 'static> Executor<F> for Streams {
    fn execute(&self, work: F) {
        let hard = self.hard.clone();
        self.tracker.spawn(async move {
            hard.run_until_cancelled(work).await;
        });
    }
}

/// hyper under the profile: HTTP/2 by prior knowledge and HTTP/1.1 on one port.
pub(super) fn builder(profile: &ServerConfig, streams: Streams) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(streams);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(profile.preface)
        // The least hyper takes; a head of the size the profile allows fits many times over.
        .max_buf_size(
            usize::try_from(profile.max_header_bytes)
                .unwrap_or(usize::MAX)
                .max(8 * 1_024),
        );
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(profile.max_concurrent_streams)
        .max_local_error_reset_streams(profile.max_local_error_resets)
        .max_pending_accept_reset_streams(profile.max_pending_resets)
        .max_header_list_size(profile.max_header_bytes)
        .keep_alive_interval(profile.keepalive)
        .keep_alive_timeout(profile.keepalive_timeout);
    builder
}

/// Serves `socket` until its peer goes, its age or its budget tells it to go, or the process stops.
pub(super) async fn drive<S, B>(
    builder: auto::Builder<Streams>,
    socket: TcpStream,
    tls: Tls,
    edge: Edge<S>,
    profile: ServerConfig,
    stop: Shutdown,
) where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let budget = Budget::new(
        profile.calls_per_connection,
        profile.cancellations_per_connection,
        profile.control_frames_per_connection,
    );
    let peer: TcpConnectInfo = socket.connect_info();
    let service = {
        let budget = budget.clone();
        service_fn(move |request: Request<Incoming>| {
            edge.clone().answer(request, peer.clone(), budget.clone())
        })
    };
    let Ok(Ok(socket)) = tokio::time::timeout(profile.preface, tls.accept(socket)).await else {
        tracing::debug!("a TLS handshake failed or took too long");
        return;
    };
    let connection = builder.serve_connection(
        Patient::new(
            Box::new(Counted::new(socket, budget.clone())),
            profile.preface,
        ),
        service,
    );
    tokio::pin!(connection);
    tokio::select! {
        outcome = connection.as_mut() => return ended(outcome),
        () = stop.hard() => return,
        () = stop.soft() => {}
        () = tokio::time::sleep(jittered(profile.connection_age)) => tracing::debug!("a connection has its age"),
        () = budget.spent() => tracing::info!("a connection has used its budget"),
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        outcome = connection.as_mut() => ended(outcome),
        () = stop.hard() => {}
        () = tokio::time::sleep(profile.grace) => tracing::info!("a connection did not end in its grace"),
    }
}

/// How connections end is the peer's business: worth knowing when looked for, never an error of ours.
fn ended(outcome: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = outcome {
        tracing::debug!(error, "a connection ended badly");
    }
}

/// `age` give or take a tenth, so that connections opened together do not end together.
fn jittered(age: Duration) -> Duration {
    // The only randomness the standard library gives: each RandomState has fresh keys.
    let roll = RandomState::new().hash_one(0_u8) % 2_001;
    age.mul_f64(0.9 + 0.2 * (roll as f64 / 2_000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jitter_stays_within_a_tenth_and_differs() {
        let ages: Vec<_> = (0..100)
            .map(|_| jittered(Duration::from_mins(10)).as_secs_f64())
            .collect();
        assert!(
            ages.iter().all(|age| (540.0..=660.0).contains(age)),
            "{ages:?}"
        );
        assert!(ages.iter().any(|age| (age - ages[0]).abs() > 1.0));
    }
}
