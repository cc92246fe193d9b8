//! Messages that can not be read: tonic calls them a fault of the server, and they are the caller's.
//!
//! Only the text tells them apart from faults of ours; a test per text notices when tonic or prost change it.

use std::time::Duration;

use tongguan_api::common::v1::ErrorReason;
use tonic::{Code, Status};

use crate::{Body, Failure, Violation};

/// How prost begins every refusal of a message.
const UNDECODED: &str = "failed to decode Protobuf message: ";

/// What is wrong with what was sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Malformed {
    /// Not the bytes of such a message.
    #[error("the message can not be read: {why}")]
    Undecoded {
        /// The field of the request that can not be read; empty where it is none in particular.
        field: String,
        why: String,
    },
    /// prost reads a hundred messages within each other; a level of a free-form value is three.
    #[error("the message is nested too deeply; about 30 levels of a free-form value are read")]
    TooDeep { field: String },
    /// Frames that are none, or fewer than announced.
    #[error("the message did not arrive as gRPC frames them: {why}")]
    Misframed { why: &'static str },
    /// More bytes than the server takes, as sent or once decompressed.
    #[error("the message is larger than this method takes at once")]
    TooLarge,
}

/// The same answer, with the caller's faults said to be the caller's.
pub(crate) fn blamed(response: http::Response<Body>) -> http::Response<Body> {
    let code = response.headers().get("grpc-status");
    if !code.is_some_and(|code| ["8", "11", "13"].iter().any(|one| code == one)) {
        return response;
    }
    let malformed = Status::from_header_map(response.headers()).and_then(|status| of(&status));
    malformed.map_or(response, |malformed| crate::status(&malformed).into_http())
}

fn of(status: &Status) -> Option<Malformed> {
    let message = status.message();
    if !status.details().is_empty() {
        // Ours: tonic adds none.
        return None;
    }
    match status.code() {
        Code::OutOfRange if message.starts_with("Error, decoded message length too large") => {
            Some(Malformed::TooLarge)
        }
        Code::ResourceExhausted if message.starts_with("Error decompressing: size limit") => {
            Some(Malformed::TooLarge)
        }
        Code::Internal => undecoded(message).or_else(|| misframed(message)),
        _ => None,
    }
}

/// Reads `failed to decode Protobuf message: Request.field: Inner.field: what is wrong`.
fn undecoded(message: &str) -> Option<Malformed> {
    let text = message.strip_prefix(UNDECODED)?;
    let (place, why) = text.rsplit_once(": ").unwrap_or(("", text));
    let outermost = place.split(": ").next().unwrap_or_default();
    let field = outermost.rsplit('.').next().unwrap_or_default().to_owned();
    Some(if why == "recursion limit reached" {
        Malformed::TooDeep { field }
    } else {
        let why = why.to_owned();
        Malformed::Undecoded { field, why }
    })
}

fn misframed(message: &str) -> Option<Malformed> {
    let texts = [
        (
            "protocol error: received message with compressed-flag",
            "it says that it is compressed and not how",
        ),
        (
            "protocol error: received message with invalid compression flag",
            "its first byte is neither 0 nor 1",
        ),
        (
            "Unexpected EOF decoding stream.",
            "it is shorter than it says",
        ),
        ("Missing request message.", "there is none"),
        ("Error decompressing: ", "it can not be decompressed"),
    ];
    let (_, why) = texts.iter().find(|(text, _)| message.starts_with(text))?;
    Some(Malformed::Misframed { why })
}

impl Failure for Malformed {
    fn code(&self) -> Code {
        match self {
            Self::TooLarge => Code::ResourceExhausted,
            _ => Code::InvalidArgument,
        }
    }

    fn reason(&self) -> ErrorReason {
        match self {
            Self::TooLarge => ErrorReason::MessageTooLarge,
            _ => ErrorReason::MessageUnreadable,
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Undecoded { field, .. } | Self::TooDeep { field } => vec![Violation {
                field: field.clone(),
                description: self.to_string(),
            }],
            Self::Misframed { .. } | Self::TooLarge => Vec::new(),
        }
    }

    /// The same message does not become shorter by waiting.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{Ready, ready};

    use bytes::Bytes;
    use http_body_util::Full;
    use pbjson_types::{Struct, Value, value::Kind};
    use prost::Message as _;
    use tonic::server::{Grpc, UnaryService};
    use tonic_prost::ProstCodec;
    use tonic_types::StatusExt as _;
    use tower::{Service as _, service_fn};

    use super::*;
    use crate::Guard;

    #[derive(Clone)]
    struct Takes;

    impl UnaryService<Struct> for Takes {
        type Response = Struct;
        type Future = Ready<Result<tonic::Response<Struct>, Status>>;

        fn call(&mut self, request: tonic::Request<Struct>) -> Self::Future {
            ready(Ok(tonic::Response::new(request.into_inner())))
        }
    }

    /// What a guarded server of `Struct` answers to these bytes.
    async fn answer(bytes: Vec<u8>) -> Status {
        let served = service_fn(|request: http::Request<Body>| {
            Box::pin(async move {
                let codec = ProstCodec::<Struct, Struct>::default();
                let mut server = Grpc::new(codec).max_decoding_message_size(10_000);
                Ok::<_, Infallible>(server.unary(Takes, request).await)
            })
        });
        let request = http::Request::post("/a.B/C")
            .header("content-type", "application/grpc")
            .body(Body::new(Full::new(Bytes::from(bytes))))
            .unwrap();
        let answered = Guard::new(served).call(request).await.unwrap();
        Status::from_header_map(answered.headers()).unwrap_or_else(|| Status::ok(""))
    }

    fn framed(flag: u8, length: usize, message: &[u8]) -> Vec<u8> {
        let mut bytes = vec![flag];
        bytes.extend((length as u32).to_be_bytes());
        bytes.extend(message);
        bytes
    }

    fn nested(levels: usize) -> Struct {
        (0..levels).fold(Struct::default(), |inner, _| Struct {
            fields: [(
                "a".to_owned(),
                Value {
                    kind: Some(Kind::StructValue(inner)),
                },
            )]
            .into(),
        })
    }

    #[tokio::test]
    async fn what_can_not_be_read_is_the_callers_fault_with_a_reason() {
        let deep = nested(60).encode_to_vec();
        let wrong = [
            ("garbage", framed(0, 2, &[0xff, 0xff])),
            ("a field of another type", framed(0, 2, &[0x08, 0x01])),
            ("nesting", framed(0, deep.len(), &deep)),
            ("no message", Vec::new()),
            ("half a head", vec![0, 0]),
            ("half a message", framed(0, 100, &[0x0a])),
            ("compressed without a way", framed(1, 1, &[0])),
            ("a flag that is none", framed(7, 1, &[0])),
        ];
        for (name, bytes) in wrong {
            let status = answer(bytes).await;
            assert_eq!(status.code(), Code::InvalidArgument, "{name}: {status:?}");
            let info = status.get_details_error_info().unwrap();
            assert_eq!(info.reason, "MESSAGE_UNREADABLE", "{name}");
        }
    }

    #[tokio::test]
    async fn what_is_nested_too_deeply_is_named() {
        let deep = nested(60).encode_to_vec();
        let status = answer(framed(0, deep.len(), &deep)).await;
        assert!(status.message().contains("nested too deeply"), "{status:?}");
        let wrong = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(wrong[0].field, "fields");
        let shallow = nested(25).encode_to_vec();
        let status = answer(framed(0, shallow.len(), &shallow)).await;
        assert_eq!(status.code(), Code::Ok, "{status:?}");
    }

    #[tokio::test]
    async fn what_is_too_large_is_exhausted_and_nobody_is_told_to_come_back() {
        let status = answer(framed(0, 20_000, &vec![0; 20_000])).await;
        assert_eq!(status.code(), Code::ResourceExhausted);
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "MESSAGE_TOO_LARGE");
        assert!(details.retry_info().is_none());
    }

    #[test]
    fn faults_of_ours_stay_ours() {
        for message in ["a fault on our side", "protocol error: something else"] {
            assert_eq!(of(&Status::internal(message)), None);
        }
        let told = crate::status(&Malformed::TooLarge);
        assert_eq!(of(&told), None, "what has details was said by a service");
    }
}
