//! One batch of a matrix: every vehicle against every market, on a task of its own so that cores share a stream.

use tongguan_access::Caller;
use tongguan_api::destinations::v1 as pb;
use tonic::Status;

use crate::error::Error;
use crate::service::Service;
use crate::wire::{self, Batch, Item};

/// Answers a batch, or passes on why the stream ends.
pub(super) async fn answer(
    service: Service,
    caller: Caller,
    batch: Result<Batch, Status>,
) -> Result<pb::EvaluateMatrixResponse, Status> {
    let batch = batch?;
    let number = batch.number;
    let tasks = service.tasks().clone();
    let rows = tasks
        .shield(async move {
            if batch.brief {
                brief(&service, batch).await
            } else {
                full(&service, &caller, batch).await
            }
        })
        .await?;
    Ok(pb::EvaluateMatrixResponse {
        batch: number,
        rows,
    })
}

async fn brief(service: &Service, batch: Batch) -> Result<Vec<pb::MatrixRow>, Error> {
    let packs = Service::select(&*service.catalogue().await?, &batch.markets)?;
    let row = |item: Item| match item.facts {
        Ok(facts) => wire::brief_row(item.key, Service::judge_briefly(&packs, &facts)),
        Err(invalid) => wire::matrix_row(item.key, Err(invalid.into())),
    };
    Ok(batch.items.into_iter().map(row).collect())
}

async fn full(
    service: &Service,
    caller: &Caller,
    batch: Batch,
) -> Result<Vec<pb::MatrixRow>, Error> {
    let packs = Service::select(&*service.catalogue().await?, &batch.markets)?;
    let mut answers = Vec::new();
    let mut rows = Vec::with_capacity(batch.items.len());
    for item in batch.items {
        let judged = item
            .facts
            .map(|facts| answers.extend(Service::judge(&packs, &facts)));
        rows.push((item.key, judged));
    }
    let mut recorded = service
        .record(caller, answers, batch.record)
        .await?
        .into_iter();
    let row = |(key, judged): (String, Result<(), _>)| match judged {
        Ok(()) => wire::matrix_row(key, Ok(recorded.by_ref().take(packs.len()).collect())),
        Err(invalid) => wire::matrix_row(key, Err(Error::Invalid(invalid))),
    };
    Ok(rows.into_iter().map(row).collect())
}
