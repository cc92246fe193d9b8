//! The floor: what the same machine does at best for as many cars, with no service around it.
//!
//! One signature and six plain rows a car, 256 cars to a durable commit, on the same kind of database. Evaluating
//! the rules takes less than a microsecond a car and is left out (`cargo bench -p tongguan-rules`).

use std::time::{Duration, Instant};

use tongguan_certificate::{Algorithm, Digest, FileKey, Signer};
use tongguan_storage::{self as storage, Database, probe};
use tongguan_vocabulary::Ids;

use super::{LoadError, usage};

/// Rows a car: vehicle, report, look-up, case, certificate with its leaf, event.
const ROWS: u32 = 6;
/// Bytes a row.
const ROW: usize = 300;
/// Cars to a commit.
const COMMIT: u32 = 256;

/// What the floor took.
#[derive(Debug, Clone, Copy)]
pub struct Floor {
    /// By the clock on the wall.
    pub wall: Duration,
    /// CPU of this process.
    pub cpu: Duration,
}

/// Runs the floor for a number of cars.
pub async fn run(config: &storage::Config, cars: u32) -> Result<Floor, LoadError> {
    let database: Database = storage::connect(config).await?;
    probe::prepare(&database).await?;
    let key = FileKey::generate(Algorithm::Es256)?;
    let ids = Ids::random();
    let (began, used) = (Instant::now(), usage::now().unwrap_or_default());
    let mut done = 0;
    while done < cars {
        let group = COMMIT.min(cars - done);
        let mut rows = Vec::with_capacity((group * ROWS) as usize);
        for car in done..done + group {
            let body = [car as u8; ROW];
            let signature = key.sign(&Digest::of(&body).0)?;
            for _ in 0..ROWS {
                let mut row = body.to_vec();
                row[..signature.len()].copy_from_slice(&signature);
                rows.push((ids.next(), row));
            }
        }
        probe::write(&database, &rows).await?;
        done += group;
    }
    Ok(Floor {
        wall: began.elapsed(),
        cpu: usage::now()
            .unwrap_or_default()
            .cpu
            .saturating_sub(used.cpu),
    })
}
