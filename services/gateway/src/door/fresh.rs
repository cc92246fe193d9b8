//! What the issuer publishes is never stale on the way: a cache asks again every time (RFC 9111 `no-cache`), and hears
//! in a few bytes that nothing changed (`ETag`, RFC 9110). How long a verifier off line may use it, it says itself.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use tongguan_rpc::Body;

use super::log;

/// Where the newest of each kind stands.
const NEWEST: [&str; 3] = ["/v1/statusList", "/v1/trustBundle", "/v1/checkpoint"];

/// A request, as far as it matters here.
pub(crate) struct Asked {
    published: bool,
    /// What the client has already.
    has: Option<HeaderValue>,
}

impl Asked {
    pub(crate) fn of(parts: &Parts) -> Self {
        let newest = parts.method == Method::GET && NEWEST.contains(&parts.uri.path());
        Self {
            published: newest || log::wanted(parts).is_some(),
            has: parts.headers.get(header::IF_NONE_MATCH).cloned(),
        }
    }

    /// The answer with its tag; without its body where the client has it.
    pub(crate) async fn answer(self, response: Response<Body>) -> Response<Body> {
        if !self.published || response.status() != StatusCode::OK {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        // Made here and whole in memory; a body that ends early is no answer.
        let Ok(body) = body.collect().await else {
            let mut broken = Response::new(Body::empty());
            *broken.status_mut() = StatusCode::BAD_GATEWAY;
            return broken;
        };
        let bytes = body.to_bytes();
        let tag = tag(&bytes);
        let same = self.has.is_some_and(|has| names(&has, &tag));
        parts
            .headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-cache"));
        if let Ok(tag) = HeaderValue::try_from(tag) {
            parts.headers.insert(header::ETAG, tag);
        }
        if same {
            parts.status = StatusCode::NOT_MODIFIED;
            parts.headers.remove(header::CONTENT_LENGTH);
            parts.headers.remove(header::CONTENT_TYPE);
            return Response::from_parts(parts, Body::empty());
        }
        Response::from_parts(parts, Body::new(Full::new(bytes)))
    }
}

fn tag(bytes: &Bytes) -> String {
    let sum = digest(&SHA256, bytes);
    let (half, _) = sum.as_ref().split_at(16);
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(half))
}

/// Whether one of the tags is this one; a weak one counts (RFC 9110, 13.1.2).
fn names(has: &HeaderValue, tag: &str) -> bool {
    let listed = has.to_str().unwrap_or_default().split(',');
    let mut listed = listed.map(|one| one.trim().trim_start_matches("W/"));
    listed.any(|one| one == tag || one == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(path: &str, has: Option<&str>) -> Asked {
        let mut request = http::Request::builder().uri(path);
        if let Some(has) = has {
            request = request.header(header::IF_NONE_MATCH, has);
        }
        Asked::of(&request.body(()).unwrap().into_parts().0)
    }

    async fn answered(asked: Asked, text: &'static str) -> (StatusCode, Option<String>, Bytes) {
        let response = Response::new(Body::new(Full::from(text)));
        let response = asked.answer(response).await;
        let tag = response.headers().get(header::ETAG);
        let tag = tag.map(|tag| tag.to_str().unwrap().to_owned());
        let fresh = response.headers().get(header::CACHE_CONTROL);
        assert_eq!(
            fresh.map(|fresh| fresh == "no-cache"),
            tag.as_ref().map(|_| true)
        );
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, tag, body)
    }

    #[tokio::test]
    async fn what_is_published_is_asked_for_again_and_sent_only_where_it_changed() {
        let (status, first, body) = answered(asked("/v1/statusList", None), "one").await;
        assert_eq!((status, &body[..]), (StatusCode::OK, &b"one"[..]));
        let first = first.unwrap();
        for has in [first.clone(), format!("\"other\", W/{first}"), "*".into()] {
            let (status, tag, body) = answered(asked("/v1/statusList", Some(&has)), "one").await;
            assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0), "{has}");
            assert_eq!(tag.as_ref(), Some(&first));
        }
        let (status, second, body) = answered(asked("/v1/checkpoint", Some(&first)), "two").await;
        assert_eq!((status, &body[..]), (StatusCode::OK, &b"two"[..]));
        assert_ne!(second, Some(first));
    }

    #[tokio::test]
    async fn nothing_else_is_tagged() {
        let (status, tag, body) = answered(asked("/v1/cases", Some("*")), "one").await;
        assert_eq!(
            (status, tag, &body[..]),
            (StatusCode::OK, None, &b"one"[..])
        );
    }
}
