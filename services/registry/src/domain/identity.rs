//! Marks by which a vehicle is known over time, and the alarm when one VIN shows two living identities.
//!
//! A vehicle is one car for its whole life, but its plate, engine and battery change and its VIN can be stamped anew
//! (重新打刻). Only what changed is stored: a mark that never changed stands with the details of the certificate. The
//! comparison never leaves a tenant: whether another tenant knows the VIN is nobody's business.

use serde::{Deserialize, Serialize};
use time::Date;
use tongguan_vocabulary::PartialDate;

use super::change::Refusal;
use super::decode::Notice;
use super::vehicle::{Details, State, Vehicle};

/// What kind of mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MarkKind {
    /// 号牌.
    Plate,
    /// Engine or motor number.
    Engine,
    /// Traction battery id.
    Battery,
    /// The VIN as it is stamped on the body.
    StampedVin,
}

impl MarkKind {
    const ALL: [Self; 4] = [Self::Plate, Self::Engine, Self::Battery, Self::StampedVin];

    /// In words, for notices.
    pub fn words(self) -> &'static str {
        match self {
            Self::Plate => "plates",
            Self::Engine => "engine numbers",
            Self::Battery => "battery ids",
            Self::StampedVin => "stamped VINs",
        }
    }
}

/// A mark, and when the vehicle was known by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// What kind.
    pub kind: MarkKind,
    /// What it reads.
    pub value: String,
    /// Since when, where known.
    pub since: Option<PartialDate>,
    /// Until when; `None` while it lives.
    pub until: Option<PartialDate>,
    /// The paper it stands on.
    pub document: String,
}

impl Mark {
    fn lives(&self, kind: MarkKind) -> bool {
        self.kind == kind && self.until.is_none()
    }
}

impl Details {
    /// The mark of a kind on the certificate; the VIN itself is none that could change.
    fn mark(&self, kind: MarkKind) -> &str {
        match kind {
            MarkKind::Plate => &self.plate,
            MarkKind::Engine => &self.engine_number,
            MarkKind::Battery => &self.battery_id,
            MarkKind::StampedVin => "",
        }
    }

    fn set_mark(&mut self, kind: MarkKind, value: &str) {
        let field = match kind {
            MarkKind::Plate => &mut self.plate,
            MarkKind::Engine => &mut self.engine_number,
            MarkKind::Battery => &mut self.battery_id,
            MarkKind::StampedVin => return,
        };
        value.clone_into(field);
    }
}

impl Vehicle {
    /// Every mark the vehicle was ever known by: those that never changed first, then in the order they were recorded.
    pub fn identities(&self) -> Vec<Mark> {
        let unchanged = MarkKind::ALL.into_iter().filter_map(|kind| {
            let value = self.details.mark(kind);
            let recorded = self
                .marks
                .iter()
                .any(|mark| mark.lives(kind) && mark.value == value);
            (!value.is_empty() && !recorded).then(|| undated(kind, value))
        });
        unchanged.chain(self.marks.iter().cloned()).collect()
    }

    /// What makes a person look at the identity: more living marks of a kind than a car can have, a VIN stamped anew.
    pub fn identity_notices(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        for kind in MarkKind::ALL {
            let living = self.living(kind);
            // Plates are handed in with the transfer: a living one afterwards is a second registration.
            let lawful = usize::from(kind != MarkKind::Plate || self.state == State::Registered);
            if living.len() > lawful {
                notices.push(Notice {
                    code: "VIN_TWO_IDENTITIES",
                    hard: true,
                    message: format!(
                        "{} {} are recorded as living for this VIN where {lawful} can be: a person must find which is true",
                        living.len(),
                        kind.words()
                    ),
                });
            }
        }
        if self
            .marks
            .iter()
            .any(|mark| mark.lives(MarkKind::StampedVin))
        {
            notices.push(Notice {
                code: "VIN_STAMPED_ANEW",
                hard: false,
                message: "the VIN was stamped anew: compare the rubbing with the approval"
                    .to_owned(),
            });
        }
        notices
    }

    /// The marks of a second registration of this VIN that this living vehicle does not bear: the two can not be one car.
    pub fn contradicted_by(&self, second: &Details, on: Date) -> Vec<Mark> {
        if self.state == State::Deregistered {
            return Vec::new();
        }
        let other = MarkKind::ALL.into_iter().filter_map(|kind| {
            let (own, value) = (self.living(kind), second.mark(kind));
            // An absent mark contradicts nothing, but a plate does where plates were handed in.
            let comparable = !own.is_empty()
                || (kind == MarkKind::Plate && self.state == State::TransferPendingExport);
            let differs = !value.is_empty() && comparable && !own.iter().any(|mark| mark == value);
            differs.then(|| Mark {
                since: Some(on.into()),
                document: second.certificate_number.clone(),
                ..undated(kind, value)
            })
        });
        other.collect()
    }

    /// Records a mark; `replaces` ends with it, and where it is empty an earlier living mark stays beside it.
    pub(super) fn identify(&mut self, mark: &Mark, replaces: &str) -> Result<(), Refusal> {
        if let (MarkKind::Plate, Some(transfer)) = (mark.kind, &self.transfer) {
            return Err(Refusal::TransferPending {
                since: transfer.date,
            });
        }
        let living = self.living(mark.kind);
        if !replaces.is_empty() && !living.iter().any(|value| value == replaces) {
            return Err(Refusal::IdentityNotLiving { kind: mark.kind });
        }
        if !replaces.is_empty() {
            self.end(mark.kind, replaces, mark.since);
        }
        if replaces == mark.value || !living.contains(&mark.value) {
            self.marks.push(Mark {
                until: None,
                ..mark.clone()
            });
        }
        let own = self.details.mark(mark.kind);
        if own.is_empty() || own == replaces {
            self.details.set_mark(mark.kind, &mark.value);
        }
        Ok(())
    }

    /// Marks that an amendment or a transfer changes end on its day, and their successors begin.
    pub(super) fn succeed(&mut self, next: &Details, on: Date, document: &str) {
        for kind in MarkKind::ALL {
            let (old, new) = (self.details.mark(kind).to_owned(), next.mark(kind));
            if old == new {
                continue;
            }
            if !old.is_empty() {
                self.end(kind, &old, Some(on.into()));
            }
            if !new.is_empty() {
                self.marks.push(Mark {
                    since: Some(on.into()),
                    document: document.to_owned(),
                    ..undated(kind, new)
                });
            }
        }
    }

    /// What the vehicle shows of a kind now.
    pub(super) fn living(&self, kind: MarkKind) -> Vec<String> {
        let mut living: Vec<String> = Vec::new();
        let own = if kind == MarkKind::StampedVin && !self.has_ended(kind) {
            self.details.vin.as_str()
        } else {
            self.details.mark(kind)
        };
        if !own.is_empty() {
            living.push(own.to_owned());
        }
        for mark in self.marks.iter().filter(|mark| mark.lives(kind)) {
            if !living.contains(&mark.value) {
                living.push(mark.value.clone());
            }
        }
        living
    }

    fn has_ended(&self, kind: MarkKind) -> bool {
        self.marks
            .iter()
            .any(|mark| mark.kind == kind && mark.until.is_some())
    }

    fn end(&mut self, kind: MarkKind, value: &str, on: Option<PartialDate>) {
        let mut standing = self.marks.iter_mut();
        match standing.find(|mark| mark.lives(kind) && mark.value == value) {
            Some(mark) => mark.until = on,
            None => self.marks.push(Mark {
                until: on,
                ..undated(kind, value)
            }),
        }
    }
}

fn undated(kind: MarkKind, value: &str) -> Mark {
    Mark {
        kind,
        value: value.to_owned(),
        since: None,
        until: None,
        document: String::new(),
    }
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
