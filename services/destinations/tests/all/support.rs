//! A service over a fresh database, and callers to ask it.

use http_body_util::BodyExt;
use pbjson_types::Struct;
use serde_json::Value;
use tongguan_access::{Access, Grant, Role, generate_key};
use tongguan_api::destinations::v1 as pb;
use tongguan_api::destinations::v1::destination_rules_client::DestinationRulesClient;
use tongguan_destinations::{Config, serve};
use tongguan_rpc::{Channel, Tasks};
use tongguan_storage::Database;
use tongguan_vocabulary::World;
use tonic::{Request, Status};
use tonic_types::StatusExt;
use tower::ServiceExt;

/// One running service.
pub(crate) struct House {
    pub(crate) world: World,
    access: Access,
    channel: Channel,
}

pub(crate) async fn house(database: Database) -> House {
    let world = World::fixed(tongguan_testkit::noon());
    let access = Access::embedded(&generate_key().unwrap(), world.clock.clone()).unwrap();
    let channel = serve(
        Config::default(),
        database,
        &access,
        world.clone(),
        &Tasks::new(),
    )
    .await
    .unwrap();
    House {
        world,
        access,
        channel,
    }
}

impl House {
    pub(crate) fn client(&self) -> DestinationRulesClient<Channel> {
        DestinationRulesClient::new(self.channel.clone())
    }

    /// A request of an exporter's integrator.
    pub(crate) fn ask<M>(&self, message: M) -> Request<M> {
        self.signed("acme", "lin", Role::Exporter, message)
    }

    /// A request of a rule editor.
    pub(crate) fn edit<M>(&self, subject: &str, message: M) -> Request<M> {
        self.signed("acme", subject, Role::RuleEditor, message)
    }

    pub(crate) fn signed<M>(
        &self,
        tenant: &str,
        subject: &str,
        role: Role,
        message: M,
    ) -> Request<M> {
        let grant = Grant::new(tenant.parse().unwrap(), subject)
            .role(role)
            .person();
        let mut request = Request::new(message);
        let token = format!("Bearer {}", self.access.mint(&grant));
        request
            .metadata_mut()
            .insert("authorization", token.parse().unwrap());
        request
    }

    /// Sends bytes as the body of a call, past the generated client; gives the status and its message.
    pub(crate) async fn raw(&self, method: &str, body: bytes::Bytes) -> String {
        let signed = self.ask(());
        let request = http::Request::post(format!(
            "http://house/tongguan.destinations.v1.DestinationRules/{method}"
        ))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header(
            "authorization",
            signed
                .metadata()
                .get("authorization")
                .unwrap()
                .to_str()
                .unwrap(),
        )
        .body(tongguan_rpc::Body::new(
            http_body_util::Full::new(body).map_err(|never| match never {}),
        ))
        .unwrap();
        let response = self.channel.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let trailers = body.collect().await.unwrap().trailers().cloned();
        let said = |name: &str| {
            let inside = trailers.as_ref().and_then(|trailers| trailers.get(name));
            let text = head.headers.get(name).or(inside);
            text.map(|text| String::from_utf8_lossy(text.as_bytes()).replace("%20", " "))
        };
        let status = said("grpc-status").unwrap();
        format!("{status} {}", said("grpc-message").unwrap_or_default())
    }

    pub(crate) async fn evaluate(
        &self,
        facts: Value,
        markets: &[&str],
    ) -> Result<Vec<pb::MarketVerdict>, Status> {
        let request = question(facts, markets);
        Ok(self
            .client()
            .evaluate(self.ask(request))
            .await?
            .into_inner()
            .verdicts)
    }
}

pub(crate) fn question(facts: Value, markets: &[&str]) -> pb::EvaluateRequest {
    pb::EvaluateRequest {
        facts: Some(facts_of(facts)),
        markets: markets.iter().map(|market| (*market).to_owned()).collect(),
        ..pb::EvaluateRequest::default()
    }
}

pub(crate) fn facts_of(facts: Value) -> Struct {
    serde_json::from_value(facts).unwrap()
}

/// The reason in the catalogue and every named field of a refusal.
pub(crate) fn refusal(status: &Status) -> (String, Vec<String>) {
    let details = status.get_error_details();
    let reason = details
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default();
    let fields = details.bad_request().map(|bad| {
        bad.field_violations
            .iter()
            .map(|violation| violation.field.clone())
            .collect()
    });
    (reason, fields.unwrap_or_default())
}

/// A car ready to leave China for Kenya.
pub(crate) fn ready() -> Value {
    serde_json::json!({
        "vehicle": {
            "category": "M1", "body": "sedan", "seats": 5, "use_nature": "non_operating", "steering": "RHD",
            "first_registered": "2022-05-10", "manufactured": "2022-03", "ever_registered": true, "powertrain": "ICE",
            "odometer_km": 52000, "roadworthy": true, "odometer_tampered": false,
        },
        "trip": {
            "application_date": "2026-03-02", "arrival": "2026-05-20", "destination": "KE", "dispatch_country": "CN",
            "entry_mode": "sea", "contract_after_sales": true,
        },
        "importer": { "kind": "company", "purpose": "commercial" },
        "exporter": {
            "kind": "trading", "filed": true, "filing_expires": "2026-12-31", "credit_state": "clean",
            "unrectified_violations": false, "is_owner": true, "is_applicant": true,
        },
        "registry": {
            "status": ["A"], "prohibited": [], "encumbered": false, "customs_supervision": false,
            "transfer_pending_export": "2026-02-20", "scrap_limit_applies": false, "certificate_matches": true,
            "certificates_complete": true, "deregistered": false, "modified": false,
        },
        "inspection": {
            "passed": true, "standard": "wmt_8_2022", "performed": "2026-02-25", "body_accredited": true, "sealed": true,
            "client_is_exporter": true,
        },
        "maintenance": { "outcome": "found", "odometer_verdict": "consistent" },
        "case": { "schedule_complete": true, "reconciled": true, "batch_size": 1, "batch_one_code": true },
        "documents": [
            "licence-application", "sales-contract", "registration-certificate", "inspection-report",
            "inspection-body-declaration", "exporter-declaration",
        ],
    })
}
