//! What the gateway asks of the others, in its own words.

mod known;
mod watch;

use std::time::Duration;

use futures::future::join_all;
use pbjson_types::value::Kind;
use pbjson_types::{ListValue, Struct, Value};
use time::OffsetDateTime;
use tongguan_access::{Access, Identity};
use tongguan_api::destinations::v1 as destinations;
use tongguan_api::destinations::v1::destination_rules_client::DestinationRulesClient;
use tongguan_api::inspection::v1 as inspection;
use tongguan_api::inspection::v1::inspection_intake_client::InspectionIntakeClient;
use tongguan_api::maintenance::v1 as maintenance;
use tongguan_api::maintenance::v1::maintenance_lookup_client::MaintenanceLookupClient;
use tongguan_api::registry::v1 as registry;
use tongguan_api::registry::v1::vehicle_registry_client::VehicleRegistryClient;
use tongguan_rpc::{Channel, PeerError};
use tongguan_vocabulary::{Tenant, Vin, evidence};
use tonic::{Request, Response, Status};

use crate::domain::{CHINA, Facts, Outcome};

/// The services the gateway asks; each is in this process or behind a socket.
#[derive(Clone)]
pub struct Peers {
    /// The vehicle registry.
    pub registry: Channel,
    /// The inspection intake.
    pub inspection: Channel,
    /// The maintenance lookup.
    pub maintenance: Channel,
    /// The destination rules.
    pub destinations: Channel,
    /// The export clearance.
    pub clearance: Channel,
}

/// A consent as the maintenance lookup takes it.
pub(crate) type Consent = maintenance::Consent;
/// What the rules of one market say.
pub(crate) type Verdict = crate::domain::Verdict<destinations::MarketVerdict>;
/// A car as listed.
pub(crate) type Listing = crate::domain::Listing<Consent>;

/// What the maintenance lookup knows and how fresh that is.
pub(crate) struct History {
    pub(crate) evidence: evidence::Maintenance,
    pub(crate) fetched: Option<OffsetDateTime>,
    /// Whether the national system itself could not be reached.
    pub(crate) down: bool,
}

impl History {
    /// The history of a car that nobody has heard of, as a sandbox makes it.
    pub(crate) fn none() -> Self {
        Self {
            evidence: evidence::Maintenance {
                simulated: true,
                ..evidence::Maintenance::unanswered("no_record")
            },
            fetched: None,
            down: false,
        }
    }
}

/// Asks the peers, as the gateway itself and for one tenant.
#[derive(Clone)]
pub(crate) struct Desk {
    peers: Peers,
    identity: Identity,
}

impl Desk {
    pub(crate) fn new(peers: Peers, access: &Access) -> Self {
        let scopes = [
            "registry.read",
            "inspection.read",
            "maintenance.read",
            "destinations.read",
            "clearance.read",
        ];
        let identity = Identity::new(access, "gateway", &scopes);
        Self { peers, identity }
    }

    /// The vehicle as the registry knows it.
    pub(crate) async fn vehicle(
        &self,
        tenant: &Tenant,
        vin: Vin,
        time: Duration,
    ) -> Result<Option<evidence::Vehicle>, PeerError> {
        let question = registry::GetVehicleRequest {
            vin: vin.to_string(),
            as_of: None,
        };
        let mut client = VehicleRegistryClient::new(self.peers.registry.clone());
        match within(
            "registry",
            time,
            client.get_vehicle(self.ask(tenant, question, time)),
        )
        .await
        {
            Ok(answer) => Ok(Some(tongguan_rpc::evidence::vehicle(answer))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What the newest inspection that counts says.
    pub(crate) async fn inspection(
        &self,
        tenant: &Tenant,
        vin: Vin,
        time: Duration,
    ) -> Result<Option<evidence::Inspection>, PeerError> {
        let question = inspection::ListInspectionsRequest {
            vin: vin.to_string(),
            state: inspection::inspection::State::Current.into(),
            page_size: 100,
            ..Default::default()
        };
        let mut client = InspectionIntakeClient::new(self.peers.inspection.clone());
        let page = within(
            "inspection",
            time,
            client.list_inspections(self.ask(tenant, question, time)),
        )
        .await?;
        Ok(tongguan_rpc::evidence::newest(page.inspections))
    }

    /// What the maintenance records say, with the readings that registry and inspection took.
    pub(crate) async fn history(
        &self,
        tenant: &Tenant,
        listing: &Listing,
        gathered: &evidence::Gathered,
        time: Duration,
    ) -> Result<History, PeerError> {
        let mut question = tongguan_rpc::evidence::question(gathered);
        question.vin = listing.vin.map(|vin| vin.to_string()).unwrap_or_default();
        question.consent.clone_from(&listing.consent);
        question.purpose = maintenance::Purpose::Sale.into();
        question.wait = Some(span(time.mul_f64(0.8)));
        if !listing.plate.is_empty() {
            question.plate.clone_from(&listing.plate);
        }
        let mut client = MaintenanceLookupClient::new(self.peers.maintenance.clone());
        let history = within(
            "maintenance",
            time,
            client.lookup_history(self.ask(tenant, question, time)),
        )
        .await?;
        Ok(known::history(history))
    }

    /// What China's pack and each market's pack say, China's first. Each market is asked by itself, since
    /// the destination is a fact too; nothing is recorded, for this is a look and no decision.
    pub(crate) async fn judge(
        &self,
        tenant: &Tenant,
        facts: &Facts,
        markets: &[String],
        all_rules: bool,
        time: Duration,
    ) -> Vec<Result<Verdict, PeerError>> {
        let only = (markets.len() == 1).then(|| markets[0].as_str());
        let asked = std::iter::once((CHINA, only)).chain(
            markets
                .iter()
                .map(|market| (market.as_str(), Some(market.as_str()))),
        );
        join_all(asked.map(|(market, destination)| {
            self.judge_one(tenant, facts, market, destination, all_rules, time)
        }))
        .await
    }

    async fn judge_one(
        &self,
        tenant: &Tenant,
        facts: &Facts,
        market: &str,
        destination: Option<&str>,
        all_rules: bool,
        time: Duration,
    ) -> Result<Verdict, PeerError> {
        let mut fields: std::collections::HashMap<String, Value> = facts
            .iter()
            .map(|(name, value)| (name.clone(), value_of(value)))
            .collect();
        if let Some(country) = destination.filter(|market| market.len() == 2) {
            fields.insert(
                "trip.destination".to_owned(),
                Value::from(country.to_owned()),
            );
        }
        let question = destinations::EvaluateRequest {
            facts: Some(Struct { fields }),
            markets: vec![market.to_owned()],
            unrecorded: true,
            all_rules,
            ..Default::default()
        };
        let mut client = DestinationRulesClient::new(self.peers.destinations.clone());
        let answer = within(
            "destinations",
            time,
            client.evaluate(self.ask(tenant, question, time)),
        )
        .await?;
        let what = "a verdict for the market";
        let verdict = answer
            .verdicts
            .into_iter()
            .next()
            .ok_or(PeerError::Incomplete {
                peer: "destinations",
                what,
            })?;
        Ok(Verdict {
            outcome: match verdict.outcome() {
                destinations::Outcome::Permitted => Outcome::Permitted,
                destinations::Outcome::Conditional => Outcome::Conditional,
                destinations::Outcome::Prohibited => Outcome::Prohibited,
                destinations::Outcome::Undetermined | destinations::Outcome::Unspecified => {
                    Outcome::Undetermined
                }
            },
            ship_by: tongguan_rpc::evidence::ship_by(&verdict),
            whole: verdict,
        })
    }

    fn ask<M>(&self, tenant: &Tenant, message: M, time: Duration) -> Request<M> {
        let mut request = self.identity.request(tenant, message);
        request.set_timeout(time);
        request
    }
}

/// The answer, or that there is none in time: a peer that hangs must not take the others along.
async fn within<M>(
    peer: &'static str,
    time: Duration,
    call: impl Future<Output = Result<Response<M>, Status>>,
) -> Result<M, PeerError> {
    match tokio::time::timeout(time, call).await {
        Ok(answer) => answer
            .map(Response::into_inner)
            .map_err(|status| PeerError::from_status(peer, &status)),
        Err(_) => Err(PeerError::Unavailable { peer }),
    }
}

fn span(time: Duration) -> pbjson_types::Duration {
    pbjson_types::Duration {
        seconds: time.as_secs() as i64,
        nanos: time.subsec_nanos() as i32,
    }
}

/// A JSON value as a protobuf value; numbers become doubles, as the format has no others.
pub(crate) fn value_of(value: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    let kind = match value {
        Json::Null => Kind::NullValue(0),
        Json::Bool(flag) => Kind::BoolValue(*flag),
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Json::String(text) => Kind::StringValue(text.clone()),
        Json::Array(list) => Kind::ListValue(ListValue {
            values: list.iter().map(value_of).collect(),
        }),
        Json::Object(fields) => Kind::StructValue(Struct {
            fields: fields
                .iter()
                .map(|(name, value)| (name.clone(), value_of(value)))
                .collect(),
        }),
    };
    Value { kind: Some(kind) }
}
