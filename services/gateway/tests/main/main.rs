//! The gateway through its door: gRPC, gRPC-Web and JSON, with peers that answer, refuse and hang.

mod documents;
mod door;
mod fakes;
mod json;
mod readiness;
