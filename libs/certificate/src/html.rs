//! The printable page. (Reading its QR text back comes first; the page follows.)

/// What precedes the QR text in the page.
const MARK: &str = "data-certificate=\"";

/// The QR text inside a page this crate rendered.
pub(crate) fn find_qr_text(page: &str) -> Option<&str> {
    if !page.starts_with("<!DOCTYPE html>") {
        return None;
    }
    let (_, rest) = page.split_once(MARK)?;
    rest.split_once('"').map(|(text, _)| text)
}
