//! Events on the wire: pages, and a stream that goes on.

use std::time::Duration;

use tongguan_access::{Caller, caller};
use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::events_server::Events;
use tonic::{Request, Response, Status};

use super::{Answers, Rpc};
use crate::wire;

/// Who may see VINs in events: those who may read the vehicles themselves.
pub(super) fn sees_vins(caller: &Caller) -> bool {
    caller.scopes.allows("registry.read")
}

#[tonic::async_trait]
impl Events for Rpc {
    async fn list_events(
        &self,
        request: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        let caller = caller(&request)?;
        let query = wire::events::list(request.into_inner())?;
        self.log.join(&caller.tenant).await?;
        let page = self
            .log
            .list(&caller.tenant, query.after, &query.kind_prefix, query.limit)
            .await?;
        Ok(Response::new(wire::events::page(page, sees_vins(&caller))))
    }

    type WatchEventsStream = Answers<pb::Event>;

    async fn watch_events(
        &self,
        request: Request<pb::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let caller = caller(&request)?;
        let mut query = wire::events::watch(&request.into_inner())?;
        self.log.join(&caller.tenant).await?;
        let log = self.log.clone();
        let events = self.tasks.feed("watch events", |sender| async move {
            let sees_vins = sees_vins(&caller);
            let mut growth = log.growth();
            while !sender.is_closed() {
                growth.mark_unchanged();
                let page = log
                    .list(&caller.tenant, query.after, &query.kind_prefix, query.limit)
                    .await;
                let page = match page {
                    Ok(page) => page,
                    Err(error) => {
                        let _reader_gone = sender.send(Err(error.into())).await;
                        return;
                    }
                };
                query.after = page.next_after;
                for event in page.events {
                    let event = wire::events::event(event, sees_vins);
                    if sender.send(Ok(event)).await.is_err() {
                        return;
                    }
                }
                if !page.more {
                    let _second =
                        tokio::time::timeout(Duration::from_secs(1), growth.changed()).await;
                }
            }
        });
        Ok(Response::new(events))
    }
}
