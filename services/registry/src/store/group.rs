//! What queued for the store's writer, in one transaction: registrations together, changes one after the other.

use tongguan_storage::{Answers, Group, Tx, Vault, savepoint};
use tongguan_vocabulary::Ids;

use super::{Alteration, Key, Registered, Registration, change, register, same};
use crate::domain::Vehicle;
use crate::error::Error;

/// One write.
pub(crate) enum Command {
    Register(Registration),
    Change(Alteration),
}

/// What a write is answered.
pub(crate) enum Answer {
    Registered(Registered),
    Changed(Box<Vehicle>),
}

/// Runs the registry's writes.
pub(crate) struct Commands {
    vault: Vault,
    /// Draws the identities of events at vehicles that nobody asked to change.
    ids: Ids,
}

impl Commands {
    pub(crate) fn new(vault: Vault, ids: Ids) -> Self {
        Self { vault, ids }
    }
}

impl Group for Commands {
    type Command = Command;
    type Answer = Answer;
    type Error = Error;

    fn weight(command: &Command) -> usize {
        match command {
            Command::Register(registration) => registration.rows.len(),
            Command::Change(_) => 1,
        }
    }

    async fn run(&self, tx: &mut Tx, commands: &[Command]) -> Answers<Answer, Error> {
        let mut answers = Vec::with_capacity(commands.len());
        while let Some(next) = commands.get(answers.len()) {
            match next {
                Command::Register(_) => {
                    let together = together(&commands[answers.len()..]);
                    for answer in register::run(&self.vault, &self.ids, tx, &together).await? {
                        answers.push(answer.map(Answer::Registered));
                    }
                }
                Command::Change(alteration) => {
                    let changed: Result<Vehicle, Error> = savepoint!(tx, Error, |tx| {
                        change::run(&self.vault, &self.ids, tx, alteration).await
                    })?;
                    answers.push(changed.map(|vehicle| Answer::Changed(Box::new(vehicle))));
                }
            }
        }
        Ok(answers)
    }
}

/// The registrations at the head of the queue that can be stored together: of two with one idempotency key the second
/// waits for the outcome of the first.
fn together(commands: &[Command]) -> Vec<&Registration> {
    let mut head: Vec<&Registration> = Vec::new();
    for command in commands {
        let Command::Register(registration) = command else {
            break;
        };
        let repeated = match &registration.key {
            Key::One(once) | Key::Batch(once) => once.key().is_some() && head.iter().any(|earlier| {
                matches!(&earlier.key, Key::One(other) | Key::Batch(other) if same(once, other))
            }),
            Key::Import { .. } => false,
        };
        if repeated {
            break;
        }
        head.push(registration);
    }
    head
}
