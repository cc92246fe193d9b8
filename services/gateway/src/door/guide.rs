//! What the reference can not say method by method: errors, quotas, callers abroad, events, deprecation, the sandbox.

use std::fmt::Write as _;

use super::docs::escaped;
use crate::domain::{Basis, MAGIC};

/// The anchors of the sections, with their titles.
pub(crate) const SECTIONS: [(&str, &str); 5] = [
    ("calls", "Calls"),
    ("abroad", "Callers abroad"),
    ("events", "Events"),
    ("deprecation", "Deprecation"),
    ("sandbox", "Sandbox"),
];

const CALLS: &str = "<p>Errors are the same in gRPC and JSON: a code, a sentence, and details, of which the first is always \
    <code>google.rpc.ErrorInfo</code> with a <a href='#errors'>reason</a> and its nouns, such as <code>nearest</code> for an unknown \
    market. Wrong fields are named all at once. <code>RateLimit</code> and <code>RateLimit-Policy</code> say what is left of a quota; \
    what is refused for now carries <code>RetryInfo</code>, and <code>Retry-After</code> in HTTP. Officers' calls go before those of \
    clearance, and those before badges of listings; which of them a call is follows from its token.</p>";

const EVENTS: &str = "<p>Events are numbered without gaps, each with the hash of the one before. They are kept for a time that the \
    installation sets (400 days by default): the log then begins behind an anchor, whose number and hash every page of \
    <code>ListEvents</code> names. The first kept event has the anchor's hash as <code>previousSha256</code>, so the chain is proved from \
    there. A cursor before the anchor is answered <code>OUT_OF_RANGE</code>, reason <code>CURSOR_PRUNED</code>, with \
    <code>oldest_cursor</code> in its metadata; 0 starts at the oldest that is kept. Webhook messages carry their own copy.</p>";

const DEPRECATION: &str = "<p>A method or field on its way out is marked here and in the OpenAPI document, and says so with each call: \
    <code>Deprecation</code> (RFC 9745) since when, <code>Sunset</code> (RFC 8594) until when it is served, and a <code>Link</code> with \
    <code>rel=\"deprecation\"</code> to this page; gRPC clients read the same as initial metadata. A field is announced to who sets it. \
    Nothing leaves the contract within a version.</p>";

/// What brings a sandbox's case to a deadline, and what then happens.
const DEADLINES: [(&str, &str); 6] = [
    (
        "180 days after first registration",
        "from the 181st day on the after-sales confirmation of the maker is not needed; a case decided before keeps its decision",
    ),
    (
        "six months after the licence's day",
        "the licence ends, and with it a certificate that was not used: EXPIRED",
    ),
    (
        "31 December of the licence's year",
        "a licence ends with its calendar year where that is earlier: EXPIRED",
    ),
    (
        "the certificate's last day",
        "a certificate that no customs officer consumed is EXPIRED",
    ),
    (
        "the reservation's end",
        "what customs reserved and did not consume is free again: CERTIFIED",
    ),
    (
        "two months after exit",
        "the deregistration is overdue, and the case says so until it is recorded",
    ),
];

/// How a sandbox's case comes to each state.
const STATES: [(&str, &str); 15] = [
    ("DRAFT", "<code>OpenCase</code>"),
    (
        "SUBMITTED, GATHERING",
        "<code>SubmitCase</code>; they pass in moments, and <code>WatchCases</code> tells both",
    ),
    ("PARKED", "the VIN <code>CASE_PARKED</code>"),
    (
        "NEEDS_INFORMATION",
        "the VIN <code>CASE_NEEDS_INFORMATION</code>, or a case without its papers",
    ),
    (
        "READY",
        "the VIN <code>CASE_READY</code>, or a whole dossier",
    ),
    ("REFUSED", "the VIN <code>CASE_REFUSED</code>"),
    (
        "LICENSED",
        "<code>RecordLicence</code> by a licence officer of the sandbox; it passes at once",
    ),
    ("CERTIFIED", "by itself after LICENSED"),
    (
        "RESERVED",
        "<code>ReserveCertificate</code> by a customs officer of the sandbox",
    ),
    (
        "EXITED",
        "<code>ConsumeCertificate</code>, then <code>RecordExit</code>",
    ),
    ("DEREGISTERED", "<code>RecordDeregistration</code>"),
    ("WITHDRAWN", "<code>WithdrawCase</code>"),
    ("INVALIDATED", "<code>InvalidateCertificate</code>"),
    ("EXPIRED", "the clock past the certificate's end"),
    (
        "overdue, after EXITED",
        "the clock past two months: <code>DEREGISTRATION_OVERDUE</code> among the events",
    ),
];

/// The sections.
pub(crate) fn guide() -> String {
    let mut page = String::new();
    for (anchor, title) in SECTIONS {
        // Writing to a String does not fail.
        let _ = write!(page, "<h2 id={anchor}>{title}</h2>");
        match anchor {
            "calls" => page.push_str(CALLS),
            "abroad" => page.push_str(&abroad()),
            "events" => page.push_str(EVENTS),
            "deprecation" => page.push_str(DEPRECATION),
            _ => page.push_str(&sandbox()),
        }
    }
    page
}

fn abroad() -> String {
    let mut text = "<p>A caller whose token names a region other than China's mainland is shown no personal field unless the call says \
        why and on what ground: <code>x-purpose</code>, in the caller's words, and <code>x-legal-basis</code>, one of the following \
        (Personal Information Protection Law, articles 13 and 38; CAC Order No. 16 of 2024). Each answer is counted by country, ground \
        and subject: <code>GetDisclosures</code>. Whether the ground holds is the caller's to know.</p><p>"
        .to_owned();
    for basis in Basis::ALL {
        let _ = write!(text, "<code>{}</code> ", basis.name());
    }
    text + "</p>"
}

fn sandbox() -> String {
    let mut text = "<p>A tenant whose name starts with <code>sandbox-</code> has API keys, a clock that can be set ahead, and VINs that \
        force what must be met before real code is written. Nothing of it reaches another tenant.</p><table>"
        .to_owned();
    for magic in &MAGIC {
        let _ = write!(
            text,
            "<tr><td><code>{}</code><td><code>{}</code><td>{}",
            magic.vin,
            magic.forces,
            escaped(magic.description)
        );
    }
    text.push_str("</table><p>Every state of a case can be met:</p><table>");
    for (state, by) in STATES {
        let _ = write!(text, "<tr><td>{state}<td>{by}");
    }
    text.push_str(
        "</table><p><code>SetClock</code> moves the tenant's clock ahead, in every service at once and with the work that is due \
         by it:</p><table>",
    );
    for (past, then) in DEADLINES {
        let _ = write!(text, "<tr><td>past {past}<td>{then}");
    }
    text.push_str(
        "</table><p><code>Reset</code> sets the clock right and revokes the API keys. Cases, vehicles, events and the audit log stay: \
         a log that could forget proves nothing, and a fresh tenant is an empty one.</p>",
    );
    text
}
