//! How many scanned pictures of random certificates the reader reads, at which size, in what time.
//!
//! `cargo bench -p tongguan-certificate --bench scans -- 700` tries 700 certificates at every size.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops where something is wrong"
)]
#![expect(clippy::print_stdout, reason = "it prints its result")]

#[expect(dead_code, reason = "shared with the tests, which use other parts")]
#[path = "../tests/all/picture.rs"]
mod picture;
#[expect(dead_code, reason = "shared with the tests, which use other parts")]
#[path = "../tests/all/sample.rs"]
mod sample;

use std::time::Instant;

use picture::Picture;
use sample::HOUSE;
use tongguan_certificate::Signer as _;

/// Certificates tried where no number is given: bounded in time.
const TRIES: u32 = 25;

fn main() {
    let wanted = std::env::args().find_map(|word| word.parse().ok());
    let tries: u32 = wanted.unwrap_or(TRIES);
    println!("{tries} random certificates a size, 4 pixels a module at 100 %");
    for percent in [100, 90, 75, 60] {
        let (mut failed, mut slowest, mut total) = (0, 0.0_f64, 0.0);
        let mut why = String::new();
        for n in 0..tries {
            // Every signature has its own random number, so every picture is another.
            let record = sample::record(HOUSE.key.key_id().clone(), n);
            let text = HOUSE.certify(&record).to_qr_text().unwrap();
            let whole = Picture::of(&text);
            let scan = whole.scaled(whole.side * percent / 100);
            let start = Instant::now();
            let read = scan.read();
            let took = start.elapsed().as_secs_f64() * 1e3;
            (slowest, total) = (slowest.max(took), total + took);
            if read.as_ref() != Ok(&text) {
                failed += 1;
                why = format!("{read:.40?}");
            }
        }
        println!(
            "{percent:4} %  {failed:4} not read   {:6.1} ms on average, {slowest:6.1} ms at most  {why}",
            total / f64::from(tries)
        );
    }
}
