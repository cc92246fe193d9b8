//! How many reports a second are taken, as ratios to bare inserts of the same rows and to an empty call, on both databases.
//!
//! Everything is in one process: the call, the judgement, the question to a registry that answers at once, the commit.
//! Only ratios within one run mean anything. SQLite is a file with full sync; PostgreSQL is used where
//! `TONGGUAN_TEST_POSTGRES` names one.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops where something is wrong"
)]
#![expect(clippy::print_stdout, reason = "it prints its result")]

#[expect(dead_code, reason = "shared with the tests, which use other parts")]
#[path = "../tests/it/house.rs"]
mod house;
#[expect(dead_code, reason = "shared with the tests, which use other parts")]
#[path = "../tests/it/registry.rs"]
mod registry;

use std::time::{Duration, Instant as Clock};

use futures::{StreamExt as _, stream};
use house::{House, VIN, registered, report};
use sqlx::types::Json;
use tongguan_api::inspection::v1 as pb;
use tongguan_api::registry::v1 as registry_pb;
use tongguan_api::registry::v1::vehicle_registry_client::VehicleRegistryClient;
use tongguan_inspection::{Config, Thresholds};
use tongguan_storage::{
    self as storage, Config as Connection, Database, Instant, built, chunks, transaction,
};
use tongguan_testkit::noon;
use uuid::Uuid;

/// Reports of one measurement, and calls in work at once.
const REPORTS: usize = 2_000;
const AT_ONCE: usize = 64;
/// Pieces of evidence of a report: what the catalogue asks for.
const SHOTS: usize = 8;

/// A VIN of its own for each number, with its check digit (GB 16735 annex A).
fn vin(number: usize) -> String {
    let worth = |letter: u8| match letter {
        b'0'..=b'9' => u32::from(letter - b'0'),
        b'A'..=b'H' => u32::from(letter - b'A') + 1,
        b'J'..=b'R' => u32::from(letter - b'J') + 1,
        _ => u32::from(letter - b'S') + 2,
    };
    let bare = format!("LSVWY4180K{number:07}");
    let weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let sum: u32 = bare
        .bytes()
        .zip(weights)
        .map(|(letter, weight)| worth(letter) * weight)
        .sum();
    let digit = char::from_digit(sum % 11, 10).unwrap_or('X');
    format!("{}{digit}{}", &bare[..8], &bare[9..])
}

/// A good report of its own vehicle, with evidence of its own.
fn sent(body: &pb::InspectionBody, number: usize) -> pb::SubmitInspectionRequest {
    let mut report = report(body, &format!("R-{number}"), &vin(number));
    report.measurements[0].value = 62.0 + number as f64 / 10_000.0;
    report.inspector = format!("I-{}", number / 50);
    report.evidence = (0..SHOTS)
        .map(|shot| pb::Evidence {
            sha256: format!("{number:032x}{shot:032x}"),
            shot: format!("shot_{shot}"),
            stored: false,
        })
        .collect();
    pb::SubmitInspectionRequest {
        request_id: format!("bench-{number}"),
        report: Some(report),
        ..Default::default()
    }
}

fn rate(count: usize, begun: Clock) -> f64 {
    count as f64 / begun.elapsed().as_secs_f64()
}

/// Reports a second, so many calls at once.
async fn submissions(
    house: &House,
    body: &pb::InspectionBody,
    from: usize,
    count: usize,
    at_once: usize,
) -> f64 {
    let begun = Clock::now();
    stream::iter(from..from + count)
        .map(|number| {
            let (mut client, mut request) = (house.client.clone(), house.ask(sent(body, number)));
            // A busy machine is slow and not wrong.
            request.set_timeout(Duration::from_mins(1));
            async move { client.submit_inspection(request).await.unwrap() }
        })
        .buffer_unordered(at_once)
        .for_each(|_| async {})
        .await;
    rate(count, begun)
}

/// Empty calls a second through the same kind of channel.
async fn echoes(house: &House) -> f64 {
    let client = VehicleRegistryClient::new(house.table.channel());
    let begun = Clock::now();
    stream::iter(0..REPORTS)
        .map(|_| {
            let question = registry_pb::GetVehicleRequest {
                vin: VIN.into(),
                as_of: None,
            };
            let (mut client, request) = (client.clone(), house.ask(question));
            async move { client.get_vehicle(request).await.unwrap() }
        })
        .buffer_unordered(AT_ONCE)
        .for_each(|_| async {})
        .await;
    rate(REPORTS, begun)
}

/// Writes the rows that so many reports leave, many to a statement and 512 reports to a transaction.
async fn bare(db: &Database, document: &serde_json::Value) -> f64 {
    let ids: Vec<Uuid> = (0..REPORTS)
        .map(|number| Uuid::from_u128(number as u128 + (1 << 100)))
        .collect();
    let at = Instant(noon());
    let begun = Clock::now();
    for group in ids.chunks(512) {
        let written: storage::Result<()> = transaction!(db, |tx| {
            for chunk in chunks(group) {
                built!(
                    &mut *tx,
                    "insert into inspections (tenant_id, id, body_id, report_number, vin, performed, inspector, \
                    started_at, odometer_km, verdict, fingerprint, state, superseded_by, reason, under_review, version, \
                    document, updated_at, usable_until) ",
                    |query| {
                        query.push_values(chunk, |mut row, id| {
                            row.push_bind("bare")
                                .push_bind(*id)
                                .push_bind(Uuid::nil())
                                .push_bind(id.to_string())
                                .push_bind(VIN)
                                .push_bind("2026-02-27")
                                .push_bind("I-7")
                                .push_bind(None::<Instant>)
                                .push_bind(81_000_i64)
                                .push_bind("passed_with_warnings")
                                .push_bind("f".repeat(64))
                                .push_bind("current")
                                .push_bind(None::<Uuid>)
                                .push_bind("")
                                .push_bind(false)
                                .push_bind(1_i64)
                                .push_bind(Json(document))
                                .push_bind(at)
                                .push_bind("9999-12-31");
                        });
                    }
                )?;
                built!(
                    &mut *tx,
                    "insert into idempotency (tenant_id, method, key, hash, response, created_at) ",
                    |query| {
                        query.push_values(chunk, |mut row, id| {
                            row.push_bind("bare")
                                .push_bind("SubmitInspection")
                                .push_bind(id.to_string())
                                .push_bind(vec![0_u8; 32])
                                .push_bind(document.to_string())
                                .push_bind(at);
                        });
                    }
                )?;
                built!(
                    &mut *tx,
                    "insert into outbox (tenant_id, stream, seq, id, aggregate, kind, payload, recorded_at) ",
                    |query| {
                        query.push_values(chunk, |mut row, id| {
                            row.push_bind("bare")
                                .push_bind("inspections")
                                .push_bind(id.as_u128() as i64)
                                .push_bind(*id)
                                .push_bind(id.to_string())
                                .push_bind("INSPECTION_SUBMITTED")
                                .push_bind(Json(&document["report"]["vehicle"]))
                                .push_bind(at);
                        });
                    }
                )?;
            }
            let uses: Vec<(Uuid, usize)> = group
                .iter()
                .flat_map(|id| (0..SHOTS).map(|shot| (*id, shot)))
                .collect();
            for chunk in chunks(&uses) {
                built!(
                    &mut *tx,
                    "insert into evidence_uses (tenant_id, sha256, inspection_id, vin) ",
                    |query| {
                        query.push_values(chunk, |mut row, (id, shot)| {
                            row.push_bind("bare")
                                .push_bind(format!("{:032x}{shot:032x}", id.as_u128()))
                                .push_bind(*id)
                                .push_bind(VIN);
                        });
                    }
                )?;
            }
            Ok::<_, storage::Error>(())
        });
        written.unwrap();
    }
    rate(REPORTS, begun)
}

async fn measure(name: &str, db: Database) {
    let config = Config {
        // Every report is new and good: no anomaly's row is counted on either side.
        anomalies: Thresholds {
            passes_in_a_row: 0,
            ..Thresholds::default()
        },
        ..Config::default()
    };
    let house = House::with(db.clone(), config).await;
    for number in (0..500)
        .chain(1_000..1_000 + REPORTS)
        .chain(100_000..100_200)
    {
        house.table.put(registered(&vin(number), 0));
    }
    let body = house.station().await;
    submissions(&house, &body, 0, 500, AT_ONCE).await;
    let document: Json<serde_json::Value> = tongguan_storage::on!(&db, |pool| sqlx::query_scalar(
        "select document from inspections limit 1"
    )
    .fetch_one(pool)
    .await)
    .unwrap();
    let echo = echoes(&house).await;
    let grouped = submissions(&house, &body, 1_000, REPORTS, AT_ONCE).await;
    let single = submissions(&house, &body, 100_000, 200, 1).await;
    let bare = bare(&db, &document.0).await;
    println!(
        "{name}: {grouped:.0} reports/s, {AT_ONCE} at once ({single:.0}/s one by one); bare inserts of the same rows {bare:.0}/s, \
         ratio {:.2}; empty calls {echo:.0}/s, ratio {:.3}; a stored report is {} bytes of JSON",
        grouped / bare,
        grouped / echo,
        document.0.to_string().len()
    );
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = std::env::temp_dir().join(format!("tongguan-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let connection = Connection {
            url: format!("sqlite://{}", folder.join("inspection.db").display()),
            ..Connection::default()
        };
        let db = storage::connect(&connection).await.unwrap();
        let migrations = tongguan_inspection::migrations();
        storage::migrate(&db, &migrations).await.unwrap();
        measure("SQLite", db).await;
        std::fs::remove_dir_all(&folder).unwrap();
        if std::env::var_os("TONGGUAN_TEST_POSTGRES").is_some() {
            measure(
                "PostgreSQL",
                tongguan_testkit::databases::postgres(&migrations).await,
            )
            .await;
        } else {
            println!("PostgreSQL: not measured, TONGGUAN_TEST_POSTGRES names none");
        }
    });
}
