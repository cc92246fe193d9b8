//! Many vehicles at once: batches and imports, over the same store method as a single registration.

use tongguan_access::Caller;
use tongguan_vocabulary::Vin;

use super::{Ground, Service};
use crate::domain::{Details, Refusal, Vehicle};
use crate::error::Error;
use crate::store::{Key, Outcome, Registration, Row};

/// What a row of a bulk call came to.
pub(crate) struct RowAnswer {
    pub(crate) row: u64,
    pub(crate) vin: Vin,
    /// Whether the row was stored by an earlier attempt; or why it was refused.
    pub(crate) outcome: Result<bool, Error>,
}

/// What one message of an import came to.
pub(crate) struct Imported {
    pub(crate) answers: Vec<RowAnswer>,
    /// The first row not yet answered.
    pub(crate) next_row: u64,
}

impl Service {
    /// Registers many in one commit; each is answered by itself. `canonical` is the request without its id.
    pub(crate) async fn register_all(
        &self,
        caller: &Caller,
        request_id: &str,
        canonical: &[u8],
        rows: Vec<(u64, Details)>,
    ) -> Result<Vec<RowAnswer>, Error> {
        let once = self.once(caller, "BatchRegisterVehicles", request_id, &canonical);
        let (answers, _) = self.store_all(caller, Key::Batch(once), rows).await?;
        Ok(answers)
    }

    /// Stores one message of an import; rows answered before are skipped, so a broken stream can be resumed.
    pub(crate) async fn import(
        &self,
        caller: &Caller,
        id: String,
        first_row: u64,
        rows: Vec<(u64, Details)>,
        end: u64,
    ) -> Result<Imported, Error> {
        let key = Key::Import { id, first_row, end };
        let (answers, next_row) = self.store_all(caller, key, rows).await?;
        Ok(Imported { answers, next_row })
    }

    async fn store_all(
        &self,
        caller: &Caller,
        key: Key,
        rows: Vec<(u64, Details)>,
    ) -> Result<(Vec<RowAnswer>, u64), Error> {
        let entry = self.entry(caller, &Ground::default());
        let mut good = Vec::with_capacity(rows.len());
        let mut asked: Vec<(u64, Vin, Option<Refusal>)> = Vec::with_capacity(rows.len());
        for (number, details) in rows {
            let vin = details.vin;
            let refused = match Vehicle::register(details, entry.at) {
                Ok((vehicle, _)) => {
                    good.push(Row::new(number, self.world.ids.next(), vehicle, None)?);
                    None
                }
                Err(refusal) => Some(refusal),
            };
            asked.push((number, vin, refused));
        }
        let registration = Registration {
            entry,
            key,
            rows: good,
        };
        let registered = self.store.register(registration).await?;
        let mut outcomes = registered.outcomes.into_iter();
        let mut answers = Vec::with_capacity(asked.len());
        for (row, vin, refused) in asked {
            let outcome = match refused {
                Some(refusal) => Err(refusal.into()),
                None => match outcomes.next() {
                    Some(Outcome::Stored) => Ok(false),
                    Some(Outcome::Known) => Ok(true),
                    Some(Outcome::Taken) | None => Err(Error::VinTaken { vin }),
                },
            };
            answers.push(RowAnswer { row, vin, outcome });
        }
        Ok((answers, registered.next_row))
    }
}
