//! The files of a demo: certificates in every form, and what an offline verifier needs.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::journey::Outcome;
use crate::settings::SCRATCH;

/// Signed list of trusted keys.
pub(super) const BUNDLE: &str = "trust-bundle.cose";
/// Signed status list.
pub(super) const STATUS: &str = "status-list.cose";
/// The bundle signer's public key, 130 hex digits (SEC 1 uncompressed).
pub(super) const ROOT: &str = "root-key.hex";

/// Empties a folder of an earlier demo or load run; a folder that is none is left alone.
pub(super) fn empty(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        let bare = std::fs::read_dir(folder)?.next().is_none();
        if !bare && !folder.join(SCRATCH).exists() {
            let message = format!(
                "{} is not empty and no earlier demo or load run made it",
                folder.display()
            );
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(
        folder.join(SCRATCH),
        "made by `tongguan demo` or `tongguan load`, which empty this folder\n",
    )
}

/// Writes envelope, QR picture, page and PDF of a certificate and notes where; trust files beside them.
pub(super) fn write(outcome: &mut Outcome, folder: &Path) -> io::Result<()> {
    let Some(issued) = &mut outcome.certificate else {
        return Ok(());
    };
    std::fs::create_dir_all(folder)?;
    let cose = &issued.certificate.cose;
    let certificate =
        tongguan_certificate::Certificate::from_cose(cose).map_err(io::Error::other)?;
    let png = tongguan_certificate::qr::to_png(&issued.qr_text).map_err(io::Error::other)?;
    let pdf = certificate.to_pdf().map_err(io::Error::other)?;
    let html = issued.certificate.html.as_bytes();
    for (extension, bytes) in [
        ("cose", cose.as_ref()),
        ("png", &png),
        ("html", html),
        ("pdf", &pdf),
    ] {
        let path = folder.join(format!("{}.{extension}", outcome.name));
        std::fs::write(&path, bytes)?;
        issued.files.push(path.display().to_string());
    }
    let mut hex = String::new();
    for byte in &issued.trust.root_key {
        write!(hex, "{byte:02x}").map_err(io::Error::other)?;
    }
    std::fs::write(folder.join(BUNDLE), &issued.trust.bundle)?;
    std::fs::write(folder.join(STATUS), &issued.status_list)?;
    std::fs::write(folder.join(ROOT), hex)
}
