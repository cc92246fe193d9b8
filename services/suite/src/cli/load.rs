//! `tongguan load`: the suite under load, embedded, beside the machine's own limit in the same run.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use tongguan_storage::{Config, probe};
use tongguan_vocabulary::Ids;

use super::{Failed, files, out};
use crate::compose::chain;
use crate::load::floor::{self, Floor};
use crate::load::{fleet, year};
use crate::{Role, Settings};

/// Put the suite under load and measure it beside the machine's limit.
#[derive(Debug, Args)]
pub(super) struct Load {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// A year of exports in small: register, inspect, look up, judge, license, certify, log.
    Year(Year),
    /// The limit alone: one signature and six durable rows a car, no service around it.
    Floor(Common),
}

#[derive(Debug, Args)]
struct Common {
    /// Cars; the year 2024 had 436000.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..i64::from(fleet::MOST)))]
    cars: u32,
    /// Folder for databases; emptied first.
    #[arg(long, value_name = "FOLDER", default_value = "data/load")]
    folder: PathBuf,
    /// Keep the data in fresh schemas of this PostgreSQL database instead of SQLite files.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Machine-readable results only.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Year {
    #[command(flatten)]
    common: Common,
    /// Groups of at most twenty cars under way at a time.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    workers: u32,
}

impl Load {
    pub(super) async fn run(self) -> Result<(), Failed> {
        match self.scenario {
            Scenario::Year(scenario) => Box::pin(scenario.run()).await,
            Scenario::Floor(common) => {
                common.emptied()?;
                let floor = common.floor().await?;
                if common.json {
                    out::json(&json(&floor));
                } else {
                    out::print(&text(&floor, common.cars));
                }
                Ok(())
            }
        }
    }
}

impl Common {
    fn emptied(&self) -> Result<(), Failed> {
        files::empty(&self.folder).map_err(|error| Failed::unreachable(&error))
    }

    async fn floor(&self) -> Result<Floor, Failed> {
        let config = match &self.postgres {
            Some(url) => Config {
                url: schema(url, "floor").await?,
                ..Config::default()
            },
            None => Config::file(&self.folder.join("floor.db")),
        };
        let floor = floor::run(&config, self.cars).await;
        floor.map_err(|error| Failed::Unreachable(chain(&error)))
    }
}

/// A schema of this run's own.
async fn schema(url: &str, name: &str) -> Result<String, Failed> {
    let name = format!("load_{name}_{}", Ids::random().next().simple());
    let made = probe::fresh_schema(url, &name).await;
    made.map_err(|error| Failed::Unreachable(chain(&error)))
}

impl Year {
    async fn settings(&self) -> Result<Settings, Failed> {
        let mut settings = Settings::under(&self.common.folder);
        if let Some(url) = &self.common.postgres {
            for role in Role::ALL {
                let database = settings.database_mut(role);
                database.url = schema(url, role.name()).await?;
                database.auto_migrate = true;
            }
        }
        Ok(settings)
    }

    async fn run(self) -> Result<(), Failed> {
        let common = &self.common;
        common.emptied()?;
        let floor = common.floor().await?;
        let bar = bar(common.cars);
        let size = year::Size {
            cars: common.cars,
            workers: self.workers,
        };
        let tick = bar.clone();
        let result = year::run(self.settings().await?, size, move |cars| {
            tick.inc(u64::from(cars));
        });
        let result = Box::pin(result).await;
        bar.finish_and_clear();
        let result = result.map_err(|error| Failed::Unreachable(chain(&error)))?;
        let times = result.wall_seconds / floor.wall.as_secs_f64().max(f64::EPSILON);
        if common.json {
            out::json(&serde_json::json!({
                "scenario": "year", "result": &result, "floor": json(&floor), "times_the_floor": times,
            }));
        } else {
            out::print(&text(&floor, common.cars));
            out::print(&table(&result, times));
        }
        if result.unexpected.is_empty() {
            Ok(())
        } else {
            Err(Failed::No)
        }
    }
}

fn bar(cars: u32) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} cars  {per_sec}  {eta} left");
    let bar = ProgressBar::new(u64::from(cars));
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn json(floor: &Floor) -> serde_json::Value {
    serde_json::json!({
        "wall_seconds": floor.wall.as_secs_f64(), "cpu_seconds": floor.cpu.as_secs_f64(),
    })
}

fn text(floor: &Floor, cars: u32) -> String {
    let rate = f64::from(cars) / floor.wall.as_secs_f64().max(f64::EPSILON);
    format!(
        "floor   {} wall, {} CPU: {rate:.0} cars/s signed and stored by themselves\n",
        seconds(floor.wall),
        seconds(floor.cpu),
    )
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

fn table(result: &year::Result, times: f64) -> String {
    let mut text = format!(
        "suite   {:.2} s wall: {:.1} cars/s, {:.2} ms CPU a car (callers and simulator included), {} MiB at most\n        \
         {times:.1} times the floor\n",
        result.wall_seconds,
        result.cars_per_second,
        result.cpu_ms_per_car,
        result.peak_memory >> 20,
    );
    let ends: Vec<String> = result
        .ends
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    let _infallible = writeln!(text, "ends    {}", ends.join(", "));
    for strange in &result.unexpected {
        let _infallible = writeln!(text, "UNEXPECTED {strange}");
    }
    let _infallible = writeln!(
        text,
        "\n{:<30} {:>8} {:>7} {:>9} {:>9} {:>9} {:>9}",
        "method, ms waited", "calls", "failed", "p50", "p95", "p99", "max"
    );
    for waited in &result.calls {
        let _infallible = writeln!(
            text,
            "{:<30} {:>8} {:>7} {:>9.2} {:>9.2} {:>9.2} {:>9.2}",
            waited.method,
            waited.calls,
            waited.failed,
            waited.p50,
            waited.p95,
            waited.p99,
            waited.max
        );
    }
    text
}
