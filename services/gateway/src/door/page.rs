//! What is served beside the API: landing page, documents, liveness, the trust anchors' usual address.

use bytes::Bytes;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Response, StatusCode, Uri, header};
use http_body_util::Full;
use tongguan_rpc::Body;

use super::{Ready, console, docs, openapi};

/// The page at this address, where there is one.
pub(crate) fn page(parts: &Parts, ready: &Ready) -> Option<Response<Body>> {
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return None;
    }
    let mut response = match parts.uri.path() {
        "/" => {
            let mut response = content("text/html; charset=utf-8", console::page());
            let policy = HeaderValue::from_static(console::policy());
            response
                .headers_mut()
                .insert(header::CONTENT_SECURITY_POLICY, policy);
            response
        }
        "/docs" => content("text/html; charset=utf-8", docs::docs()),
        "/openapi.json" => content("application/json", openapi::document()),
        "/livez" => content("text/plain; charset=utf-8", "alive\n"),
        "/readyz" if ready() => content("text/plain; charset=utf-8", "ready\n"),
        "/readyz" => {
            let mut response = content("text/plain; charset=utf-8", "not ready\n");
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response
        }
        _ => return None,
    };
    if parts.method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    Some(response)
}

fn content(kind: &'static str, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(Bytes::from_static(text.as_bytes()))));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // The documents carry their own style and no script: nothing else is loaded, nothing is framed.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(policy),
    );
    response
}

/// The REST path behind an address under `/.well-known/tongguan/`.
pub(crate) fn well_known(path: &str) -> Option<&'static str> {
    match path.strip_prefix("/.well-known/tongguan/")? {
        "trust-bundle" => Some("/v1/trustBundle"),
        "status-list" => Some("/v1/statusList"),
        "checkpoint" => Some("/v1/checkpoint"),
        _ => None,
    }
}

/// The same request at another path, its query kept.
pub(crate) fn redirected(mut parts: Parts, path: &str) -> Parts {
    let target = match parts.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    if let Ok(target) = PathAndQuery::try_from(target) {
        parts.uri = Uri::from(target);
    }
    parts
}
