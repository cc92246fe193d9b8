//! Attacks on what a connection costs while it does nothing wrong, or does it slowly; each beside a client that is served.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tongguan_rpc::{Body, Routes};
use tongguan_runtime::{Health, Server, ServerConfig, Shutdown};

use crate::attack::resident;
use crate::streams::{
    END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, frame, head, next_frame,
};
use crate::{attacker, client, get, others_are_served, serve, soon, tiny};

/// The most memory that an attack may leave behind, bytes.
const KEPT: usize = 32 << 20;

#[tokio::test]
async fn a_peer_that_falls_silent_after_its_preface_is_asked_and_dropped() {
    let profile = ServerConfig {
        keepalive: Duration::from_millis(50),
        keepalive_timeout: Duration::from_millis(50),
        ..tiny()
    };
    let (address, ..) = serve(&profile).await;
    let mut silent = attacker(address).await;
    let call = frame(HEADERS, END_STREAM | END_HEADERS, 1, &head("/never"));
    silent.write_all(&call).await.unwrap();
    let mut asked = false;
    while let Ok((kind, _)) = soon(next_frame(&mut silent)).await {
        asked |= kind == PING;
    }
    assert!(asked, "dropped without having been asked");
    others_are_served(address, "a silent peer").await;
}

#[tokio::test]
async fn half_open_connections_take_no_place_from_others_and_are_gone_after_their_time() {
    let profile = ServerConfig {
        max_connections_per_address: 64,
        preface: Duration::from_secs(1),
        ..tiny()
    };
    let (address, ..) = serve(&profile).await;
    let before = resident();
    let mut held = Vec::new();
    for number in 0..200 {
        let mut socket = TcpStream::connect(address).await.unwrap();
        // Some say nothing, some stop in the middle of the preface.
        if number % 2 == 0 {
            let _maybe_refused = socket.write_all(b"PRI * HTTP/2.0\r\n").await;
        }
        held.push(socket);
    }
    // Another address than the one whose places are taken.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = socket.connect(address).await.unwrap();
    other
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    soon(other.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for socket in &mut held {
        let mut rest = Vec::new();
        let _end = soon(socket.read_to_end(&mut rest)).await;
    }
    others_are_served(address, "half-open connections").await;
    let grown = resident().saturating_sub(before);
    assert!(grown < KEPT, "{grown} bytes were kept");
}

/// Counts the calls that are in work, and the most that ever were.
#[derive(Default)]
struct Working {
    now: AtomicUsize,
    most: AtomicUsize,
}

struct Worker(Arc<Working>);

impl Worker {
    fn begin(working: &Arc<Working>) -> Self {
        let now = working.now.fetch_add(1, Ordering::SeqCst) + 1;
        working.most.fetch_max(now, Ordering::SeqCst);
        Self(working.clone())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_flood_of_streams_gets_two_hundred_and_others_are_served() {
    let working = Arc::new(Working::default());
    let seen = working.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let worker = Worker::begin(&seen);
        async move {
            if request.uri().path() == "/never" {
                std::future::pending::<()>().await;
            }
            drop(worker);
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    });
    let server = Server::bind(&tiny()).await.unwrap();
    let address = server.address();
    #[expect(
        clippy::disallowed_methods,
        reason = "the server ends with the test's runtime"
    )]
    tokio::spawn(server.serve(service, Shutdown::new()));
    let before = resident();
    let (mut reader, mut writer) = attacker(address).await.into_split();
    let call = |stream| frame(HEADERS, END_STREAM | END_HEADERS, stream, &head("/never"));
    for stream in (1..400).step_by(2) {
        writer.write_all(&call(stream)).await.unwrap();
    }
    soon(async {
        while working.now.load(Ordering::SeqCst) < 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    others_are_served(address, "two hundred streams held open").await;
    let flood = async {
        for stream in (401..2_000).step_by(2) {
            if writer.write_all(&call(stream)).await.is_err() {
                break;
            }
        }
    };
    let refused = async {
        let mut refused = 0;
        while let Ok((kind, content)) = next_frame(&mut reader).await {
            // REFUSED_STREAM: safe to try elsewhere (RFC 9113, 8.7).
            refused += usize::from(kind == RST_STREAM && content == 7_u32.to_be_bytes());
            if refused == 800 || kind == GOAWAY {
                break;
            }
        }
        refused
    };
    let ((), refused) = soon(async { tokio::join!(flood, refused) }).await;
    assert!(refused > 0, "every stream was taken");
    // The client that is served beside it is one of them.
    assert!(working.most.load(Ordering::SeqCst) <= 201);
    others_are_served(address, "a flood of streams").await;
    let grown = resident().saturating_sub(before);
    assert!(grown < KEPT, "{grown} bytes were kept");
    drop((reader, writer));
    soon(async {
        while working.now.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Each reset is seen before the next call: no limit of HTTP/2 libraries on resets at once is ever near.
#[tokio::test]
async fn resets_one_at_a_time_are_counted_and_end_the_connection() {
    let profile = ServerConfig {
        cancellations_per_connection: 100,
        ..tiny()
    };
    let (address, ..) = serve(&profile).await;
    let (mut reader, mut writer) = attacker(address).await.into_split();
    let mut resets = 0;
    soon(async {
        'connection: for stream in (1..100_000).step_by(2) {
            let call = frame(HEADERS, END_STREAM | END_HEADERS, stream, &head("/never"));
            let reset = frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes());
            for step in [call, reset] {
                let ping = frame(PING, 0, 0, &u64::from(stream).to_be_bytes());
                if writer.write_all(&[step, ping].concat()).await.is_err() {
                    break 'connection;
                }
                loop {
                    match next_frame(&mut reader).await {
                        Ok((PING, _)) => break,
                        Ok((GOAWAY, _)) | Err(_) => break 'connection,
                        Ok(_) => {}
                    }
                }
            }
            resets += 1;
        }
    })
    .await;
    assert!((100..200).contains(&resets), "ended after {resets} resets");
    others_are_served(address, "paced resets").await;
}

/// 64 MiB of nothing in some 64 KiB: whoever inflates it before looking is lost.
fn bomb() -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        packed.write_all(&vec![0; 1 << 20]).unwrap();
    }
    packed.finish().unwrap()
}

async fn health() -> SocketAddr {
    let server = Server::bind(&tiny()).await.unwrap();
    let address = server.address();
    let health = Health::new().await;
    health.set("role", true).await;
    let routes = Routes::new([("grpc.health.v1.Health".to_owned(), health.channel())]);
    #[expect(
        clippy::disallowed_methods,
        reason = "the server ends with the test's runtime"
    )]
    tokio::spawn(server.serve(routes, Shutdown::new()));
    address
}

#[tokio::test]
async fn a_compressed_message_is_refused_before_it_is_inflated() {
    let address = health().await;
    let bomb = bomb();
    assert!(bomb.len() < 128 << 10, "{}", bomb.len());
    let mut message = vec![1];
    message.extend((bomb.len() as u32).to_be_bytes());
    message.extend(&bomb);
    let before = resident();
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(
        hyper_util::rt::TokioExecutor::new(),
        hyper_util::rt::TokioIo::new(socket),
    )
    .await
    .unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "the connection ends with the test's runtime"
    )]
    tokio::spawn(connection);
    for _ in 0..20 {
        let request = Request::post(format!("http://{address}/grpc.health.v1.Health/Check"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-encoding", "gzip")
            .body(http_body_util::Full::new(bytes::Bytes::from(
                message.clone(),
            )))
            .unwrap();
        let answer = soon(sender.send_request(request)).await.unwrap();
        // UNIMPLEMENTED, as the protocol wants it of a server without that encoding.
        assert_eq!(answer.headers()["grpc-status"], "12");
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < KEPT, "{grown} bytes: it was inflated");
    let (mut other, _) = client(address).await;
    let answer = soon(other.send_request(get(address, "/"))).await;
    assert!(answer.is_ok(), "others are served");
}

#[tokio::test]
async fn a_compressed_body_is_taken_as_it_is() {
    let (address, ..) = serve(&tiny()).await;
    let bomb = bomb();
    let before = resident();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /read HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        bomb.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&bomb).await.unwrap();
    let mut answer = String::new();
    soon(socket.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let grown = resident().saturating_sub(before);
    assert!(grown < KEPT, "{grown} bytes: it was inflated");
    others_are_served(address, "a compressed body").await;
}
