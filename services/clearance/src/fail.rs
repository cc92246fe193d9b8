//! Named points at which a test can end the process as a power cut would; a shipped build has none of it.

/// Every point, in the order a case meets them.
#[cfg(feature = "fail-points")]
pub const POINTS: &[&str] = &[
    "open.before",
    "open.after",
    "change.before",
    "change.after",
    "settle.before",
    "settle.after",
    "batch.before",
    "batch.after",
    "prepare.before",
    "prepare.after",
    "sign.after",
    "signature.after",
    "append.before",
    "append.after",
    "issue.before",
    "issue.after",
    "certificate.before",
    "certificate.after",
];

#[cfg(feature = "fail-points")]
static ARMED: std::sync::Mutex<Option<(String, u32)>> = std::sync::Mutex::new(None);

/// Arms a point: the process ends when it is met for the `nth` time, counted from 1.
#[cfg(feature = "fail-points")]
pub fn arm(point: &str, nth: u32) {
    let mut armed = ARMED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    *armed = Some((point.to_owned(), nth));
}

/// A point is met.
#[cfg(feature = "fail-points")]
pub(crate) fn point(name: &str) {
    let mut armed = ARMED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((point, left)) = armed.as_mut()
        && point == name
    {
        *left = left.saturating_sub(1);
        if *left == 0 {
            // No drain, no flush, no destructor: what a SIGKILL leaves.
            std::process::abort();
        }
    }
}

/// A point is met; nothing ends here.
#[cfg(not(feature = "fail-points"))]
pub(crate) const fn point(_name: &str) {}
