//! How fast vehicles are imported beside plain inserts of the same rows, and how reads grow with the table.
//!
//! `cargo bench -p tongguan-registry --bench import -- [rows=50000] [reads=1000000] [postgres=<url>|none]`; 0 leaves a part out. The long form
//! is `rows=436000 reads=10000000`. Every ratio is to a limit measured in the same minute on the same database: plain
//! multi-row inserts of the same row into a bare table, 256 rows a statement, 4,096 a commit, fully durable. The import
//! goes through `ImportVehicles` over a socket with tokens, validation, history, idempotency and events.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints its figures and stops where something is broken"
)]

mod cars;
mod cluster;
mod floor;
mod reads;
mod registry;

use std::path::Path;
use std::time::Instant;

use tongguan_storage::{Config, Database, On, connect, migrate};
use tongguan_vocabulary::Ids;

/// Pairs of measurements: the machine's mood changes, and neighbours in time share it.
const ROUNDS: u32 = 3;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let rows: u32 = argument("rows").map_or(50_000, |text| text.parse().expect("rows"));
    let most: u32 = argument("reads").map_or(1_000_000, |text| text.parse().expect("reads"));
    let folder = std::env::temp_dir().join(format!("tongguan-bench-{}", Ids::random().next()));
    std::fs::create_dir_all(&folder).expect("a folder for the databases");
    let file = folder.join("registry.db");
    import(
        "SQLite, synchronous=full",
        &format!("sqlite://{}", file.display()),
        rows,
    )
    .await;
    match argument("postgres") {
        _ if rows == 0 => {}
        Some(none) if none == "none" => {}
        Some(url) => import("PostgreSQL", &url, rows).await,
        None => match cluster::start(&folder) {
            Some(cluster) => import("PostgreSQL, fsync=on", &cluster.url, rows).await,
            None => println!("PostgreSQL is not installed: that half is left out"),
        },
    }
    if most > 0 {
        reads::compare(&folder, most).await;
    }
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

/// `name=value` of the command line.
fn argument(name: &str) -> Option<String> {
    std::env::args().find_map(|text| Some(text.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

async fn open(url: &str) -> Database {
    let config = Config {
        url: url.to_owned(),
        ..Config::default()
    };
    let database = connect(&config).await.expect("the database opens");
    migrate(&database, &tongguan_registry::migrations())
        .await
        .expect("the migrations run");
    database
}

async fn close(database: Database) {
    match database {
        On::Sqlite(pool) => pool.close().await,
        On::Postgres(pool) => pool.close().await,
    }
}

async fn import(name: &str, url: &str, rows: u32) {
    if rows == 0 {
        return;
    }
    println!("{name}: {rows} vehicles");
    let database = open(url).await;
    floor::create(&database).await;
    let registry = registry::Registry::over(database.clone()).await;
    let (each, mut ratios) = (rows / ROUNDS, Vec::new());
    for round in 0..ROUNDS {
        let numbers = round * each..(round + 1) * each;
        let plain = floor::insert(&database, numbers.clone(), rows).await;
        let began = Instant::now();
        registry
            .import(&format!("round-{round}"), numbers, rows)
            .await;
        let imported = f64::from(each) / began.elapsed().as_secs_f64();
        ratios.push(imported / plain);
        println!(
            "  plain inserts {plain:>8.0} rows/s   imported {imported:>8.0} rows/s   ratio {:.2}   resident {} MiB",
            imported / plain,
            resident(),
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "  ratio {:.2} (median), the goal is 0.50",
        ratios[ratios.len() / 2]
    );
    registry.stop().await;
    close(database).await;
}

/// Resident memory of this process, server and client together, MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = status
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .unwrap_or_default();
    pages * 4 / 1024
}

/// Where a path is written in a URL of SQLite.
fn sqlite_url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}
