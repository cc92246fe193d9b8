//! Emission-repair (M) stations: signed requests without a token, names of their own, days as yyyy-MM-dd.
//!
//! The way of signing is not published; ours is HMAC-SHA256 over identity, nonce and timestamp (an assumption).

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::profile::{Ask, PAGE, Page, Profile, Question, Refusal, Session};
use super::read;

pub(super) struct ImStationSigned;

/// The signature of a request, hex.
pub(crate) fn sign(identity: &str, nonce: &str, timestamp: &str, secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{identity}{nonce}{timestamp}").as_bytes());
    crate::domain::text::hex(tag.as_ref())
}

impl Profile for ImStationSigned {
    fn label(&self) -> &'static str {
        "im_station_signed/1"
    }

    fn token(&self, _: &Session<'_>) -> Option<Ask> {
        None
    }

    fn read_token(&self, _: &Value) -> Result<String, Refusal> {
        Err(Refusal::Senseless)
    }

    fn list(&self, question: &Question, session: &Session<'_>, page: u32) -> Ask {
        let timestamp = (session.now.unix_timestamp_nanos() / 1_000_000).to_string();
        let signature = sign(session.company, &session.nonce, &timestamp, session.secret);
        let body = json!({"vin": question.vin.as_str(), "licensePlate": question.plate, "pageNo": page, "pageSize": PAGE});
        let mut ask = Ask::post("/repair/order/query", &body);
        ask.headers = vec![
            ("companyidentity", session.company.to_owned()),
            ("nonce", session.nonce.clone()),
            ("timestamp", timestamp),
            ("sign", signature),
        ];
        ask
    }

    fn read_list(&self, body: &Value) -> Result<Page, Refusal> {
        read::succeeded(body, "0")?;
        let data = body.get("data").ok_or(Refusal::Senseless)?;
        read::page(data.get("list"), data.get("total"))
    }
}
