//! The stream of an import: messages are decoded while those before them are committed, and answered in order.

use futures::StreamExt;
use futures::stream::FuturesOrdered;
use tokio::sync::mpsc;
use tongguan_access::Caller;
use tongguan_api::registry::v1 as pb;
use tonic::{Status, Streaming};

use crate::service::Service;
use crate::wire;

/// Messages that are decoded or committed at once: enough to fill a commit while another runs, few enough to keep memory
/// flat.
const IN_FLIGHT: usize = 16;

type Answer = Result<pb::ImportVehiclesResponse, Status>;

/// Reads until the stream ends or something is wrong, which is the last answer.
pub(super) async fn run(
    service: Service,
    caller: Caller,
    mut messages: Streaming<pb::ImportVehiclesRequest>,
    answers: mpsc::Sender<Answer>,
) {
    let (service, caller) = (&service, &caller);
    let mut id = String::new();
    let mut flying = FuturesOrdered::new();
    let mut open = true;
    loop {
        tokio::select! {
            message = messages.message(), if open && flying.len() < IN_FLIGHT => {
                let rows = match message {
                    Ok(Some(message)) => wire::import(message, &mut id).map_err(Status::from),
                    Ok(None) => {
                        open = false;
                        continue;
                    }
                    Err(broken) => Err(broken),
                };
                open = rows.is_ok();
                let id = id.clone();
                flying.push_back(async move {
                    let rows = rows?;
                    let imported = service
                        .import(caller, id, rows.first_row, rows.good, rows.end)
                        .await?;
                    Answer::Ok(rows.bad.answer(imported))
                });
            }
            Some(answer) = flying.next(), if !flying.is_empty() => {
                let broken = answer.is_err();
                if answers.send(answer).await.is_err() || broken {
                    break;
                }
            }
            else => break,
        }
    }
}
