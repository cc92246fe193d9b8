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
    let moods = json!({ "vin_moods": { dossier.vehicle.vin.clone(): "well" } });
    let url = format!("http://{simulator}/_simulator/moods");
    let answer = reqwest::Client::new()
        .post(url)
        .json(&moods)
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{answer:?}");

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
    let mut state = case.state();
    // Every pause of the parked case is longer than the one before, to an hour at most: a day holds them all.
    for _ in 0..400 {
        stand.clock.advance(time::Duration::minutes(4));
        let request = actors.as_exporter(clearance::GetCaseRequest {
            case_id: case.case_id.clone(),
        });
        state = client.get_case(request).await.unwrap().into_inner().state();
        if !matches!(
            state,
            clearance::CaseState::Parked | clearance::CaseState::Gathering
        ) {
            break;
        }
        // The worker looks for due cases by the machine's own time; let it run.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    stand.stop().await;
    assert_eq!(state, clearance::CaseState::Ready);
    folder.remove();
}
