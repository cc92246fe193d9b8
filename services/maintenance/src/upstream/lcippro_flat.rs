//! The common product family: flat JSON by POST under `/restservices/lcipprodatarest/` (Zhejiang, Hunan, vendor hosts).
//!
//! Token and upload are seen in public clients. No open query operation is documented; ours follows the path pattern
//! of the family and the read side of its Shanghai release, where success is "0". A member that differs in paths,
//! success codes or names of its lists says so in its [`Dialect`].

use serde_json::{Value, json};

use super::profile::{Ask, PAGE, Page, Profile, Question, Refusal, Session, granted};
use super::provinces::Dialect;
use super::read;

/// Where the family hands out tokens.
pub(super) const TOKEN_PATH: &str = "/restservices/lcipprodatarest/lcipprogetaccesstoken/query";

pub(super) struct LcipproFlat(Dialect);

impl LcipproFlat {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self(dialect)
    }
}

impl Profile for LcipproFlat {
    fn label(&self) -> &'static str {
        "lcippro_flat/1"
    }

    fn token(&self, session: &Session<'_>) -> Option<Ask> {
        Some(Ask::post(self.0.token_path.clone(), &session.credentials()))
    }

    fn read_token(&self, body: &Value) -> Result<String, Refusal> {
        granted(body, &self.0.token_success)
    }

    fn list(&self, question: &Question, session: &Session<'_>, page: u32) -> Ask {
        let body = json!({
            "access_token": session.token,
            "basicInfo": {"vin": question.vin.as_str(), "vehicleplatenumber": question.plate},
            "pageNo": page,
            "pageSize": PAGE,
        });
        Ask::post(self.0.list_path.clone(), &body)
    }

    fn read_list(&self, body: &Value) -> Result<Page, Refusal> {
        let dialect = &self.0;
        read::succeeded(body, &dialect.list_success)?;
        let mut page = read::page(body.get(&dialect.items), body.get(&dialect.total))?;
        page.as_of = body
            .get("dataDate")
            .and_then(Value::as_str)
            .and_then(crate::domain::text::day);
        Ok(page)
    }
}
