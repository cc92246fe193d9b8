//! A channel that measures what its caller waits for, per method.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request, Response};
use serde::Serialize;
use tongguan_rpc::{Body, Channel};
use tonic::Status;
use tonic::codegen::Service;

/// How long calls took, per method; shared by every channel it was put before.
#[derive(Clone, Default)]
pub struct Meter(Arc<Mutex<BTreeMap<String, Times>>>);

#[derive(Default)]
struct Times {
    micros: Vec<u32>,
    failed: u64,
}

/// What callers of one method waited.
#[derive(Debug, Clone, Serialize)]
pub struct Waited {
    /// The method, such as `SubmitCase`.
    pub method: String,
    /// Calls answered, refusals included.
    pub calls: usize,
    /// Calls that failed without an answer of the service.
    pub failed: u64,
    /// Percentiles, milliseconds.
    pub p50: f64,
    /// Percentiles, milliseconds.
    pub p95: f64,
    /// Percentiles, milliseconds.
    pub p99: f64,
    /// The longest, milliseconds.
    pub max: f64,
}

impl Meter {
    /// Puts the meter before a channel.
    pub fn before(&self, inner: Channel) -> Channel {
        Channel::from_service(Metered {
            inner,
            meter: self.clone(),
        })
    }

    /// Notes one call.
    pub fn note(&self, method: &str, took: Duration, failed: bool) {
        let mut methods = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = match methods.get_mut(method) {
            Some(times) => times,
            None => methods.entry(method.to_owned()).or_default(),
        };
        times.failed += u64::from(failed);
        times
            .micros
            .push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// What was measured, by method.
    pub fn read(&self) -> Vec<Waited> {
        let methods = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        methods
            .iter()
            .map(|(method, times)| times.waited(method))
            .collect()
    }
}

impl Times {
    fn waited(&self, method: &str) -> Waited {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let at = |part: f64| {
            let place = (sorted.len() as f64 * part).ceil() as usize;
            let micros = sorted.get(place.saturating_sub(1)).copied().unwrap_or(0);
            f64::from(micros) / 1_000.0
        };
        Waited {
            method: method.to_owned(),
            calls: sorted.len(),
            failed: self.failed,
            p50: at(0.50),
            p95: at(0.95),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

#[derive(Clone)]
struct Metered {
    inner: Channel,
    meter: Meter,
}

impl Service<Request<Body>> for Metered {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let meter = self.meter.clone();
        let method = request.uri().path().rsplit('/').next().unwrap_or_default();
        let method = method.to_owned();
        let began = Instant::now();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            meter.note(&method, began.elapsed(), answer.is_err());
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_calls_noted() {
        let meter = Meter::default();
        for millis in (1..=100).rev() {
            meter.note("Get", Duration::from_millis(millis), millis > 98);
        }
        let read = meter.read();
        let [get] = read.as_slice() else {
            panic!("{read:?}")
        };
        assert_eq!((get.calls, get.failed), (100, 2));
        let found = [get.p50, get.p95, get.p99, get.max].map(f64::round);
        assert_eq!(found.map(|millis| millis as u32), [50, 95, 99, 100]);
    }
}
