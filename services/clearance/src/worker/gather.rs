//! Gathering: one journaled step a question, its answer pinned; a peer that is down parks the case, never decides it.

use serde::Serialize;
use tongguan_certificate::Digest;
use tongguan_rpc::PeerError;
use tongguan_vocabulary::Tenant;

use crate::domain::case::Parked;
use crate::domain::decision::{self, Decision, ENGINE, Input, Outcome};
use crate::domain::evidence::{Judgement, MaintenanceEvidence};
use crate::domain::journal::{StepKind, StepNote, StepOutcome};
use crate::domain::reconcile::reconcile;
use crate::domain::sandbox::{self, Forced};
use crate::domain::{Case, Event, State};
use crate::error::Error;
use crate::measures;
use crate::service::Service;
use crate::store::{Claim, End, Happened, Line, Loaded, Pinned};

use super::round::{Round, json};

/// What a step came to: an answer to pin, or a reason to wait.
enum Answer {
    Pin {
        outcome: StepOutcome,
        output: String,
        pinned: String,
    },
    Wait {
        peer: &'static str,
        message: String,
        hint: Option<u64>,
    },
}

impl Answer {
    fn found<T: Serialize>(value: Option<&T>, pinned: String) -> Self {
        let outcome = if value.is_some() {
            StepOutcome::Answered
        } else {
            StepOutcome::NothingFound
        };
        Self::Pin {
            outcome,
            output: json(&value),
            pinned,
        }
    }
}

impl Service {
    /// Goes through the steps of this round, skipping those already pinned, and decides. What was answered is pinned
    /// with the decision it leads to, or with the parking: one commit. A process that dies before it asks again.
    pub(super) async fn gather(&self, claim: &Claim, mut loaded: Loaded) -> Result<(), Error> {
        let mut round = Round::default();
        let (mut steps, mut lines) = (Vec::new(), Vec::new());
        let begun = match loaded.case.state {
            State::Submitted => Some((Event::GatherStarted, "GATHERING")),
            State::Parked => Some((Event::Resume, "RESUMED")),
            _ => None,
        };
        if let Some((event, kind)) = begun {
            loaded.case.take(event)?;
            lines.push(Line::of(&loaded.case, Happened::new(kind)));
        }
        let mut asked_now = true;
        for kind in StepKind::ALL {
            if let Some(output) = self.pinned(claim, &loaded.case, kind).await? {
                asked_now = false;
                round.keep(kind, &output, &loaded.case)?;
                continue;
            }
            let case = &loaded.case;
            let input = round.input(kind, case);
            match self.take_step(claim, case, kind, &round).await? {
                Answer::Pin {
                    outcome,
                    output,
                    pinned,
                } => {
                    round.keep(kind, &output, case)?;
                    let note = self.note(case, kind, outcome, &input, &output, pinned);
                    if kind == StepKind::Inspection
                        && let Some(vehicle) = round.vehicle_note()
                    {
                        loaded.case.vehicle = Some(vehicle);
                    }
                    loaded.case.steps.push(note.clone());
                    steps.push(Pinned { note, output });
                }
                Answer::Wait {
                    peer,
                    message,
                    hint,
                } => {
                    let outcome = StepOutcome::Unreachable;
                    let note = self.note(case, kind, outcome, &input, "", peer.to_owned());
                    let happened = self.park(&mut loaded.case, peer, &message, hint)?;
                    lines.push(Line::of(&loaded.case, happened));
                    loaded.case.steps.push(note.clone());
                    let output = String::new();
                    steps.push(Pinned { note, output });
                    let end = End::Done {
                        claim,
                        looked: false,
                    };
                    return self.settle(claim, &mut loaded, &steps, &lines, end).await;
                }
            }
        }
        let Some(decided) = self.decided(&claim.tenant, &loaded.case, &round) else {
            return Ok(());
        };
        let (event, kind) = match decided.outcome {
            Outcome::Ready => (Event::DecidedReady, "DECIDED_READY"),
            Outcome::Refused => (Event::DecidedRefused, "DECIDED_REFUSED"),
            Outcome::NeedsInformation => {
                (Event::DecidedNeedsInformation, "DECIDED_NEEDS_INFORMATION")
            }
        };
        loaded.case.take(event)?;
        loaded.case.decision = Some(decided);
        lines.push(Line::of(&loaded.case, Happened::new(kind)));
        // What was told before every peer was asked is in the evidence.
        let end = End::Done {
            claim,
            looked: asked_now,
        };
        self.settle(claim, &mut loaded, &steps, &lines, end).await?;
        loaded.case.decision.iter().for_each(measures::decided);
        Ok(())
    }

    pub(super) async fn settle(
        &self,
        claim: &Claim,
        loaded: &mut Loaded,
        steps: &[Pinned],
        lines: &[Line],
        end: End<'_>,
    ) -> Result<(), Error> {
        self.store
            .settle(&self.system(claim), loaded, steps, lines, end)
            .await
    }

    async fn pinned(
        &self,
        claim: &Claim,
        case: &Case,
        kind: StepKind,
    ) -> Result<Option<String>, Error> {
        if case.taken(kind).is_none() {
            return Ok(None);
        }
        Ok(self
            .store
            .pinned(&claim.tenant, claim.id, case.round, kind)
            .await?)
    }

    async fn take_step(
        &self,
        claim: &Claim,
        case: &Case,
        kind: StepKind,
        round: &Round,
    ) -> Result<Answer, Error> {
        let tenant = &claim.tenant;
        Ok(match kind {
            StepKind::Registry if sandbox::forced(tenant, case.vin) == Some(Forced::Parked) => {
                let peer = "registry";
                wait(peer, &PeerError::Unavailable { peer })
            }
            StepKind::Registry => match self.desk.vehicle(tenant, &case.vin).await {
                Ok(vehicle) => {
                    let version = vehicle.as_ref().map_or(String::new(), |vehicle| {
                        format!("version {}", vehicle.version)
                    });
                    Answer::found(vehicle.as_ref(), version)
                }
                Err(error) => wait("registry", &error),
            },
            StepKind::Inspection => match self.desk.inspection(tenant, &case.vin).await {
                Ok(inspection) => {
                    let id = inspection
                        .as_ref()
                        .map_or(String::new(), |inspection| inspection.id.clone());
                    Answer::found(inspection.as_ref(), id)
                }
                Err(error) => wait("inspection", &error),
            },
            StepKind::Maintenance => self.look_up(claim, case, round).await,
            StepKind::Reconciliation => {
                let compared = reconcile(
                    case,
                    round.gathered.vehicle.as_ref(),
                    round.gathered.inspection.as_ref(),
                );
                Answer::Pin {
                    outcome: StepOutcome::Answered,
                    output: json(&compared),
                    pinned: String::new(),
                }
            }
            StepKind::Rules => match self
                .desk
                .judge(tenant, &round.facts, case.destination)
                .await
            {
                Ok(judgement) => {
                    let (outcome, pinned) = match &judgement {
                        Judgement::Verdicts(verdicts) => {
                            let packs: Vec<String> = verdicts
                                .iter()
                                .map(|verdict| format!("{}@{}", verdict.market, verdict.version))
                                .collect();
                            (StepOutcome::Answered, packs.join(" "))
                        }
                        Judgement::Refused { code, .. } => (StepOutcome::Refused, code.clone()),
                    };
                    Answer::Pin {
                        outcome,
                        output: json(&judgement),
                        pinned,
                    }
                }
                Err(error) => wait("destinations", &error),
            },
        })
    }

    async fn look_up(&self, claim: &Claim, case: &Case, round: &Round) -> Answer {
        if round.gathered.vehicle.is_none() {
            return Answer::found::<MaintenanceEvidence>(None, String::new());
        }
        match self
            .desk
            .maintenance(&claim.tenant, case, &round.gathered)
            .await
        {
            Ok(history) if history.is_outage() => {
                let message = format!(
                    "the maintenance records could not be read: {}",
                    history.outcome
                );
                Answer::Wait {
                    peer: "maintenance records",
                    message,
                    hint: history.retry_after,
                }
            }
            Ok(history) => {
                let pinned = format!("{} ({})", history.outcome, history.freshness);
                Answer::found(Some(&history), pinned)
            }
            Err(error) => wait("maintenance", &error),
        }
    }

    pub(super) fn note(
        &self,
        case: &Case,
        kind: StepKind,
        outcome: StepOutcome,
        input: &str,
        output: &str,
        pinned: String,
    ) -> StepNote {
        StepNote {
            number: case.steps.len() as u32 + 1,
            round: case.round,
            kind,
            outcome,
            input_sha256: Digest::of(input.as_bytes()).to_string(),
            output_sha256: Digest::of(output.as_bytes()).to_string(),
            pinned,
            at: self.world.clock.now(),
        }
    }

    /// Puts a case aside until a peer may answer again.
    fn park(
        &self,
        case: &mut Case,
        peer: &str,
        message: &str,
        hint: Option<u64>,
    ) -> Result<Happened, Error> {
        let before = case
            .steps
            .iter()
            .filter(|step| step.round == case.round && step.outcome == StepOutcome::Unreachable)
            .count();
        let attempts = before as u32 + 1;
        case.take(Event::Park)?;
        case.parked = Some(Parked {
            peer: peer.to_owned(),
            message: message.to_owned(),
            attempts,
            retry_at: self.retry_at(attempts, hint),
        });
        Ok(Happened::because("PARKED", message))
    }

    /// The decision that follows from a round; `None` where it was never judged.
    pub(super) fn decided(&self, tenant: &Tenant, case: &Case, round: &Round) -> Option<Decision> {
        let judgement = round.judgement.as_ref()?;
        let ruling = decision::rule(&Input {
            gathered: &round.gathered,
            reconciliation: &round.reconciliation,
            judgement,
        });
        let forced = sandbox::forced(tenant, case.vin);
        let ruling = match forced {
            Some(Forced::Decided(outcome)) => sandbox::ruled(ruling, outcome),
            _ => ruling,
        };
        let verdicts: &[_] = if let Judgement::Verdicts(verdicts) = judgement {
            verdicts
        } else {
            &[]
        };
        let packs = round.packs();
        let said = |place: usize| {
            verdicts
                .get(place)
                .map(|verdict| verdict.outcome.clone())
                .unwrap_or_default()
        };
        let inputs = json(&(&packs, &round.facts, &round.reconciliation, judgement));
        Some(Decision {
            id: self.world.ids.next(),
            outcome: ruling.outcome,
            reasons: ruling.reasons,
            missing_facts: ruling.missing_facts,
            missing_documents: ruling.missing_documents,
            ship_by: ruling.ship_by,
            engine: verdicts
                .first()
                .map(|verdict| verdict.engine.clone())
                .unwrap_or_default(),
            packs,
            evidence: round.evidence(case),
            facts: round.facts.clone(),
            inputs_sha256: Digest::of(inputs.as_bytes()).to_string(),
            decided_by: ENGINE.to_owned(),
            officer_reason: String::new(),
            decided_at: self.world.clock.now(),
            by_override: false,
            china_verdict: said(0),
            market_verdict: said(1),
            reconciliation: round.reconciliation.clone(),
            simulated: forced.is_some()
                || round
                    .gathered
                    .maintenance
                    .as_ref()
                    .is_some_and(|history| history.simulated),
        })
    }
}

fn wait(peer: &'static str, error: &PeerError) -> Answer {
    // Whatever a peer's failure says of the peer, it says nothing of the vehicle.
    Answer::Wait {
        peer,
        message: format!("{peer} did not answer: {error}"),
        hint: None,
    }
}
