//! What differs from province to province on the wire.
//!
//! To add a province: give it a row in `data/provinces.json` (id, names, areas, plates, profile) and an address in the
//! configuration. Where it speaks a form of its own: add one file beside this one that implements [`Profile`], name it
//! in [`by_name`], put its field names into `data/fields.json` and its refusal texts into `data/phrases.json`, give the
//! simulator the same form in `simulator/forms.rs`, and add golden answers under `tests/golden/<profile>/`.

use serde_json::Value;
use time::{Date, OffsetDateTime};
use tongguan_vocabulary::Vin;

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

/// One HTTP exchange to be made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    /// GET where true, else POST.
    pub(crate) get: bool,
    pub(crate) path: &'static str,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

impl Ask {
    /// A JSON body by POST.
    pub(crate) fn post(path: &'static str, body: &Value) -> Self {
        Self {
            path,
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
    fn read_token(&self, body: &Value) -> Result<String, Refusal>;
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

/// Records a page.
pub(crate) const PAGE: u32 = 50;

/// The profile of a name.
pub(crate) fn by_name(name: &str) -> Option<&'static dyn Profile> {
    Some(match name {
        "lcippro_flat" => &super::lcippro_flat::LcipproFlat,
        "shanghai_portal" => &super::shanghai_portal::ShanghaiPortal,
        "chengdu_transaction" => &super::chengdu_transaction::ChengduTransaction,
        "foshan_get" => &super::foshan_get::FoshanGet,
        "im_station_signed" => &super::im_station_signed::ImStationSigned,
        _ => return None,
    })
}
