//! Chengdu: everything wrapped in a transaction that carries the server's own clock, JSON sent as text/html.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::{format_description, offset};

use super::profile::{Ask, PAGE, Page, Profile, Question, Refusal, Session, granted};
use super::read;

pub(super) struct ChengduTransaction;

impl Profile for ChengduTransaction {
    fn label(&self) -> &'static str {
        "chengdu_transaction/1"
    }

    fn clock(&self) -> Option<Ask> {
        Some(Ask {
            get: true,
            path: "/time".into(),
            ..Ask::default()
        })
    }

    fn token(&self, session: &Session<'_>) -> Option<Ask> {
        Some(wrapped(
            "/carhealth/token",
            session.now,
            session.credentials(),
        ))
    }

    fn read_token(&self, body: &Value) -> Result<String, Refusal> {
        granted(body.get("respInfo").ok_or(Refusal::Senseless)?, "1")
    }

    fn list(&self, question: &Question, session: &Session<'_>, page: u32) -> Ask {
        let body = json!({
            "access_token": session.token,
            "basicInfo": {"vin": question.vin.as_str(), "vehicleplatenumber": question.plate},
            "pageNo": page,
            "pageSize": PAGE,
        });
        wrapped("/carhealth/query", session.now, body)
    }

    fn read_list(&self, body: &Value) -> Result<Page, Refusal> {
        let info = body.get("respInfo").ok_or(Refusal::Senseless)?;
        read::succeeded(info, "1")?;
        read::page(info.get("records"), info.get("total"))
    }
}

fn wrapped(path: &'static str, now: OffsetDateTime, info: Value) -> Ask {
    let local = now.to_offset(offset!(+8));
    let date = local
        .format(format_description!("[year][month][day]"))
        .unwrap_or_default();
    let time = local
        .format(format_description!("[hour][minute][second]"))
        .unwrap_or_default();
    let body =
        json!({"transaction": {"header": {"date": date, "time": time}, "body": {"reqInfo": info}}});
    Ask {
        content_type: "text/html;charset=UTF-8",
        ..Ask::post(path, &body)
    }
}
