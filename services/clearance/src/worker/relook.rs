//! Another look at a case that was decided: what changed since, and what that does to case and certificate.

use std::collections::BTreeSet;

use tongguan_vocabulary::evidence::situation;

use crate::domain::certificate::Life;
use crate::domain::decision::{self, Decision, ENGINE, Input, Outcome, Weight};
use crate::domain::evidence::{InspectionEvidence, VehicleEvidence};
use crate::domain::journal::{StepKind, StepOutcome};
use crate::domain::reconcile::reconcile;
use crate::domain::{Case, Event, State, facts};
use crate::error::Error;
use crate::service::Service;
use crate::store::{Claim, End, Happened, Held, Line, Loaded, Pinned};

use super::round::{Round, json};

/// What another look finds.
pub(super) enum Look {
    /// Nothing that would have changed the decision.
    Same,
    /// The decision holds no more, and why.
    Changed(String),
    /// It holds, and other packs say so.
    Repacked(Box<Round>),
}

impl Service {
    /// Looks again because something was told, and does what follows.
    pub(super) async fn relook(&self, claim: &Claim, loaded: Loaded) -> Result<(), Error> {
        let case = &loaded.case;
        let look = self.look_again(claim, case).await?;
        let accepted = |reason: &String| case.accepted_change.as_ref() == Some(reason);
        match (look, case.state) {
            (Look::Changed(reason), State::Ready | State::Licensed) => {
                self.reopen(claim, &reason).await?;
            }
            (Look::Changed(reason), State::Certified | State::Reserved) if !accepted(&reason) => {
                self.suspend(claim, case, &reason).await?;
            }
            (Look::Repacked(round), State::Ready | State::Licensed) => {
                self.decide_again(claim, loaded, &round).await?;
            }
            (Look::Same | Look::Repacked(_), State::Certified) => {
                self.reinstate(claim, case).await?;
            }
            _ => {}
        }
        Ok(self.store.looked(claim).await?)
    }

    /// Asks the peers once more and judges anew; the maintenance records stay as they were pinned.
    pub(super) async fn look_again(&self, claim: &Claim, case: &Case) -> Result<Look, Error> {
        let tenant = &claim.tenant;
        let Some(decided) = &case.decision else {
            return Ok(Look::Same);
        };
        let vehicle = self.desk.vehicle(tenant, &case.vin).await?;
        let inspection = self.desk.inspection(tenant, &case.vin).await?;
        if let Some(reason) = late_change(decided, vehicle.as_ref(), inspection.as_ref()) {
            return Ok(Look::Changed(reason));
        }
        let mut round = Round::default();
        if let Some(records) = self
            .store
            .pinned(tenant, case.id, case.round, StepKind::Maintenance)
            .await?
        {
            round.keep(StepKind::Maintenance, &records, case)?;
        }
        round.gathered.vehicle = vehicle;
        round.gathered.inspection = inspection;
        let gathered = &round.gathered;
        round.reconciliation = reconcile(
            case,
            gathered.vehicle.as_ref(),
            gathered.inspection.as_ref(),
        );
        round.facts = facts::build(case, gathered, &round.reconciliation);
        let judgement = self
            .desk
            .judge(tenant, &round.facts, case.destination)
            .await?;
        let ruling = decision::rule(&Input {
            gathered: &round.gathered,
            reconciliation: &round.reconciliation,
            judgement: &judgement,
        });
        if ruling.outcome != Outcome::Ready {
            // What people knew when they decided does not count again.
            let weighty = |weight: Weight| weight != Weight::Tells;
            let known: BTreeSet<&str> = decided
                .reasons
                .iter()
                .filter(|reason| weighty(reason.weight))
                .map(|reason| reason.rule.rule.as_str())
                .collect();
            let fresh = ruling.reasons.iter().find(|reason| {
                weighty(reason.weight) && !known.contains(reason.rule.rule.as_str())
            });
            if let Some(reason) = fresh {
                return Ok(Look::Changed(format!(
                    "{} decides otherwise now: {}",
                    reason.rule.rule, reason.rule.en
                )));
            }
            if decided.decided_by == ENGINE {
                return Ok(Look::Changed(
                    "the rules ask for more than they did".to_owned(),
                ));
            }
        }
        round.judgement = Some(judgement);
        let by_engine = decided.decided_by == ENGINE;
        Ok(if by_engine && round.packs() != decided.packs {
            Look::Repacked(Box::new(round))
        } else {
            Look::Same
        })
    }

    /// The decision holds no more: the case is opened again, and a certificate on its way is given up.
    pub(super) async fn reopen(&self, claim: &Claim, reason: &str) -> Result<(), Error> {
        let change = |case: &mut Case| {
            case.take(Event::EvidenceChanged)?;
            case.suspended_because = Some(reason.to_owned());
            Ok(Happened::because("EVIDENCE_CHANGED", reason))
        };
        self.store
            .advance(claim, &self.system(claim), &change)
            .await?;
        Ok(self.store.discard_prepared(&claim.tenant, claim.id).await?)
    }

    /// The same outcome under the packs in force now: journaled like the first, so that it can be replayed.
    pub(super) async fn decide_again(
        &self,
        claim: &Claim,
        mut loaded: Loaded,
        round: &Round,
    ) -> Result<Loaded, Error> {
        if !matches!(loaded.case.state, State::Ready | State::Licensed) {
            return Err(Error::LeaseLost { id: claim.id });
        }
        let pins = round.packs();
        let packs: Vec<String> = pins
            .iter()
            .map(|pin| format!("{}@{}", pin.market, pin.version))
            .collect();
        let packs = packs.join(" ");
        let taken = [
            (StepKind::Registry, json(&round.gathered.vehicle), ""),
            (StepKind::Inspection, json(&round.gathered.inspection), ""),
            (StepKind::Reconciliation, json(&round.reconciliation), ""),
            (StepKind::Rules, json(&round.judgement), packs.as_str()),
        ];
        let mut steps = Vec::with_capacity(taken.len());
        for (kind, output, pinned) in taken {
            let case = &mut loaded.case;
            let input = round.input(kind, case);
            let (outcome, pinned) = (StepOutcome::Answered, pinned.to_owned());
            let note = self.note(case, kind, outcome, &input, &output, pinned);
            case.steps.push(note.clone());
            steps.push(Pinned { note, output });
        }
        let Some(decided) = self.decided(&claim.tenant, &loaded.case, round) else {
            return Ok(loaded);
        };
        loaded.case.vehicle = round.vehicle_note();
        loaded.case.decision = Some(decided);
        let happened = Happened::because("DECIDED_AGAIN", &packs);
        let lines = [Line::of(&loaded.case, happened)];
        self.settle(claim, &mut loaded, &steps, &lines, End::GoesOn(claim))
            .await?;
        Ok(loaded.stored())
    }

    /// Holds the certificate back; where it was used already, that is only told.
    async fn suspend(&self, claim: &Claim, case: &Case, reason: &str) -> Result<(), Error> {
        let told = case.suspended_because.as_deref() == Some(reason);
        let Some((id, life)) = self.held_now(claim, case).await? else {
            return Ok(());
        };
        let entry = self.system(claim);
        match life {
            Life::Used { .. } if !told => {
                let change = |case: &mut Case| {
                    case.suspended_because = Some(reason.to_owned());
                    Ok(Happened::because("EVIDENCE_CHANGED_AFTER_USE", reason).about(id))
                };
                self.store.advance(claim, &entry, &change).await?;
            }
            Life::Live | Life::Reserved { .. } => {
                let change = |held: &mut Held, case: &mut Case| {
                    held.life = held.life.suspend(reason, entry.at)?;
                    case.take(Event::Suspend)?;
                    case.suspended_because = Some(reason.to_owned());
                    Ok(Happened::because("CERTIFICATE_SUSPENDED", reason).about(held.id))
                };
                self.store.lapse(claim, &entry, id, &change).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Sets a suspended certificate free: what held it back is gone.
    async fn reinstate(&self, claim: &Claim, case: &Case) -> Result<(), Error> {
        let Some((id, Life::Suspended { reason, .. })) = self.held_now(claim, case).await? else {
            return Ok(());
        };
        let change = |held: &mut Held, case: &mut Case| {
            held.life = held.life.reinstate()?;
            case.take(Event::Reinstate)?;
            let why = format!("gone: {reason}");
            Ok(Happened::because("CERTIFICATE_REINSTATED", &why).about(held.id))
        };
        self.store
            .lapse(claim, &self.system(claim), id, &change)
            .await?;
        Ok(())
    }

    async fn held_now(
        &self,
        claim: &Claim,
        case: &Case,
    ) -> Result<Option<(uuid::Uuid, Life)>, Error> {
        let Some(id) = case.certificate else {
            return Ok(None);
        };
        let held = self.store.find_certificate(&claim.tenant, id).await?;
        let now = self.world.clock.now();
        Ok(held.map(|held| (id, held.life.at(now, held.expires_at))))
    }
}

/// What changed by itself would have changed the decision: a prohibited situation, a burden, an inspection
/// that is gone.
fn late_change(
    decided: &Decision,
    vehicle: Option<&VehicleEvidence>,
    inspection: Option<&InspectionEvidence>,
) -> Option<String> {
    let Some(vehicle) = vehicle else {
        return Some("the vehicle is no longer in the registry".to_owned());
    };
    // Two people may have decided knowing of a situation: only another one is news.
    let known = decided.facts.get("registry.prohibited").map(|known| {
        let list = known.get("has").unwrap_or(known);
        list.as_array().cloned().unwrap_or_default()
    });
    let known = known.unwrap_or_default();
    let news = vehicle.prohibitions.iter().find(|found| {
        situation(found.number).is_none_or(|word| !known.iter().any(|known| known == word))
    });
    if let Some(found) = news {
        return Some(format!(
            "the registry now shows prohibited situation {}: {}",
            found.number, found.fact
        ));
    }
    if vehicle.deregistered.is_some() {
        return Some("the vehicle was deregistered".to_owned());
    }
    if decided.by_override {
        return None;
    }
    if let Some(burden) = vehicle.burdens.first() {
        return Some(format!("the registry now shows a burden: {burden}"));
    }
    let pinned = decided.evidence.iter().find(|pin| pin.kind == "INSPECTION");
    match (pinned, inspection) {
        (Some(pin), Some(now)) if pin.id != now.id => Some(format!(
            "the inspection {} was replaced by {}",
            pin.id, now.id
        )),
        (Some(pin), None) => Some(format!("the inspection {} was withdrawn", pin.id)),
        (Some(_), Some(now)) if now.under_review => Some(format!(
            "inspection {} is under review since the decision",
            now.id
        )),
        _ => None,
    }
}
