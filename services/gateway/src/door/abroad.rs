//! Answers to callers abroad: each message is counted, and shows no personal field unless a purpose and a legal basis were given.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use futures::stream;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use prost::Message as _;
use prost_reflect::DynamicMessage;
use tongguan_rpc::Body;
use tongguan_vocabulary::Tenant;
use tonic::Status;

use super::catalogue::Method;
use super::privacy::{Fields, count, without_personal};
use crate::audit::Recorder;
use crate::domain::Visit;

/// The head of a gRPC message: whether it is compressed, and its length.
const HEAD: usize = 5;

/// A visit that is recorded when its answer has been sent, or as far as it got.
pub(crate) struct Left {
    recorder: Recorder,
    visit: Option<(Option<Tenant>, Visit)>,
}

impl Left {
    pub(crate) fn new(recorder: Recorder, tenant: Option<Tenant>, visit: Visit) -> Self {
        Self {
            recorder,
            visit: Some((tenant, visit)),
        }
    }

    fn add(&mut self, fields: &Fields) {
        if let Some((_, visit)) = &mut self.visit {
            visit.vin_fields += fields.vin;
            visit.personal_fields += fields.personal;
        }
    }

    async fn record(&mut self) -> Result<(), Status> {
        if let Some((tenant, visit)) = self.visit.take() {
            self.recorder.record(tenant, visit).await?;
        }
        Ok(())
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        if let Some((tenant, visit)) = self.visit.take() {
            self.recorder.record_at_once(tenant, visit);
        }
    }
}

struct Passing {
    body: Body,
    method: &'static Method,
    hide: bool,
    left: Left,
    buffer: BytesMut,
    ended: bool,
}

/// The body with its messages counted; where `hide` is set, without their personal fields.
pub(crate) fn counted(body: Body, method: &'static Method, hide: bool, left: Left) -> Body {
    let passing = Passing {
        body,
        method,
        hide,
        left,
        buffer: BytesMut::new(),
        ended: false,
    };
    Body::new(StreamBody::new(Box::pin(stream::unfold(
        passing,
        Passing::next,
    ))))
}

impl Passing {
    async fn next(mut self) -> Option<(Result<Frame<Bytes>, Status>, Self)> {
        loop {
            if self.ended {
                return None;
            }
            if let Some(message) = self.message() {
                return Some((Ok(Frame::data(message)), self));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.buffer.extend_from_slice(&data),
                    Err(trailers) => {
                        let frame = self.left.record().await.map(|()| trailers);
                        self.ended = frame.is_err();
                        return Some((frame, self));
                    }
                },
                Some(Err(status)) => {
                    self.ended = true;
                    return Some((Err(status), self));
                }
                None => {
                    self.ended = true;
                    let recorded = self.left.record().await;
                    return recorded.err().map(|status| (Err(status), self));
                }
            }
        }
    }

    /// The next whole message, counted, with its head.
    fn message(&mut self) -> Option<Bytes> {
        let head = self.buffer.get(..HEAD)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if self.buffer.len() < HEAD + length {
            return None;
        }
        let mut whole = self.buffer.split_to(HEAD + length);
        let Ok(mut message) = DynamicMessage::decode(self.method.output.clone(), &whole[HEAD..])
        else {
            return Some(whole.freeze());
        };
        if self.hide {
            without_personal(&mut message);
        }
        self.left.add(&count(&message));
        if !self.hide {
            return Some(whole.freeze());
        }
        let bytes = message.encode_to_vec();
        whole.clear();
        whole.put_u8(0);
        whole.put_u32(bytes.len() as u32);
        whole.put_slice(&bytes);
        Some(whole.copy_to_bytes(whole.len()))
    }
}
