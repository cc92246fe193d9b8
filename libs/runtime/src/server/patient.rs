//! A socket that gives its client only so long to begin.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::time::Sleep;

use super::tls::Socket;

/// Bytes of the HTTP/2 connection preface (RFC 9113, 3.4); the head of an HTTP/1.1 request has a limit of its own later.
const PREFACE: usize = 24;

/// Reading fails with `TimedOut` when the first bytes do not come in time; later it is the socket itself.
pub(super) struct Patient {
    socket: TokioIo<Box<dyn Socket>>,
    missing: usize,
    patience: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub(super) fn new(socket: Box<dyn Socket>, patience: Duration) -> Self {
        Self {
            socket: TokioIo::new(socket),
            missing: PREFACE,
            patience: Some(Box::pin(tokio::time::sleep(patience))),
        }
    }
}

impl Read for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut target: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.patience.is_none() {
            return Pin::new(&mut self.socket).poll_read(context, target);
        }
        // hyper tells nobody how much it was given, so the first bytes go through a buffer of ours.
        let mut bytes = [0_u8; PREFACE];
        let room = target.remaining().min(PREFACE);
        let mut buffer = ReadBuf::new(&mut bytes[..room]);
        match Pin::new(&mut self.socket).poll_read(context, buffer.unfilled()) {
            Poll::Ready(Ok(())) => {
                let read = buffer.filled();
                target.put_slice(read);
                self.missing = self.missing.saturating_sub(read.len());
                if self.missing == 0 {
                    self.patience = None;
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => match self
                .patience
                .as_mut()
                .map(|patience| patience.as_mut().poll(context))
            {
                Some(Poll::Ready(())) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                _ => Poll::Pending,
            },
        }
    }
}

impl Write for Patient {
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
