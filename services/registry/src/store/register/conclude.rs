//! The end of a run of registrations: what each command came to.

use tongguan_storage::{Tx, execute};

use super::super::registration::{Key, Outcome, Registered, Remembered};
use super::Run;
use crate::error::Error;

impl Run<'_> {
    /// Remembers what requests came to and where imports stand, and answers.
    pub(super) async fn conclude(
        mut self,
        tx: &mut Tx,
    ) -> Result<Vec<Result<Registered, Error>>, Error> {
        const REACHED: &str = "update imports set next_row = $3 where tenant_id = $1 and id = $2";
        for ((tenant, id), next_row) in &self.reached {
            execute!(&mut *tx, |c| sqlx::query(REACHED)
                .bind(*tenant)
                .bind(*id)
                .bind(*next_row as i64)
                .execute(&mut **c))?;
        }
        let mut answers = Vec::with_capacity(self.commands.len());
        for (place, command) in self.commands.iter().enumerate() {
            if let Some(answer) = self.answers[place].take() {
                answers.push(answer);
                continue;
            }
            let outcomes = std::mem::take(&mut self.outcomes[place]);
            let whole = outcomes.iter().all(|outcome| *outcome == Outcome::Stored);
            let mut next_row = 0;
            match &command.key {
                Key::One(once) if !whole => once.forget(tx).await?,
                Key::Batch(once) if !whole => {
                    let remembered = Remembered::Outcomes(outcomes.clone());
                    once.remember(tx, &remembered).await?;
                }
                // The answer shows what was alarmed, also when it is replayed.
                Key::One(once) if self.versions[place] > 1 => {
                    once.remember(tx, &Remembered::Version(self.versions[place]))
                        .await?;
                }
                Key::One(_) | Key::Batch(_) => {}
                Key::Import { end, .. } => next_row = (*end).max(self.before[place]),
            }
            answers.push(Ok(Registered {
                outcomes,
                replayed: false,
                next_row,
                version: self.versions[place],
            }));
        }
        Ok(answers)
    }
}
