//! After the border: reminders of the deregistration as timed events, scores, and the figures of supervision.

use tongguan_api::clearance::v1 as pb;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;

use crate::house::{EXPORTER, EXPORTS, House, date};

on_every_database! { tongguan_clearance::migrations();
    the_exporter_is_reminded_before_the_last_day_and_once_after_it,
    a_deregistered_vehicle_is_reminded_of_no_more_and_counts_in_the_score,
    the_figures_of_supervision_say_class_energy_value_youth_and_time,
}

async fn the_exporter_is_reminded_before_the_last_day_and_once_after_it(db: Database) {
    let house = House::over(db).await;
    // Exit on 10 March: to be deregistered by 10 May.
    let case_id = house.exited().await;
    house.clock.advance(time::Duration::days(40)); // 11 April
    let first = house.told(&case_id, "DEREGISTRATION_DUE").await;
    assert!(first.reason.starts_with("29 days"), "{}", first.reason);
    house.clock.advance(time::Duration::days(31)); // 12 May: two reminders were slept through, one is overdue
    let over = house.told(&case_id, "DEREGISTRATION_OVERDUE").await;
    assert_eq!(over.version, first.version + 1);
    assert!(over.reason.contains("2 days ago"), "{}", over.reason);
    let case = house.get(&case_id).await;
    assert_eq!(case.state(), pb::CaseState::Exited);
}

async fn a_deregistered_vehicle_is_reminded_of_no_more_and_counts_in_the_score(db: Database) {
    let house = House::over(db).await;
    let case_id = house.exited().await;
    let close = pb::RecordDeregistrationRequest {
        case_id: case_id.clone(),
        date: Some(date(2026, 3, 20)),
        document: "注销 1".into(),
        ..Default::default()
    };
    let closed = house
        .client
        .clone()
        .record_deregistration(house.ask(EXPORTS, close))
        .await;
    let closed = closed.unwrap().into_inner();
    house.clock.advance(time::Duration::days(90));
    let list = pb::ListOpenMovementsRequest {
        exporter_code: EXPORTER.into(),
        ..Default::default()
    };
    let open = house
        .client
        .clone()
        .list_open_movements(house.ask(EXPORTS, list))
        .await;
    let open = open.unwrap().into_inner();
    assert!(open.movements.is_empty());
    assert_eq!(
        (open.scores[0].closed_in_time, open.scores[0].score_percent),
        (1, Some(100.0))
    );
    assert_eq!(house.get(&case_id).await.version, closed.version);
}

async fn the_figures_of_supervision_say_class_energy_value_youth_and_time(db: Database) {
    let house = House::over(db).await;
    {
        // 180 days before the application on 2 March 2026: inside.
        let mut script = house.stage.script();
        let details = script.vehicle.as_mut().unwrap().details.as_mut().unwrap();
        details.first_registered = Some(date(2025, 9, 3));
        details.manufactured = Some(date(2025, 8, 0));
    }
    let case_id = house.open().await;
    for mut document in crate::house::dossier() {
        if let Some(says) = &mut document.statements
            && says.first_registered.is_some()
        {
            says.first_registered = Some(date(2025, 9, 3));
        }
        house.attach(&case_id, document).await.unwrap();
    }
    house.submit(&case_id).await;
    house.until(&case_id, pb::CaseState::Ready).await;
    house.clock.advance(time::Duration::days(3));
    let batch_id = house.handed_in(&case_id).await;
    house.license(&batch_id).await.unwrap();
    house.until(&case_id, pb::CaseState::Certified).await;
    let ask = pb::GetStatisticsRequest {
        from: Some(date(2026, 3, 1)),
        until: Some(date(2026, 3, 31)),
    };
    let figures = house
        .client
        .clone()
        .get_statistics(house.ask(EXPORTS, ask))
        .await;
    let figures = figures.unwrap().into_inner();
    let row = &figures.rows[0];
    assert_eq!(
        (row.month.as_str(), row.destination.as_str()),
        ("2026-03", "KZ")
    );
    assert_eq!(
        (row.category.as_str(), row.powertrain.as_str()),
        ("M1", "ICE")
    );
    assert_eq!(
        (row.cases, row.certified, row.value_usd, row.young),
        (1, 1, 9_800, 1)
    );
    assert_eq!(figures.young_percent, Some(100.0));
    assert_eq!(
        figures.median_time_to_clear.unwrap().seconds,
        3 * 86_400,
        "from first submission to certificate"
    );
    let earlier = pb::GetStatisticsRequest {
        until: Some(date(2026, 2, 1)),
        ..Default::default()
    };
    let none = house
        .client
        .clone()
        .get_statistics(house.ask(EXPORTS, earlier))
        .await;
    assert!(none.unwrap().into_inner().rows.is_empty());
}
