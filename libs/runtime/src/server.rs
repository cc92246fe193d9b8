//! The hardened server: one accept loop and one profile of limits for every role and both protocols.
//!
//! tonic's and hyper's defaults are unsafe in public: one connection may open streams without end, idle and half-open
//! connections stay for ever, and clients stick to the replica they found first. Here HTTP/2 (gRPC) and HTTP/1.1 (JSON)
//! share one port and each limit of [`ServerConfig`]. Bind first, do the work of starting, then serve: a port that is
//! taken is known before anything was written.

mod budget;
mod connection;
mod edge;
mod frames;
mod metrics;
mod patient;
mod profile;
mod refusal;
mod slots;
mod tls;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use tongguan_access::{Access, Lane};
use tongguan_rpc::Body;
use tower::Service;

pub use profile::ServerConfig;
pub use tls::TlsConfig;

use crate::Error;
use crate::limit::Limit;
use crate::shutdown::Shutdown;
use connection::Streams;
use edge::Edge;
use slots::Slots;
use tls::Tls;

/// A bound port that is not served yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Tls,
    profile: ServerConfig,
    lanes: Lanes,
}

/// Says how urgent a call is, from its headers.
pub type Lanes = Arc<dyn Fn(&HeaderMap) -> Lane + Send + Sync>;

/// The lanes of verified bearer tokens; a token that does not count is as good as none.
pub fn lanes(access: &Access) -> Lanes {
    let access = access.clone();
    Arc::new(move |headers| {
        let caller = access.sender(headers).ok();
        Lane::of(caller.as_deref())
    })
}

impl Server {
    /// Reads the certificate, if any, and takes the port; clients that connect now wait in the kernel's queue.
    pub async fn bind(config: &ServerConfig) -> Result<Self, Error> {
        let refused = |cause| Error::Bind {
            listen: config.listen.clone(),
            cause,
        };
        let tls = Tls::new(&config.tls)?;
        let listener = TcpListener::bind(&config.listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self {
            listener,
            address,
            tls,
            profile: config.clone(),
            lanes: Arc::new(|_| Lane::Clearance),
        })
    }

    /// With calls served by urgency when there are more than can be; without, all are equal.
    #[must_use]
    pub fn with_lanes(mut self, lanes: Lanes) -> Self {
        self.lanes = lanes;
        self
    }

    /// Where it listens; with port 0 configured, the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` says otherwise, then lets open calls finish; returns when the last connection is gone.
    ///
    /// `service` gets every request of both protocols, with `tonic`'s `TcpConnectInfo` among its extensions.
    pub async fn serve<S, B>(self, service: S, stop: Shutdown)
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let profile = self.profile;
        let slots = Slots::new(profile.max_connections, profile.max_connections_per_address);
        let limit = Limit::new(profile.min_in_flight, profile.max_in_flight);
        let edge = Edge::new(
            service,
            limit,
            self.lanes,
            profile.max_body_bytes,
            profile.answer,
        );
        let tracker = TaskTracker::new();
        let streams = Streams {
            tracker: tracker.clone(),
            hard: stop.hard_token(),
        };
        let builder = connection::builder(&profile, streams);
        while let Some((socket, peer)) = accept(&self.listener, &stop).await {
            let Some(slot) = slots.take(peer.ip()) else {
                metrics::turned_away();
                tracing::debug!("a connection over the limit was closed");
                continue;
            };
            let connection = connection::drive(
                builder.clone(),
                socket,
                self.tls.clone(),
                edge.clone(),
                profile.clone(),
                stop.clone(),
            );
            let held = (slot, metrics::Open::new());
            tracker.spawn(async move {
                connection.await;
                drop(held);
            });
        }
        // The port is free for the next process while this one finishes its calls.
        drop(self.listener);
        tracker.close();
        tracker.wait().await;
    }
}

/// The next connection; nothing once the process stops.
async fn accept(listener: &TcpListener, stop: &Shutdown) -> Option<(TcpStream, SocketAddr)> {
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.soft() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                // Nagle's algorithm delays small answers; failing to turn it off costs time, not truth.
                let _slower = socket.set_nodelay(true);
                return Some((socket, peer));
            }
            Err(error) if of_one_connection(&error) => {}
            // Out of file descriptors or memory: give connections time to end instead of spinning.
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::select! {
                    () = stop.soft() => return None,
                    () = tokio::time::sleep(Duration::from_millis(100)) => {}
                }
            }
        }
    }
}

/// Errors that concern the connection just accepted and no other.
fn of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}
