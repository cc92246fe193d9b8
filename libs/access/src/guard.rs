//! The layer that stands before every generated server: deny by default.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Response};
use tongguan_vocabulary::{Shift, Shifted};
use tonic::server::NamedService;
use tonic::{Status, body::Body};
use tower::Service;

use crate::{Access, Caller, Need, Refusal, need};

/// A generated server behind the guard; keeps its name and can be cloned.
#[derive(Clone)]
pub struct Guarded<S> {
    access: Access,
    server: S,
}

impl<S> Guarded<S> {
    pub(crate) const fn new(access: Access, server: S) -> Self {
        Self { access, server }
    }
}

impl<S: NamedService> NamedService for Guarded<S> {
    const NAME: &'static str = S::NAME;
}

impl<S, B> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Unpin,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.server.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match admit(&self.access, request.uri().path(), request.headers()) {
            Ok(caller) => {
                // Whatever stood there did not come from here.
                request.extensions_mut().remove::<Arc<Caller>>();
                let mut shift = Shift::NONE;
                if let Some(caller) = caller {
                    shift = self.access.shift_of(&caller.tenant, request.headers());
                    request.extensions_mut().insert(caller);
                }
                if shift == Shift::NONE {
                    return Answering::Server(self.server.call(request));
                }
                let call = shift.during(|| self.server.call(request));
                Answering::Ahead(shift, shift.around(call))
            }
            Err(refusal) => {
                tracing::debug!(path = request.uri().path(), %refusal, "refused");
                Answering::Refused(Some(Box::new(Status::from(refusal).into_http())))
            }
        }
    }
}

/// Who may pass; `None` is anybody on a public method. There a bad token is as good as none: an
/// expired one must not keep a border officer from checking a certificate.
fn admit(access: &Access, path: &str, headers: &HeaderMap) -> Result<Option<Arc<Caller>>, Refusal> {
    let sender = bearer(headers).and_then(|token| access.verify(token));
    match need(path) {
        None => Err(Refusal::NoPolicy),
        Some(Need::Nothing) => Ok(sender.ok()),
        Some(Need::Scope(scope)) => {
            let caller = sender?;
            if caller.scopes.allows(scope) {
                Ok(Some(caller))
            } else {
                Err(Refusal::ScopeMissing {
                    scope: scope.clone(),
                })
            }
        }
    }
}

pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else {
        return Err(Refusal::NoToken);
    };
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or(Refusal::NoToken)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim_matches(' '))
    } else {
        Err(Refusal::NoToken)
    }
}

/// The answer of a guarded server: a refusal at once, or the server's own.
pub enum Answering<F> {
    /// The server is at work.
    Server(F),
    /// The server is at work for a sandbox whose clock is ahead.
    Ahead(Shift, Shifted<F>),
    /// The guard refused; the answer is ready.
    Refused(Option<Box<Response<Body>>>),
}

impl<F, E> Future for Answering<F>
where
    F: Future<Output = Result<Response<Body>, E>> + Unpin,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Server(future) => Pin::new(future).poll(context),
            Self::Ahead(shift, future) => {
                let shift = *shift;
                let answer = std::task::ready!(Pin::new(future).poll(context))?;
                // A stream's messages are made while its body is read.
                Poll::Ready(Ok(answer.map(|body| Body::new(AheadBody { shift, body }))))
            }
            Self::Refused(answer) => answer
                .take()
                .map_or(Poll::Pending, |answer| Poll::Ready(Ok(*answer))),
        }
    }
}

/// A body made under a shift.
struct AheadBody {
    shift: Shift,
    body: Body,
}

impl http_body::Body for AheadBody {
    type Data = bytes::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Status>>> {
        let shift = self.shift;
        shift.during(|| Pin::new(&mut self.body).poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
