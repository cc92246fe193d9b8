//! How a dependency failed, in words that layers without each other can share.

/// The kinds of trouble a store reports; `libs/rpc` says how each is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Not reachable now; a retry can help.
    Unavailable,
    /// Another writer was in the way, or the same request is still running.
    Contended,
    /// An idempotency key came with another body.
    KeyReused,
    /// Something unique exists already.
    Taken,
    /// A fault of ours, such as a row that does not decode.
    Internal,
}
