//! The transparency log as static files (C2SP tlog-tiles): `checkpoint` and `tile/…` under `/.well-known/tongguan/log/`.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use tongguan_api::clearance::v1 as clearance;
use tongguan_api::clearance::v1::export_clearance_client::ExportClearanceClient;
use tongguan_rpc::{Body, Routes};
use tonic::Code;

/// Where the log stands.
const LOG: &str = "/.well-known/tongguan/log/";
const CLEARANCE: &str = "tongguan.clearance.v1.ExportClearance";

/// The file of the log that a request asks for.
pub(crate) fn wanted(parts: &Parts) -> Option<String> {
    let read = parts.method == Method::GET || parts.method == Method::HEAD;
    let path = parts.uri.path().strip_prefix(LOG)?;
    let known = path == "checkpoint" || path.starts_with("tile/");
    (read && known).then(|| path.to_owned())
}

/// The file, as any static server would serve it.
pub(crate) async fn file(routes: &Routes, path: String) -> Response<Body> {
    match content(routes, &path).await {
        Ok(bytes) => {
            // A tile never changes: a partial one is followed by a fuller one under another name.
            let (kind, lasting) = if path == "checkpoint" {
                ("text/plain; charset=utf-8", "no-cache")
            } else {
                (
                    "application/octet-stream",
                    "public, max-age=31536000, immutable",
                )
            };
            answer(StatusCode::OK, kind, lasting, bytes)
        }
        Err(Code::NotFound | Code::InvalidArgument) => answer(
            StatusCode::NOT_FOUND,
            "text/plain",
            "no-cache",
            Bytes::new(),
        ),
        Err(_) => answer(
            StatusCode::SERVICE_UNAVAILABLE,
            "text/plain",
            "no-cache",
            Bytes::new(),
        ),
    }
}

async fn content(routes: &Routes, path: &str) -> Result<Bytes, Code> {
    let channel = routes.get(CLEARANCE).cloned().ok_or(Code::Unavailable)?;
    let mut client = ExportClearanceClient::new(channel);
    if path == "checkpoint" {
        let asked = client.get_checkpoint(clearance::GetCheckpointRequest {});
        let checkpoint = asked.await.map_err(|status| status.code())?;
        return Ok(checkpoint.into_inner().note.into());
    }
    let path = path.to_owned();
    let asked = client.get_log_tile(clearance::GetLogTileRequest { path });
    let tile = asked.await.map_err(|status| status.code())?;
    Ok(tile.into_inner().content)
}

fn answer(
    code: StatusCode,
    kind: &'static str,
    lasting: &'static str,
    bytes: Bytes,
) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(bytes)));
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(lasting));
    // Anyone may mirror the log, from a page as well.
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, path: &str) -> Option<String> {
        let request = http::Request::builder().method(method).uri(path).body(());
        wanted(&request.unwrap().into_parts().0)
    }

    #[test]
    fn only_files_of_the_log_are_its_files() {
        let tile = "/.well-known/tongguan/log/tile/entries/x001/000.p/7";
        assert_eq!(
            asked(Method::GET, tile).as_deref(),
            Some("tile/entries/x001/000.p/7")
        );
        let checkpoint = "/.well-known/tongguan/log/checkpoint";
        assert_eq!(
            asked(Method::HEAD, checkpoint).as_deref(),
            Some("checkpoint")
        );
        assert_eq!(asked(Method::POST, checkpoint), None);
        assert_eq!(asked(Method::GET, "/.well-known/tongguan/log/keys"), None);
        assert_eq!(asked(Method::GET, "/.well-known/tongguan/checkpoint"), None);
    }
}
