//! After the border, and what supervision asks: exits, deregistrations, open movements, statistics.

use std::collections::BTreeMap;

use time::Date;
use tongguan_access::Caller;
use tongguan_rpc::PageToken;
use uuid::Uuid;

use super::{Service, exporter_of_record};
use crate::domain::exit::{Exit, Score, deregister_by, next_reminder};
use crate::domain::{Case, Event};
use crate::error::Error;
use crate::store::{Figures, Happened, Movement};

/// An open movement with the days left.
pub(crate) struct MovementView {
    pub(crate) movement: Movement,
    pub(crate) days_left: i32,
}

/// A page of open movements with the scores of their exporters.
pub(crate) struct MovementPage {
    pub(crate) items: Vec<MovementView>,
    pub(crate) next: String,
    pub(crate) scores: Vec<(String, Score)>,
}

/// The statistics of a span of months.
pub(crate) type StatisticsView = Figures;

impl Service {
    /// Records the exit, or refuses a return.
    pub(crate) async fn exit(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        exit: Exit,
        returning: bool,
    ) -> Result<Case, Error> {
        let entry = self.entry(caller);
        let once = self.once(caller, "RecordExit", request_id, &(id, &exit, returning));
        let store = self.store.clone();
        let days_before = self.config.deregistration_reminder_days.clone();
        let left = async move {
            let change = |case: &mut Case| {
                if returning {
                    return Err(Error::ReturnRefused);
                }
                if !case.consumed && case.state == crate::domain::State::Reserved {
                    // The hold alone lets nobody out: the certificate must have been used.
                    return Err(crate::domain::certificate::Refusal::NotHeld.into());
                }
                case.take(Event::Exit)?;
                let by = deregister_by(exit.date);
                case.deregister_by = Some(by);
                // An exit recorded after its last day is reminded of at once.
                case.remind_at = next_reminder(by, &days_before, entry.at).or(Some(entry.at));
                case.exit = Some(exit.clone());
                Ok(Happened::because("EXITED", &exit.declaration))
            };
            store.change(&once, &entry, id, "", &change).await
        };
        self.tasks.shield(left).await
    }

    /// Records the deregistration that ends a case.
    pub(crate) async fn deregister(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        date: Date,
        document: String,
    ) -> Result<Case, Error> {
        let entry = self.entry(caller);
        let once = self.once(
            caller,
            "RecordDeregistration",
            request_id,
            &(id, date, &document),
        );
        let store = self.store.clone();
        let caller = caller.clone();
        let ended = async move {
            let change = |case: &mut Case| {
                exporter_of_record(&caller, &case.exporter.code)?;
                case.take(Event::Deregister)?;
                case.deregistered = Some(date);
                case.remind_at = None;
                Ok(Happened::because("DEREGISTERED", &document))
            };
            store.change(&once, &entry, id, "", &change).await
        };
        self.tasks.shield(ended).await
    }

    /// Open movements, the earliest due first.
    pub(crate) async fn open_movements(
        &self,
        caller: &Caller,
        exporter: &str,
        due_until: Option<Date>,
        page_token: &str,
        page_size: i32,
    ) -> Result<MovementPage, Error> {
        let due_until = due_until.map(|day| day.to_string()).unwrap_or_default();
        let tokens = PageToken::of(&[
            caller.tenant.as_str(),
            "ListOpenMovements",
            exporter,
            &due_until,
        ]);
        let key = tokens.decode(page_token)?.unwrap_or_default();
        let (day, id) = key.split_once(' ').unwrap_or_default();
        let after = (day, Uuid::try_parse(id).unwrap_or_default());
        let size = PageToken::size(page_size, 50, 1_000);
        let items = self
            .store
            .open_movements(&caller.tenant, exporter, &due_until, after, size + 1)
            .await?;
        let key_of = |movement: &Movement| {
            format!(
                "{} {}",
                movement.deregister_by.as_deref().unwrap_or_default(),
                movement.id
            )
        };
        let (items, next) = tokens.page(items, size, key_of);
        let today = self.world.clock.today_in_china();
        let mut scores = BTreeMap::new();
        if !exporter.is_empty() {
            // Asked for by name: told also where nothing is open.
            let score = self.score(caller, exporter, today).await?;
            scores.insert(exporter.to_owned(), score);
        }
        for movement in &items {
            if !scores.contains_key(&movement.exporter) {
                let score = self.score(caller, &movement.exporter, today).await?;
                scores.insert(movement.exporter.clone(), score);
            }
        }
        let view = |movement: Movement| {
            let due = day_of(movement.deregister_by.as_deref());
            let days_left = due.map_or(0, |due| (due - today).whole_days() as i32);
            MovementView {
                movement,
                days_left,
            }
        };
        Ok(MovementPage {
            items: items.into_iter().map(view).collect(),
            next,
            scores: scores.into_iter().collect(),
        })
    }

    async fn score(&self, caller: &Caller, exporter: &str, today: Date) -> Result<Score, Error> {
        let mut score = Score::default();
        for movement in self.store.movements_of(&caller.tenant, exporter).await? {
            if let Some(by) = day_of(movement.deregister_by.as_deref()) {
                score.add(by, day_of(movement.deregistered.as_deref()), today);
            }
        }
        Ok(score)
    }

    /// Figures of cases opened in a span of months.
    pub(crate) async fn statistics(
        &self,
        caller: &Caller,
        from: Option<Date>,
        until: Option<Date>,
    ) -> Result<StatisticsView, Error> {
        let month = |day: Option<Date>| {
            day.map(|day| format!("{:04}-{:02}", day.year(), u8::from(day.month())))
                .unwrap_or_default()
        };
        Ok(self
            .store
            .figures(&caller.tenant, &month(from), &month(until))
            .await?)
    }
}

/// A day as the store keeps it.
fn day_of(text: Option<&str>) -> Option<Date> {
    text.and_then(|text| text.parse::<tongguan_vocabulary::PartialDate>().ok())
        .and_then(tongguan_vocabulary::PartialDate::exact)
}
