//! Histories as last put together, one a vehicle: a cached answer is not read, judged and written down a second time.

use std::any::Any;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use moka::future::Cache;
use time::{Date, OffsetDateTime};
use tongguan_vocabulary::{Tenant, Vin};
use uuid::Uuid;

use crate::domain::history::{History, Known, Used, assemble};
use crate::domain::outcome::Freshness;

/// A view is forgotten after this time at the latest, used or not.
const LIVES: Duration = Duration::from_mins(10);

/// Everything that a history is made of: while it is equal, so is the history.
#[derive(PartialEq, Eq)]
struct MadeOf {
    /// Each answer with its age class, and the attempt that failed to renew it.
    answers: Vec<(Uuid, Option<Freshness>, Option<Uuid>)>,
    known: Known,
    /// The day in China and in UTC.
    days: (Date, Date),
}

/// A history that was put together.
pub(crate) struct View {
    made_of: MadeOf,
    pub(crate) history: History,
    /// What it was last written as, in the type of whoever writes it.
    written: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl View {
    /// The history as `write` puts it, written once.
    pub(crate) fn written<T: Clone + Send + Sync + 'static>(&self, write: fn(&History) -> T) -> T {
        let kept = self.written.get_or_init(|| Box::new(write(&self.history)));
        kept.downcast_ref()
            .cloned()
            .unwrap_or_else(|| write(&self.history))
    }
}

/// The views of all vehicles.
pub(crate) struct Views(Cache<(Tenant, Vin), Arc<View>>);

impl Views {
    pub(crate) fn new(most: u64) -> Self {
        Self(
            Cache::builder()
                .max_capacity(most)
                .time_to_live(LIVES)
                .build(),
        )
    }

    /// The history of these answers, put together now or before.
    pub(crate) async fn view(
        &self,
        tenant: &Tenant,
        vin: Vin,
        used: Vec<Used>,
        known: &Known,
        now: OffsetDateTime,
        today: Date,
    ) -> Arc<View> {
        let key = (tenant.clone(), vin);
        let answers = used.iter().map(|used| {
            let refresh = used.refresh.as_ref().map(|refresh| refresh.id);
            (used.answer.id, used.freshness, refresh)
        });
        let answers: Vec<_> = answers.collect();
        let days = (today, now.date());
        if let Some(view) = self.0.get(&key).await {
            let made = &view.made_of;
            if made.answers == answers && made.days == days && made.known == *known {
                return view;
            }
        }
        let view = Arc::new(View {
            history: assemble(&vin, used, known, now, today),
            made_of: MadeOf {
                answers,
                known: known.clone(),
                days,
            },
            written: OnceLock::new(),
        });
        // What holds no record is quickly made again, and a failure is soon another one.
        if !view.history.records.is_empty() {
            self.0.insert(key, view.clone()).await;
        }
        view
    }

    pub(crate) async fn forget(&self, tenant: &Tenant, vin: &Vin) {
        self.0.invalidate(&(tenant.clone(), *vin)).await;
    }
}
