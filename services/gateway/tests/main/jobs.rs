//! Readiness jobs: durable, resumable, answered row by row.

use tongguan_api::common::v1::operation::State;
use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::export_readiness_client::ExportReadinessClient;
use tongguan_rpc::{Channel, Tasks};
use tongguan_storage::Database;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::fakes::{House, VIN, house_on};
use crate::readiness::all_well;

tongguan_testkit::on_every_database! {
    tongguan_gateway::migrations();
    a_job_in_parts_answers_every_row_in_order,
    a_job_goes_on_after_a_restart,
    a_cancelled_job_stays_cancelled_and_another_tenants_job_does_not_exist,
}

fn listing(key: &str, vin: &str) -> pb::Listing {
    pb::Listing {
        key: key.into(),
        vin: vin.into(),
        ..Default::default()
    }
}

fn client(house: &House) -> ExportReadinessClient<Channel> {
    ExportReadinessClient::new(house.gateway.clone())
}

fn start(listings: Vec<pb::Listing>, more: bool) -> pb::StartReadinessJobRequest {
    pb::StartReadinessJobRequest {
        request_id: "r-1".into(),
        markets: vec!["KE".into()],
        listings,
        more,
    }
}

/// Asks until the job is over; the worker wakes when cars come in.
async fn over(house: &House, job: &str) -> pb::ReadinessJob {
    loop {
        let request = pb::GetReadinessJobRequest {
            job: job.to_owned(),
        };
        let got = client(house)
            .get_readiness_job(house.request(request))
            .await
            .unwrap()
            .into_inner();
        if got.operation.as_ref().unwrap().done {
            return got;
        }
        tokio::task::yield_now().await;
    }
}

async fn results(house: &House, job: &str, first_row: u64) -> Vec<(u64, String, bool)> {
    let request = pb::ReadReadinessResultsRequest {
        job: job.to_owned(),
        first_row,
    };
    let mut rows = client(house)
        .read_readiness_results(house.request(request))
        .await
        .unwrap()
        .into_inner();
    let mut got = Vec::new();
    while let Some(row) = rows.message().await.unwrap() {
        got.push((row.row, row.readiness.unwrap().key, row.problem.is_some()));
    }
    got
}

async fn a_job_in_parts_answers_every_row_in_order(database: Database) {
    let house = house_on(all_well(), database, &Tasks::new()).await;
    let first: Vec<_> = (0..300)
        .map(|n| listing(&format!("ad-{n}"), if n == 7 { "nonsense" } else { VIN }))
        .collect();
    let started = client(&house)
        .start_readiness_job(house.request(start(first.clone(), true)))
        .await
        .unwrap()
        .into_inner();
    let again = client(&house)
        .start_readiness_job(house.request(start(first, true)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        started.name, again.name,
        "the same key and body start one job"
    );
    let job = started.result;
    let part = |first_row, more| pb::AddToReadinessJobRequest {
        request_id: String::new(),
        job: job.clone(),
        first_row,
        listings: vec![listing("last", VIN), listing("very last", VIN)],
        more,
    };
    let gap = client(&house)
        .add_to_readiness_job(house.request(part(301, false)))
        .await
        .unwrap_err();
    assert_eq!(
        gap.get_details_bad_request().unwrap().field_violations[0].field,
        "first_row"
    );
    client(&house)
        .add_to_readiness_job(house.request(part(300, false)))
        .await
        .unwrap();
    let done = over(&house, &job).await;
    assert_eq!(done.operation.as_ref().unwrap().state(), State::Succeeded);
    assert_eq!(
        (done.rows, done.rows_done, done.rows_refused, done.open),
        (302, 302, 1, false)
    );
    let rows = results(&house, &job, 0).await;
    assert_eq!(rows.len(), 302);
    assert!(
        rows.iter()
            .enumerate()
            .all(|(n, row)| row.0 == n as u64 && row.2 == (n == 7))
    );
    assert_eq!(
        results(&house, &job, 301).await,
        [(301, "very last".to_owned(), false)]
    );
    let late = client(&house)
        .add_to_readiness_job(house.request(part(302, false)))
        .await
        .unwrap_err();
    assert_eq!(
        (
            late.code(),
            late.get_details_error_info().unwrap().reason.as_str()
        ),
        (Code::FailedPrecondition, "OPERATION_DONE")
    );
}

async fn a_job_goes_on_after_a_restart(database: Database) {
    let stopped = Tasks::new();
    stopped.stop().await;
    // A process that stops at once: it takes the job in and works on nothing.
    let before = house_on(all_well(), database.clone(), &stopped).await;
    let started = client(&before)
        .start_readiness_job(before.request(start(vec![listing("a", VIN)], false)))
        .await
        .unwrap()
        .into_inner();
    assert!(results(&before, &started.result, 0).await.is_empty());
    let after = house_on(all_well(), database, &Tasks::new()).await;
    assert_eq!(over(&after, &started.result).await.rows_done, 1);
}

async fn a_cancelled_job_stays_cancelled_and_another_tenants_job_does_not_exist(
    database: Database,
) {
    let house = house_on(all_well(), database, &Tasks::new()).await;
    let started = client(&house)
        .start_readiness_job(house.request(start(Vec::new(), true)))
        .await
        .unwrap()
        .into_inner();
    let cancel = || pb::CancelReadinessJobRequest {
        job: started.result.clone(),
        ..Default::default()
    };
    for _ in 0..2 {
        let job = client(&house)
            .cancel_readiness_job(house.request(cancel()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(job.operation.unwrap().state(), State::Cancelled);
    }
    let mut foreign = tonic::Request::new(cancel());
    let grant =
        tongguan_access::Grant::new("other".parse().unwrap(), "mallory").scope("gateway.write");
    foreign.metadata_mut().insert(
        "authorization",
        format!("Bearer {}", house.access.mint(&grant))
            .parse()
            .unwrap(),
    );
    let status = client(&house)
        .cancel_readiness_job(foreign)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
}
