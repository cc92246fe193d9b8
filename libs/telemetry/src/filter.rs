//! Which events are logged, changeable while the process runs.

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::Error;

/// Events of the transport itself: at `info` they would drown ours, and exported they would export themselves.
const QUIET: [&str; 8] = [
    "h2",
    "hyper",
    "hyper_util",
    "tonic",
    "tower",
    "opentelemetry",
    "opentelemetry_sdk",
    "opentelemetry_otlp",
];

type Handle = reload::Handle<EnvFilter, Registry>;

/// The log filter of the process; cheap to clone. Standard error and the OTLP logs follow it together.
#[derive(Clone)]
pub struct LogFilter {
    /// Each handle beside the level that [`QUIET`] gets there.
    handles: Arc<Vec<(Handle, &'static str)>>,
    directives: Arc<Mutex<String>>,
}

impl LogFilter {
    /// What is in force, in the words it was set with.
    pub fn current(&self) -> String {
        self.directives
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts other directives in force at once; refuses text that is not a filter and changes nothing then.
    pub fn set(&self, directives: &str) -> Result<(), Error> {
        let filters = self
            .handles
            .iter()
            .map(|(_, quiet)| parse(directives, quiet))
            .collect::<Result<Vec<_>, _>>()?;
        let mut current = self
            .directives
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for ((handle, _), filter) in self.handles.iter().zip(filters) {
            handle.reload(filter).map_err(|_| Error::NotInstalled)?;
        }
        directives.clone_into(&mut current);
        Ok(())
    }
}

/// Builds the filters of the layers that share one [`LogFilter`].
pub(crate) struct Filters {
    directives: String,
    handles: Vec<(Handle, &'static str)>,
}

impl Filters {
    pub(crate) fn new(directives: &str) -> Self {
        Self {
            directives: directives.to_owned(),
            handles: Vec::new(),
        }
    }

    /// A filter for one more layer, in which the transport's own events need at least level `quiet`.
    pub(crate) fn layer(
        &mut self,
        quiet: &'static str,
    ) -> Result<reload::Layer<EnvFilter, Registry>, Error> {
        let (layer, handle) = reload::Layer::new(parse(&self.directives, quiet)?);
        self.handles.push((handle, quiet));
        Ok(layer)
    }

    pub(crate) fn shared(self) -> LogFilter {
        LogFilter {
            handles: Arc::new(self.handles),
            directives: Arc::new(Mutex::new(self.directives)),
        }
    }
}

/// Directives as given, before them the quiet ones, so that a given `h2=debug` wins.
fn parse(directives: &str, quiet: &str) -> Result<EnvFilter, Error> {
    let quieted = QUIET.iter().map(|target| format!("{target}={quiet}"));
    // `off` is no default to override: the exporter must never hear of itself.
    let text = if quiet == "off" {
        std::iter::once(directives.to_owned())
            .chain(quieted)
            .collect::<Vec<_>>()
    } else {
        quieted.chain([directives.to_owned()]).collect()
    };
    EnvFilter::from_str(&text.join(",")).map_err(|error| Error::Filter {
        directives: directives.to_owned(),
        cause: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use tracing::subscriber::with_default;
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn a_filter_changes_while_the_process_runs_and_nonsense_changes_nothing() {
        let mut filters = Filters::new("info");
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(std::io::sink)
            .with_filter(filters.layer("warn").unwrap());
        let filter = filters.shared();
        with_default(tracing_subscriber::registry().with(layer), || {
            assert!(!tracing::enabled!(tracing::Level::DEBUG));
            filter.set("debug").unwrap();
            assert!(tracing::enabled!(tracing::Level::DEBUG));
            assert!(!tracing::enabled!(target: "h2", tracing::Level::DEBUG));
            filter.set("info,h2=debug").unwrap();
            assert!(tracing::enabled!(target: "h2", tracing::Level::DEBUG));
            assert!(matches!(
                filter.set("tongguan=loud"),
                Err(Error::Filter { .. })
            ));
            assert_eq!(filter.current(), "info,h2=debug");
        });
    }

    #[test]
    fn the_exporter_never_hears_of_itself() {
        let mut filters = Filters::new("trace,h2=trace");
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(std::io::sink)
            .with_filter(filters.layer("off").unwrap());
        with_default(tracing_subscriber::registry().with(layer), || {
            assert!(!tracing::enabled!(target: "h2", tracing::Level::ERROR));
            assert!(!tracing::enabled!(target: "opentelemetry_sdk", tracing::Level::ERROR));
            assert!(tracing::enabled!(target: "tongguan", tracing::Level::TRACE));
        });
    }
}
