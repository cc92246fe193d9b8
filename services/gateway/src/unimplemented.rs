//! The methods of the contract that this version does not serve yet, each with what serves instead.
//! To serve one: take its row away and answer it in `rpc.rs`.

use crate::Error;

/// Method and advice.
const TABLE: &[(&str, &str)] = &[
    // No service keeps a clock for each tenant: a clock that moved here alone would be a lie there.
    ("SetClock", "use the sample dossiers of `tongguan demo`"),
    // No service can forget a tenant, and logs of certificates must not.
    ("Reset", "use a fresh sandbox tenant"),
];

/// The refusal of a method that is not served.
pub(crate) fn unimplemented(method: &'static str) -> Error {
    let row = TABLE.iter().find(|(name, _)| *name == method);
    let instead = row.map_or("nothing serves instead", |(_, instead)| instead);
    Error::NotImplemented { method, instead }
}
