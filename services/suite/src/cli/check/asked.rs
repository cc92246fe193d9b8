//! A VIN asked of a running suite: what its services know, judged by the packs in force there.

use std::fmt::Write as _;
use std::time::Duration;

use pbjson_types::Struct;
use tongguan_api::destinations::v1 as rules;
use tongguan_api::destinations::v1::destination_rules_client::DestinationRulesClient;
use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::export_readiness_client::ExportReadinessClient;
use tongguan_api::google::r#type::Date;
use tongguan_destinations::Catalogue;
use tongguan_rpc::{Channel, remote};
use tongguan_vocabulary::Vin;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use super::table::{self, Row, Until};
use super::{CHINA, Check, read, verdict};
use crate::cli::{Failed, out};

/// Markets of one question; the gateway takes 64.
const MARKETS: usize = 48;
/// A comparison of every market looks years ahead for each.
const WAIT: Duration = Duration::from_secs(30);

impl Check {
    /// Asks the suite, prints its answer, and names what did not answer.
    pub(super) async fn ask(&self, catalogue: &Catalogue, vin: &Vin) -> Result<(), Failed> {
        let channel = remote(&self.server).map_err(|error| Failed::input(&error))?;
        let markets = if self.everywhere() {
            self.markets(channel.clone()).await?
        } else {
            self.to
                .iter()
                .filter(|market| *market != CHINA)
                .cloned()
                .collect()
        };
        let listing = pb::Listing {
            vin: vin.to_string(),
            facts: self.extra()?,
            ..pb::Listing::default()
        };
        let mut client = ExportReadinessClient::new(channel).max_decoding_message_size(64 << 20);
        let mut answer: Option<pb::Readiness> = None;
        // Without markets China's rules alone are asked.
        let none = [Vec::new()];
        let parts: Vec<&[String]> = if markets.is_empty() {
            none.iter().map(Vec::as_slice).collect()
        } else {
            markets.chunks(MARKETS).collect()
        };
        for part in parts {
            let question = pb::CheckReadinessRequest {
                listing: Some(listing.clone()),
                markets: part.to_vec(),
                wait: Some(WAIT.into()),
                all_rules: false,
            };
            let response = client
                .check_readiness(self.signed(question)?)
                .await
                .map_err(|status| self.refused(&status))?
                .into_inner();
            match &mut answer {
                Some(answer) => {
                    answer.markets.extend(response.markets);
                    let known = |name: &String| answer.unreachable.contains(name);
                    let fresh: Vec<String> = response
                        .unreachable
                        .into_iter()
                        .filter(|name| !known(name))
                        .collect();
                    answer.unreachable.extend(fresh);
                }
                None => answer = Some(response),
            }
        }
        answer.map_or(Ok(()), |answer| self.show(&answer, catalogue))
    }

    /// Every destination with a pack in force at the suite.
    async fn markets(&self, channel: Channel) -> Result<Vec<String>, Failed> {
        let mut client = DestinationRulesClient::new(channel);
        let (mut markets, mut page_token) = (Vec::new(), String::new());
        loop {
            let question = rules::ListMarketsRequest {
                page_size: 200,
                page_token,
            };
            let page = client
                .list_markets(self.signed(question)?)
                .await
                .map_err(|status| self.refused(&status))?
                .into_inner();
            let open = |market: &rules::Market| !market.layer && market.market != CHINA;
            markets.extend(
                page.markets
                    .into_iter()
                    .filter(open)
                    .map(|market| market.market),
            );
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(markets);
            }
        }
    }

    fn extra(&self) -> Result<Option<Struct>, Failed> {
        let Some(path) = &self.facts else {
            return Ok(None);
        };
        let facts = serde_json::from_value(read(path)?);
        facts
            .map(Some)
            .map_err(|error| Failed::Input(format!("{}: {error}", path.display())))
    }

    fn signed<M>(&self, message: M) -> Result<Request<M>, Failed> {
        let token = self.token.as_deref().ok_or_else(|| {
            Failed::Input(
                "a VIN is asked with --token or TONGGUAN_TOKEN; `tongguan token` makes one"
                    .to_owned(),
            )
        })?;
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", token.trim())
            .parse()
            .map_err(|_| Failed::Input("the token is no text of a header".to_owned()))?;
        request.metadata_mut().insert("authorization", bearer);
        request.set_timeout(WAIT + Duration::from_secs(5));
        Ok(request)
    }

    /// A refusal with every field it names; only silence is an outage.
    fn refused(&self, status: &Status) -> Failed {
        let mut message = format!("{}: {}", self.server, status.message());
        let details = status.get_error_details();
        for field in details
            .bad_request()
            .into_iter()
            .flat_map(|bad| &bad.field_violations)
        {
            let _never = write!(message, "\n  {}: {}", field.field, field.description);
        }
        if let Some(near) = details
            .error_info()
            .and_then(|info| info.metadata.get("nearest"))
        {
            let _never = write!(message, "; near it: {near}");
        }
        match status.code() {
            Code::InvalidArgument
            | Code::NotFound
            | Code::Unauthenticated
            | Code::PermissionDenied
            | Code::FailedPrecondition => Failed::Input(message),
            _ => Failed::Unreachable(message),
        }
    }

    fn show(&self, answer: &pb::Readiness, catalogue: &Catalogue) -> Result<(), Failed> {
        let mut rows: Vec<Row> = Vec::new();
        rows.extend(answer.china.as_ref().map(row));
        rows.extend(answer.markets.iter().map(|market| match &market.verdict {
            Some(verdict) => row(verdict),
            None => silent(&market.market),
        }));
        rows.sort_by_key(table::order);
        if self.json {
            out::json(answer);
        } else {
            out::print(&table::table(&rows, catalogue));
            for assumed in &answer.assumptions {
                out::line(&format!("assumed: {assumed}"));
            }
            for state in answer
                .sources
                .iter()
                .filter(|state| !state.detail.is_empty())
            {
                out::line(&format!("{}: {}", state.source, state.detail));
            }
        }
        if !answer.unreachable.is_empty() {
            return Err(Failed::Unreachable(format!(
                "no answer from {}: nothing is passed because of that",
                answer.unreachable.join(", ")
            )));
        }
        verdict(rows.iter().any(|row| row.outcome == "PROHIBITED"))
    }
}

/// A market nobody could be asked about.
fn silent(market: &str) -> Row {
    Row {
        market: market.to_owned(),
        outcome: "UNREACHABLE".to_owned(),
        until: Until::NoDate,
        effort: u32::MAX,
        reasons: Vec::new(),
        facts: Vec::new(),
        documents: Vec::new(),
    }
}

fn row(verdict: &rules::MarketVerdict) -> Row {
    let text = |reason: &rules::Reason| reason.text.as_ref().map(|text| text.en.clone());
    Row {
        market: verdict.market.clone(),
        outcome: verdict
            .outcome()
            .as_str_name()
            .trim_start_matches("OUTCOME_")
            .to_owned(),
        until: match (&verdict.ship_by, &verdict.holds_through) {
            (Some(date), _) => Until::Day(day(date)),
            (None, Some(_)) => Until::Holds,
            (None, None) => Until::NoDate,
        },
        effort: verdict.effort,
        reasons: verdict
            .reasons
            .iter()
            .filter(|reason| reason.decisive)
            .map(|reason| (reason.rule.clone(), text(reason).unwrap_or_default()))
            .collect(),
        facts: verdict
            .missing_facts
            .iter()
            .map(|missing| missing.name.clone())
            .collect(),
        documents: verdict
            .missing_documents
            .iter()
            .map(|missing| missing.code.clone())
            .collect(),
    }
}

fn day(date: &Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}
