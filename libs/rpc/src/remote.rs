//! A service behind sockets: every address its name stands for is used in turn, and asked for again as replicas come and go.
//!
//! A name that stands for many (a headless service) is balanced here, call by call; one that stands for a balancer's
//! one address is balanced by it, connection by connection: servers end connections at their age, so that a new replica
//! gets its share. Either way a call whose message was not sent yet, because its connection ended as it began or could
//! not be made, is sent to the next address; a message that was sent is never sent twice.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as Held, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::Uri;
use http_body::{Frame, SizeHint};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Status};
use tower::ServiceExt;

use crate::channel::{Body, PeerTls, normalise, transport_status};

/// How long a name's addresses are taken for its addresses.
const FRESH: Duration = Duration::from_secs(5);

/// Says which addresses a name stands for now.
pub(crate) type Resolve =
    Arc<dyn Fn() -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// The way to every replica of a service.
pub(crate) struct Remote {
    uri: Uri,
    tls: Option<ClientTlsConfig>,
    resolve: Resolve,
    known: RwLock<Known>,
    /// Held while the name is resolved: once for all who ask.
    resolving: Mutex<()>,
    turn: AtomicUsize,
}

#[derive(Default)]
struct Known {
    places: Arc<[(SocketAddr, Channel)]>,
    at: Option<Instant>,
}

impl Remote {
    /// `None` where the address can not be used.
    pub(crate) fn new(uri: &str, tls: Option<&PeerTls>, resolve: Option<Resolve>) -> Option<Self> {
        let uri: Uri = uri.parse().ok()?;
        let host = uri.host()?.to_owned();
        let plain = uri.scheme_str()? == "http";
        let port = uri.port_u16().unwrap_or(if plain { 80 } else { 443 });
        let bare = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let tls = tls
            .filter(|_| !plain)
            .map(|tls| tls.client().domain_name(&*bare));
        let by_name: Resolve = Arc::new(move || {
            let name = bare.clone();
            Box::pin(async move { Ok(tokio::net::lookup_host((name, port)).await?.collect()) })
        });
        let remote = Self {
            uri,
            tls,
            resolve: resolve.unwrap_or(by_name),
            known: RwLock::default(),
            resolving: Mutex::default(),
            turn: AtomicUsize::default(),
        };
        // Certificates and keys that are none are refused now.
        let anywhere = SocketAddr::from(([127, 0, 0, 1], port));
        remote.endpoint(anywhere)?;
        Some(remote)
    }

    fn endpoint(&self, address: SocketAddr) -> Option<Endpoint> {
        let scheme = self.uri.scheme_str()?;
        let endpoint = Endpoint::from_shared(format!("{scheme}://{address}")).ok()?;
        let endpoint = match &self.tls {
            Some(tls) => endpoint.tls_config(tls.clone()).ok()?,
            None => endpoint,
        };
        Some(
            endpoint
                .origin(self.uri.clone())
                .connect_timeout(Duration::from_secs(2))
                .http2_keep_alive_interval(Duration::from_secs(30))
                .keep_alive_timeout(Duration::from_secs(10))
                .tcp_nodelay(true),
        )
    }

    /// The replicas' channels; those of addresses that stay are kept with their connections.
    async fn places(&self) -> Arc<[(SocketAddr, Channel)]> {
        let known = || {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let fresh = known.at.is_some_and(|at| at.elapsed() < FRESH);
            (known.places.clone(), fresh)
        };
        let (places, fresh) = known();
        if fresh {
            return places;
        }
        // Who has addresses goes on with them while somebody else asks for new ones.
        let _resolving = match self.resolving.try_lock() {
            Ok(held) => held,
            Err(_) if !places.is_empty() => return places,
            Err(_) => self.resolving.lock().await,
        };
        let (old, fresh) = known();
        if fresh {
            return old;
        }
        let found = match (self.resolve)().await {
            Ok(found) if !found.is_empty() => found,
            outcome => {
                tracing::debug!(?outcome, "a peer's name stands for no address");
                return old;
            }
        };
        let places = found.into_iter().filter_map(|address| {
            let kept = old.iter().find(|(known, _)| *known == address);
            let channel = match kept {
                Some((_, channel)) => channel.clone(),
                None => self.endpoint(address)?.connect_lazy(),
            };
            Some((address, channel))
        });
        let places: Arc<[_]> = places.collect();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.places = places.clone();
        known.at = Some(Instant::now());
        places
    }

    /// Sends a call to the next replica, and to the one after it where nothing of the message was sent.
    pub(crate) async fn call(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, Status> {
        let places = self.places().await;
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let (head, body) = request.into_parts();
        // A body without a first byte could have been sent unnoticed.
        let once = http_body::Body::is_end_stream(&body);
        let body = Arc::new(Held::new(Some(body)));
        let mut failure = Status::new(Code::Unavailable, "the service could not be reached");
        // Once around, and one more: with one place, a connection that just ended is made again.
        for turn in 0..=places.len() {
            let Some((_, place)) = places.get(first.wrapping_add(turn) % places.len().max(1))
            else {
                break;
            };
            let lent = Body::new(Lent(body.clone(), None));
            let request = http::Request::from_parts(head.clone(), lent);
            match place.clone().oneshot(request).await {
                Ok(response) => return Ok(normalise(response)),
                Err(error) => failure = transport_status(&error),
            }
            let whole = body.lock().is_ok_and(|body| body.is_some());
            if once || !whole || failure.code() == Code::DeadlineExceeded {
                break;
            }
        }
        Err(failure)
    }
}

/// A body that stays with its lender until its first byte is asked for.
struct Lent(Arc<Held<Option<Body>>>, Option<Body>);

impl http_body::Body for Lent {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.1.is_none() {
            let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
            self.1 = taken;
        }
        match &mut self.1 {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.1 {
            Some(body) => body.is_end_stream(),
            None => self
                .0
                .lock()
                .is_ok_and(|body| body.as_ref().is_none_or(Body::is_end_stream)),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.1
            .as_ref()
            .map_or_else(SizeHint::default, http_body::Body::size_hint)
    }
}
