//! The section of the configuration: which sources exist, how they are asked, how long answers live.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use time::Duration;

use crate::domain::outcome::Lives;
use crate::upstream::provinces;

/// How the maintenance lookup is run; the defaults work, with no source to ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The sources by province id of `data/provinces.json`; a province without an entry is UNSUPPORTED.
    pub sources: BTreeMap<String, SourceConfig>,
    /// How long `LookupHistory` waits for sources where the caller names no time, milliseconds.
    pub wait_ms: u64,
    /// Fresh life of a full answer, seconds.
    pub fresh_s: u32,
    /// Fresh life of a partial answer, seconds.
    pub partial_s: u32,
    /// Fresh life of an authoritative "nothing", seconds.
    pub nothing_s: u32,
    /// Life of a refusal for want of authorisation, seconds.
    pub refused_s: u32,
    /// Life of a failure, seconds; at most 60.
    pub failed_s: u32,
    /// How long an answer stays usable with the label STALE, seconds.
    pub usable_s: u32,
    /// After how many days raw answers are erased.
    pub raw_days: u32,
    /// After how many days answers are erased altogether.
    pub answer_days: u32,
    /// Answers kept in memory.
    pub cached_answers: u64,
    /// The key that raw answers are encrypted with, 64 hex digits; wins over `raw_key_file`.
    pub raw_key: String,
    /// A file that holds the key; made with a random key where it is missing. Without key and file raw answers are
    /// encrypted with a key that ends with the process.
    pub raw_key_file: Option<PathBuf>,
    /// How often the worker looks for lookups that are due, milliseconds.
    pub worker_tick_ms: u64,
    /// Lookups worked on at once.
    pub worker_parallel: usize,
    /// First wait of a parked lookup, seconds; doubled with each attempt to an hour at most.
    pub park_s: u32,
}

/// How one source is asked.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceConfig {
    /// Where it is, such as `https://api.example.cn`, without a slash at the end.
    pub base_url: String,
    /// Our company code there (企业编码).
    pub company_code: String,
    /// Our company password or signing secret there.
    pub company_password: String,
    /// Whether it is the bundled simulator; labelled in every answer.
    pub simulated: bool,
    /// The wire profile, where it differs from the table.
    pub profile: String,
    /// Opening hours in China time, such as `08:00-20:00`; empty means always.
    pub hours: String,
    /// Questions a minute.
    pub per_minute: u32,
    /// Questions that may come at once.
    pub burst: u32,
    /// Questions in flight at once.
    pub in_flight: u32,
    /// Time-out of one HTTP exchange, milliseconds.
    pub timeout_ms: u64,
    /// Retries of one exchange after transport errors and 5xx.
    pub retries: usize,
    /// Shortest wait before a retry, milliseconds.
    pub retry_delay_ms: u64,
    /// Failures in a row that open the breaker.
    pub breaker_failures: u32,
    /// How long the open breaker leaves the source alone, seconds; doubled to ten minutes at most.
    pub breaker_s: u32,
    /// How long a token is used before it is renewed unasked, seconds.
    pub token_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sources: BTreeMap::new(),
            wait_ms: 3_000,
            fresh_s: 24 * 3_600,
            partial_s: 3_600,
            nothing_s: 6 * 3_600,
            refused_s: 300,
            failed_s: 30,
            usable_s: 30 * 24 * 3_600,
            raw_days: 90,
            answer_days: 400,
            cached_answers: 100_000,
            raw_key: String::new(),
            raw_key_file: None,
            worker_tick_ms: 1_000,
            worker_parallel: 8,
            park_s: 30,
        }
    }
}

impl Default for SourceConfig {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            company_code: String::new(),
            company_password: String::new(),
            simulated: false,
            profile: String::new(),
            hours: String::new(),
            per_minute: 600,
            burst: 30,
            in_flight: 8,
            timeout_ms: 3_000,
            retries: 2,
            retry_delay_ms: 100,
            breaker_failures: 5,
            breaker_s: 30,
            token_s: 1_800,
        }
    }
}

impl std::fmt::Debug for SourceConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceConfig")
            .field("base_url", &self.base_url)
            .field("simulated", &self.simulated)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Every province of the table at the bundled simulator, with generous limits.
    pub fn simulated(simulator: SocketAddr) -> Self {
        let source = |id: &str| SourceConfig {
            base_url: format!("http://{simulator}/{id}"),
            company_code: "310000000000001".to_owned(),
            company_password: "simulated".to_owned(),
            simulated: true,
            per_minute: 60_000,
            burst: 1_000,
            in_flight: 64,
            ..SourceConfig::default()
        };
        Self {
            sources: provinces::all()
                .iter()
                .map(|province| (province.id.clone(), source(&province.id)))
                .collect(),
            ..Self::default()
        }
    }

    pub(crate) fn lives(&self) -> Lives {
        let seconds = |seconds: u32| Duration::seconds(i64::from(seconds));
        Lives {
            found: seconds(self.fresh_s),
            partial: seconds(self.partial_s),
            nothing: seconds(self.nothing_s),
            refused: seconds(self.refused_s),
            failed: seconds(self.failed_s.min(60)),
            usable: seconds(self.usable_s),
        }
    }
}
