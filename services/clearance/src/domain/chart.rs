//! The state chart of a case as data: `state + event → new state + effects`.
//!
//! To add a step: add a row to [`CHART`] (and an event, where it is a new one); everything else —
//! the published chart, the legal steps of a refusal, the model tests — reads the table.

mod table;
mod words;

pub use table::CHART;
pub use words::{Actor, Effect, Event, State};

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
                let by = if row.rpc.is_empty() {
                    "by itself"
                } else {
                    row.rpc
                };
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
        .map(|row| Step {
            state: row.to,
            effects: effects(event),
        })
        .ok_or(Illegal { state, event })
}

fn effects(event: Event) -> &'static [Effect] {
    match event {
        Event::Submit | Event::Resume => &[Effect::WakeWorker],
        Event::Park => &[Effect::StartTimer],
        Event::DecidedReady | Event::DecidedRefused | Event::DecidedNeedsInformation => {
            &[Effect::FinishOperation]
        }
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
        matches!(
            self,
            Self::Submitted | Self::Gathering | Self::Parked | Self::Licensed
        )
    }

    /// Whether a decision that lets the vehicle leave is in force: a late change of its evidence matters.
    pub fn is_live(self) -> bool {
        matches!(
            self,
            Self::Ready | Self::Licensed | Self::Certified | Self::Reserved
        )
    }

    /// Whether documents, trip and declared facts may still change.
    pub fn takes_documents(self) -> bool {
        matches!(self, Self::Draft | Self::NeedsInformation | Self::Refused)
    }

    /// Whether a certificate was issued on the way here.
    pub fn is_certified_or_further(self) -> bool {
        matches!(
            self,
            Self::Certified | Self::Reserved | Self::Exited | Self::Deregistered
        )
    }

    /// The state named by a word of the contract.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|state| state.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_four_ends_are_terminal() {
        let ends: Vec<State> = State::ALL
            .iter()
            .copied()
            .filter(|state| state.is_terminal())
            .collect();
        assert_eq!(
            ends,
            [
                State::Deregistered,
                State::Withdrawn,
                State::Invalidated,
                State::Expired
            ]
        );
    }

    #[test]
    fn a_state_and_an_event_lead_to_one_place() {
        for (index, row) in CHART.iter().enumerate() {
            let twin = CHART
                .iter()
                .skip(index + 1)
                .find(|other| other.from == row.from && other.event == row.event);
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
        assert_eq!(
            refused.legal(),
            [
                "SUBMIT → SUBMITTED (SubmitCase)",
                "WITHDRAW → WITHDRAWN (WithdrawCase)"
            ]
        );
        assert_eq!(refused.to_string(), "a case that is DRAFT takes no RESERVE");
    }

    #[test]
    fn a_certificate_is_reached_only_through_a_licence() {
        let into = |state: State| {
            let mut from = CHART
                .iter()
                .filter(|row| row.to == state && row.from != state)
                .map(|row| row.from)
                .collect::<Vec<_>>();
            from.sort_unstable();
            from
        };
        assert_eq!(into(State::Licensed), [State::Ready]);
        let mut before = into(State::Certified);
        before.dedup();
        assert_eq!(before, [State::Licensed, State::Reserved]);
    }
}
