//! Foshan: GET with the whole JSON in one query parameter, answers in GBK.
//!
//! URLs end in the logs of every proxy, so the plate is left out of the question; the VIN alone must do.

use serde_json::{Value, json};
use time::macros::{format_description, offset};

use super::profile::{Ask, PAGE, Page, Profile, Question, Refusal, Session};
use super::read;

pub(super) struct FoshanGet;

impl Profile for FoshanGet {
    fn label(&self) -> &'static str {
        "foshan_get/1"
    }

    fn token(&self, session: &Session<'_>) -> Option<Ask> {
        Some(Ask {
            get: true,
            path: "/api/getAccessToken.ashx".into(),
            query: vec![("companydata", session.credentials().to_string())],
            ..Ask::default()
        })
    }

    fn list(&self, question: &Question, session: &Session<'_>, page: u32) -> Ask {
        let local = session.now.to_offset(offset!(+8));
        let data = json!({
            "access_token": session.token,
            "header": {
                "date": local.format(format_description!("[year][month][day]")).unwrap_or_default(),
                "time": local.format(format_description!("[hour][minute][second]")).unwrap_or_default(),
            },
            "body": {"vin": question.vin.as_str(), "pageNo": page, "pageSize": PAGE},
        });
        Ask {
            get: true,
            path: "/api/getRepairInfo.ashx".into(),
            query: vec![("repairdata", data.to_string())],
            ..Ask::default()
        }
    }

    fn read_list(&self, body: &Value) -> Result<Page, Refusal> {
        read::succeeded(body, "1")?;
        read::page(body.get("repairList"), body.get("total"))
    }
}
