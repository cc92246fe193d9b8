//! A process from its ports to its last flushed span.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde::{Deserialize, Serialize};
use tongguan_access::Access;
use tongguan_rpc::{Body, Tasks};
use tongguan_telemetry::LogFilter;
use tower::Service;

use crate::admin::Admin;
use crate::server::{Server, ServerConfig};
use crate::shutdown::Signals;
use crate::{Error, Health, Shutdown};

/// What is left for background work when the connections were dropped already.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// What a process needs beside its roles' own sections; flattened into the settings of the binary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeConfig {
    /// The public port.
    pub server: ServerConfig,
    /// The operators' port.
    pub admin: ServerConfig,
    /// How the process stops.
    pub shutdown: ShutdownConfig,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            server: ServerConfig::default(),
            admin: ServerConfig::admin(),
            shutdown: ShutdownConfig::default(),
        }
    }
}

/// The `[shutdown]` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShutdownConfig {
    /// Time between NOT_SERVING and the last accepted connection, for balancers to look elsewhere.
    #[serde(with = "crate::duration")]
    pub unready: Duration,
    /// Time for open calls and background work; what still runs then is dropped.
    #[serde(with = "crate::duration")]
    pub grace: Duration,
}

impl Default for ShutdownConfig {
    fn default() -> Self {
        Self {
            unready: Duration::ZERO,
            grace: Duration::from_secs(30),
        }
    }
}

/// What a process has before its roles are built.
pub struct Process {
    /// Background work that the shutdown waits for.
    pub tasks: Tasks,
    /// Where each role reports whether it is ready.
    pub health: Health,
    /// Tells the process to stop; signals do too.
    pub shutdown: Shutdown,
    server: Server,
    admin: Server,
    signals: Signals,
    config: RuntimeConfig,
}

impl Process {
    /// Takes every port and the signals, before any work is done.
    pub async fn bind(config: &RuntimeConfig) -> Result<Self, Error> {
        let server = Server::bind(&config.server).await?;
        let admin = Server::bind(&config.admin).await?;
        Ok(Self {
            tasks: Tasks::new(),
            health: Health::new().await,
            shutdown: Shutdown::new(),
            server,
            admin,
            signals: Signals::install()?,
            config: config.clone(),
        })
    }

    /// Serves the public port's calls by the urgency of their callers when there are more than can be served.
    #[must_use]
    pub fn with_lanes(mut self, access: &Access) -> Self {
        self.server = self.server.with_lanes(crate::server::lanes(access));
        self
    }

    /// Where the public port listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.server.address()
    }

    /// Where the operators' port listens.
    pub fn admin_address(&self) -> std::net::SocketAddr {
        self.admin.address()
    }

    /// Serves `service` until a signal or [`Process::shutdown`] says stop, then drains: NOT_SERVING, no new
    /// connections, GOAWAY, open calls and background work finish within the grace, the rest is dropped.
    pub async fn serve<S, B>(
        self,
        service: S,
        descriptors: &[u8],
        filter: Option<LogFilter>,
    ) -> Result<(), Error>
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let admin = Admin::new(self.health.clone(), descriptors, filter)?;
        let asked = self.shutdown;
        let ShutdownConfig { unready, grace } = self.config.shutdown;
        // The ports stop later than the process is asked to: balancers hear NOT_SERVING first.
        let ports = Shutdown::new();
        let drain = async {
            asked.soft().await;
            self.health.stop().await;
            asked.pause(unready).await;
            ports.stop();
            self.tasks.stop().await;
        };
        let served = async {
            // Boxed: a process has one of each, and callers should not carry their size on their stacks.
            let public = Box::pin(self.server.serve(service, ports.clone()));
            let admin = Box::pin(self.admin.serve(admin, ports.clone()));
            tokio::join!(public, admin, drain);
            // A commit that outlived its call may have begun after the first wait.
            self.tasks.stop().await;
        };
        let limit = async {
            asked.soft().await;
            asked.pause(unready + grace).await;
            ports.abandon();
            // What hangs on connections is gone now; only background work can still be in the way.
            tokio::time::sleep(LAST_WORDS).await;
        };
        let obedience = async {
            self.signals.obey(asked.clone()).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = served => tracing::info!("stopped"),
            () = limit => tracing::warn!("the grace is over; what still ran was dropped"),
            () = obedience => {}
        }
        Ok(())
    }
}
