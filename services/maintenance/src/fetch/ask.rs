//! Asks a source and makes an answer of what it said: read, compared with the one before, kept with its raw bytes sealed.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

use super::{Fetcher, Wanted};
use crate::domain::findings::{Changes, changes};
use crate::domain::history::Answer;
use crate::domain::outcome::Outcome;
use crate::domain::text::hex;
use crate::error::Error;
use crate::measures;
use crate::upstream::profile::Question;
use crate::upstream::{Fetched, explanation};

impl Fetcher {
    pub(super) async fn fetch(&self, source: &str, wanted: &Wanted) -> Arc<Answer> {
        let Some(upstream) = self.0.sources.get(source) else {
            return Arc::new(self.failure(
                source,
                "",
                false,
                &wanted.consent,
                &Fetched::without(
                    Outcome::Unsupported,
                    explanation(Outcome::Unsupported),
                    None,
                ),
            ));
        };
        let question = Question {
            vin: wanted.vin,
            plate: wanted.plate.clone(),
        };
        let mut fetched = upstream.ask(&question).await;
        let today = self.0.world.clock.today_in_china();
        let records = crate::reading::records(source, &mut fetched, today);
        let mut answer = self.failure(
            source,
            upstream.profile.label(),
            upstream.config.simulated,
            &wanted.consent,
            &fetched,
        );
        measures::answered(source, answer.outcome);
        tracing::info!(
            source,
            vin = wanted.vin.masked(),
            outcome = answer.outcome.as_str(),
            rows = answer.rows,
            "a maintenance source was asked"
        );
        let key = (wanted.tenant.clone(), wanted.vin, source.to_owned());
        if !answer.outcome.is_answer() {
            let answer = Arc::new(answer);
            self.0
                .failures
                .insert((key, wanted.plate.clone()), answer.clone())
                .await;
            return answer;
        }
        answer.records = records;
        match self.0.store.find_answer(&key.0, &key.1, &key.2).await {
            Ok(Some(before)) => answer.changes = compare(&before, &answer),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the answer before could not be read"),
        }
        if let Err(error) = self.keep(wanted, &answer, &fetched.raw).await {
            tracing::warn!(%error, "an answer could not be stored; it is used from memory");
        }
        let answer = Arc::new(answer);
        self.0
            .failures
            .invalidate(&(key.clone(), wanted.plate.clone()))
            .await;
        self.0.answers.insert(key, answer.clone()).await;
        answer
    }

    async fn keep(&self, wanted: &Wanted, answer: &Answer, raw: &[u8]) -> Result<(), Error> {
        let sealed = self
            .0
            .vault
            .seal(&format!("{}/{}", wanted.tenant, answer.id), raw)?;
        self.0
            .store
            .keep_answer(&wanted.tenant, &wanted.vin, answer, Some(&sealed))
            .await?;
        Ok(())
    }

    /// An answer without records.
    pub(super) fn failure(
        &self,
        source: &str,
        profile: &str,
        simulated: bool,
        consent: &str,
        fetched: &Fetched,
    ) -> Answer {
        let hash = if fetched.raw.is_empty() {
            String::new()
        } else {
            hex(digest(&SHA256, &fetched.raw).as_ref())
        };
        Answer {
            id: self.0.world.ids.next(),
            source: source.to_owned(),
            outcome: fetched.outcome,
            detail: fetched.detail.clone(),
            profile: profile.to_owned(),
            simulated,
            raw_sha256: hash,
            consent: consent.to_owned(),
            fetched_at: self.0.world.clock.now(),
            as_of: fetched.as_of,
            rows: fetched.rows.len() as u32 + fetched.unreadable,
            unreadable: fetched.unreadable,
            retry_after: fetched
                .retry_after
                .map(|wait| wait.as_secs().clamp(1, 86_400) as u32)
                .or_else(|| fetched.outcome.passes().then_some(30)),
            records: Vec::new(),
            changes: Changes::default(),
        }
    }
}

/// What differs from the answer before, and what was found earlier and still holds: a record that vanished once is a
/// finding until it is there again. Equal bytes need no comparison.
fn compare(before: &Answer, now: &Answer) -> Changes {
    let mut found = if before.raw_sha256 == now.raw_sha256 {
        Changes::default()
    } else {
        changes(
            &before.records,
            &now.records,
            now.outcome != Outcome::FoundPartial,
        )
    };
    let told = |key: &String| now.records.iter().any(|record| record.key == *key);
    let earlier = &before.changes;
    let kept = |keys: &[String], list: &[String], there: bool| {
        let kept = keys
            .iter()
            .filter(|key| told(key) == there && !list.contains(key));
        kept.cloned().collect::<Vec<_>>()
    };
    found
        .changed
        .extend(kept(&earlier.changed, &found.changed, true));
    found
        .vanished
        .extend(kept(&earlier.vanished, &found.vanished, false));
    found
}
