//! The event log lets go of what is old or too much: the chain is followed from its anchor, and a cursor before it is told.

use tongguan_api::gateway::v1 as pb;
use tongguan_gateway::Config;
use tongguan_rpc::Tasks;
use tongguan_storage::Database;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::events::{NOON, Told, client, grown, list, recomputed, with_token};
use crate::fakes::{House, house_on, house_with};

tongguan_testkit::on_every_database! {
    tongguan_gateway::migrations();
    what_is_older_than_is_kept_goes_and_the_chain_begins_behind_it,
    only_the_newest_so_many_are_kept,
    a_log_without_limits_is_whole,
}

fn reader(house: &House) -> String {
    house.token(&["gateway.read", "registry.read"])
}

/// The log's first page, once so many events are gone.
async fn pruned(house: &House, count: u64) -> pb::ListEventsResponse {
    loop {
        let page = list(house, &reader(house), 0).await;
        if page.anchor_sequence >= count {
            return page;
        }
        tokio::task::yield_now().await;
    }
}

fn is_told_the_oldest(status: &Status, oldest: &str) {
    assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.reason, "CURSOR_PRUNED");
    assert_eq!(info.metadata["oldest_cursor"], oldest);
}

async fn what_is_older_than_is_kept_goes_and_the_chain_begins_behind_it(database: Database) {
    let told = Told::default();
    for kind in ["OPENED", "SUBMITTED", "DECIDED"] {
        told.case_at(kind, NOON - 2 * 86_400);
    }
    told.case("LICENSED");
    told.case("CERTIFIED");
    let tasks = Tasks::new();
    let before = house_on(told.fakes(9), database.clone(), &tasks).await;
    let all = grown(&before, 5).await;
    tasks.stop().await;

    let config = Config {
        keep_events_days: 1,
        ..Config::default()
    };
    let house = house_with(told.fakes(9), database, &Tasks::new(), config).await;
    let page = pruned(&house, 3).await;
    assert_eq!((page.anchor_sequence, page.events.len()), (3, 2));
    assert_eq!(page.anchor_sha256, all[2].sha256);
    assert_eq!(page.events[0].previous_sha256, page.anchor_sha256);
    for (kept, was) in page.events.iter().zip(&all[3..]) {
        assert_eq!(kept, was);
        assert_eq!(recomputed(kept), kept.sha256);
    }

    assert_eq!(list(&house, &reader(&house), 3).await.events.len(), 2);
    let question = pb::ListEventsRequest {
        after: 2,
        ..Default::default()
    };
    let mut asker = client(&house);
    let asked = asker.list_events(with_token(&reader(&house), question));
    is_told_the_oldest(&asked.await.unwrap_err(), "3");
    let question = pb::WatchEventsRequest {
        after: 1,
        ..Default::default()
    };
    let watched = asker.watch_events(with_token(&reader(&house), question));
    let first = watched.await.unwrap().into_inner().message().await;
    is_told_the_oldest(&first.unwrap_err(), "3");
    let (code, told_as_json) = house.json("GET", "/v1/events?after=2", "").await;
    assert_eq!(code, 400);
    assert_eq!(told_as_json["details"][0]["metadata"]["oldest_cursor"], "3");

    told.case("CONSUMED");
    let events = grown(&house, 3).await;
    assert_eq!(events[2].sequence, 6);
    assert_eq!(events[2].previous_sha256, events[1].sha256);
}

async fn only_the_newest_so_many_are_kept(database: Database) {
    let told = Told::default();
    for kind in ["OPENED", "SUBMITTED", "DECIDED", "LICENSED"] {
        told.case(kind);
    }
    let tasks = Tasks::new();
    let before = house_on(told.fakes(9), database.clone(), &tasks).await;
    let all = grown(&before, 4).await;
    tasks.stop().await;
    let config = Config {
        keep_events: 1,
        keep_events_days: 0,
        ..Config::default()
    };
    let house = house_with(told.fakes(9), database, &Tasks::new(), config).await;
    let page = pruned(&house, 3).await;
    assert_eq!(page.events, &all[3..]);
    assert_eq!(page.anchor_sha256, all[2].sha256);
}

async fn a_log_without_limits_is_whole(database: Database) {
    let told = Told::default();
    told.case_at("OPENED", 0);
    let config = Config {
        keep_events_days: 0,
        ..Config::default()
    };
    let house = house_with(told.fakes(9), database, &Tasks::new(), config).await;
    grown(&house, 1).await;
    let page = list(&house, &reader(&house), 0).await;
    assert_eq!(page.anchor_sequence, 0);
    assert_eq!(page.anchor_sha256, page.events[0].previous_sha256);
}
