//! Marks that stand on two vehicles: an engine, a motor or a battery is one thing and moves in one car.
//!
//! Makers number their engines each on its own, so one number on vehicles of two makers is a hint only; of one maker it
//! is hard evidence. A battery id is unique in the country (GB/T 34014-2017).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tongguan_vocabulary::Vin;

use super::decode::Notice;
use super::identity::MarkKind;
use super::vehicle::{State, Vehicle};

/// A mark that this vehicle shows and another living vehicle of the tenant shows too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    /// Engine or battery.
    pub kind: MarkKind,
    /// What it reads.
    pub value: String,
    /// The other vehicle as it was found; more can show the mark.
    pub with: Vin,
}

impl Vehicle {
    /// Engine or motor numbers and battery ids that the vehicle shows; none once it is deregistered.
    pub fn bears(&self) -> BTreeSet<(MarkKind, String)> {
        if self.state == State::Deregistered {
            return BTreeSet::new();
        }
        let kinds = [MarkKind::Engine, MarkKind::Battery].into_iter();
        kinds
            .flat_map(|kind| {
                self.living(kind)
                    .into_iter()
                    .map(move |value| (kind, value))
            })
            .collect()
    }

    /// The mark of a kind as it is looked up by: the one of the certificate, empty once the vehicle is deregistered.
    pub fn shown(&self, kind: MarkKind) -> &str {
        match kind {
            _ if self.state == State::Deregistered => "",
            MarkKind::Engine => &self.details.engine_number,
            MarkKind::Battery => &self.details.battery_id,
            MarkKind::Plate | MarkKind::StampedVin => "",
        }
    }

    /// Whether the mark is known to stand on another vehicle.
    pub fn shares(&self, kind: MarkKind, value: &str) -> bool {
        self.shared
            .iter()
            .any(|shared| shared.kind == kind && shared.value == value)
    }

    /// Whether this car carries that VIN stamped on its body: two records of one car share their marks rightly.
    pub fn is_stamped(&self, vin: Vin) -> bool {
        let number = vin.as_str();
        self.details.vin != vin
            && self
                .living(MarkKind::StampedVin)
                .iter()
                .any(|stamped| stamped == number)
    }

    /// One notice for each kind of mark that stands on another living vehicle too.
    pub fn shared_notices(&self) -> Vec<Notice> {
        let of = |kind: MarkKind| self.shared.iter().filter(move |shared| shared.kind == kind);
        let mut notices = Vec::new();
        if of(MarkKind::Engine).next().is_some() {
            let own = self.details.vin.wmi();
            let hard = of(MarkKind::Engine).any(|shared| shared.with.wmi() == own);
            notices.push(Notice {
                code: "ENGINE_ON_TWO_VINS",
                hard,
                message: if hard {
                    "another living vehicle of this maker shows the same engine or motor number: a person must find which bears it"
                } else {
                    "a living vehicle of another maker shows the same engine or motor number; makers number theirs each on its own"
                }
                .to_owned(),
            });
        }
        if of(MarkKind::Battery).next().is_some() {
            notices.push(Notice {
                code: "BATTERY_ON_TWO_VINS",
                hard: true,
                message: "another living vehicle shows the same battery id: a person must find which bears it".to_owned(),
            });
        }
        notices
    }

    /// Forgets what is shared no more because the mark ended, or because the other turned out to be this car.
    pub(super) fn reconsider_shared(&mut self) {
        if self.shared.is_empty() {
            return;
        }
        let bears = self.bears();
        let mut shared = std::mem::take(&mut self.shared);
        shared.retain(|one| {
            bears.contains(&(one.kind, one.value.clone())) && !self.is_stamped(one.with)
        });
        self.shared = shared;
    }
}

#[cfg(test)]
#[path = "shared_tests.rs"]
mod tests;
