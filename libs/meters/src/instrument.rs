//! Instruments that know their name, built when first used: telemetry is set up before the first call is served.

use std::sync::OnceLock;

use opentelemetry::metrics as otel;
use opentelemetry::{KeyValue, Value, global};

/// The scope of every instrument.
const SCOPE: &str = "tongguan";

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down by steps.
    UpDown,
    /// Is what it is now.
    Gauge,
    /// A distribution.
    Histogram,
}

/// A metric as it is documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meter {
    /// Its name in OpenTelemetry.
    pub name: &'static str,
    /// Its unit (UCUM); in braces where it only says what is counted.
    pub unit: &'static str,
    /// One line on it.
    pub what: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
}

impl Meter {
    /// Its name in Prometheus, as the OpenTelemetry collector translates it; histograms add `_bucket`, `_sum`, `_count`.
    pub fn prometheus(&self) -> String {
        let unit = match self.unit {
            "s" => "_seconds",
            _ => "",
        };
        let total = match self.kind {
            Kind::Counter => "_total",
            _ => "",
        };
        format!("{}{unit}{total}", self.name.replace('.', "_"))
    }
}

/// A label; its value must be one of few.
pub fn label(key: &'static str, value: impl Into<Value>) -> KeyValue {
    KeyValue::new(key, value)
}

macro_rules! instrument {
    ($(#[$doc:meta])* $name:ident, $kind:ident, $inner:ty, $build:ident) => {
        $(#[$doc])*
        pub struct $name {
            meter: Meter,
            inner: OnceLock<$inner>,
        }

        impl $name {
            pub(crate) const fn new(name: &'static str, unit: &'static str, what: &'static str) -> Self {
                Self {
                    meter: Meter { name, unit, what, kind: Kind::$kind },
                    inner: OnceLock::new(),
                }
            }

            /// How it is documented.
            pub const fn meter(&self) -> &Meter {
                &self.meter
            }

            fn inner(&self) -> &$inner {
                self.inner.get_or_init(|| {
                    global::meter(SCOPE)
                        .$build(self.meter.name)
                        .with_unit(self.meter.unit)
                        .with_description(self.meter.what)
                        .build()
                })
            }
        }
    };
}

instrument! {
    /// A number that only grows.
    Counter, Counter, otel::Counter<u64>, u64_counter
}

impl Counter {
    /// Adds `count`.
    pub fn add(&self, count: u64, labels: &[KeyValue]) {
        self.inner().add(count, labels);
    }
}

instrument! {
    /// A number that goes up and down by steps.
    UpDown, UpDown, otel::UpDownCounter<i64>, i64_up_down_counter
}

impl UpDown {
    /// Adds `step`, which may be negative.
    pub fn add(&self, step: i64, labels: &[KeyValue]) {
        self.inner().add(step, labels);
    }
}

instrument! {
    /// A number that is what it is now.
    Gauge, Gauge, otel::Gauge<u64>, u64_gauge
}

impl Gauge {
    /// Says what it is now.
    pub fn set(&self, value: u64, labels: &[KeyValue]) {
        self.inner().record(value, labels);
    }
}

/// A distribution, in fixed buckets.
pub struct Histogram {
    meter: Meter,
    bounds: &'static [f64],
    inner: OnceLock<otel::Histogram<f64>>,
}

impl Histogram {
    pub(crate) const fn new(
        name: &'static str,
        unit: &'static str,
        what: &'static str,
        bounds: &'static [f64],
    ) -> Self {
        let kind = Kind::Histogram;
        Self {
            meter: Meter {
                name,
                unit,
                what,
                kind,
            },
            bounds,
            inner: OnceLock::new(),
        }
    }

    /// How it is documented.
    pub const fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Takes one value in.
    pub fn record(&self, value: f64, labels: &[KeyValue]) {
        let built = self.inner.get_or_init(|| {
            global::meter(SCOPE)
                .f64_histogram(self.meter.name)
                .with_unit(self.meter.unit)
                .with_description(self.meter.what)
                .with_boundaries(self.bounds.to_vec())
                .build()
        });
        built.record(value, labels);
    }
}
