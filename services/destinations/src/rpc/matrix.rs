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

/// Vehicles judged together: their facts stay in the nearest cache while each pack passes once over them.
const BLOCK: usize = 16;

async fn brief(service: &Service, batch: Batch) -> Result<Vec<pb::MatrixRow>, Error> {
    let packs = Service::select(&*service.catalogue().await?, &batch.markets)?;
    let mut rows = Vec::with_capacity(batch.items.len());
    let mut items = batch.items.into_iter().map(wire::item).peekable();
    while items.peek().is_some() {
        let (mut block, mut known) = (Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK));
        for Item { key, facts } in items.by_ref().take(BLOCK) {
            block.push((key, facts.map(|facts| known.push(facts))));
        }
        let mut answers = Service::judge_briefly(&packs, &known).into_iter();
        rows.extend(block.into_iter().map(|(key, judged)| match judged {
            Ok(()) => wire::brief_row(key, answers.next().unwrap_or_default()),
            Err(invalid) => wire::matrix_row(key, Err(invalid.into())),
        }));
        // Other calls of this process get their turn between blocks.
        tokio::task::yield_now().await;
    }
    Ok(rows)
}

async fn full(
    service: &Service,
    caller: &Caller,
    batch: Batch,
) -> Result<Vec<pb::MatrixRow>, Error> {
    let packs = Service::select(&*service.catalogue().await?, &batch.markets)?;
    let mut answers = Vec::new();
    let mut rows = Vec::with_capacity(batch.items.len());
    for Item { key, facts } in batch.items.into_iter().map(wire::item) {
        rows.push((
            key,
            facts.map(|facts| answers.extend(Service::judge(&packs, &facts))),
        ));
        tokio::task::yield_now().await;
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
