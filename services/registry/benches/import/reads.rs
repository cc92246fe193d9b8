//! Point reads through `GetVehicle` in this process, on a small table and on a large one.

use std::path::Path;
use std::time::Instant;

use tongguan_api::registry::v1 as pb;
use tongguan_storage::On;

use super::{close, floor, open, registry::Registry, resident, sqlite_url};

/// The table that the large one is compared with.
const SMALL: u32 = 100_000;
/// Reads of a round.
const READS: u32 = 5_000;

/// Makes rows 0..`rows` by SQL alone.
const FILL: &str = "with recursive n (i) as (select 0 union all select i + 1 from n where i + 1 < $1), \
    v (i, vin) as (select i, printf('LTG%05d0R1%06d', i / 1000000, i % 1000000) from n) \
    insert into vehicles (tenant_id, vin, version, state, exporter, category, plate, first_registered, kind, actor, reason, document, \
    change, snapshot, recorded_at) \
    select 'acme', vin, 1, 'Registered', '', 'M1', '', '2021-03-01', 'REGISTERED', 'tester', '', '', 'null', \
    '{\"details\":{\"vin\":\"' || vin || '\",\"brand\":\"试验牌\",\"model\":\"T1\",\"manufacturer\":\"试验汽车有限公司\",\"category\":\"M1\",' || \
    '\"vehicle_type\":\"K33\",\"use_nature\":\"A\",\"colour\":\"A\",\"powertrain\":\"ICE\",\"fuel\":\"PETROL\",\"steering\":\"LEFT\",' || \
    '\"engine_number\":\"E' || printf('%08d', i) || '\",\"engine_cc\":1498,\"power_kw\":83.0,\"gross_mass_kg\":1750,\"curb_mass_kg\":1280,' || \
    '\"seats\":5,\"emission_stage\":\"china.6b\",\"manufactured\":\"2021-01\",\"model_year\":2021,\"first_registered\":\"2021-03-01\",' || \
    '\"certificate_number\":\"31' || printf('%010d', i) || '\"},\"state\":\"Registered\",\"version\":1,' || \
    '\"created_at\":\"2026-03-02T04:00:00Z\",\"updated_at\":\"2026-03-02T04:00:00Z\"}', 1772424000000000 from v";

pub(crate) async fn compare(folder: &Path, most: u32) {
    println!("SQLite: reads of one vehicle by VIN, {SMALL} rows beside {most}");
    let small = table(folder, "small.db", SMALL).await;
    let large = table(folder, "large.db", most).await;
    let mut ratios = Vec::new();
    for round in 0..5 {
        let (few, many) = (
            read(&small, SMALL, round).await,
            read(&large, most, round).await,
        );
        ratios.push(many / few);
        println!(
            "  median {few:>6.1} µs and {many:>6.1} µs   ratio {:.2}   resident {} MiB",
            many / few,
            resident()
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "  ratio {:.2} (median), the goal is 1.30",
        ratios[ratios.len() / 2]
    );
    small.stop().await;
    large.stop().await;
}

async fn table(folder: &Path, name: &str, rows: u32) -> Registry {
    let url = sqlite_url(&folder.join(name));
    let database = open(&url).await;
    let On::Sqlite(pool) = &database else {
        unreachable!("the URL is SQLite's")
    };
    let mut connection = pool.acquire().await.expect("a connection");
    let began = Instant::now();
    for sql in ["pragma synchronous = off", "begin"] {
        sqlx::query(sql)
            .execute(&mut *connection)
            .await
            .expect("a pragma");
    }
    sqlx::query(FILL)
        .bind(i64::from(rows))
        .execute(&mut *connection)
        .await
        .expect("rows");
    sqlx::query("commit")
        .execute(&mut *connection)
        .await
        .expect("a commit");
    drop(connection);
    floor::run(&database, "analyze").await;
    println!(
        "  {rows} rows made in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    // A pool of its own, so that no connection keeps the weaker pragma.
    close(database).await;
    Registry::over(open(&url).await).await
}

/// The median time of a read, µs.
async fn read(registry: &Registry, rows: u32, round: u32) -> f64 {
    let mut client = registry.local.clone();
    let mut times = Vec::with_capacity(READS as usize);
    for number in 0..READS {
        let place = super::cars::place(number + round * READS + 17, rows);
        let vin = format!("LTG{:05}0R1{:06}", place / 1_000_000, place % 1_000_000);
        let request = registry.ask(pb::GetVehicleRequest { vin, as_of: None });
        let began = Instant::now();
        client.get_vehicle(request).await.expect("a vehicle");
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
