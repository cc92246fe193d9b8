//! Jobs ↔ proto, and cars and answers as they are stored: proto3 JSON.

use prost::Message as _;
use serde_json::Value;
use tongguan_api::common::v1::Operation;
use tongguan_api::destinations::v1 as destinations;
use tongguan_api::gateway::v1 as pb;
use tongguan_rpc::{Invalid, Violations, wire};
use uuid::Uuid;

use super::{MOST_LISTINGS, listing_of, markets, row};
use crate::Error;
use crate::domain::{Job, JobState, Part, Readiness};
use crate::peers::Listing;

/// A new job: its key, markets, cars as they are stored, and whether more follow.
pub(crate) struct NewJob {
    pub(crate) request_id: String,
    pub(crate) canonical: Vec<u8>,
    pub(crate) markets: Vec<String>,
    pub(crate) rows: Vec<Value>,
    pub(crate) open: bool,
}

pub(crate) fn start_job(mut request: pb::StartReadinessJobRequest) -> Result<NewJob, Invalid> {
    let request_id = std::mem::take(&mut request.request_id);
    let canonical = request.encode_to_vec();
    let mut bad = Violations::default();
    bad.optional_text("request_id", &request_id, 64);
    let markets = markets(&mut bad, request.markets);
    let rows = stored(&mut bad, request.listings);
    let empty = rows.is_empty() && !request.more;
    bad.check(!empty, "listings", || {
        "is empty, and no more are to follow".to_owned()
    });
    bad.finish()?;
    Ok(NewJob {
        request_id,
        canonical,
        markets,
        rows,
        open: request.more,
    })
}

/// A further part of a job, with its key and canonical bytes.
pub(crate) fn add_to_job(
    mut request: pb::AddToReadinessJobRequest,
) -> Result<(String, Vec<u8>, Part), Invalid> {
    let request_id = std::mem::take(&mut request.request_id);
    let canonical = request.encode_to_vec();
    let mut bad = Violations::default();
    bad.optional_text("request_id", &request_id, 64);
    let job = job_name(&mut bad, &request.job);
    let rows = stored(&mut bad, request.listings);
    let (first, open) = (request.first_row, request.more);
    let part = job.map(|job| Part {
        job,
        first,
        rows,
        open,
    });
    Ok((request_id, canonical, bad.finish_with(part)?))
}

pub(crate) fn job_id(name: &str) -> Result<Uuid, Invalid> {
    let mut bad = Violations::default();
    let id = job_name(&mut bad, name);
    bad.finish_with(id)
}

fn job_name(bad: &mut Violations, name: &str) -> Option<Uuid> {
    bad.parse("job", name.strip_prefix("readinessJobs/").unwrap_or(name))
}

/// Cars as they are stored: checked when their turn comes, each by itself.
fn stored(bad: &mut Violations, listings: Vec<pb::Listing>) -> Vec<Value> {
    let count = listings.len();
    bad.check(count <= MOST_LISTINGS, "listings", || {
        format!("has {count} cars, at most {MOST_LISTINGS} are taken")
    });
    let listings = listings.into_iter().take(MOST_LISTINGS);
    listings
        .map(|one| serde_json::to_value(one).unwrap_or_default())
        .collect()
}

/// A stored car read back.
pub(crate) fn listing_read(stored: Value) -> (String, Result<Listing, Error>) {
    match serde_json::from_value::<pb::Listing>(stored) {
        Ok(listing) => {
            let (key, mut bad) = (listing.key.clone(), Violations::default());
            let listing = listing_of(&mut bad, "", listing);
            (key, bad.finish().map(|()| listing).map_err(Error::from))
        }
        Err(error) => (
            String::new(),
            Err(tongguan_storage::Error::corrupt("readiness_rows.listing", error).into()),
        ),
    }
}

/// An answer as it is stored, and whether it is a refusal.
pub(crate) fn row_stored(
    number: u64,
    key: String,
    answer: Result<Readiness<destinations::MarketVerdict>, Error>,
) -> (Value, bool) {
    let refused = answer.is_err();
    (
        serde_json::to_value(row(number, key, answer)).unwrap_or_default(),
        refused,
    )
}

/// A stored answer read back.
pub(crate) fn row_read(stored: Value) -> Result<pb::ReadinessRow, Error> {
    serde_json::from_value(stored)
        .map_err(|error| tongguan_storage::Error::corrupt("readiness_rows.answer", error).into())
}

pub(crate) fn job(job: Job) -> pb::ReadinessJob {
    pb::ReadinessJob {
        name: format!("readinessJobs/{}", job.id),
        rows: job.rows,
        rows_done: job.done,
        rows_refused: job.refused,
        open: job.open,
        operation: Some(operation(&job)),
    }
}

pub(crate) fn operation(job: &Job) -> Operation {
    use tongguan_api::common::v1::operation::State;
    let (state, done) = match job.state {
        JobState::Running => (State::Running, false),
        JobState::Succeeded => (State::Succeeded, true),
        JobState::Cancelled => (State::Cancelled, true),
    };
    Operation {
        name: format!("operations/{}", job.id),
        state: state.into(),
        done,
        result: format!("readinessJobs/{}", job.id),
        error: None,
        create_time: Some(wire::timestamp(job.created)),
        update_time: Some(wire::timestamp(job.updated)),
        poll_after: (!done).then_some(pbjson_types::Duration {
            seconds: 1,
            nanos: 0,
        }),
    }
}
