//! Many VINs asked for at once, each answered by itself.

use tongguan_api::registry::v1 as pb;
use tongguan_rpc::{Invalid, Violations, problem};
use tongguan_vocabulary::Vin;

use super::vin;
use crate::error::Error;
use crate::service::View;

/// VINs as asked, and what each reads as.
pub(crate) struct Asked(Vec<(String, Result<Vin, Invalid>)>);

pub(crate) fn batch_get(request: pb::BatchGetVehiclesRequest) -> Result<Asked, Invalid> {
    let mut bad = Violations::default();
    let count = request.vins.len();
    bad.check(count > 0, "vins", || "is required".to_owned());
    bad.check(count <= 1_000, "vins", || {
        format!("holds {count} VINs, at most 1,000 are taken")
    });
    bad.finish()?;
    let parsed = request.vins.into_iter().map(|text| {
        let parsed = vin(&text);
        (text, parsed)
    });
    Ok(Asked(parsed.collect()))
}

impl Asked {
    /// The texts that are VINs.
    pub(crate) fn vins(&self) -> Vec<Vin> {
        let parsed = self.0.iter();
        parsed
            .filter_map(|(_, vin)| vin.as_ref().ok().copied())
            .collect()
    }

    /// One result per text, in order, from the answers to those that are VINs.
    pub(crate) fn results(
        self,
        found: Vec<Result<View, Error>>,
    ) -> Vec<pb::BatchGetVehiclesResult> {
        let mut found = found.into_iter();
        let result = |(vin, parsed): (String, Result<Vin, Invalid>)| {
            let (vehicle, refused) = match parsed {
                Err(invalid) => (None, Some(problem(&invalid))),
                Ok(_) => match found.next() {
                    Some(Ok(view)) => (Some(view.into()), None),
                    Some(Err(error)) => (None, Some(problem(&error))),
                    None => (None, None),
                },
            };
            pb::BatchGetVehiclesResult {
                vin,
                vehicle,
                problem: refused,
            }
        };
        self.0.into_iter().map(result).collect()
    }
}
