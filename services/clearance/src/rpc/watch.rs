//! The stream of case events: batches from the store, one after the other, as fast as the caller reads.

use futures::{StreamExt, stream};
use tongguan_access::Caller;
use tongguan_api::clearance::v1 as pb;
use tonic::{Response, Status};

use super::{Answer, Answers};
use crate::service::Service;
use crate::wire;

pub(super) async fn cases(
    service: Service,
    caller: Caller,
    request: pb::WatchCasesRequest,
) -> Answer<Answers<pb::CaseEvent>> {
    let start = request.resume_token;
    // A bad token or id is refused before the stream begins.
    service.watch(&caller, &start).await?;
    let only = if request.case_id.is_empty() {
        None
    } else {
        Some(wire::id(&request.case_id)?)
    };
    let stopping = service.stopping();
    let pause = std::time::Duration::from_millis(service.config.watch_interval_ms);
    let batches = stream::try_unfold(start, move |after| {
        let (service, caller) = (service.clone(), caller.clone());
        async move {
            loop {
                let events = service.watch(&caller, &after).await?;
                if let Some((last, _)) = events.last() {
                    let next = last.clone();
                    return Ok::<_, Status>(Some((events, next)));
                }
                tokio::time::sleep(pause).await;
            }
        }
    });
    let events = batches.flat_map(move |batch| match batch {
        Ok(events) => {
            let wanted = events
                .into_iter()
                .filter(|(_, event)| only.is_none_or(|id| id == event.case_id));
            stream::iter(
                wanted
                    .map(|(token, event)| Ok(wire::event(event, token)))
                    .collect::<Vec<_>>(),
            )
        }
        Err(status) => stream::iter(vec![Err(status)]),
    });
    Ok(Response::new(events.take_until(stopping).boxed()))
}
