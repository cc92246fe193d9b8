//! Kill -9 in the middle of an import: nothing acknowledged is lost, resuming completes it, and no vehicle is there twice.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use tongguan_api::registry::v1 as pb;

use crate::kill::{Exporter, Suite, car, fresh_folder, vin};

const ROWS: u32 = 6_000;
const MESSAGE: u32 = 100;

fn messages(from: u32) -> impl Iterator<Item = pb::ImportVehiclesRequest> {
    (from..ROWS).step_by(MESSAGE as usize).map(|first| {
        let last = (first + MESSAGE).min(ROWS);
        pb::ImportVehiclesRequest {
            import_id: "year".into(),
            first_row: u64::from(first),
            vehicles: (first..last).map(car).collect(),
        }
    })
}

/// Every vehicle there is, page by page.
async fn vins(suite: &Suite, exporter: &Exporter) -> Vec<String> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListVehiclesRequest {
            page_size: 500,
            page_token,
            ..Default::default()
        };
        let mut request = exporter.ask(request);
        request.set_timeout(std::time::Duration::from_mins(1));
        let page = suite.client.clone().list_vehicles(request).await.unwrap();
        let page = page.into_inner();
        let details = page.vehicles.into_iter().filter_map(|v| v.details);
        all.extend(details.map(|details| details.vin));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_in_an_import_loses_no_acknowledged_row_and_the_import_goes_on() {
    let folder = fresh_folder();
    let suite = Suite::start(&folder);
    let exporter = Exporter::of(&folder);
    let mut client = suite.client.clone();
    // Half of the import and no end, so that the kill comes in the middle however long it takes to come.
    let half = stream::iter(messages(0).take(30)).chain(stream::pending());
    let answers = client.import_vehicles(exporter.ask(half)).await;
    let mut answers = answers.unwrap().into_inner();
    let mut acknowledged = 0;
    for _ in 0..5 {
        acknowledged = answers.next().await.unwrap().unwrap().next_row;
    }
    suite.kill();
    // What was acknowledged before the kill may still arrive after it.
    while let Some(Ok(answer)) = answers.next().await {
        acknowledged = answer.next_row;
    }
    assert!((500..=3_000).contains(&acknowledged), "{acknowledged}");

    let suite = Suite::start(&folder);
    let stored: BTreeSet<String> = vins(&suite, &exporter).await.into_iter().collect();
    for number in 0..acknowledged as u32 {
        assert!(
            stored.contains(&vin(number)),
            "row {number} was acknowledged"
        );
    }
    let mut client = suite.client.clone();
    let asks = pb::ImportVehiclesRequest {
        import_id: "year".into(),
        ..Default::default()
    };
    let asked = client
        .import_vehicles(exporter.ask(stream::iter([asks])))
        .await;
    let position = asked.unwrap().into_inner().next().await.unwrap().unwrap();
    assert_eq!(
        position.next_row as usize,
        stored.len(),
        "complete messages only, and the position says how many"
    );
    // The client knows less than the registry: it sends again from what it saw acknowledged.
    let request = exporter.ask(stream::iter(messages(acknowledged as u32)));
    let mut answers = client.import_vehicles(request).await.unwrap().into_inner();
    let (mut known, mut fresh) = (0, 0);
    while let Some(answer) = answers.next().await {
        let answer = answer.unwrap();
        assert!(answer.results.iter().all(|row| row.already_stored));
        known += answer.results.len();
        fresh += answer.stored as usize;
    }
    assert_eq!(known, stored.len() - acknowledged as usize);
    assert_eq!(fresh, ROWS as usize - stored.len());
    let all = vins(&suite, &exporter).await;
    assert_eq!(all.len(), ROWS as usize);
    assert!(
        all.windows(2).all(|pair| pair[0] < pair[1]),
        "each VIN once"
    );
    suite.kill();
    std::fs::remove_dir_all(folder).unwrap();
}
