//! What passes through the door to a service: messages are measured, visits recorded, and what goes abroad is counted.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use tongguan_access::Caller;
use tongguan_rpc::{Body, Channel, Routes};
use tongguan_vocabulary::{Clock, Tenant};
use tonic::{Code, Status};
use tower::{Service, ServiceExt as _};

use super::abroad;
use super::catalogue::{Method, catalogue};
use super::deprecation::Announced;
use super::meter::{Kept, Metered};
use super::privacy::subjects;
use crate::Error;
use crate::audit::{Recorder, micros};
use crate::domain::{Basis, Visit, is_abroad};

tokio::task_local! {
    static ARRIVAL: Arc<Arrival>;
}

/// Who came to the door, from where and why: known there, and needed where the message is.
#[derive(Debug, Default)]
pub(crate) struct Arrival {
    pub(crate) caller: Option<Arc<Caller>>,
    pub(crate) network: String,
    pub(crate) purpose: String,
    pub(crate) basis: Option<Basis>,
    /// What of the call is deprecated, for the door to say with the answer.
    pub(crate) announced: Announced,
}

/// Answers one call that came with `arrival`.
pub(crate) async fn arrived<F: Future>(arrival: Arrival, answer: F) -> F::Output {
    ARRIVAL.scope(Arc::new(arrival), answer).await
}

/// The same routes, watched.
pub(crate) fn watched(routes: &Routes, recorder: &Recorder, clock: &Clock) -> Routes {
    let names = routes.services().into_iter().filter_map(|name| {
        let watched = Watched {
            inner: routes.get(name)?.clone(),
            recorder: recorder.clone(),
            clock: clock.clone(),
        };
        Some((name.to_owned(), Channel::from_service(watched)))
    });
    Routes::new(names)
}

/// A service of which every call is measured and, where it is about a vehicle or a person, recorded.
#[derive(Clone)]
struct Watched {
    inner: Channel,
    recorder: Recorder,
    clock: Clock,
}

impl Service<Request<Body>> for Watched {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response<Body>, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let watched = self.clone();
        match catalogue().rpc(request.uri().path()) {
            Some(method) => Box::pin(watched.answer(method, request)),
            None => Box::pin(self.inner.clone().oneshot(request)),
        }
    }
}

impl Watched {
    async fn answer(
        self,
        method: &'static Method,
        request: Request<Body>,
    ) -> Result<Response<Body>, Status> {
        let arrival = ARRIVAL.try_with(Arc::clone).ok();
        let old_fields = arrival
            .clone()
            .filter(|_| !method.deprecated_fields.is_empty());
        let recorded = arrival.filter(|arrival| {
            method.about_somebody && (arrival.caller.is_some() || method.scope == "public")
        });
        let keeps = recorded.is_some() || old_fields.is_some();
        let kept = Arc::new(Mutex::new(Kept::new(keeps)));
        let request = request
            .map(|body| Body::new(Metered::new(body, method.most_bytes(), Arc::clone(&kept))));
        let answer = self.inner.clone().oneshot(request).await;
        let kept = std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(size) = kept.too_large {
            let most = method.most_bytes();
            return Ok(Status::from(Error::MessageTooLarge { size, most }).into_http());
        }
        if let Some(arrival) = old_fields {
            arrival.announced.fields(method, &kept.message);
        }
        let Some(arrival) = recorded else {
            return answer;
        };
        let code = match &answer {
            Ok(response) => code(response),
            Err(status) => status.code() as i32,
        };
        let (tenant, visit) = self.visit(method, &arrival, &kept.message, code);
        match answer {
            Ok(response) if is_abroad(&visit.region) && code == 0 => {
                let hide = visit.purpose.is_empty() || visit.basis.is_none();
                let left = abroad::Left::new(self.recorder, tenant, visit);
                Ok(response.map(|body| abroad::counted(body, method, hide, left)))
            }
            answer => {
                self.recorder.record(tenant, visit).await?;
                answer
            }
        }
    }

    fn visit(
        &self,
        method: &Method,
        arrival: &Arrival,
        message: &[u8],
        code: i32,
    ) -> (Option<Tenant>, Visit) {
        let caller = arrival.caller.as_deref();
        let mut visit = Visit {
            micros: micros(self.clock.now()),
            caller: "anonymous".to_owned(),
            method: format!("{}/{}", method.service, method.name),
            write: !method.reads,
            subjects: subjects(&method.input, message),
            purpose: arrival.purpose.clone(),
            basis: arrival.basis,
            network: arrival.network.clone(),
            code,
            ..Visit::default()
        };
        if let Some(caller) = caller {
            caller.actor().clone_into(&mut visit.caller);
            visit.organisation = caller.organisation.clone().unwrap_or_default();
            visit.region = caller.region.clone().unwrap_or_default();
            if caller.delegate.is_some() {
                visit.on_behalf_of.clone_from(&caller.subject);
            }
        }
        (caller.map(|caller| caller.tenant.clone()), visit)
    }
}

/// The code an answer begins with; a stream's end may still say another.
fn code(response: &Response<Body>) -> i32 {
    response
        .headers()
        .get("grpc-status")
        .and_then(|code| code.to_str().ok())
        .and_then(|code| code.parse().ok())
        .unwrap_or(Code::Ok as i32)
}
