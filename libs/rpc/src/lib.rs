//! How calls travel: Channel, Guard, trace, failure, retry.
