//! The console at `/`: look up a car's readiness, verify a certificate. One page that loads nothing else.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const SCRIPT: &str = include_str!("console/script.js");

/// The page.
pub(crate) fn page() -> &'static str {
    static PAGE: LazyLock<String> =
        LazyLock::new(|| include_str!("console/page.html").replace("/*SCRIPT*/", SCRIPT));
    &PAGE
}

/// What the page may do: run the one script it carries, and call this host.
pub(crate) fn policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let hash = STANDARD.encode(digest(&SHA256, SCRIPT.as_bytes()).as_ref());
        format!(
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    });
    &POLICY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_nothing_and_writes_answers_as_text() {
        for outside in ["http://", "https://", "src=", "<link"] {
            assert!(!page().contains(outside), "{outside}");
        }
        assert!(page().contains(SCRIPT) && !SCRIPT.contains("</script"));
        for dangerous in ["innerHTML", "eval(", "document.write", "localStorage"] {
            assert!(!SCRIPT.contains(dangerous), "{dangerous}");
        }
    }
}
