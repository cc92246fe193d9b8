//! One HTTP exchange with a source: bounded in time and size, retried on transport errors and 5xx only.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::{Client, StatusCode, Url};
use serde_json::Value;

use super::manners::{Held, Manners};
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

/// Puts `ask` and reads JSON; the raw bytes are appended to `raw`.
pub(crate) async fn exchange(
    client: &Client,
    config: &SourceConfig,
    manners: &Manners,
    ask: &Ask,
    raw: &mut Vec<u8>,
) -> Result<Value, Failed> {
    let policy = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(config.retry_delay_ms))
        .with_max_times(config.retries)
        .with_jitter();
    let bytes = (|| once(client, config, manners, ask))
        .retry(policy)
        .when(|failed| matches!(failed, Failed::Transport(_)) && manners.may_retry())
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

async fn once(
    client: &Client,
    config: &SourceConfig,
    manners: &Manners,
    ask: &Ask,
) -> Result<Vec<u8>, Failed> {
    manners.pace().await.map_err(Failed::Held)?;
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
    let refused = |refusal, why| Err(Failed::Refused(refusal, why, retry_after));
    match status {
        StatusCode::UNAUTHORIZED => {
            return refused(
                Refusal::TokenExpired,
                "the source does not accept our token",
            );
        }
        StatusCode::FORBIDDEN => {
            return refused(
                Refusal::Said(Outcome::NotAuthorised),
                "the source refuses us access",
            );
        }
        StatusCode::TOO_MANY_REQUESTS => {
            return refused(
                Refusal::Said(Outcome::Quota),
                "the source's quota is used up",
            );
        }
        status if status.is_server_error() => {
            return Err(Failed::Transport("the source answered with a server error"));
        }
        // A wrong path, a redirect to a login page: nothing is known of the vehicle.
        status if !status.is_success() && status != StatusCode::BAD_REQUEST => {
            return refused(
                Refusal::Senseless,
                "the source answered with an unexpected status",
            );
        }
        _ => {}
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error))? {
        if bytes.len() + chunk.len() > LARGEST {
            return refused(Refusal::Senseless, "the answer is larger than any history");
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
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
