//! Proto ↔ domain: validation on the way in, everything at once.

pub(crate) mod audit;
pub(crate) mod events;
pub(crate) mod jobs;
pub(crate) mod sandbox;
pub(crate) mod webhooks;

use std::time::Duration;

use serde_json::{Map, Value};
use tongguan_api::destinations::v1 as destinations;
use tongguan_api::gateway::v1 as pb;
use tongguan_rpc::{Invalid, Violations, wire};

use crate::Error;
use crate::domain::{
    Contradiction, Facts, Market, Outcome, Readiness, SourceState, State, flatten,
};
use crate::peers::Listing;

/// Markets of one question.
const MOST_MARKETS: usize = 64;
/// Cars of one stream.
const MOST_LISTINGS: usize = 1_000;

/// A question about one car.
pub(crate) struct Question {
    pub(crate) listing: Listing,
    pub(crate) markets: Vec<String>,
    pub(crate) wait: Option<Duration>,
    pub(crate) all_rules: bool,
}

/// A question about many cars: each row is a listing or what is wrong with it.
pub(crate) struct Questions {
    pub(crate) listings: Vec<(String, Result<Listing, Invalid>)>,
    pub(crate) markets: Vec<String>,
    pub(crate) wait: Option<Duration>,
}

pub(crate) fn check(request: pb::CheckReadinessRequest) -> Result<Question, Invalid> {
    let mut bad = Violations::default();
    let markets = markets(&mut bad, request.markets);
    let wait = wait(&mut bad, request.wait.as_ref());
    let listing = bad.required("listing", request.listing);
    let listing = listing.map(|one| listing_of(&mut bad, "listing.", one));
    let all_rules = request.all_rules;
    bad.finish_with(listing.map(|listing| Question {
        listing,
        markets,
        wait,
        all_rules,
    }))
}

pub(crate) fn stream(request: pb::StreamReadinessRequest) -> Result<Questions, Invalid> {
    let mut bad = Violations::default();
    let markets = markets(&mut bad, request.markets);
    let wait = wait(&mut bad, request.wait.as_ref());
    let count = request.listings.len();
    bad.check((1..=MOST_LISTINGS).contains(&count), "listings", || {
        format!("has {count} cars; 1 to {MOST_LISTINGS} are taken")
    });
    bad.finish()?;
    let listings = request.listings.into_iter().map(|one| {
        let (key, mut bad) = (one.key.clone(), Violations::default());
        let listing = listing_of(&mut bad, "", one);
        (key, bad.finish().map(|()| listing))
    });
    Ok(Questions {
        listings: listings.collect(),
        markets,
        wait,
    })
}

fn listing_of(bad: &mut Violations, at: &str, listing: pb::Listing) -> Listing {
    let field = |name: &str| format!("{at}{name}");
    let key = bad.optional_text(&field("key"), &listing.key, 128);
    let vin = bad.optional_parse(&field("vin"), &listing.vin);
    let plate = bad.optional_text(&field("plate"), &listing.plate, 16);
    let empty = listing.vin.is_empty()
        && listing
            .facts
            .as_ref()
            .is_none_or(|facts| facts.fields.is_empty());
    bad.check(!empty, &field("vin"), || {
        "give a VIN, facts, or both".to_owned()
    });
    let facts = facts(bad, &field("facts"), listing.facts);
    let consent = listing.consent;
    Listing {
        key,
        vin,
        facts,
        consent,
        plate,
    }
}

fn facts(bad: &mut Violations, field: &str, facts: Option<pbjson_types::Struct>) -> Facts {
    let fields = facts.unwrap_or_default().fields.into_iter();
    let object: Option<Map<String, Value>> = fields
        .map(|(name, value)| Some((name, json_of(value, 0)?)))
        .collect();
    bad.check(object.is_some(), field, || {
        "is nested more than 16 deep or has a number that is none".to_owned()
    });
    let flat = flatten(object.unwrap_or_default());
    bad.check(flat.len() <= 500, field, || {
        "has more than 500 facts".to_owned()
    });
    flat
}

fn json_of(value: pbjson_types::Value, deep: usize) -> Option<Value> {
    use pbjson_types::value::Kind;
    if deep > 16 {
        return None;
    }
    Some(match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(flag)) => Value::Bool(flag),
        // Whole numbers as such, so that 5 does not read as 5.0.
        Some(Kind::NumberValue(number)) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Value::from(number as i64)
        }
        Some(Kind::NumberValue(number)) => Value::from(serde_json::Number::from_f64(number)?),
        Some(Kind::StringValue(text)) => Value::String(text),
        Some(Kind::ListValue(list)) => Value::Array(
            list.values
                .into_iter()
                .map(|one| json_of(one, deep + 1))
                .collect::<Option<_>>()?,
        ),
        Some(Kind::StructValue(inner)) => {
            let fields = inner
                .fields
                .into_iter()
                .map(|(name, one)| Some((name, json_of(one, deep + 1)?)));
            Value::Object(fields.collect::<Option<_>>()?)
        }
    })
}

fn markets(bad: &mut Violations, asked: Vec<String>) -> Vec<String> {
    let count = asked.len();
    bad.check(count <= MOST_MARKETS, "markets", || {
        format!("has {count} markets, at most {MOST_MARKETS} are taken")
    });
    let mut markets: Vec<String> = Vec::new();
    for (index, market) in asked.into_iter().enumerate().take(MOST_MARKETS) {
        let code = |byte: u8| byte.is_ascii_uppercase() || byte == b'-';
        bad.check(
            (2..=16).contains(&market.len()) && market.bytes().all(code),
            &format!("markets[{index}]"),
            || "is not a market code such as KE".to_owned(),
        );
        // China's rules are in every answer, and nobody wants a market twice.
        if market != crate::domain::CHINA && !markets.contains(&market) {
            markets.push(market);
        }
    }
    markets
}

fn wait(bad: &mut Violations, wait: Option<&pbjson_types::Duration>) -> Option<Duration> {
    let wait = wait?;
    let whole = u64::try_from(wait.seconds)
        .ok()
        .zip(u32::try_from(wait.nanos).ok());
    let span = whole
        .filter(|(_, nanos)| *nanos < 1_000_000_000)
        .map(|(seconds, nanos)| Duration::new(seconds, nanos));
    let taken =
        span.filter(|span| (Duration::from_millis(50)..=Duration::from_secs(30)).contains(span));
    bad.check(taken.is_some(), "wait", || {
        "must be 0.05s to 30s".to_owned()
    });
    taken
}

pub(crate) fn readiness(ready: Readiness<destinations::MarketVerdict>) -> pb::Readiness {
    let unreachable = ready
        .sources
        .iter()
        .filter(|source| source.state == State::Unreachable);
    pb::Readiness {
        key: ready.key,
        vin: ready.vin.map(|vin| vin.to_string()).unwrap_or_default(),
        china: ready.china,
        markets: ready.markets.into_iter().map(market).collect(),
        unreachable: unreachable
            .map(|source| source.source.name().to_owned())
            .collect(),
        sources: ready.sources.into_iter().map(source).collect(),
        contradictions: ready
            .contradictions
            .into_iter()
            .map(contradiction)
            .collect(),
        check_time: Some(wire::timestamp(ready.checked)),
        assumptions: ready.assumptions,
    }
}

pub(crate) fn row(
    row: u64,
    key: String,
    answer: Result<Readiness<destinations::MarketVerdict>, Error>,
) -> pb::ReadinessRow {
    let (readiness, problem) = match answer {
        Ok(ready) => (readiness(ready), None),
        Err(error) => (
            pb::Readiness {
                key,
                ..Default::default()
            },
            Some(error.problem()),
        ),
    };
    pb::ReadinessRow {
        row,
        readiness: Some(readiness),
        problem,
    }
}

fn market(market: Market<destinations::MarketVerdict>) -> pb::MarketReadiness {
    let outcome = match market.outcome {
        Outcome::Permitted => destinations::Outcome::Permitted,
        Outcome::Conditional => destinations::Outcome::Conditional,
        Outcome::Undetermined => destinations::Outcome::Undetermined,
        Outcome::Prohibited => destinations::Outcome::Prohibited,
    };
    pb::MarketReadiness {
        market: market.code,
        outcome: outcome.into(),
        ship_by: market.ship_by.map(wire::date),
        verdict: market.verdict,
    }
}

fn source(source: SourceState) -> pb::SourceState {
    let state = match source.state {
        State::Answered => pb::source_state::State::Answered,
        State::NoRecord => pb::source_state::State::NoRecord,
        State::NotAsked => pb::source_state::State::NotAsked,
        State::Unreachable => pb::source_state::State::Unreachable,
        State::Refused => pb::source_state::State::Refused,
    };
    pb::SourceState {
        source: source.source.name().to_owned(),
        state: state.into(),
        as_of: source.as_of.map(wire::timestamp),
        age: source.age.map(|age| pbjson_types::Duration {
            seconds: age.whole_seconds(),
            nanos: age.subsec_nanoseconds(),
        }),
        simulated: source.simulated,
        detail: source.detail,
    }
}

fn contradiction(one: Contradiction) -> pb::Contradiction {
    pb::Contradiction {
        fact: one.fact,
        listed: one.listed,
        known: one.known,
        source: one.source.to_owned(),
    }
}
