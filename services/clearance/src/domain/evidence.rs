//! What the peers said, in our own words: what a decision rests on, pinned as it was read.

mod rules;

pub use rules::{Judgement, MarketVerdict, MissingFact, NeededDocument, RuleReason};
pub use tongguan_vocabulary::evidence::{
    FactMap, Gathered, Inspection as InspectionEvidence, Maintenance as MaintenanceEvidence,
    Notice, Prohibition, Reading, Transfer, Vehicle as VehicleEvidence,
};
