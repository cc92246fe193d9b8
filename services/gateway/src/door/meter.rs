//! Measures the messages of a gRPC request as they pass, and keeps the first.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tongguan_rpc::Body;
use tonic::Status;

use crate::Error;

/// What was learnt of a request while it passed.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    keeps: bool,
    /// The first message, where it is kept.
    pub(crate) message: Vec<u8>,
    /// The announced size of a message that was larger than allowed: nothing of it was passed on.
    pub(crate) too_large: Option<u64>,
}

impl Kept {
    pub(crate) fn new(keeps: bool) -> Self {
        Self {
            keeps,
            ..Self::default()
        }
    }
}

/// A request body whose messages are at most so long.
pub(crate) struct Metered {
    body: Body,
    most: u64,
    head: [u8; 5],
    read: usize,
    left: u64,
    messages: u64,
    kept: Arc<Mutex<Kept>>,
}

impl Metered {
    pub(crate) fn new(body: Body, most: u64, kept: Arc<Mutex<Kept>>) -> Self {
        Self {
            body,
            most,
            head: [0; 5],
            read: 0,
            left: 0,
            messages: 0,
            kept,
        }
    }

    /// Follows the heads of messages through some bytes: a flag, four bytes of length, the message.
    fn follow(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while !bytes.is_empty() {
            if self.left > 0 {
                let some = bytes
                    .len()
                    .min(usize::try_from(self.left).unwrap_or(usize::MAX));
                if kept.keeps && self.messages == 1 {
                    kept.message.extend_from_slice(&bytes[..some]);
                }
                self.left -= some as u64;
                bytes = &bytes[some..];
                continue;
            }
            self.head[self.read] = bytes[0];
            self.read += 1;
            bytes = &bytes[1..];
            if self.read == self.head.len() {
                let [_, a, b, c, d] = self.head;
                self.left = u64::from(u32::from_be_bytes([a, b, c, d]));
                self.read = 0;
                self.messages += 1;
                if self.left > self.most {
                    kept.too_large = Some(self.left);
                    let (size, most) = (self.left, self.most);
                    return Err(Error::MessageTooLarge { size, most });
                }
            }
        }
        Ok(())
    }
}

impl http_body::Body for Metered {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            let data = data.clone();
            if let Err(error) = self.follow(&data) {
                return Poll::Ready(Some(Err(error.into())));
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metered(most: u64) -> Metered {
        let kept = Arc::new(Mutex::new(Kept::new(true)));
        Metered::new(Body::empty(), most, kept)
    }

    #[test]
    fn messages_are_followed_however_they_are_cut() {
        let bytes = [0, 0, 0, 0, 3, 7, 8, 9, 0, 0, 0, 0, 1, 5, 0, 0, 0, 0, 0];
        for cut in 1..bytes.len() {
            let mut body = metered(3);
            for part in bytes.chunks(cut) {
                body.follow(part).unwrap();
            }
            assert_eq!(body.messages, 3, "cut at {cut}");
            assert_eq!(body.kept.lock().unwrap().message, [7, 8, 9]);
        }
    }

    #[test]
    fn a_message_is_refused_at_its_head() {
        let mut body = metered(2);
        assert!(body.follow(&[0, 0, 0, 0, 2, 1, 1, 0, 0, 0, 0]).is_ok());
        assert!(body.follow(&[3]).is_err());
        assert_eq!(body.kept.lock().unwrap().too_large, Some(3));
    }
}
