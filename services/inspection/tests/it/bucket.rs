//! Evidence in a bucket of an S3-compatible store: a small one on the loopback, which checks every signature (SigV4).

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tongguan_inspection::{Bucket, Config};
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;

use crate::evidence::upload;
use crate::house::{House, refusal};
use crate::pictures::photo;

on_every_database! { tongguan_inspection::migrations();
    evidence_goes_into_a_bucket_under_its_hash,
    a_bucket_that_refuses_is_an_outage_and_no_verdict,
}

const SECRET: &str = "made-up-secret";

#[derive(Clone, Default)]
struct Store {
    objects: Arc<Mutex<HashMap<String, (String, Bytes)>>>,
    puts: Arc<Mutex<usize>>,
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The signature that a request must carry (AWS Signature Version 4).
fn signature(method: &Method, path: &str, headers: &HeaderMap, given: &str) -> Option<String> {
    let scope = given
        .split_once("Credential=")?
        .1
        .split_once('/')?
        .1
        .split_once(',')?
        .0;
    let names = given.split_once("SignedHeaders=")?.1.split_once(',')?.0;
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let mut canonical = format!("{method}\n{path}\n\n");
    for name in names.split(';') {
        writeln!(canonical, "{name}:{}", text(name)?).unwrap();
    }
    write!(canonical, "\n{names}\n{}", text("x-amz-content-sha256")?).unwrap();
    let hashed = hex(digest(&SHA256, canonical.as_bytes()).as_ref());
    let message = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{hashed}",
        text("x-amz-date")?
    );
    let sign = |key: &[u8], text: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
    };
    let key = scope
        .split('/')
        .fold(format!("AWS4{SECRET}").into_bytes(), |key, part| {
            sign(&key, part)
        });
    Some(hex(&sign(&key, &message)))
}

async fn answer(State(store): State<Store>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let bytes = axum::body::to_bytes(body, 16 << 20).await.unwrap();
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let given = text("authorization").unwrap_or_default();
    let signed = given
        .split_once("Signature=")
        .map(|(_, signature)| signature);
    let hash = hex(digest(&SHA256, &bytes).as_ref());
    let good = signature(&head.method, &path, &head.headers, given).as_deref() == signed
        && text("x-amz-content-sha256") == Some(&hash);
    if !good || signed.is_none() {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut objects = store.objects.lock().unwrap();
    match head.method {
        Method::PUT => {
            *store.puts.lock().unwrap() += 1;
            let kind = text("content-type").unwrap_or_default().to_owned();
            objects.insert(path, (kind, bytes));
            ([(header::ETAG, "\"1\"")], StatusCode::OK).into_response()
        }
        Method::HEAD => match objects.get(&path) {
            Some((_, bytes)) => {
                let headers = [
                    (header::CONTENT_LENGTH, bytes.len().to_string()),
                    (header::ETAG, "\"1\"".to_owned()),
                    (
                        header::LAST_MODIFIED,
                        "Mon, 02 Mar 2026 04:00:00 GMT".to_owned(),
                    ),
                ];
                (headers, StatusCode::OK).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        },
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

/// The store on a free port of the loopback; it ends with the test's runtime.
async fn started(store: Store) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().fallback(answer).with_state(store);
    tongguan_rpc::Tasks::new().spawn("s3", async move {
        axum::serve(listener, router).await.unwrap();
    });
    format!("http://{address}")
}

fn bucket(endpoint: String, secret: &str) -> Config {
    Config {
        evidence_bucket: Bucket {
            name: "evidence".into(),
            endpoint,
            prefix: "inspection".into(),
            access_key_id: "made-up-id".into(),
            secret_key: secret.into(),
            ..Bucket::default()
        },
        ..Config::default()
    }
}

async fn evidence_goes_into_a_bucket_under_its_hash(db: Database) {
    let store = Store::default();
    let endpoint = started(store.clone()).await;
    let house = House::with(db, bucket(endpoint, SECRET)).await;
    let photo = photo(1);
    let first = upload(&house, "image/jpeg", &photo).await.unwrap();
    let name = format!(
        "/evidence/inspection/acme/{}/{}",
        &first.sha256[..2],
        first.sha256
    );
    let kept = store.objects.lock().unwrap().get(&name).cloned();
    assert_eq!(
        kept,
        Some(("image/jpeg".to_owned(), Bytes::from(photo.clone())))
    );
    assert!(
        upload(&house, "image/jpeg", &photo)
            .await
            .unwrap()
            .already_stored
    );
    assert_eq!(*store.puts.lock().unwrap(), 1, "the same bytes travel once");
    // Half an object is not taken for the whole.
    store
        .objects
        .lock()
        .unwrap()
        .insert(name.clone(), (String::new(), Bytes::from_static(b"half")));
    upload(&house, "image/jpeg", &photo).await.unwrap();
    assert_eq!(store.objects.lock().unwrap()[&name].1, photo);
    assert!(!house.folder.exists(), "nothing is kept beside the bucket");
}

async fn a_bucket_that_refuses_is_an_outage_and_no_verdict(db: Database) {
    let endpoint = started(Store::default()).await;
    let house = House::with(db, bucket(endpoint, "another-secret")).await;
    let answer = upload(&house, "image/jpeg", &photo(1)).await;
    let status = answer.as_ref().unwrap_err();
    assert!(!status.message().contains("made-up"), "{status:?}");
    refusal(answer, Code::Unavailable, "STORAGE_UNAVAILABLE");
}
