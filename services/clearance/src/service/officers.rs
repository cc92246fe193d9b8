//! What people decide: the licence officer where the rules leave it open, two people against the engine.

use tongguan_access::Caller;
use uuid::Uuid;

use super::Service;
use crate::domain::case::Override;
use crate::domain::certificate::Life;
use crate::domain::{Case, Decision, Event, Outcome, State};
use crate::error::Error;
use crate::measures;
use crate::store::{Entry, Happened, Held};

impl Service {
    /// An officer decides a case that asks for information, or one whose certificate is suspended.
    pub(crate) async fn decide(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        ready: bool,
        reason: String,
    ) -> Result<Case, Error> {
        let entry = self.entry(caller);
        let once = self.once(caller, "DecideCase", request_id, &(id, ready, &reason));
        let decision = self.world.ids.next();
        let store = self.store.clone();
        let decided = async move {
            let change = |case: &mut Case, held: Option<&mut Held>| {
                if let Some(held) = held.filter(|held| matches!(held.life, Life::Suspended { .. }))
                {
                    return settle(case, held, ready, &entry, &reason);
                }
                let event = if ready {
                    Event::OfficerReady
                } else {
                    Event::OfficerRefused
                };
                let prohibited = case.decision.as_ref().is_some_and(|held| {
                    held.china_verdict == "PROHIBITED" || held.market_verdict == "PROHIBITED"
                });
                case.take(event)?;
                if ready && prohibited {
                    return Err(Error::RuleProhibits);
                }
                replace(case, decision, ready, &entry, &reason, false);
                Ok(Happened::because("DECIDED_BY_OFFICER", &reason))
            };
            store.change_both(&once, &entry, id, &change).await
        };
        let case = self.tasks.shield(decided).await?;
        measures::by_person(&case);
        Ok(case)
    }

    /// Proposes an override, or confirms the one that waits.
    pub(crate) async fn override_decision(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        ready: bool,
        reason: String,
    ) -> Result<Case, Error> {
        if !caller.person {
            return Err(Error::PersonRequired);
        }
        let entry = self.entry(caller);
        let once = self.once(
            caller,
            "OverrideDecision",
            request_id,
            &(id, ready, &reason, &caller.subject),
        );
        let decision = self.world.ids.next();
        let store = self.store.clone();
        let overridden = async move {
            let change = |case: &mut Case| {
                let outcome = if ready {
                    Outcome::Ready
                } else {
                    Outcome::Refused
                };
                let event = if ready {
                    Event::OverriddenReady
                } else {
                    Event::OverriddenRefused
                };
                crate::domain::chart::step(case.state, event)?;
                match case
                    .overridden
                    .clone()
                    .filter(|waiting| waiting.confirmed.is_none())
                {
                    None => {
                        case.overridden = Some(Override {
                            outcome,
                            reason: reason.clone(),
                            proposed_by: entry.actor.clone(),
                            proposed_at: entry.at,
                            confirmed: None,
                        });
                        Ok(Happened::because("OVERRIDE_PROPOSED", &reason))
                    }
                    Some(waiting) if waiting.proposed_by == entry.actor => {
                        Err(Error::SecondPersonRequired {
                            first: waiting.proposed_by,
                        })
                    }
                    Some(waiting) if waiting.outcome != outcome => Err(Error::OverrideDiffers),
                    Some(waiting) => {
                        case.take(event)?;
                        let both = format!("{} · {reason}", waiting.reason);
                        replace(case, decision, ready, &entry, &both, true);
                        case.overridden = Some(Override {
                            confirmed: Some((entry.actor.clone(), entry.at)),
                            ..waiting
                        });
                        Ok(Happened::because("OVERRIDDEN", &both))
                    }
                }
            };
            store.change(&once, &entry, id, "", &change).await
        };
        let case = self.tasks.shield(overridden).await?;
        measures::by_person(&case);
        Ok(case)
    }
}

/// An officer looked at what suspended a certificate: it holds again, or is revoked for ever.
fn settle(
    case: &mut Case,
    held: &mut Held,
    ready: bool,
    entry: &Entry,
    reason: &str,
) -> Result<Happened, Error> {
    let kind = if ready {
        held.life = held.life.reinstate()?;
        let accepted = case.suspended_because.clone();
        case.take(Event::Reinstate)?;
        case.accepted_change = accepted;
        "CERTIFICATE_REINSTATED"
    } else {
        held.life = held.life.revoke(reason, entry.at)?;
        case.take(Event::Invalidate)?;
        "INVALIDATED"
    };
    Ok(Happened::because(kind, reason).about(held.id))
}

/// A person's decision in the place of the engine's; everything the engine found stays visible in it.
fn replace(case: &mut Case, id: Uuid, ready: bool, entry: &Entry, reason: &str, by_override: bool) {
    let outcome = if ready {
        Outcome::Ready
    } else {
        Outcome::Refused
    };
    debug_assert!(matches!(case.state, State::Ready | State::Refused));
    if let Some(held) = case.decision.take() {
        case.decision = Some(Decision {
            id,
            outcome,
            decided_by: entry.actor.clone(),
            officer_reason: reason.to_owned(),
            decided_at: entry.at,
            by_override,
            ..held
        });
    }
}
