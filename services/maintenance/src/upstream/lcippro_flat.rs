//! The common product family: flat JSON by POST under `/restservices/lcipprodatarest/` (Zhejiang, Hunan, vendor hosts).
//!
//! Token and upload are seen in public clients. No open query operation is documented; ours follows the path pattern
//! of the family and the read side of its Shanghai release, where success is "0".

use serde_json::{Value, json};

use super::profile::{Ask, PAGE, Page, Profile, Question, Refusal, Session};
use super::read;

pub(super) struct LcipproFlat;

impl Profile for LcipproFlat {
    fn label(&self) -> &'static str {
        "lcippro_flat/1"
    }

    fn token(&self, session: &Session<'_>) -> Option<Ask> {
        let body = json!({"companycode": session.company, "companypassword": session.secret});
        Some(Ask::post(
            "/restservices/lcipprodatarest/lcipprogetaccesstoken/query",
            &body,
        ))
    }

    fn read_token(&self, body: &Value) -> Result<String, Refusal> {
        read::succeeded(body, "1")?;
        let token = body.get("access_token").or_else(|| body.get("accessToken"));
        token
            .and_then(read::scalar)
            .filter(|token| !token.is_empty())
            .ok_or(Refusal::Senseless)
    }

    fn list(&self, question: &Question, session: &Session<'_>, page: u32) -> Ask {
        let body = json!({
            "access_token": session.token,
            "basicInfo": {"vin": question.vin.as_str(), "vehicleplatenumber": question.plate},
            "pageNo": page,
            "pageSize": PAGE,
        });
        Ask::post(
            "/restservices/lcipprodatarest/lcipprocarfixrecordquery/query",
            &body,
        )
    }

    fn read_list(&self, body: &Value) -> Result<Page, Refusal> {
        read::succeeded(body, "0")?;
        let mut page = read::page(body.get("items"), body.get("total"))?;
        page.as_of = body
            .get("dataDate")
            .and_then(Value::as_str)
            .and_then(crate::domain::text::day);
        Ok(page)
    }
}
