//! What tests share: databases, clocks, fault layers.
