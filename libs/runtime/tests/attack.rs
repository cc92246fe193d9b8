//! Light attacks, each followed by a well-behaved client that is served.

use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tongguan_runtime::ServerConfig;

use crate::{attacker, client, get, grpc, others_are_served, serve, soon, tiny};

#[tokio::test]
async fn http_1_and_http_2_share_one_port() {
    let (address, stop, served) = serve(&tiny()).await;
    let (mut http2, _) = client(address).await;
    assert_eq!(
        soon(http2.send_request(get(address, "/")))
            .await
            .unwrap()
            .status(),
        200
    );

    let mut http1 = TcpStream::connect(address).await.unwrap();
    http1
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    soon(http1.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stop.stop();
    soon(served).await.unwrap();
}

/// RFC 9113, 6.5: entries of two bytes of name and four of value, after a frame head of nine bytes.
#[tokio::test]
async fn the_limits_of_the_profile_are_announced() {
    let (address, ..) = serve(&tiny()).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let mut head = [0; 9];
    soon(socket.read_exact(&mut head)).await.unwrap();
    assert_eq!(head[3], 4, "the first frame is SETTINGS");
    let mut entries = vec![0; usize::from(head[2])];
    soon(socket.read_exact(&mut entries)).await.unwrap();
    let announced: Vec<(u16, u32)> = entries
        .chunks(6)
        .map(|entry| {
            (
                u16::from_be_bytes([entry[0], entry[1]]),
                u32::from_be_bytes([entry[2], entry[3], entry[4], entry[5]]),
            )
        })
        .collect();
    assert!(
        announced.contains(&(3, 200)),
        "MAX_CONCURRENT_STREAMS in {announced:?}"
    );
    assert!(
        announced.contains(&(6, 8_192)),
        "MAX_HEADER_LIST_SIZE in {announced:?}"
    );
}

#[tokio::test]
async fn a_client_that_says_nothing_or_too_little_is_dropped() {
    let (address, _stop, _served) = serve(&tiny()).await;
    for beginning in [&b""[..], b"PRI * HTTP/2", b"GET / HTTP/1.1\r\nhost: a\r\n"] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(beginning).await.unwrap();
        let mut rest = Vec::new();
        // Closed by the server, whether it says so kindly (FIN) or not (RST).
        let _end = soon(socket.read_to_end(&mut rest)).await;
        assert!(!rest.starts_with(b"HTTP/1.1 200"), "{rest:?}");
    }
}

#[tokio::test]
async fn one_client_cannot_take_every_connection() {
    let profile = ServerConfig {
        max_connections_per_address: 2,
        ..tiny()
    };
    let (address, ..) = serve(&profile).await;
    let (mut first, _) = client(address).await;
    let (mut second, end) = client(address).await;
    soon(first.send_request(get(address, "/"))).await.unwrap();
    soon(second.send_request(get(address, "/"))).await.unwrap();
    let mut third = TcpStream::connect(address).await.unwrap();
    assert_eq!(
        soon(third.read(&mut [0; 1])).await.unwrap_or(0),
        0,
        "closed without a word"
    );
    drop(second);
    soon(end).await.unwrap().unwrap();
    // The place is free as soon as the server has seen the end; until then it may refuse.
    soon(async {
        loop {
            let socket = TcpStream::connect(address).await.unwrap();
            let handshake = hyper::client::conn::http1::handshake::<
                _,
                http_body_util::Empty<bytes::Bytes>,
            >(hyper_util::rt::TokioIo::new(socket));
            let (mut sender, connection) = handshake.await.unwrap();
            let (answer, _) = tokio::join!(sender.send_request(get(address, "/")), connection);
            if answer.is_ok() {
                break;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn calls_over_the_limit_are_refused_with_a_time_to_come_back() {
    let profile = ServerConfig {
        max_in_flight: 2,
        ..tiny()
    };
    let (address, ..) = serve(&profile).await;
    let (mut attacker, _) = client(address).await;
    // Sent at once, never answered, given up when dropped.
    let held: Vec<_> = (0..2)
        .map(|_| attacker.send_request(get(address, "/never")))
        .collect();
    let refused = soon(async {
        loop {
            let answer = attacker
                .send_request(grpc(address, "/tongguan/Any"))
                .await
                .unwrap();
            if answer
                .headers()
                .get("grpc-status")
                .is_some_and(|code| code == "8")
            {
                break answer;
            }
        }
    })
    .await;
    assert_eq!(
        refused.status(),
        StatusCode::OK,
        "gRPC says it in its own words"
    );
    assert_eq!(refused.headers()["grpc-retry-pushback-ms"], "500");
    assert!(refused.headers().contains_key("grpc-status-details-bin"));
    let (mut other, _) = client(address).await;
    let answer = soon(other.send_request(get(address, "/"))).await.unwrap();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers()["retry-after"], "1");
    drop(held);
}

#[tokio::test]
async fn huge_headers_are_refused_and_the_server_lives() {
    let (address, ..) = serve(&tiny()).await;
    let (mut attacker, _) = client(address).await;
    let mut request = get(address, "/");
    request.headers_mut().insert(
        "x-padding",
        http::HeaderValue::from_str(&"a".repeat(64 * 1_024)).unwrap(),
    );
    let served = soon(attacker.send_request(request)).await;
    assert!(
        served.is_err()
            || served
                .is_ok_and(|answer| answer.status() == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    );

    let mut http1 = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n",
        "a".repeat(64 * 1_024)
    );
    let _cut_off = http1.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _end = soon(http1.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"));

    let (mut other, _) = client(address).await;
    assert_eq!(
        soon(other.send_request(get(address, "/")))
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test]
async fn a_connection_is_told_to_go_at_its_age_and_its_calls_get_their_grace() {
    let profile = ServerConfig {
        connection_age: Duration::from_millis(50),
        grace: Duration::from_millis(50),
        ..tiny()
    };
    let (address, ..) = serve(&profile).await;
    let (mut idle, idle_ended) = client(address).await;
    soon(idle.send_request(get(address, "/"))).await.unwrap();
    soon(idle_ended).await.unwrap().unwrap();

    let (mut stuck, _) = client(address).await;
    assert!(
        soon(stuck.send_request(get(address, "/never")))
            .await
            .is_err(),
        "dropped after its grace"
    );
}

#[tokio::test]
async fn a_client_that_keeps_giving_up_is_told_to_go() {
    let profile = ServerConfig {
        cancellations_per_connection: 5,
        ..tiny()
    };
    let (address, ..) = serve(&profile).await;
    let (mut attacker, ended) = client(address).await;
    soon(async {
        // Each dropped answer resets its stream; an answered call between them paces the resets.
        while let Ok(()) = attacker.ready().await {
            let given_up = attacker.send_request(get(address, "/never"));
            tokio::select! {
                biased;
                _ = given_up => break,
                answered = async { attacker.clone().send_request(get(address, "/")).await } => if answered.is_err() { break },
            }
        }
    })
    .await;
    let _however = soon(ended).await.unwrap();
}

#[tokio::test]
async fn a_panic_a_slow_answer_and_a_large_body_are_answered() {
    let profile = ServerConfig {
        answer: Duration::from_millis(50),
        max_body_bytes: 16,
        ..tiny()
    };
    let (address, ..) = serve(&profile).await;
    let (mut sender, _) = client(address).await;
    let answer = soon(sender.send_request(get(address, "/panic")))
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let answer = soon(sender.send_request(grpc(address, "/panic")))
        .await
        .unwrap();
    assert_eq!(answer.headers()["grpc-status"], "13");
    let answer = soon(sender.send_request(grpc(address, "/never")))
        .await
        .unwrap();
    assert_eq!(answer.headers()["grpc-status"], "4");

    for (head, body) in [
        ("content-length: 17", "0123456789abcdefg"),
        (
            "transfer-encoding: chunked",
            "11\r\n0123456789abcdefg\r\n0\r\n\r\n",
        ),
    ] {
        let mut http1 = TcpStream::connect(address).await.unwrap();
        let request =
            format!("POST /read HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{head}\r\n\r\n{body}");
        http1.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        soon(http1.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
}

#[tokio::test]
async fn a_soft_stop_finishes_open_calls_and_a_hard_stop_drops_them() {
    let (address, stop, served) = serve(&ServerConfig {
        grace: Duration::from_mins(1),
        ..tiny()
    })
    .await;
    let (mut sender, _) = client(address).await;
    soon(sender.send_request(get(address, "/"))).await.unwrap();
    let stuck = sender.send_request(get(address, "/never"));
    stop.stop();
    soon(async { while TcpStream::connect(address).await.is_ok() {} }).await;
    assert!(!served.is_finished(), "an open call is waited for");
    stop.abandon();
    assert!(soon(stuck).await.is_err());
    soon(served).await.unwrap();
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let (address, ..) = serve(&tiny()).await;
    let refused = tongguan_runtime::Server::bind(&ServerConfig {
        listen: address.to_string(),
        ..tiny()
    })
    .await;
    assert!(
        refused
            .err()
            .unwrap()
            .to_string()
            .contains(&address.to_string())
    );
}

/// Frames are sent as fast as the socket takes them, nothing is read, until the server ends it.
async fn flood(address: std::net::SocketAddr, frame: &[u8]) {
    let mut socket = attacker(address).await;
    let many = frame.repeat(100);
    soon(async {
        // A server that takes a hundred million bytes of this has no limit.
        for _ in 0..100_000_000 / many.len() {
            if socket.write_all(&many).await.is_err() {
                return;
            }
            let mut answers = [0; 8_192];
            if let Ok(0) = socket.try_read(&mut answers) {
                return;
            }
        }
        panic!("the flood was taken to its end");
    })
    .await;
}

#[tokio::test]
async fn floods_of_frames_without_calls_are_cut_off_and_others_are_served() {
    let (address, ..) = serve(&tiny()).await;
    let before = resident();
    // HEADERS, CONTINUATION, and HEADERS again before the block ends: a protocol error (RFC 9113, 6.10). Blocks that
    // are allowed and never end are in `streams`.
    let mut header = vec![0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82];
    header.extend([0, 0, 1, 9, 0, 0, 0, 0, 1, 0x82]);
    let floods: [(&str, &[u8]); 5] = [
        ("PING", b"\0\0\x08\x06\0\0\0\0\0pingpong"),
        ("SETTINGS", b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"),
        ("headers within headers", &header),
        ("PRIORITY", b"\0\0\x05\x02\0\0\0\0\x03\0\0\0\0\x10"),
        ("unknown", b"\0\0\x02\xee\0\0\0\0\0ab"),
    ];
    for (name, frame) in floods {
        flood(address, frame).await;
        others_are_served(address, &format!("a flood of {name}")).await;
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes were kept");
}

/// Bytes of memory this process holds (proc(5), statm: pages, the second number).
pub(crate) fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096
}
