//! What protox, tonic-prost-build, pbjson-build and `rest_over_grpc` make of `proto/`.
//!
//! Nothing is written by hand but the `mod` lines and the one well-known type that pbjson-types lacks in JSON. Each package is a module: messages, the server
//! trait in `…_server`, the client in `…_client` (only over a channel of `libs/rpc`), proto3 JSON
//! through serde, and the REST bridge. [`Forward`] turns a channel into a server of any service.
#![expect(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    reason = "generated code; its comments come from proto/"
)]

mod field_mask;

pub use field_mask::FieldMask;

macro_rules! package {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/tongguan.", $name, ".rs"));
        include!(concat!(env!("OUT_DIR"), "/tongguan.", $name, ".serde.rs"));
    };
    ($name:literal with services) => {
        package!($name);
        include!(concat!(env!("OUT_DIR"), "/tongguan.", $name, ".rest.rs"));
    };
}

/// The packages under the root that generated code expects.
pub mod tongguan {
    pub mod common {
        pub mod v1 {
            package!("common.v1");
        }
    }
    pub mod destinations {
        pub mod v1 {
            package!("destinations.v1" with services);
        }
    }
    pub mod gateway {
        pub mod v1 {
            package!("gateway.v1" with services);
        }
    }
    pub mod inspection {
        pub mod v1 {
            package!("inspection.v1" with services);
        }
    }
    pub mod maintenance {
        pub mod v1 {
            package!("maintenance.v1" with services);
        }
    }
    pub mod clearance {
        pub mod v1 {
            package!("clearance.v1" with services);
        }
    }
    pub mod registry {
        pub mod v1 {
            package!("registry.v1" with services);
        }
    }
}
pub mod google {
    pub mod r#type {
        include!(concat!(env!("OUT_DIR"), "/google.r#type.rs"));
        include!(concat!(env!("OUT_DIR"), "/google.r#type.serde.rs"));
    }
}
pub use tongguan::*;

/// The descriptors of everything in `proto/`, for reflection and for reading policies.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// One OpenAPI 3.1 document per package with services, for the gateway to join.
pub const OPENAPI: &[&str] = include!(concat!(env!("OUT_DIR"), "/openapi.rs"));

/// Serves any of our services by calling it over the channel inside.
#[derive(Clone)]
pub struct Forward<T>(pub T);

include!(concat!(env!("OUT_DIR"), "/forward.rs"));

/// The REST transcoder over every service, generated from `google.api.http`.
pub mod rest {
    use super::tongguan;
    include!(concat!(env!("OUT_DIR"), "/transcoder.rest.rs"));
}
