//! Every legal step, one row each.

use super::{Actor, Event, Row, State};

const fn row(from: State, event: Event, to: State, actor: Actor, rpc: &'static str) -> Row {
    Row {
        from,
        event,
        to,
        actor,
        rpc,
    }
}

/// Every legal step.
pub const CHART: &[Row] = {
    use Actor as A;
    use Event as E;
    use State as S;
    &[
        row(S::Draft, E::Submit, S::Submitted, A::Exporter, "SubmitCase"),
        row(
            S::NeedsInformation,
            E::Submit,
            S::Submitted,
            A::Exporter,
            "SubmitCase",
        ),
        row(
            S::Refused,
            E::Submit,
            S::Submitted,
            A::Exporter,
            "SubmitCase",
        ),
        row(S::Submitted, E::GatherStarted, S::Gathering, A::System, ""),
        row(S::Gathering, E::Park, S::Parked, A::System, ""),
        row(S::Parked, E::Resume, S::Gathering, A::System, ""),
        row(S::Gathering, E::DecidedReady, S::Ready, A::System, ""),
        row(S::Gathering, E::DecidedRefused, S::Refused, A::System, ""),
        row(
            S::Gathering,
            E::DecidedNeedsInformation,
            S::NeedsInformation,
            A::System,
            "",
        ),
        row(
            S::NeedsInformation,
            E::OfficerReady,
            S::Ready,
            A::Officer,
            "DecideCase",
        ),
        row(
            S::NeedsInformation,
            E::OfficerRefused,
            S::Refused,
            A::Officer,
            "DecideCase",
        ),
        row(
            S::NeedsInformation,
            E::OverriddenReady,
            S::Ready,
            A::Officer,
            "OverrideDecision",
        ),
        row(
            S::NeedsInformation,
            E::OverriddenRefused,
            S::Refused,
            A::Officer,
            "OverrideDecision",
        ),
        row(
            S::Refused,
            E::OverriddenReady,
            S::Ready,
            A::Officer,
            "OverrideDecision",
        ),
        row(
            S::Ready,
            E::OverriddenRefused,
            S::Refused,
            A::Officer,
            "OverrideDecision",
        ),
        row(
            S::Ready,
            E::EvidenceChanged,
            S::NeedsInformation,
            A::System,
            "",
        ),
        row(
            S::Ready,
            E::LicenceRecorded,
            S::Licensed,
            A::Officer,
            "RecordLicence",
        ),
        row(
            S::Licensed,
            E::EvidenceChanged,
            S::NeedsInformation,
            A::System,
            "",
        ),
        row(S::Licensed, E::Certified, S::Certified, A::System, ""),
        row(
            S::Certified,
            E::Reserve,
            S::Reserved,
            A::Customs,
            "ReserveCertificate",
        ),
        row(
            S::Certified,
            E::Amend,
            S::Certified,
            A::Officer,
            "AmendCertificate",
        ),
        row(S::Certified, E::Suspend, S::Certified, A::System, ""),
        row(S::Reserved, E::Suspend, S::Certified, A::System, ""),
        row(
            S::Certified,
            E::Reinstate,
            S::Certified,
            A::Officer,
            "DecideCase",
        ),
        row(
            S::Reserved,
            E::Release,
            S::Certified,
            A::Customs,
            "ReleaseReservation",
        ),
        row(
            S::Reserved,
            E::Consume,
            S::Reserved,
            A::Customs,
            "ConsumeCertificate",
        ),
        row(S::Reserved, E::Exit, S::Exited, A::Customs, "RecordExit"),
        row(
            S::Exited,
            E::Deregister,
            S::Deregistered,
            A::Exporter,
            "RecordDeregistration",
        ),
        row(
            S::Draft,
            E::Withdraw,
            S::Withdrawn,
            A::Exporter,
            "WithdrawCase",
        ),
        row(
            S::Submitted,
            E::Withdraw,
            S::Withdrawn,
            A::Exporter,
            "WithdrawCase",
        ),
        row(
            S::Gathering,
            E::Withdraw,
            S::Withdrawn,
            A::Exporter,
            "WithdrawCase",
        ),
        row(
            S::Parked,
            E::Withdraw,
            S::Withdrawn,
            A::Exporter,
            "WithdrawCase",
        ),
        row(
            S::NeedsInformation,
            E::Withdraw,
            S::Withdrawn,
            A::Exporter,
            "WithdrawCase",
        ),
        row(
            S::Ready,
            E::Withdraw,
            S::Withdrawn,
            A::Exporter,
            "WithdrawCase",
        ),
        row(
            S::Refused,
            E::Withdraw,
            S::Withdrawn,
            A::Exporter,
            "WithdrawCase",
        ),
        row(
            S::Certified,
            E::Invalidate,
            S::Invalidated,
            A::Officer,
            "InvalidateCertificate",
        ),
        row(
            S::Reserved,
            E::Invalidate,
            S::Invalidated,
            A::Officer,
            "InvalidateCertificate",
        ),
        row(S::Licensed, E::Expire, S::Expired, A::System, ""),
        row(S::Certified, E::Expire, S::Expired, A::System, ""),
    ]
};
