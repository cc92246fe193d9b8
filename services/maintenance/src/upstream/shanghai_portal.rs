//! The read side of Shanghai's portal: a list of ids, then the details of each record; the only one seen in public code.

use serde_json::{Value, json};

use super::lcippro_flat::TOKEN_PATH;
use super::profile::{Ask, PAGE, Page, Profile, Question, Refusal, Session};
use super::read;
use crate::domain::record::RawRow;

pub(super) struct ShanghaiPortal;

impl Profile for ShanghaiPortal {
    fn label(&self) -> &'static str {
        "shanghai_portal/1"
    }

    fn token(&self, session: &Session<'_>) -> Option<Ask> {
        Some(Ask::post(TOKEN_PATH, &session.credentials()))
    }

    fn list(&self, question: &Question, session: &Session<'_>, page: u32) -> Ask {
        let body = json!({
            "vehicleplatenumber": question.plate,
            "vin": question.vin.as_str(),
            "companyName": "",
            "pageNo": page,
            "pageSize": PAGE,
        });
        let mut ask = Ask::post("/vehicle/carfile/query", &body);
        ask.headers.push(("accesstoken", session.token.to_owned()));
        ask
    }

    fn read_list(&self, body: &Value) -> Result<Page, Refusal> {
        read::succeeded(body, "0")?;
        let items = body
            .get("items")
            .and_then(Value::as_array)
            .ok_or(Refusal::Senseless)?;
        let id = |item: &Value| {
            ["repairbasicinfoId", "id"]
                .iter()
                .find_map(|name| item.get(name).and_then(read::scalar))
        };
        let details: Vec<String> = items.iter().filter_map(id).collect();
        Ok(Page {
            unreadable: (items.len() - details.len()) as u32,
            total: body
                .get("total")
                .and_then(read::scalar)
                .and_then(|text| text.parse().ok()),
            details,
            ..Page::default()
        })
    }

    fn detail(&self, id: &str, session: &Session<'_>) -> Option<Ask> {
        let mut ask = Ask::post(
            "/vehicle/carfile/queryDetail",
            &json!({"repairbasicinfoId": id}),
        );
        ask.headers.push(("accesstoken", session.token.to_owned()));
        Some(ask)
    }

    fn read_detail(&self, body: &Value) -> Result<RawRow, Refusal> {
        read::succeeded(body, "0")?;
        body.get("item")
            .and_then(read::row)
            .ok_or(Refusal::Senseless)
    }
}
