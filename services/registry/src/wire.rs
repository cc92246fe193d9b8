//! Proto ↔ domain: decoding is validation, all wrong fields at once.

mod answers;
mod details;
mod owners;
mod requests;

pub(crate) use answers::event;
pub(crate) use owners::{erase_person, erased, looked, owner_reads, read_owner};
pub(crate) use requests::{
    amendment, batch, batch_get, decode, deregister, encumbrance, filter, get, identity, import,
    lift, odometer, register, status, transfer, vin,
};
