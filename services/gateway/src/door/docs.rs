//! The pages for people: every method with its path, scope, comment and a line to try it, and the error catalogue.

use std::fmt::Write as _;
use std::sync::LazyLock;

use super::catalogue::{Method, catalogue};
use super::guide::{SECTIONS, guide};
use super::sample::{VIN, sample};

const STYLE: &str = "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
h2{margin-top:2.5rem;border-bottom:1px solid #ccc}h3{margin:1.6rem 0 .2rem}code,pre{font:13px/1.45 ui-monospace,monospace;background:#f3f3f1}\
code{padding:.1em .3em}pre{padding:.6rem;overflow:auto;white-space:pre-wrap;word-break:break-word}.meta{color:#555;font-size:14px}\
table{border-collapse:collapse}td{padding:.25rem .8rem .25rem 0;vertical-align:top;border-top:1px solid #e5e5e5}\
nav a{margin-right:1rem;display:inline-block}@media(prefers-color-scheme:dark){body{background:#161616;color:#e8e8e8}code,pre{background:#262626}\
.meta{color:#aaa}a{color:#8ab4f8}td{border-color:#333}}</style>";

/// The reference.
pub(crate) fn docs() -> &'static str {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        let mut page = format!(
            "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>Tongguan: methods and errors</title>{STYLE}\
             <h1>Methods and errors</h1><p>Send <code>authorization: Bearer …</code> with every method that is not public. Writes take an \
             <code>Idempotency-Key</code>. Streams answer as a JSON array, or line by line with <code>Accept: application/x-ndjson</code>, or as \
             <code>text/event-stream</code>. Everything here is in <a href=/openapi.json>/openapi.json</a> too.</p><nav>"
        );
        for (anchor, title) in SECTIONS {
            // Writing to a String does not fail.
            let _ = write!(page, "<a href='#{anchor}'>{title}</a>");
        }
        page.push_str("</nav><nav>");
        let mut services: Vec<&Method> = Vec::new();
        for method in &catalogue().methods {
            if services
                .last()
                .is_none_or(|last| last.service != method.service)
            {
                services.push(method);
            }
        }
        for service in &services {
            let _ = write!(page, "<a href='#{0}'>{0}</a>", service.service_name);
        }
        page.push_str("<a href='#errors'>Errors</a></nav>");
        page.push_str(&guide());
        for service in services {
            let _ = write!(
                page,
                "<h2 id='{0}'>{0}</h2><p>{1}</p>",
                service.service_name,
                escaped(&service.service_comment)
            );
            catalogue()
                .methods
                .iter()
                .filter(|method| method.service == service.service)
                .for_each(|method| section(&mut page, method));
        }
        page.push_str("<h2 id=errors>Errors</h2><p>Every refusal carries <code>google.rpc.ErrorInfo</code> with domain <code>tongguan</code> and one of these reasons.</p><table>");
        for reason in &catalogue().reasons {
            let _ = write!(
                page,
                "<tr><td><code>{}</code><td>{}",
                reason.name,
                escaped(&reason.comment)
            );
        }
        page.push_str("</table></html>");
        page
    });
    &PAGE
}

fn section(page: &mut String, method: &Method) {
    let id = format!("{}.{}", method.service_name, method.name);
    let _ = write!(page, "<h3 id='{id}'>{}</h3><div class=meta>", method.name);
    for rule in &method.rules {
        let _ = write!(
            page,
            "<code>{} {}</code> ",
            rule.verb,
            escaped(&rule.template)
        );
    }
    let stream = if method.streams { ", a stream" } else { "" };
    let _ = write!(
        page,
        "gRPC <code>{}/{}</code> · scope <code>{}</code>{stream}</div><p>{}</p>",
        method.service,
        method.name,
        method.scope,
        escaped(&method.comment)
    );
    if let Some(notice) = &method.deprecated {
        let _ = write!(
            page,
            "<p><strong>{}</strong></p>",
            escaped(&notice.to_string())
        );
    }
    match method.rules.first() {
        Some(_) => {
            let _ = write!(page, "<pre>{}</pre>", escaped(&curl(method)));
        }
        None => page.push_str("<p class=meta>A stream from the client: gRPC only.</p>"),
    }
    let _ = write!(
        page,
        "<p class=meta>Takes <code>{}</code>, answers <code>{}</code>.</p>",
        method.input.full_name(),
        method.output.full_name()
    );
}

/// A line that can be pasted, with `$TONGGUAN` and `$TOKEN` set.
fn curl(method: &Method) -> String {
    let Some(rule) = method.rules.first() else {
        return String::new();
    };
    let mut path = String::new();
    let mut rest = rule.template.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let vin = name.ends_with("vin") || name == "text";
        path.push_str(before);
        path.push_str(if vin {
            VIN
        } else if name == "market" {
            "KE"
        } else {
            "…"
        });
        rest = after;
    }
    path.push_str(rest);
    let verb = if rule.verb == "GET" {
        String::new()
    } else {
        format!(" -X {}", rule.verb)
    };
    let token = if method.scope == "public" {
        ""
    } else {
        " -H \"authorization: Bearer $TOKEN\""
    };
    let body = if rule.body {
        format!(" -d '{}'", sample(&method.input))
    } else {
        String::new()
    };
    format!("curl -s{verb}{token} \"$TONGGUAN{path}\"{body}")
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
