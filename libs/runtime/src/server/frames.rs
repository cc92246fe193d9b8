//! Counts the frames of an HTTP/2 connection that carry no call: a client that sends nothing else is cut off.
//!
//! PING, SETTINGS, PRIORITY, CONTINUATION, resets and unknown frames cost us an answer or at least a look, and nothing
//! in HTTP/2 or in h2 limits them (CVE-2019-9512, -9515; CVE-2024-27316). Each connection has a budget of them, which
//! grows with its calls.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::budget::Budget;
use super::tls::Socket;

/// RFC 9113, 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Length, type, flags, stream (RFC 9113, 4.1).
const HEAD: usize = 9;
/// Frames that are a call's own: DATA, HEADERS, WINDOW_UPDATE.
const OF_CALLS: [u8; 3] = [0, 1, 8];

/// A socket whose frames are counted as they are read.
pub(super) struct Counted {
    socket: Box<dyn Socket>,
    budget: Budget,
    place: Place,
}

/// Where in the stream of bytes the reader is.
enum Place {
    /// So many bytes of the preface were seen.
    Preface(usize),
    /// Within the head of a frame.
    Head { head: [u8; HEAD], read: usize },
    /// So many bytes of a frame's content are to come.
    Content(usize),
    /// HTTP/1.1 has no frames.
    Plain,
}

impl Counted {
    pub(super) fn new(socket: Box<dyn Socket>, budget: Budget) -> Self {
        Self {
            socket,
            budget,
            place: Place::Preface(0),
        }
    }

    /// Follows the frames through some bytes; false where the budget is used up.
    fn follow(&mut self, mut bytes: &[u8]) -> bool {
        while let Some(first) = bytes.first() {
            match &mut self.place {
                Place::Plain => return true,
                Place::Preface(seen) => {
                    if PREFACE.get(*seen) != Some(first) {
                        self.place = Place::Plain;
                        return true;
                    }
                    *seen += 1;
                    if *seen == PREFACE.len() {
                        self.place = Place::Head {
                            head: [0; HEAD],
                            read: 0,
                        };
                    }
                    bytes = &bytes[1..];
                }
                Place::Head { head, read } => {
                    head[*read] = *first;
                    *read += 1;
                    bytes = &bytes[1..];
                    if *read == HEAD {
                        let [a, b, c, kind, ..] = *head;
                        let length = u32::from_be_bytes([0, a, b, c]) as usize;
                        self.place = Place::Content(length);
                        if !OF_CALLS.contains(&kind) && !self.budget.frame() {
                            return false;
                        }
                    }
                }
                Place::Content(0) => {
                    self.place = Place::Head {
                        head: [0; HEAD],
                        read: 0,
                    };
                }
                Place::Content(left) => {
                    let some = bytes.len().min(*left);
                    *left -= some;
                    bytes = &bytes[some..];
                }
            }
        }
        true
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = polled
            && !self.follow(&buffer.filled()[before..])
        {
            tracing::info!("a connection sent too many frames that are no calls");
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, content: usize) -> Vec<u8> {
        let length = (content as u32).to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, 0, 0, 0, 0, 0];
        frame.resize(HEAD + content, 0xaa);
        frame
    }

    fn counted(frames: u64) -> Counted {
        let (socket, _) = tokio::io::duplex(1);
        Counted::new(Box::new(socket), Budget::new(100, 100, frames))
    }

    #[test]
    fn frames_are_told_apart_however_they_are_cut() {
        let mut bytes = PREFACE.to_vec();
        for (kind, content) in [(4, 12), (1, 30), (0, 300), (6, 8), (8, 4), (9, 0), (0, 0)] {
            bytes.extend(frame(kind, content));
        }
        for cut in 1..64 {
            let mut three = counted(3);
            assert!(bytes.chunks(cut).all(|part| three.follow(part)), "{cut}");
            let mut two = counted(2);
            assert!(!bytes.chunks(cut).all(|part| two.follow(part)), "{cut}");
        }
    }

    #[test]
    fn another_protocol_is_not_counted() {
        let mut none = counted(0);
        assert!(none.follow(b"GET / HTTP/1.1\r\n"));
        assert!(none.follow(&frame(6, 8)));
    }
}
