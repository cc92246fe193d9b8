//! A source that is down parks a case; when it is back the case goes on by itself.

use serde_json::json;
use tongguan::Settings;
use tongguan::journey::Actors;
use tongguan::stand::Stand;
use tongguan_api::clearance::v1 as clearance;
use tongguan_api::clearance::v1::export_clearance_client::ExportClearanceClient;

use crate::dossiers::{Folder, samples};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_parked_by_an_outage_goes_on_by_itself_when_the_source_is_back() {
    let folder = Folder::fresh();
    let mut dossiers = samples();
    dossiers.retain(|dossier| dossier.name.contains("records-system-down"));
    let dossier = &dossiers[0];
    let stand = Stand::set_up(Settings::under(&folder.0), &dossiers)
        .await
        .unwrap();
    let outcome = stand.run(dossier).await.unwrap();
    assert_eq!(outcome.state, "PARKED");
    let case = outcome.case.unwrap();
    assert!(case.decision.is_none(), "an outage decided something");
    assert!(case.retry_time.is_some(), "a parked case without a timer");

    let simulator = stand.started.simulator.unwrap();
    let mood = json!({ "vin": dossier.vehicle.vin, "mood": "well" });
    let url = format!("http://{simulator}/_simulator/moods");
    let answer = reqwest::Client::new()
        .post(url)
        .json(&mood)
        .send()
        .await
        .unwrap();
    let answer: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(answer["ok"], true, "{answer}");

    let actors = Actors::of(
        &stand.started.suite,
        &"demo".parse().unwrap(),
        dossier,
        &stand.clock,
    )
    .unwrap();
    let mut client = ExportClearanceClient::new(
        stand
            .started
            .suite
            .routes
            .get("tongguan.clearance.v1.ExportClearance")
            .unwrap()
            .clone(),
    );
    let watch = clearance::WatchCasesRequest::default();
    let mut events = client
        .watch_cases(actors.as_exporter(watch))
        .await
        .unwrap()
        .into_inner();
    // Longer than the timer of the parked case and the life of the remembered failure, shorter than the token's.
    stand.clock.advance(time::Duration::minutes(20));
    let decided = async {
        loop {
            let event = events.message().await.unwrap().unwrap();
            if event.case_id == case.case_id && !passing(event.state()) {
                break event.state();
            }
        }
    };
    let state = tokio::time::timeout(std::time::Duration::from_secs(30), decided)
        .await
        .unwrap();
    stand.stop().await;
    assert_eq!(state, clearance::CaseState::Ready);
    folder.remove();
}

/// States on the way to a decision.
fn passing(state: clearance::CaseState) -> bool {
    use clearance::CaseState::{Draft, Gathering, Parked, Submitted};
    matches!(state, Draft | Submitted | Gathering | Parked)
}
