//! The words of the chart: states, events, actors, effects.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every one of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in the contract.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Where a case stands.
    State {
        /// Being prepared.
        Draft "DRAFT",
        /// Filed.
        Submitted "SUBMITTED",
        /// Evidence is being gathered.
        Gathering "GATHERING",
        /// A peer is down; a timer runs.
        Parked "PARKED",
        /// Facts or documents are missing.
        NeedsInformation "NEEDS_INFORMATION",
        /// It may leave.
        Ready "READY",
        /// It may not leave.
        Refused "REFUSED",
        /// The official licence is recorded.
        Licensed "LICENSED",
        /// The certificate is signed and logged.
        Certified "CERTIFIED",
        /// Customs holds the certificate.
        Reserved "RESERVED",
        /// It left.
        Exited "EXITED",
        /// Deregistered after exit.
        Deregistered "DEREGISTERED",
        /// Given up.
        Withdrawn "WITHDRAWN",
        /// Certificate or licence invalidated.
        Invalidated "INVALIDATED",
        /// Ran out unused.
        Expired "EXPIRED",
    }
}

words! {
    /// What can happen to a case.
    Event {
        /// The exporter of record files it.
        Submit "SUBMIT",
        /// The worker takes it up.
        GatherStarted "GATHER_STARTED",
        /// A peer did not answer.
        Park "PARK",
        /// The timer of a parked case ended.
        Resume "RESUME",
        /// The decision is that it may leave.
        DecidedReady "DECIDED_READY",
        /// The decision is that it may not leave.
        DecidedRefused "DECIDED_REFUSED",
        /// The decision asks for something.
        DecidedNeedsInformation "DECIDED_NEEDS_INFORMATION",
        /// An officer lets it leave.
        OfficerReady "OFFICER_READY",
        /// An officer refuses it.
        OfficerRefused "OFFICER_REFUSED",
        /// Two people let it leave.
        OverriddenReady "OVERRIDDEN_READY",
        /// Two people refuse it.
        OverriddenRefused "OVERRIDDEN_REFUSED",
        /// Evidence changed after the decision.
        EvidenceChanged "EVIDENCE_CHANGED",
        /// The official licence is recorded.
        LicenceRecorded "LICENCE_RECORDED",
        /// The certificate is signed and logged.
        Certified "CERTIFIED",
        /// Customs holds the certificate.
        Reserve "RESERVE",
        /// The hold ended.
        Release "RELEASE",
        /// The certificate was used.
        Consume "CONSUME",
        /// A new certificate took the place of the old one.
        Amend "AMEND",
        /// Evidence changed after the certificate: it is held back.
        Suspend "SUSPEND",
        /// What held it back is gone, or an officer looked.
        Reinstate "REINSTATE",
        /// It left China.
        Exit "EXIT",
        /// It was deregistered.
        Deregister "DEREGISTER",
        /// The exporter gives it up.
        Withdraw "WITHDRAW",
        /// The certificate or licence is invalidated.
        Invalidate "INVALIDATE",
        /// Licence or certificate ran out.
        Expire "EXPIRE",
    }
}

words! {
    /// Who brings an event.
    Actor {
        /// The exporter of record.
        Exporter "EXPORTER",
        /// A licence officer.
        Officer "OFFICER",
        /// Customs.
        Customs "CUSTOMS",
        /// The service itself.
        System "SYSTEM",
    }
}

words! {
    /// What must be done with a step, in the transaction that stores it.
    Effect {
        /// The worker has something to do now.
        WakeWorker "WAKE_WORKER",
        /// A timer must be stored: every parked case has one (I11).
        StartTimer "START_TIMER",
        /// Gathering is over: the operation is done.
        FinishOperation "FINISH_OPERATION",
        /// A certificate must be issued.
        IssueCertificate "ISSUE_CERTIFICATE",
        /// The live certificate, where there is one, must be revoked.
        RevokeCertificate "REVOKE_CERTIFICATE",
        /// The case leaves an open licence batch.
        LeaveBatch "LEAVE_BATCH",
        /// The two months for the deregistration begin.
        StartDeregistrationClock "START_DEREGISTRATION_CLOCK",
    }
}
