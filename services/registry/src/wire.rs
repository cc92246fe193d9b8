//! Proto ↔ domain: decoding is validation, all wrong fields at once.

mod answers;
mod details;
mod requests;

pub(crate) use answers::{batch_get_result, event};
pub(crate) use requests::{
    amendment, batch, batch_get, decode, deregister, encumbrance, filter, get, import, lift,
    odometer, register, status, transfer, vin,
};
