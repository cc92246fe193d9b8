//! Writes one sample certificate in a form to look at: `html`, `pdf`, `png`, `terminal` or `json`.
//!
//! `cargo run -p tongguan-certificate --example render -- pdf > certificate.pdf`
#![expect(
    clippy::unwrap_used,
    reason = "a tool for tests: it stops where something is wrong"
)]

#[expect(dead_code, reason = "shared with the tests, which use other parts")]
#[path = "../tests/all/sample.rs"]
mod sample;

use std::io::Write as _;

use sample::HOUSE;
use tongguan_certificate::qr;

fn main() -> std::io::Result<()> {
    let certificate = HOUSE.certify_after(&HOUSE.record(), 436_000);
    let text = certificate.to_qr_text().unwrap();
    let bytes = match std::env::args().nth(1).as_deref() {
        Some("html") => certificate.to_html(None).unwrap().into_bytes(),
        Some("pdf") => certificate.to_pdf().unwrap(),
        Some("png") => qr::to_png(&text).unwrap(),
        Some("terminal") => qr::to_terminal(&text).unwrap().into_bytes(),
        _ => certificate.record().to_json().unwrap().into_bytes(),
    };
    std::io::stdout().write_all(&bytes)
}
