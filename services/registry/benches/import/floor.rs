//! The limit: the row of a vehicle, inserted into a bare table by the fewest statements, with nothing around it.

use std::ops::Range;
use std::time::Instant;

use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_registry::domain::{Details, Vehicle};
use tongguan_storage::{Database, Error, On, built, execute, transaction};

use super::cars;

/// Rows of a commit; larger commits gain nothing.
const COMMIT: usize = 4_096;
/// Rows of a statement.
const STATEMENT: usize = 256;

struct Row {
    vin: String,
    plate: String,
    first_registered: String,
    vehicle: String,
}

/// A table with the columns of `vehicles` and its key, without its other indexes.
pub(crate) async fn create(database: &Database) {
    const SQLITE: &str = "create table floor (tenant_id text not null, vin text not null, version integer not null, state text not null, \
                          exporter text not null, category text not null, plate text not null, first_registered text not null, kind text not null, \
                          actor text not null, reason text not null, document text not null, change text not null, snapshot text not null, \
                          recorded_at integer not null, primary key (tenant_id, vin)) strict";
    const POSTGRES: &str = "create table floor (tenant_id text not null, vin text not null, version bigint not null, state text not null, \
                            exporter text not null, category text not null, plate text not null, first_registered text not null, kind text not null, \
                            actor text not null, reason text not null, document text not null, change jsonb not null, snapshot jsonb not null, \
                            recorded_at bigint not null, primary key (tenant_id, vin))";
    let created = match database {
        On::Sqlite(pool) => sqlx::query(SQLITE).execute(pool).await.map(drop),
        On::Postgres(pool) => sqlx::query(POSTGRES).execute(pool).await.map(drop),
    };
    created.expect("the bare table");
}

/// Inserts these vehicles; rows a second.
pub(crate) async fn insert(database: &Database, numbers: Range<u32>, count: u32) -> f64 {
    let rows: Vec<Row> = numbers
        .map(|number| row(cars::place(number, count)))
        .collect();
    let began = Instant::now();
    for commit in rows.chunks(COMMIT) {
        let done: Result<(), Error> = transaction!(database, Error, |tx| {
            for statement in commit.chunks(STATEMENT) {
                built!(
                    &mut *tx,
                    "insert into floor (tenant_id, vin, version, state, exporter, category, plate, first_registered, kind, actor, reason, \
                     document, change, snapshot, recorded_at) ",
                    |query| {
                        query.push_values(statement, |mut values, row| {
                            values
                                .push_bind("acme")
                                .push_bind(row.vin.as_str())
                                .push("1, 'Registered', '', 'M1'")
                                .push_bind(row.plate.as_str())
                                .push_bind(row.first_registered.as_str())
                                .push("'REGISTERED', 'tester', '', '', 'null'")
                                .push_bind(Json(
                                    serde_json::value::RawValue::from_string(row.vehicle.clone())
                                        .expect("JSON"),
                                ))
                                .push_bind(1_772_424_000_000_000_i64);
                        });
                    }
                )?;
            }
            Ok(())
        });
        done.expect("plain inserts");
    }
    rows.len() as f64 / began.elapsed().as_secs_f64()
}

/// The text that the registry would store.
fn row(number: u32) -> Row {
    let car = cars::car(number);
    let first_registered = format!("2021-03-{:02}", number % 28 + 1);
    let details = serde_json::json!({
        "vin": car.vin, "brand": car.brand, "model": car.model, "manufacturer": car.manufacturer, "category": "M1",
        "vehicle_type": car.vehicle_type, "use_nature": car.use_nature, "colour": car.colour, "powertrain": "ICE",
        "fuel": "PETROL", "steering": "LEFT", "engine_number": car.engine_number, "engine_cc": car.engine_cc,
        "power_kw": car.power_kw, "gross_mass_kg": car.gross_mass_kg, "curb_mass_kg": car.curb_mass_kg, "seats": car.seats,
        "emission_stage": car.emission_stage, "manufactured": "2021-01", "model_year": 2_021,
        "first_registered": first_registered, "certificate_number": car.certificate_number, "plate": car.plate,
    });
    let details: Details = serde_json::from_value(details).expect("details");
    let (vehicle, _) = Vehicle::register(details, OffsetDateTime::UNIX_EPOCH).expect("a used car");
    Row {
        vin: car.vin,
        plate: car.plate,
        first_registered,
        vehicle: serde_json::to_string(&vehicle).expect("JSON"),
    }
}

/// Runs a statement that has no answer.
pub(crate) async fn run(database: &Database, sql: &'static str) {
    execute!(database, |pool| sqlx::query(sql).execute(pool)).expect("the statement");
}
