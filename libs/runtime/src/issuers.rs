//! The key sets of outside issuers, fetched and kept fresh: RFC 7517 over HTTPS, at most one request a minute each.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tongguan_access::{Issuer, Jwks, KeyError};
use tongguan_rpc::Tasks;

/// A key set is asked for again after this long; keys that were withdrawn stop counting then at the latest.
const REFRESH: Duration = Duration::from_mins(10);
/// No issuer is asked more often, however many tokens name keys it does not have.
const LEAST_PAUSE: Duration = Duration::from_mins(1);
/// How often it is looked whether an issuer is to be asked.
const LOOK: Duration = Duration::from_secs(1);
/// Time an issuer has to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest key set that is read, bytes.
const LARGEST: usize = 256 * 1_024;

/// An outside issuer whose tokens count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerConfig {
    /// The exact `iss` of its tokens.
    pub name: String,
    /// Where its key set is: `https://…`; plain HTTP on loopback only.
    pub keys_url: String,
    /// The tenants it may speak for. Name them wherever an issuer belongs to one customer; empty means all.
    pub tenants: Vec<String>,
}

/// An issuer that can not be trusted as configured.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// No name.
    #[error("an issuer needs its name, the exact `iss` of its tokens")]
    Nameless,
    /// The address is none, or could be read on the way.
    #[error("the key set of {name} must be at an https address: {url:?}")]
    Address {
        /// Whose.
        name: String,
        /// As configured.
        url: String,
    },
    /// A tenant is none.
    #[error("{name} can not speak for {tenant:?}: that is not a tenant name")]
    Tenant {
        /// Whose.
        name: String,
        /// As configured.
        tenant: String,
    },
    /// The client could not be built.
    #[error("the client that fetches key sets could not be built")]
    Client,
}

/// Why a key set was not taken over; the old one stays in force.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The issuer did not answer, or not with a key set.
    #[error("the key set could not be fetched")]
    Http(#[from] reqwest::Error),
    /// It answered too much.
    #[error("the key set is larger than {LARGEST} bytes")]
    TooLarge,
    /// It can not be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// Keeps the key set of one issuer.
pub struct Keeper {
    name: String,
    url: reqwest::Url,
    client: reqwest::Client,
    keys: Jwks,
    asked: Option<Instant>,
}

impl Keeper {
    /// The issuer for [`tongguan_access::Access::trusting`], and the keeper of its keys: empty until it is run.
    pub fn new(config: &IssuerConfig) -> Result<(Issuer, Self), IssuerError> {
        if config.name.is_empty() {
            return Err(IssuerError::Nameless);
        }
        let refused = || IssuerError::Address {
            name: config.name.clone(),
            url: config.keys_url.clone(),
        };
        let url: reqwest::Url = config.keys_url.parse().map_err(|_| refused())?;
        let loopback = url
            .host_str()
            .and_then(|host| {
                host.trim_matches(['[', ']'])
                    .parse::<std::net::IpAddr>()
                    .ok()
            })
            .is_some_and(|address| address.is_loopback());
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(refused());
        }
        let tenants = config.tenants.iter().map(|tenant| {
            tenant.parse().map_err(|_| IssuerError::Tenant {
                name: config.name.clone(),
                tenant: tenant.clone(),
            })
        });
        let tenants = tenants.collect::<Result<_, _>>()?;
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            // A redirect could lead anywhere; an issuer that moves is configured anew.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|_| IssuerError::Client)?;
        let keys = Jwks::empty();
        let issuer = Issuer {
            name: config.name.clone(),
            keys: keys.clone(),
            tenants,
        };
        let keeper = Self {
            name: config.name.clone(),
            url,
            client,
            keys,
            asked: None,
        };
        Ok((issuer, keeper))
    }

    /// Keeps the keys until the process stops.
    pub fn run(mut self, tasks: &Tasks) {
        let stopping: CancellationToken = tasks.stopping();
        tasks.spawn("issuer keys", async move {
            let mut looks = tokio::time::interval(LOOK);
            while !stopping.is_cancelled() {
                tokio::select! {
                    () = stopping.cancelled() => {}
                    now = looks.tick() => match self.look(now).await {
                        Some(Ok(())) => tracing::info!(issuer = self.name, "the issuer's keys were taken over"),
                        Some(Err(error)) => tracing::warn!(issuer = self.name, %error, "the issuer's old keys stay in force"),
                        None => {}
                    },
                }
            }
        });
    }

    /// Asks the issuer if it is time to: at first, when a token named an unknown key, or when what is known is old; never
    /// twice within a minute. `None` where it was not asked.
    pub async fn look(&mut self, now: Instant) -> Option<Result<(), FetchError>> {
        let due = match self.asked {
            None => true,
            Some(asked) => {
                let since = now.saturating_duration_since(asked);
                since >= REFRESH
                    || since >= LEAST_PAUSE && (self.keys.is_empty() || self.keys.take_wanted())
            }
        };
        if !due {
            return None;
        }
        self.asked = Some(now);
        Some(self.fetch().await)
    }

    async fn fetch(&self) -> Result<(), FetchError> {
        let answer = self.client.get(self.url.clone()).send().await?;
        let mut answer = answer.error_for_status()?;
        let mut text = Vec::new();
        while let Some(part) = answer.chunk().await? {
            text.extend_from_slice(&part);
            if text.len() > LARGEST {
                return Err(FetchError::TooLarge);
            }
        }
        self.keys.replace(&String::from_utf8_lossy(&text))?;
        Ok(())
    }
}
