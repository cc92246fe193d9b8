//! The hardened server under attack, the operators' port, and a process from its ports to its end.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what tests share may fail them"
)]

mod ageing;
mod attack;
mod edge;
mod issuers;
mod overload;
mod process;
mod streams;
mod tls;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tongguan_rpc::Body;
use tongguan_runtime::{Server, ServerConfig, Shutdown};
use tower::util::BoxCloneSyncService;

type App = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// The profile with times that tests can wait for.
fn tiny() -> ServerConfig {
    ServerConfig {
        listen: "127.0.0.1:0".to_owned(),
        preface: Duration::from_millis(100),
        grace: Duration::from_millis(300),
        ..ServerConfig::default()
    }
}

/// Answers at once on `/`, never on `/never`, panics on `/panic`, and reads the body on `/read`.
fn app() -> App {
    BoxCloneSyncService::new(tower::service_fn(|request: Request<Body>| async move {
        match request.uri().path() {
            "/never" => std::future::pending().await,
            "/panic" => panic!("on purpose"),
            "/read" => {
                let read = http_body_util::BodyExt::collect(request.into_body()).await;
                let status = if read.is_ok() { 200 } else { 413 };
                Ok(Response::builder()
                    .status(status)
                    .body(Body::empty())
                    .unwrap())
            }
            _ => Ok(Response::new(Body::empty())),
        }
    }))
}

/// Serves [`app`] under `profile`; the value stops it.
async fn serve(profile: &ServerConfig) -> (SocketAddr, Shutdown, tokio::task::JoinHandle<()>) {
    let server = Server::bind(profile).await.unwrap();
    let (address, stop) = (server.address(), Shutdown::new());
    #[expect(
        clippy::disallowed_methods,
        reason = "the test awaits this server itself"
    )]
    let served = tokio::spawn(server.serve(app(), stop.clone()));
    (address, stop, served)
}

/// An HTTP/2 client, and the end of its connection.
async fn client(
    address: SocketAddr,
) -> (
    SendRequest<Empty<Bytes>>,
    tokio::task::JoinHandle<Result<(), hyper::Error>>,
) {
    let socket = TcpStream::connect(address).await.unwrap();
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
            .await
            .unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "the test awaits this connection itself"
    )]
    let ended = tokio::spawn(connection);
    (sender, ended)
}

fn get(address: SocketAddr, path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("http://{address}{path}"))
        .body(Empty::new())
        .unwrap()
}

fn grpc(address: SocketAddr, path: &str) -> Request<Empty<Bytes>> {
    let mut request = get(address, path);
    *request.method_mut() = http::Method::POST;
    request.headers_mut().insert(
        "content-type",
        http::HeaderValue::from_static("application/grpc"),
    );
    request
}

/// A connection that speaks HTTP/2 as its frames are written: preface and settings are sent.
async fn attacker(address: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    socket
}

/// A client that behaves well is answered, whatever another one did.
async fn others_are_served(address: SocketAddr, after: &str) {
    let (mut other, _) = client(address).await;
    let answer = soon(other.send_request(get(address, "/"))).await.unwrap();
    assert_eq!(answer.status(), 200, "after {after}");
}

/// What must happen soon, or the test fails instead of hanging.
async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), what)
        .await
        .expect("in ten seconds")
}
