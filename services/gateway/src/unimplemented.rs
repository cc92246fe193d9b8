//! The methods of the contract that this version does not serve yet, each with what serves instead.
//! To serve one: take its row away and answer it in `rpc.rs`.

use crate::Error;

/// Method and advice.
const TABLE: &[(&str, &str)] = &[
    ("SetClock", "use the sample dossiers of `tongguan demo`"),
    (
        "ListMagicVins",
        "use the sample dossiers of `tongguan demo`",
    ),
    ("Reset", "use a fresh data folder"),
];

/// The refusal of a method that is not served.
pub(crate) fn unimplemented(method: &'static str) -> Error {
    let row = TABLE.iter().find(|(name, _)| *name == method);
    let instead = row.map_or("nothing serves instead", |(_, instead)| instead);
    Error::NotImplemented { method, instead }
}
