//! One source that can be asked: its profile, its manners, its token, and how a question is put to it.

mod breaker;
mod chengdu_transaction;
mod foshan_get;
mod hours;
mod http;
pub(crate) mod im_station_signed;
mod lcippro_flat;
pub(crate) mod manners;
pub(crate) mod profile;
pub(crate) mod provinces;
pub(crate) mod read;
mod shanghai_portal;

use std::time::Duration;

use serde_json::Value;
use time::{Date, OffsetDateTime};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tongguan_vocabulary::World;

use self::http::{Failed, exchange};
pub(crate) use self::http::{Wire, client};
use self::manners::{Manners, Permit};
use self::profile::{Ask, Page, Profile, Question, Refusal, Session};
use self::provinces::Province;
use crate::config::SourceConfig;
use crate::domain::outcome::Outcome;
use crate::domain::record::RawRow;

/// Pages read at most: 500 records.
const PAGES: u32 = 10;

/// A source that can be asked.
pub(crate) struct Upstream {
    pub(crate) province: &'static Province,
    pub(crate) config: SourceConfig,
    pub(crate) profile: Box<dyn Profile>,
    pub(crate) manners: Manners,
    wire: Wire,
    world: World,
    /// Held while it is renewed: at most one renewal is in flight.
    token: Mutex<Option<Token>>,
}

struct Token {
    text: String,
    fetched: OffsetDateTime,
}

/// What a question came to.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    pub(crate) outcome: Outcome,
    pub(crate) detail: String,
    pub(crate) rows: Vec<RawRow>,
    pub(crate) unreadable: u32,
    /// The raw answers, one after the other.
    pub(crate) raw: Vec<u8>,
    pub(crate) as_of: Option<Date>,
    pub(crate) retry_after: Option<Duration>,
}

impl Upstream {
    pub(crate) fn new(
        province: &'static Province,
        config: SourceConfig,
        wire: Wire,
        world: World,
    ) -> Result<Self, String> {
        let name = if config.profile.is_empty() {
            &province.profile
        } else {
            &config.profile
        };
        let profile = profile::by_name(name, &province.dialect)
            .ok_or_else(|| format!("{name:?} is no wire profile"))?;
        Ok(Self {
            manners: Manners::new(&config, world.clock.clone())?,
            province,
            profile,
            wire,
            world,
            token: Mutex::new(None),
            config,
        })
    }

    /// Puts a question. Always answers with one of the ten outcomes; only an answer that was understood is an answer.
    pub(crate) async fn ask(&self, question: &Question) -> Fetched {
        if self.province.plate_required && question.plate.is_empty() {
            return Fetched::without(
                Outcome::BadInput,
                "the source cannot be asked without the plate",
                None,
            );
        }
        let permit = match self.manners.admit().await {
            Ok(permit) => permit,
            Err((outcome, why, wait)) => return Fetched::without(outcome, why, wait),
        };
        let started = Instant::now();
        let mut raw = Vec::new();
        let mut told = self.converse(&permit, question, &mut raw).await;
        if matches!(told, Err(Failed::Refused(Refusal::TokenExpired, ..))) {
            // Renewed once per question; a fresh token that is refused again is a refusal.
            raw.clear();
            told = self.converse(&permit, question, &mut raw).await;
        }
        // Held back by our own quota: nothing was learnt of the source. A broken exchange was noted when it broke.
        let (held, broken) = match &told {
            Err(Failed::Held(_)) => (true, false),
            Err(Failed::Transport(_)) => (false, true),
            _ => (false, false),
        };
        let fetched = conclude(told, raw);
        let answered = fetched.outcome != Outcome::UpstreamDown;
        if !answered && !broken && !held {
            permit.failed();
        }
        if !held {
            permit.done(answered, started.elapsed());
        }
        fetched
    }

    async fn converse(
        &self,
        permit: &Permit<'_>,
        question: &Question,
        raw: &mut Vec<u8>,
    ) -> Result<Page, Failed> {
        let now = self.source_time(permit).await?;
        let token = self.token(permit, now).await?;
        let session = self.session(&token, now);
        let told = self.read_all(permit, question, &session, raw).await;
        if matches!(told, Err(Failed::Refused(Refusal::TokenExpired, ..))) {
            self.drop_token(&token).await;
        }
        told
    }

    async fn read_all(
        &self,
        permit: &Permit<'_>,
        question: &Question,
        session: &Session<'_>,
        raw: &mut Vec<u8>,
    ) -> Result<Page, Failed> {
        let mut all = Page::default();
        let mut ids = Vec::new();
        for number in 1..=PAGES {
            let ask = self.profile.list(question, session, number);
            let page = self
                .profile
                .read_list(&self.exchange(permit, &ask, raw).await?)
                .map_err(refused)?;
            let received = page.rows.len() + page.details.len() + page.unreadable as usize;
            all.rows.extend(page.rows);
            all.unreadable += page.unreadable;
            all.total = page.total.or(all.total);
            all.as_of = page.as_of.or(all.as_of);
            ids.extend(page.details);
            let so_far = all.rows.len() + ids.len() + all.unreadable as usize;
            if received == 0 || all.total.is_none_or(|total| so_far >= total as usize) {
                break;
            }
        }
        for id in ids {
            let Some(ask) = self.profile.detail(&id, session) else {
                continue;
            };
            match self
                .profile
                .read_detail(&self.exchange(permit, &ask, raw).await?)
            {
                Ok(row) => all.rows.push(row),
                // One record that cannot be read does not spoil the others; an expired token does.
                Err(Refusal::Senseless) => all.unreadable += 1,
                Err(refusal) => return Err(refused(refusal)),
            }
        }
        Ok(all)
    }

    async fn exchange(
        &self,
        permit: &Permit<'_>,
        ask: &Ask,
        raw: &mut Vec<u8>,
    ) -> Result<Value, Failed> {
        exchange(&self.wire, &self.config, permit, &self.world.ids, ask, raw).await
    }

    /// The source's own clock where its messages must carry it.
    async fn source_time(&self, permit: &Permit<'_>) -> Result<OffsetDateTime, Failed> {
        let Some(ask) = self.profile.clock() else {
            return Ok(self.world.clock.now());
        };
        let body = self.exchange(permit, &ask, &mut Vec::new()).await?;
        let millis = ["time", "timestamp", "data"]
            .iter()
            .find_map(|name| body.get(name).and_then(read::scalar))
            .and_then(|text| text.parse::<i128>().ok());
        let instant = millis
            .and_then(|millis| OffsetDateTime::from_unix_timestamp_nanos(millis * 1_000_000).ok());
        instant.ok_or_else(|| refused(Refusal::Senseless))
    }

    /// The token in hand, or a new one. Whoever comes while it is renewed waits for that renewal.
    async fn token(&self, permit: &Permit<'_>, now: OffsetDateTime) -> Result<String, Failed> {
        let mut held = self.token.lock().await;
        let lives = time::Duration::seconds(i64::from(self.config.token_s));
        if let Some(token) = held
            .as_ref()
            .filter(|token| self.world.clock.now() - token.fetched < lives)
        {
            return Ok(token.text.clone());
        }
        let Some(ask) = self.profile.token(&self.session("", now)) else {
            return Ok(String::new());
        };
        let body = self.exchange(permit, &ask, &mut Vec::new()).await?;
        let text = self
            .profile
            .read_token(&body)
            .map_err(|refusal| match refusal {
                // Refused while asking for a token: asking again with the same password cannot help.
                Refusal::TokenExpired => refused(Refusal::Said(Outcome::NotAuthorised)),
                other => refused(other),
            })?;
        *held = Some(Token {
            text: text.clone(),
            fetched: self.world.clock.now(),
        });
        Ok(text)
    }

    /// Forgets a token that was refused, unless another question renewed it meanwhile.
    async fn drop_token(&self, refused: &str) {
        let mut held = self.token.lock().await;
        if held.as_ref().is_some_and(|token| token.text == refused) {
            *held = None;
        }
    }

    fn session<'a>(&'a self, token: &'a str, now: OffsetDateTime) -> Session<'a> {
        Session {
            company: &self.config.company_code,
            secret: &self.config.company_password,
            token,
            now,
            nonce: self.world.ids.next().simple().to_string(),
        }
    }
}

pub(crate) fn refused(refusal: Refusal) -> Failed {
    let why = match refusal {
        Refusal::TokenExpired => "the source does not accept our token",
        Refusal::Senseless => "the source answered something that is no answer",
        Refusal::Said(_) => "",
    };
    Failed::Refused(refusal, why, None)
}

/// Down is never empty: an empty list counts only where the source says how many rows it holds, and says none.
pub(crate) fn conclude(told: Result<Page, Failed>, raw: Vec<u8>) -> Fetched {
    let page = match told {
        Ok(page) => page,
        Err(Failed::Held((outcome, why, wait))) => return Fetched::without(outcome, why, wait),
        Err(Failed::Transport(why)) => {
            return Fetched::without(Outcome::UpstreamDown, why, None).with_raw(raw);
        }
        Err(Failed::Refused(refusal, why, wait)) => {
            let outcome = match refusal {
                Refusal::Said(outcome) => outcome,
                Refusal::TokenExpired => Outcome::NotAuthorised,
                Refusal::Senseless => Outcome::UpstreamDown,
            };
            let why = if why.is_empty() {
                explanation(outcome)
            } else {
                why
            };
            return Fetched::without(outcome, why, wait).with_raw(raw);
        }
    };
    let read = page.rows.len() as u32;
    let outcome = match (read, page.unreadable, page.total) {
        (0, 0, Some(0)) => Outcome::NoRecord,
        (0, 0, _) => {
            return Fetched::without(
                Outcome::UpstreamDown,
                "the source sent an empty list without saying that it holds nothing",
                None,
            )
            .with_raw(raw);
        }
        (read, 0, Some(total)) if read >= total => Outcome::Found,
        (_, 0, None) => Outcome::Found,
        _ => Outcome::FoundPartial,
    };
    Fetched {
        outcome,
        detail: explanation(outcome).to_owned(),
        rows: page.rows,
        unreadable: page.unreadable,
        raw,
        as_of: page.as_of,
        retry_after: None,
    }
}

/// One sentence per outcome, in our own words: texts of sources are never passed on.
pub(crate) fn explanation(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Found => "the source told its records in full",
        Outcome::FoundPartial => "the source holds more rows than it told or than could be read",
        Outcome::NoRecord => "the source says that it holds no record",
        Outcome::NotAuthorised => {
            "the source says that the owner's authorisation is missing or was refused"
        }
        Outcome::AuthPending => "a clerk of the source still examines the authorisation",
        Outcome::Unsupported => "the source does not serve this vehicle",
        Outcome::OffHours => "the source is closed at this hour",
        Outcome::UpstreamDown => "the source gave no answer",
        Outcome::Quota => "the quota is used up",
        Outcome::BadInput => "the source does not accept the question",
    }
}

impl Fetched {
    pub(crate) fn without(outcome: Outcome, detail: &str, retry_after: Option<Duration>) -> Self {
        Self {
            outcome,
            detail: detail.to_owned(),
            rows: Vec::new(),
            unreadable: 0,
            raw: Vec::new(),
            as_of: None,
            retry_after,
        }
    }

    fn with_raw(mut self, raw: Vec<u8>) -> Self {
        self.raw = raw;
        self
    }
}

#[cfg(test)]
mod journey;
#[cfg(test)]
mod tests;
