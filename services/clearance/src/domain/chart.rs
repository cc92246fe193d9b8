//! The state chart of a case as data: `state + event → new state + effects`.
//!
//! To add a step: add a row to [`CHART`] (and an event, where it is a new one); everything else —
//! the published chart, the legal steps of a refusal, the model tests — reads the table.

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

/// One row of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// State before.
    pub from: State,
    /// What happens.
    pub event: Event,
    /// State after.
    pub to: State,
    /// Who brings it.
    pub actor: Actor,
    /// The RPC that does; empty where the service itself does.
    pub rpc: &'static str,
}

const fn row(from: State, event: Event, to: State, actor: Actor, rpc: &'static str) -> Row {
    Row { from, event, to, actor, rpc }
}

/// Every legal step.
pub const CHART: &[Row] = {
    use Actor as A;
    use Event as E;
    use State as S;
    &[
        row(S::Draft, E::Submit, S::Submitted, A::Exporter, "SubmitCase"),
        row(S::NeedsInformation, E::Submit, S::Submitted, A::Exporter, "SubmitCase"),
        row(S::Refused, E::Submit, S::Submitted, A::Exporter, "SubmitCase"),
        row(S::Submitted, E::GatherStarted, S::Gathering, A::System, ""),
        row(S::Gathering, E::Park, S::Parked, A::System, ""),
        row(S::Parked, E::Resume, S::Gathering, A::System, ""),
        row(S::Gathering, E::DecidedReady, S::Ready, A::System, ""),
        row(S::Gathering, E::DecidedRefused, S::Refused, A::System, ""),
        row(S::Gathering, E::DecidedNeedsInformation, S::NeedsInformation, A::System, ""),
        row(S::NeedsInformation, E::OfficerReady, S::Ready, A::Officer, "DecideCase"),
        row(S::NeedsInformation, E::OfficerRefused, S::Refused, A::Officer, "DecideCase"),
        row(S::NeedsInformation, E::OverriddenReady, S::Ready, A::Officer, "OverrideDecision"),
        row(S::NeedsInformation, E::OverriddenRefused, S::Refused, A::Officer, "OverrideDecision"),
        row(S::Refused, E::OverriddenReady, S::Ready, A::Officer, "OverrideDecision"),
        row(S::Ready, E::OverriddenRefused, S::Refused, A::Officer, "OverrideDecision"),
        row(S::Ready, E::EvidenceChanged, S::NeedsInformation, A::System, ""),
        row(S::Ready, E::LicenceRecorded, S::Licensed, A::Officer, "RecordLicence"),
        row(S::Licensed, E::EvidenceChanged, S::NeedsInformation, A::System, ""),
        row(S::Licensed, E::Certified, S::Certified, A::System, ""),
        row(S::Certified, E::Reserve, S::Reserved, A::Customs, "ReserveCertificate"),
        row(S::Certified, E::Amend, S::Certified, A::Officer, "AmendCertificate"),
        row(S::Reserved, E::Release, S::Certified, A::Customs, "ReleaseReservation"),
        row(S::Reserved, E::Consume, S::Reserved, A::Customs, "ConsumeCertificate"),
        row(S::Reserved, E::Exit, S::Exited, A::Customs, "RecordExit"),
        row(S::Exited, E::Deregister, S::Deregistered, A::Exporter, "RecordDeregistration"),
        row(S::Draft, E::Withdraw, S::Withdrawn, A::Exporter, "WithdrawCase"),
        row(S::Submitted, E::Withdraw, S::Withdrawn, A::Exporter, "WithdrawCase"),
        row(S::Gathering, E::Withdraw, S::Withdrawn, A::Exporter, "WithdrawCase"),
        row(S::Parked, E::Withdraw, S::Withdrawn, A::Exporter, "WithdrawCase"),
        row(S::NeedsInformation, E::Withdraw, S::Withdrawn, A::Exporter, "WithdrawCase"),
        row(S::Ready, E::Withdraw, S::Withdrawn, A::Exporter, "WithdrawCase"),
        row(S::Refused, E::Withdraw, S::Withdrawn, A::Exporter, "WithdrawCase"),
        row(S::Certified, E::Invalidate, S::Invalidated, A::Officer, "InvalidateCertificate"),
        row(S::Reserved, E::Invalidate, S::Invalidated, A::Officer, "InvalidateCertificate"),
        row(S::Licensed, E::Expire, S::Expired, A::System, ""),
        row(S::Certified, E::Expire, S::Expired, A::System, ""),
    ]
};

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// State after.
    pub state: State,
    /// What must be done with it.
    pub effects: &'static [Effect],
}

/// A step the chart does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a case that is {state} takes no {event}")]
pub struct Illegal {
    /// State of the case.
    pub state: State,
    /// What was asked.
    pub event: Event,
}

impl Illegal {
    /// The steps that are legal from there, as `EVENT → STATE (Rpc)`.
    pub fn legal(&self) -> Vec<String> {
        legal(self.state)
            .map(|row| {
                let by = if row.rpc.is_empty() { "by itself" } else { row.rpc };
                format!("{} → {} ({by})", row.event, row.to)
            })
            .collect()
    }
}

/// The legal steps from a state.
pub fn legal(state: State) -> impl Iterator<Item = &'static Row> {
    CHART.iter().filter(move |row| row.from == state)
}

/// Takes one step.
pub fn step(state: State, event: Event) -> Result<Step, Illegal> {
    legal(state)
        .find(|row| row.event == event)
        .map(|row| Step { state: row.to, effects: effects(event) })
        .ok_or(Illegal { state, event })
}

fn effects(event: Event) -> &'static [Effect] {
    match event {
        Event::Submit | Event::Resume => &[Effect::WakeWorker],
        Event::Park => &[Effect::StartTimer],
        Event::DecidedReady | Event::DecidedRefused | Event::DecidedNeedsInformation => &[Effect::FinishOperation],
        Event::EvidenceChanged | Event::OverriddenRefused => &[Effect::LeaveBatch],
        Event::Withdraw => &[Effect::FinishOperation, Effect::LeaveBatch],
        Event::LicenceRecorded => &[Effect::WakeWorker, Effect::IssueCertificate],
        Event::Invalidate => &[Effect::RevokeCertificate],
        Event::Exit => &[Effect::StartDeregistrationClock],
        _ => &[],
    }
}

impl State {
    /// Whether nothing leaves it.
    pub fn is_terminal(self) -> bool {
        legal(self).next().is_none()
    }

    /// Whether a case in this state stands in the way of another for its VIN (I1).
    pub fn is_open(self) -> bool {
        !self.is_terminal()
    }

    /// Whether the worker has something to do for a case in this state.
    pub fn is_working(self) -> bool {
        matches!(self, Self::Submitted | Self::Gathering | Self::Parked | Self::Licensed)
    }

    /// Whether documents, trip and declared facts may still change.
    pub fn takes_documents(self) -> bool {
        matches!(self, Self::Draft | Self::NeedsInformation | Self::Refused)
    }

    /// Whether a certificate was issued on the way here.
    pub fn is_certified_or_further(self) -> bool {
        matches!(self, Self::Certified | Self::Reserved | Self::Exited | Self::Deregistered)
    }

    /// The state named by a word of the contract.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_four_ends_are_terminal() {
        let ends: Vec<State> = State::ALL.iter().copied().filter(|state| state.is_terminal()).collect();
        assert_eq!(ends, [State::Deregistered, State::Withdrawn, State::Invalidated, State::Expired]);
    }

    #[test]
    fn a_state_and_an_event_lead_to_one_place() {
        for (index, row) in CHART.iter().enumerate() {
            let twin = CHART.iter().skip(index + 1).find(|other| other.from == row.from && other.event == row.event);
            assert_eq!(twin, None, "{row:?}");
        }
    }

    #[test]
    fn every_state_is_reached_from_a_draft() {
        let mut reached = vec![State::Draft];
        let mut next = 0;
        while let Some(state) = reached.get(next).copied() {
            next += 1;
            for row in legal(state) {
                if !reached.contains(&row.to) {
                    reached.push(row.to);
                }
            }
        }
        assert_eq!(reached.len(), State::ALL.len());
    }

    #[test]
    fn an_illegal_step_names_the_legal_ones() {
        let refused = step(State::Draft, Event::Reserve).unwrap_err();
        assert_eq!(refused.legal(), ["SUBMIT → SUBMITTED (SubmitCase)", "WITHDRAW → WITHDRAWN (WithdrawCase)"]);
        assert_eq!(refused.to_string(), "a case that is DRAFT takes no RESERVE");
    }

    #[test]
    fn a_certificate_is_reached_only_through_a_licence() {
        let into = |state: State| CHART.iter().filter(|row| row.to == state && row.from != state).map(|row| row.from).collect::<Vec<_>>();
        assert_eq!(into(State::Licensed), [State::Ready]);
        assert_eq!(into(State::Certified), [State::Licensed, State::Reserved]);
    }
}
