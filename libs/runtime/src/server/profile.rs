//! The limits of one listener: the `[server]` and `[admin]` sections of the configuration.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::tls::TlsConfig;

/// One listener and everything it bounds. The defaults are the profile every role is meant to run with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port; port 0 takes a free one. Loopback unless told otherwise.
    pub listen: String,
    /// Its certificate, where it has one.
    pub tls: TlsConfig,
    /// Open connections in all; one more is closed at once.
    pub max_connections: usize,
    /// Open connections from one address (IPv6: one /64); 0 is no limit, for listeners behind a proxy.
    pub max_connections_per_address: usize,
    /// Calls one HTTP/2 connection may have open.
    pub max_concurrent_streams: u32,
    /// Stream errors of one connection's making before it is told to go (CVE-2025-8671, MadeYouReset).
    pub max_local_error_resets: usize,
    /// Reset streams not yet seen by us before a connection is told to go (CVE-2023-44487, Rapid Reset).
    pub max_pending_resets: usize,
    /// Bytes of all headers of a request.
    pub max_header_bytes: u32,
    /// Bytes of a request body that is not gRPC; gRPC messages have limits per method.
    pub max_body_bytes: usize,
    /// Most calls in work in the whole process. The limit finds its own height below it from latency; calls over it
    /// wait a little by urgency (officers, clearance, badges), then are answered RESOURCE_EXHAUSTED with a time to come back.
    pub max_in_flight: usize,
    /// Fewest calls in work that the limit may fall to; from `max_in_flight` on it stands still.
    pub min_in_flight: usize,
    /// Calls after which a connection is told to go, so that no client sticks to one replica.
    pub calls_per_connection: u64,
    /// Calls given up by the client before a connection is told to go: nothing in HTTP/2 limits paced resets.
    pub cancellations_per_connection: u64,
    /// PING, SETTINGS and other frames that carry no call, before a connection is cut off; each call earns it eight more.
    pub control_frames_per_connection: u64,
    /// Time to finish the TLS handshake, the HTTP/2 preface or the head of an HTTP/1.1 request.
    #[serde(with = "crate::duration")]
    pub preface: Duration,
    /// Time until a call's answer must begin; calls have shorter deadlines of their own.
    #[serde(with = "crate::duration")]
    pub answer: Duration,
    /// How often a silent HTTP/2 peer is asked whether it lives.
    #[serde(with = "crate::duration")]
    pub keepalive: Duration,
    /// Time such a peer has to say so.
    #[serde(with = "crate::duration")]
    pub keepalive_timeout: Duration,
    /// Age, give or take a tenth, at which a connection is told to go: a new replica gets its share of the traffic within
    /// half a minute. A new connection costs a millisecond or two; its calls are finished first.
    #[serde(with = "crate::duration")]
    pub connection_age: Duration,
    /// Time a connection that was told to go has for its open calls.
    #[serde(with = "crate::duration")]
    pub grace: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:7070".to_owned(),
            tls: TlsConfig::default(),
            max_connections: 4_096,
            max_connections_per_address: 256,
            max_concurrent_streams: 200,
            max_local_error_resets: 256,
            max_pending_resets: 20,
            max_header_bytes: 8 * 1_024,
            max_body_bytes: 256 * 1_024,
            max_in_flight: 4_096,
            min_in_flight: 64,
            calls_per_connection: 10_000_000,
            cancellations_per_connection: 10_000,
            control_frames_per_connection: 10_000,
            preface: Duration::from_secs(5),
            answer: Duration::from_secs(65),
            keepalive: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            connection_age: Duration::from_secs(25),
            grace: Duration::from_secs(30),
        }
    }
}

impl ServerConfig {
    /// For the operators' listener: another port and little of everything.
    pub fn admin() -> Self {
        Self {
            listen: "127.0.0.1:7071".to_owned(),
            max_connections: 64,
            max_connections_per_address: 0,
            max_in_flight: 64,
            min_in_flight: 64,
            max_body_bytes: 4 * 1_024,
            ..Self::default()
        }
    }
}
