//! What differs from province to province on the wire.
//!
//! To add a province: give it a row in `data/provinces.json` (id, names, areas, plates, profile) and an address in the
//! configuration. Where it is of the common product family but has paths, success codes or list names of its own, they
//! stand in the `dialect` of the same row. Where it speaks another form: add one file beside this one that implements
//! [`Profile`] and name it in [`by_name`]. A field name or a refusal text nobody used so far goes into
//! `data/fields.json` or `data/phrases.json`.

use std::borrow::Cow;

use serde_json::{Value, json};
use time::{Date, OffsetDateTime};
use tongguan_vocabulary::Vin;

use super::provinces::Dialect;
use super::read;
use crate::domain::outcome::Outcome;
use crate::domain::record::RawRow;

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) vin: Vin,
    /// Empty where not known.
    pub(crate) plate: String,
}

/// Who asks, and with what.
#[derive(Clone)]
pub(crate) struct Session<'a> {
    pub(crate) company: &'a str,
    pub(crate) secret: &'a str,
    /// Empty for profiles without a token.
    pub(crate) token: &'a str,
    /// The present instant, by the source's own clock where it has one.
    pub(crate) now: OffsetDateTime,
    /// Fresh for every exchange.
    pub(crate) nonce: String,
}

impl Session<'_> {
    /// Company code and password, as every member of the family wants them for a token.
    pub(super) fn credentials(&self) -> Value {
        json!({"companycode": self.company, "companypassword": self.secret})
    }
}

/// One HTTP exchange to be made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    /// GET where true, else POST.
    pub(crate) get: bool,
    pub(crate) path: Cow<'static, str>,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

impl Ask {
    /// A JSON body by POST.
    pub(crate) fn post(path: impl Into<Cow<'static, str>>, body: &Value) -> Self {
        Self {
            path: path.into(),
            content_type: "application/json;charset=UTF-8",
            body: body.to_string(),
            ..Self::default()
        }
    }
}

/// Why an answer is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The token ran out: renew it once and ask again.
    TokenExpired,
    /// The source said so in words that are known.
    Said(Outcome),
    /// It is no answer at all: another document, a code or a text that nobody knows.
    Senseless,
}

/// One page of records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) rows: Vec<RawRow>,
    /// Rows that are no objects.
    pub(crate) unreadable: u32,
    /// How many rows the source says it holds.
    pub(crate) total: Option<u32>,
    /// Ids whose details must be asked for one by one, instead of rows.
    pub(crate) details: Vec<String>,
    pub(crate) as_of: Option<Date>,
}

/// How one family of systems is spoken to. Success is judged per operation: "1" means success where records are
/// written and "0" where they are read, in one and the same system.
pub(crate) trait Profile: Send + Sync {
    /// Name and version, such as `lcippro_flat/1`.
    fn label(&self) -> &'static str;
    /// Asks for the source's clock, where its messages must carry it.
    fn clock(&self) -> Option<Ask> {
        None
    }
    /// Asks for a token, where one is needed.
    fn token(&self, session: &Session<'_>) -> Option<Ask>;
    fn read_token(&self, body: &Value) -> Result<String, Refusal> {
        granted(body, "1")
    }
    /// Asks for a page of records, counted from 1.
    fn list(&self, question: &Question, session: &Session<'_>, page: u32) -> Ask;
    fn read_list(&self, body: &Value) -> Result<Page, Refusal>;
    /// Asks for the details of one record, where lists hold ids only.
    fn detail(&self, _id: &str, _session: &Session<'_>) -> Option<Ask> {
        None
    }
    fn read_detail(&self, _body: &Value) -> Result<RawRow, Refusal> {
        Err(Refusal::Senseless)
    }
}

/// The token of an answer that grants one; older releases spell it `access_token`, newer ones `accessToken`.
pub(super) fn granted(body: &Value, success: &str) -> Result<String, Refusal> {
    read::succeeded(body, success)?;
    ["access_token", "accessToken"]
        .iter()
        .find_map(|name| body.get(name).and_then(read::scalar))
        .filter(|token| !token.is_empty())
        .ok_or(Refusal::Senseless)
}

/// Records a page.
pub(crate) const PAGE: u32 = 50;

/// Every profile, by name.
pub(crate) const NAMES: [&str; 5] = [
    "lcippro_flat",
    "shanghai_portal",
    "chengdu_transaction",
    "foshan_get",
    "im_station_signed",
];

/// The profile of a name, in the dialect of a province.
pub(crate) fn by_name(name: &str, dialect: &Dialect) -> Option<Box<dyn Profile>> {
    Some(match name {
        "lcippro_flat" => Box::new(super::lcippro_flat::LcipproFlat::new(dialect.clone())),
        "shanghai_portal" => Box::new(super::shanghai_portal::ShanghaiPortal),
        "chengdu_transaction" => Box::new(super::chengdu_transaction::ChengduTransaction),
        "foshan_get" => Box::new(super::foshan_get::FoshanGet),
        "im_station_signed" => Box::new(super::im_station_signed::ImStationSigned),
        _ => return None,
    })
}
