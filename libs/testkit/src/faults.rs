//! Faults as a layer on a channel: calls that fail, replies that are lost.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tongguan_rpc::{Body, Channel};
use tonic::{Code, Status};
use tower::{Service, ServiceExt};

/// What happens to one call.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// It fails before it reaches the service.
    Fail(Code),
    /// It is served, and the reply is lost.
    DropReply,
}

/// Faults still to come, shared with the channel that suffers them.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<VecDeque<Fault>>>);

impl Faults {
    /// The next `count` calls fail with `code` before they reach the service.
    pub fn fail_next(&self, count: usize, code: Code) {
        self.queue()
            .extend(std::iter::repeat_n(Fault::Fail(code), count));
    }

    /// The next call is served and its reply is lost.
    pub fn drop_reply(&self) {
        self.queue().push_back(Fault::DropReply);
    }

    /// Whether every fault has happened.
    pub fn spent(&self) -> bool {
        self.queue().is_empty()
    }

    /// Forgets the faults that have not happened.
    pub fn heal(&self) {
        self.queue().clear();
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts faults before a channel.
pub fn channel(inner: Channel) -> (Channel, Faults) {
    let faults = Faults::default();
    let service = Faulty {
        inner,
        faults: faults.clone(),
    };
    (Channel::from_service(service), faults)
}

#[derive(Clone)]
struct Faulty {
    inner: Channel,
    faults: Faults,
}

impl Service<http::Request<Body>> for Faulty {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let fault = self.faults.queue().pop_front();
        let inner = self.inner.clone();
        Box::pin(async move {
            match fault {
                Some(Fault::Fail(code)) => Err(Status::new(code, "a fault of the test")),
                Some(Fault::DropReply) => {
                    let _lost = inner.oneshot(request).await;
                    Err(Status::new(Code::Unavailable, "the reply was lost"))
                }
                None => inner.oneshot(request).await,
            }
        })
    }
}
