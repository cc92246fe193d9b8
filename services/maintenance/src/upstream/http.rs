//! One HTTP exchange with a source: bounded in time and size, retried on transport errors and 5xx only.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use reqwest::{Client, StatusCode, Url};
use serde_json::Value;
use tongguan_vocabulary::Ids;

use super::manners::{Held, Permit};
use super::profile::{Ask, Refusal};
use super::read;
use crate::config::SourceConfig;
use crate::domain::outcome::Outcome;

/// The largest answer taken, bytes: 500 records of ordinary size.
const LARGEST: usize = 4 << 20;

/// Why an exchange brought no JSON.
#[derive(Debug)]
pub(crate) enum Failed {
    /// Transport error, time-out or 5xx: it may be tried again.
    Transport(&'static str),
    /// An answer that is none, or a refusal.
    Refused(Refusal, &'static str, Option<Duration>),
    /// Held back by our own manners.
    Held(Held),
}

/// A client for all sources. No redirects and no proxies from the environment: a plate goes where it is sent.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(3))
        .user_agent("tongguan-maintenance")
        .build()
}

/// How exchanges travel.
#[derive(Clone)]
pub(crate) enum Wire {
    Http(Client),
    /// A script instead of a source, in time that a test can stop.
    #[cfg(test)]
    Script(std::sync::Arc<dyn Fn(&Ask) -> Scripted + Send + Sync>),
}

#[cfg(test)]
pub(crate) type Scripted = futures::future::BoxFuture<'static, Result<Reply, Failed>>;

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) bytes: Vec<u8>,
}

/// Puts `ask` and reads JSON; the raw bytes are appended to `raw`.
pub(crate) async fn exchange(
    wire: &Wire,
    config: &SourceConfig,
    permit: &Permit<'_>,
    ids: &Ids,
    ask: &Ask,
    raw: &mut Vec<u8>,
) -> Result<Value, Failed> {
    let delays = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(config.retry_delay_ms))
        .with_max_times(config.retries)
        .build();
    // Full jitter: anything from nothing to the whole delay, so that callers who failed together do not come back together.
    let ids = ids.clone();
    let delays = delays.map(move |delay| delay.mul_f64(fraction(&ids)));
    let bytes = (|| once(wire, config, permit, ask))
        .retry(delays)
        .when(|failed| matches!(failed, Failed::Transport(_)) && permit.may_retry())
        .await?;
    raw.extend_from_slice(&bytes);
    raw.push(b'\n');
    read::json(&bytes).map_err(|refusal| {
        Failed::Refused(
            refusal,
            "the source answered something that is no JSON",
            None,
        )
    })
}

/// A fraction of one, from the random bits of a fresh id (SplitMix64's finaliser evens out ids that count).
fn fraction(ids: &Ids) -> f64 {
    let mut bits = ids.next().as_u128() as u64;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    f64::from((bits >> 32) as u32) / f64::from(u32::MAX)
}

async fn once(
    wire: &Wire,
    config: &SourceConfig,
    permit: &Permit<'_>,
    ask: &Ask,
) -> Result<Vec<u8>, Failed> {
    permit.pace().await.map_err(Failed::Held)?;
    let reply = match wire {
        Wire::Http(client) => send(client, config, ask).await,
        #[cfg(test)]
        Wire::Script(script) => {
            let patience = Duration::from_millis(config.timeout_ms);
            tokio::time::timeout(patience, script(ask))
                .await
                .unwrap_or(Err(Failed::Transport("the source did not answer in time")))
        }
    };
    let told = reply.and_then(understood);
    if matches!(told, Err(Failed::Transport(_))) {
        permit.failed();
    }
    told
}

/// The bytes of a reply whose status lets them be an answer.
fn understood(reply: Reply) -> Result<Vec<u8>, Failed> {
    let refused = |refusal, why| Err(Failed::Refused(refusal, why, reply.retry_after));
    match reply.status {
        StatusCode::UNAUTHORIZED => refused(
            Refusal::TokenExpired,
            "the source does not accept our token",
        ),
        StatusCode::FORBIDDEN => refused(
            Refusal::Said(Outcome::NotAuthorised),
            "the source refuses us access",
        ),
        StatusCode::TOO_MANY_REQUESTS => refused(
            Refusal::Said(Outcome::Quota),
            "the source's quota is used up",
        ),
        status if status.is_server_error() => {
            Err(Failed::Transport("the source answered with a server error"))
        }
        // A wrong path, a redirect to a login page: nothing is known of the vehicle.
        status if !status.is_success() && status != StatusCode::BAD_REQUEST => refused(
            Refusal::Senseless,
            "the source answered with an unexpected status",
        ),
        _ => Ok(reply.bytes),
    }
}

async fn send(client: &Client, config: &SourceConfig, ask: &Ask) -> Result<Reply, Failed> {
    let address = format!("{}{}", config.base_url, ask.path);
    let url = if ask.query.is_empty() {
        Url::parse(&address)
    } else {
        Url::parse_with_params(&address, &ask.query)
    };
    let url = url.map_err(|_| Failed::Transport("the source's address is no URL"))?;
    let mut request = if ask.get {
        client.get(url)
    } else {
        client.post(url)
    };
    request = request.timeout(Duration::from_millis(config.timeout_ms));
    if !ask.get {
        request = request
            .header("content-type", ask.content_type)
            .body(ask.body.clone());
    }
    for (name, value) in &ask.headers {
        request = request.header(*name, value);
    }
    let mut response = request.send().await.map_err(|error| transport(&error))?;
    let status = response.status();
    let retry_after = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok())
        .map(Duration::from_secs);
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error))? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(Failed::Refused(
                Refusal::Senseless,
                "the answer is larger than any history",
                retry_after,
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Reply {
        status,
        retry_after,
        bytes,
    })
}

fn transport(error: &reqwest::Error) -> Failed {
    // The error's own text holds the URL, and with it perhaps a VIN: only its kind is told.
    Failed::Transport(if error.is_timeout() {
        "the source did not answer in time"
    } else if error.is_connect() {
        "the source could not be reached"
    } else {
        "the connection to the source broke"
    })
}
