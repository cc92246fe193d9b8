//! The watch: what happens to inspections and bodies, as a stream that a slow reader can not clog.

use futures::stream::BoxStream;
use tongguan_access::Caller;
use tongguan_api::inspection::v1 as pb;
use tonic::Status;

use crate::service::Service;
use crate::wire;

/// How often the watch looks for new events.
const INTERVAL: std::time::Duration = std::time::Duration::from_millis(250);

pub(super) async fn events(
    service: &Service,
    caller: Caller,
    mut after: String,
) -> Result<BoxStream<'static, Result<pb::InspectionEvent, Status>>, Status> {
    // A bad token is refused before the stream begins.
    service.watch(&caller, &after).await?;
    let told = service.clone();
    Ok(service.tasks().feed("watch", |sender| async move {
        while !sender.is_closed() {
            let events = match told.watch(&caller, &after).await {
                Ok(events) => events,
                Err(error) => {
                    let _reader_gone = sender.send(Err(error.into())).await;
                    break;
                }
            };
            let idle = events.is_empty();
            for (token, event) in events {
                after.clone_from(&token);
                if sender.send(Ok(wire::event(event, token))).await.is_err() {
                    return;
                }
            }
            if idle {
                tokio::time::sleep(INTERVAL).await;
            }
        }
    }))
}
