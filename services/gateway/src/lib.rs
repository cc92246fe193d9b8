//! The door: JSON and gRPC for integrators, composition, identity.
