//! The case and the certificate's life as a model over the pure domain, checked in every order of events.
//!
//! Two workers, one of them an hour ahead, claim, pause, crash and come back; customs and the exporter act
//! meanwhile; evidence changes late. Taking the fence out must give a counterexample.

mod world;

use stateright::{Checker as _, Model, Property};
use tongguan_clearance::domain::certificate::Life;
use tongguan_clearance::domain::{Outcome, State};

use world::{Action, Actor, Guards, MATES, World};

/// The model, with what its writes check.
struct Clearing(Guards);

impl Model for Clearing {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.0)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        actions.extend([
            Action::Submit,
            Action::SubmitAgain,
            Action::Tick,
            Action::LateChange,
            Action::ChangeGone,
            Action::License,
            Action::Reserve(1),
            Action::Reserve(2),
            Action::Consume,
            Action::Release,
            Action::Invalidate,
            Action::Exit,
            Action::ChangeMate,
        ]);
        for actor in [Actor::One, Actor::Two] {
            actions.push(Action::Claim(actor));
            if world.holds(actor) {
                actions.extend([
                    Action::Work(actor),
                    Action::PeerDown(actor),
                    Action::Crash(actor),
                ]);
            }
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        next.act(action).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("I1: at most one live certificate", |_, world: &World| {
                let live = |life: &Life| {
                    matches!(
                        life,
                        Life::Live | Life::Reserved { .. } | Life::Suspended { .. }
                    )
                };
                world.issued.values().filter(|life| live(life)).count() <= 1
            }),
            Property::always(
                "I2: a decision rests on the evidence of its own submission",
                |_, world: &World| {
                    world.case.state != State::Ready || world.decided_round == world.case.round
                },
            ),
            Property::always(
                "I2: a certificate rests on a decision that lets the vehicle leave",
                |_, world: &World| {
                    world.issued.is_empty()
                        || world
                            .case
                            .decision
                            .as_ref()
                            .is_some_and(|decision| decision.outcome == Outcome::Ready)
                },
            ),
            Property::always(
                "I3: a submission that was acknowledged always has somebody who moves it",
                |_, world: &World| !world.case.state.is_working() || world.case.due_at().is_some(),
            ),
            Property::always(
                "I4: every certificate is in the log, once",
                |_, world: &World| {
                    world.issued.keys().all(|id| {
                        world
                            .log
                            .iter()
                            .map(|entry| u32::from(entry == id))
                            .sum::<u32>()
                            == 1
                    })
                },
            ),
            Property::always(
                "of a batch each case has at most one certificate, and it is in the log, once",
                |_, world: &World| {
                    let logged = world
                        .log
                        .iter()
                        .map(|entry| usize::from(*entry == MATES))
                        .sum::<usize>();
                    world.mate.issued <= 1
                        && logged >= usize::from(world.mate.issued)
                        && logged <= 1
                },
            ),
            Property::sometimes(
                "of a batch one is issued and one is not, for it was changed meanwhile",
                |_, world: &World| world.mate.changed && !world.issued.is_empty(),
            ),
            Property::sometimes("a whole batch is issued", |_, world: &World| {
                world.mate.issued == 1 && !world.issued.is_empty()
            }),
            Property::always("I5: one audit line a change", |_, world: &World| {
                u64::from(world.lines) == world.case.version
            }),
            Property::always("I6: revoked is never valid again", |_, world: &World| {
                world
                    .revoked
                    .iter()
                    .all(|id| matches!(world.issued.get(id), Some(Life::Revoked { .. })))
            }),
            Property::always(
                "I7: a stale epoch never changes state",
                |_, world: &World| !world.stale_write,
            ),
            Property::always("I8: the same key files once", |_, world: &World| {
                world.case.round == world.keys
            }),
            Property::always("a certificate is used once", |_, world: &World| {
                world.uses <= 1
            }),
            Property::always(
                "I11 and the rest: no case breaks its own invariants",
                |_, world: &World| world.case.broken_invariants().is_empty(),
            ),
            Property::sometimes("a vehicle leaves", |_, world: &World| {
                world.case.state == State::Exited
            }),
            Property::sometimes("a certificate is suspended", |_, world: &World| {
                world
                    .issued
                    .values()
                    .any(|life| matches!(life, Life::Suspended { .. }))
            }),
            Property::sometimes(
                "a case is opened again after a decision",
                |_, world: &World| world.case.round == 2,
            ),
        ]
    }

    fn within_boundary(&self, world: &World) -> bool {
        world.within_bounds()
    }
}

const GUARDED: Guards = Guards {
    fence: true,
    version: true,
};

#[test]
fn no_order_of_events_breaks_an_invariant_of_clearing() {
    let checker = Clearing(GUARDED).checker().spawn_bfs().join();
    checker.assert_properties();
    assert!(
        checker.unique_state_count() > 5_000,
        "the model shrank to {} states",
        checker.unique_state_count()
    );
}

fn breaks(guards: Guards, property: &'static str) {
    let checker = Clearing(guards).checker().spawn_bfs().join();
    assert!(
        checker.discovery(property).is_some(),
        "no counterexample to {property}"
    );
}

#[test]
fn without_the_fence_a_paused_worker_writes() {
    let guards = Guards {
        fence: false,
        ..GUARDED
    };
    breaks(guards, "I7: a stale epoch never changes state");
}

#[test]
fn without_fence_and_version_a_paused_worker_decides_on_evidence_of_the_past() {
    let guards = Guards {
        fence: false,
        version: false,
    };
    breaks(
        guards,
        "I2: a decision rests on the evidence of its own submission",
    );
}
