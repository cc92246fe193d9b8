//! Requests of destination rules: proto → domain, every wrong field at once.

mod answer;
mod facts;
mod packs;

pub(crate) use answer::{brief_row, matrix_row, replayed, verdict};
pub(crate) use packs::{checked, impact, market, pack, publication, rules};

use tongguan_api::destinations::v1 as pb;
use tongguan_rpc::{Invalid, Violations, problem, wire};
use tongguan_rules::Facts;

use crate::domain::{Proposal, Trial};
use crate::service::Question;

/// Markets of one question at most.
const MARKETS: usize = 128;
/// Vehicles of one batch at most.
const ITEMS: usize = 1_000;
/// Longest pack text taken, bytes.
const YAML: usize = 256 * 1_024;

/// One batch of a matrix.
pub(crate) struct Batch {
    pub(crate) number: u64,
    /// Not read yet: that is work for the task that judges them.
    pub(crate) items: Vec<pb::MatrixItem>,
    pub(crate) markets: Vec<String>,
    pub(crate) record: bool,
    pub(crate) brief: bool,
}

/// One vehicle of a batch, or why it was refused.
pub(crate) struct Item {
    pub(crate) key: String,
    pub(crate) facts: Result<Facts, Invalid>,
}

/// What somebody asks to publish, under which idempotency key.
pub(crate) struct Publish {
    pub(crate) request_id: String,
    pub(crate) proposal: Proposal,
    pub(crate) validate_only: bool,
}

pub(crate) fn question(request: pb::EvaluateRequest) -> Result<Question, Invalid> {
    let mut bad = Violations::default();
    let facts = facts::read(&mut bad, "facts", request.facts);
    markets(&mut bad, &request.markets);
    bad.check(
        request.pack_digests.len() <= MARKETS,
        "pack_digests",
        || format!("at most {MARKETS} are taken"),
    );
    let question = facts.map(|facts| Question {
        facts,
        markets: request.markets,
        pins: request.pack_digests,
        advice: !request.skip_advice,
        record: !request.unrecorded,
        by_ease: request.sort_by_ease,
    });
    bad.finish_with(question)
}

/// Reads all of a batch but its items; `standing` keeps the markets for batches that name none.
pub(crate) fn batch(
    request: pb::EvaluateMatrixRequest,
    standing: &mut Vec<String>,
) -> Result<Batch, Invalid> {
    let mut bad = Violations::default();
    if !request.markets.is_empty() {
        *standing = request.markets;
    }
    markets(&mut bad, standing);
    bad.check(request.items.len() <= ITEMS, "items", || {
        format!(
            "has {} items, at most {ITEMS} are taken",
            request.items.len()
        )
    });
    bad.finish()?;
    Ok(Batch {
        number: request.batch,
        items: request.items,
        markets: standing.clone(),
        record: request.record,
        brief: request.brief,
    })
}

/// Reads one vehicle; what is wrong with it refuses its row, not the batch.
pub(crate) fn item(item: pb::MatrixItem) -> Item {
    let mut bad = Violations::default();
    bad.optional_text("key", &item.key, 128);
    let facts = facts::read(&mut bad, "facts", item.facts);
    Item {
        key: item.key,
        facts: bad.finish_with(facts),
    }
}

fn markets(bad: &mut Violations, markets: &[String]) {
    bad.check(!markets.is_empty(), "markets", || "is required".to_owned());
    bad.check(markets.len() <= MARKETS, "markets", || {
        format!("at most {MARKETS} are taken")
    });
}

pub(crate) fn yaml(text: &str) -> Result<(), Invalid> {
    let mut bad = Violations::default();
    check_yaml(&mut bad, text);
    bad.finish()
}

fn check_yaml(bad: &mut Violations, text: &str) {
    bad.check(!text.trim().is_empty(), "yaml", || "is required".to_owned());
    bad.check(text.len() <= YAML, "yaml", || {
        format!("has {} bytes, at most {YAML} are taken", text.len())
    });
}

pub(crate) fn publish(request: pb::PublishPackRequest) -> Result<Publish, Invalid> {
    let mut bad = Violations::default();
    let request_id = bad.optional_text("request_id", &request.request_id, 64);
    check_yaml(&mut bad, &request.yaml);
    let impact_report = bad.text("impact_report", &request.impact_report, 64);
    let reason = bad.optional_text("reason", &request.reason, 1_000);
    bad.check(!request.emergency || !reason.is_empty(), "reason", || {
        "the emergency lane needs one".to_owned()
    });
    let effective_at = request.effective_time.as_ref().and_then(|time| {
        let instant = wire::instant(time);
        bad.check(instant.is_some(), "effective_time", || {
            "is no instant".to_owned()
        });
        instant
    });
    bad.finish()?;
    let proposal = Proposal {
        yaml: request.yaml,
        impact_report,
        effective_at,
        emergency: request.emergency,
        reason,
    };
    Ok(Publish {
        request_id,
        proposal,
        validate_only: request.validate_only,
    })
}

/// The vehicles of a simulation, and the rows that could not be read.
pub(crate) fn trials(
    request: &mut pb::SimulatePackRequest,
) -> Result<(Vec<Trial>, Vec<pb::MatrixRow>), Invalid> {
    let mut bad = Violations::default();
    check_yaml(&mut bad, &request.yaml);
    bad.check(request.vehicles.len() <= ITEMS, "vehicles", || {
        format!("at most {ITEMS} are taken")
    });
    bad.finish()?;
    let (mut trials, mut refused) = (Vec::new(), Vec::new());
    for read in std::mem::take(&mut request.vehicles).into_iter().map(item) {
        match read.facts {
            Ok(facts) => trials.push(Trial {
                key: read.key,
                facts,
            }),
            Err(invalid) => refused.push(pb::MatrixRow {
                key: read.key,
                problem: Some(problem(&invalid)),
                ..pb::MatrixRow::default()
            }),
        }
    }
    Ok((trials, refused))
}
