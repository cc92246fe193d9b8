//! Attacks with the streams of one connection: resets, streams the server itself is made to reset, bodies and headers without end.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tongguan_runtime::ServerConfig;

use crate::{attacker, others_are_served, serve, soon, tiny};

/// Frame types (RFC 9113, 6).
const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
/// Flags of DATA and HEADERS.
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(content);
    frame
}

/// `POST http` of a path, with an authority: static entries of HPACK (RFC 7541, A), and two literals.
pub(crate) fn head(path: &str) -> Vec<u8> {
    let mut block = vec![0x83, 0x86, 0x04, path.len() as u8];
    block.extend(path.as_bytes());
    block.extend([0x01, 1, b'a']);
    block
}

/// Type and content of the next frame.
pub(crate) async fn next_frame(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    reader.read_exact(&mut head).await?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let mut content = vec![0; length];
    reader.read_exact(&mut content).await?;
    Ok((head[3], content))
}

/// Opens streams as `each` writes them until the server ends the connection; answers are read and thrown away.
async fn until_cut_off(address: SocketAddr, name: &str, each: impl Fn(u32) -> Vec<u8>) {
    let socket = attacker(address).await;
    let (mut reader, mut writer) = socket.into_split();
    let send = async {
        // Two hundred thousand streams on one connection are the flood the profile is there to end.
        for stream in (1..400_000).step_by(2) {
            if writer.write_all(&each(stream)).await.is_err() {
                return;
            }
        }
        panic!("{name}: every stream was taken");
    };
    let read = async {
        let mut answers = vec![0; 64 * 1_024];
        while reader.read(&mut answers).await.is_ok_and(|some| some > 0) {}
    };
    soon(async {
        tokio::select! {
            () = send => {}
            () = read => {}
        }
    })
    .await;
    others_are_served(address, name).await;
}

/// Without it, a call that is no call at all would pass for a defended one.
#[tokio::test]
async fn the_attackers_call_is_a_good_one() {
    let (address, ..) = serve(&tiny()).await;
    let mut socket = attacker(address).await;
    let call = frame(HEADERS, END_STREAM | END_HEADERS, 1, &head("/"));
    socket.write_all(&call).await.unwrap();
    loop {
        let (kind, content) = soon(next_frame(&mut socket)).await.unwrap();
        assert_ne!(kind, RST_STREAM);
        if kind == HEADERS {
            assert_eq!(content[0], 0x88, "`:status 200` of the static table");
            return;
        }
    }
}

#[tokio::test]
async fn a_flood_of_resets_is_cut_off_and_others_are_served() {
    let (address, ..) = serve(&tiny()).await;
    until_cut_off(address, "a reset at once", |stream| {
        let mut frames = frame(HEADERS, END_STREAM | END_HEADERS, stream, &head("/never"));
        frames.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        frames
    })
    .await;
}

/// CVE-2025-8671: the client breaks the rules of a stream, the server resets it, the call goes on behind it.
#[tokio::test]
async fn streams_the_server_is_made_to_reset_are_counted_in_every_variant() {
    let (address, ..) = serve(&tiny()).await;
    type Break = fn(u32) -> Vec<u8>;
    let variants: [(&str, Break); 5] = [
        ("a window update of nothing", |stream| {
            frame(WINDOW_UPDATE, 0, stream, &0_u32.to_be_bytes())
        }),
        ("a window beyond its end", |stream| {
            frame(WINDOW_UPDATE, 0, stream, &0x7fff_ffff_u32.to_be_bytes())
        }),
        ("data after the end", |stream| frame(DATA, 0, stream, b"x")),
        ("headers after the end", |stream| {
            frame(HEADERS, END_STREAM | END_HEADERS, stream, &head("/never"))
        }),
        ("a priority of another length", |stream| {
            frame(PRIORITY, 0, stream, b"four")
        }),
    ];
    for (name, broken) in variants {
        until_cut_off(address, name, |stream| {
            let mut frames = frame(HEADERS, END_STREAM | END_HEADERS, stream, &head("/never"));
            frames.extend(broken(stream));
            frames
        })
        .await;
    }
}

/// CVE-2024-27316: one block of headers that never ends.
#[tokio::test]
async fn headers_that_go_on_for_ever_are_cut_off() {
    let (address, ..) = serve(&tiny()).await;
    let padding = frame(CONTINUATION, 0, 1, &[0x82; 1_024]);
    until_cut_off(address, "headers without end", |stream| match stream {
        1 => frame(HEADERS, 0, 1, &head("/")),
        _ => padding.clone(),
    })
    .await;
    // Empty ones add nothing to any list of headers: only their number can end them.
    let empty = frame(CONTINUATION, 0, 1, &[]);
    until_cut_off(
        address,
        "empty headers without end",
        |stream| match stream {
            1 => frame(HEADERS, 0, 1, &head("/")),
            _ => empty.clone(),
        },
    )
    .await;
}

#[tokio::test]
async fn a_body_byte_by_byte_ends_with_the_time_of_an_answer() {
    let profile = ServerConfig {
        answer: Duration::from_millis(50),
        ..tiny()
    };
    let (address, ..) = serve(&profile).await;
    let socket = attacker(address).await;
    let (mut reader, mut writer) = socket.into_split();
    let open = frame(HEADERS, END_HEADERS, 1, &head("/read"));
    writer.write_all(&open).await.unwrap();
    let send = async {
        while writer.write_all(&frame(DATA, 0, 1, b"x")).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    // An answer's headers or a reset of the stream: either frees what the call held.
    let answered = async {
        while let Ok((kind, _)) = next_frame(&mut reader).await {
            if kind == HEADERS || kind == RST_STREAM {
                return;
            }
        }
    };
    soon(async {
        tokio::select! {
            () = send => {}
            () = answered => {}
        }
    })
    .await;
    others_are_served(address, "a body byte by byte").await;
}
