//! The use cases of destination rules, in domain words.

mod in_force;
mod lists;
pub(crate) mod publishing;

use std::sync::{Arc, RwLock};

use time::OffsetDateTime;
use tongguan_access::Caller;
use tongguan_rpc::Tasks;
use tongguan_rules::{Facts, Pack};
use tongguan_vocabulary::World;

use crate::config::Config;
use crate::domain::{
    Answer, BriefAnswer, Catalogue, Publication, State, ease, embedded, hex_digest,
};
use crate::error::Error;
use crate::store::{Decision, Store};

use self::in_force::InForce;

/// Stands for every market that is a destination.
const EVERY: &str = "*";

/// One vehicle, several markets.
pub(crate) struct Question {
    pub(crate) facts: Facts,
    pub(crate) markets: Vec<String>,
    pub(crate) pins: Vec<String>,
    pub(crate) advice: bool,
    pub(crate) record: bool,
    pub(crate) by_ease: bool,
}

/// An answer with its record, where one was made.
pub(crate) struct Answered {
    pub(crate) answer: Answer,
    pub(crate) recorded: Option<(String, OffsetDateTime)>,
}

/// A decision made again.
pub(crate) struct Replayed {
    pub(crate) answered: Answered,
    pub(crate) decision: Decision,
}

/// A market as it stands.
pub(crate) struct MarketView {
    pub(crate) pack: Arc<Pack>,
    pub(crate) scheduled: Option<Publication>,
}

/// Destination rules.
#[derive(Clone)]
pub(crate) struct Service {
    config: Config,
    store: Store,
    world: World,
    tasks: Tasks,
    in_force: Arc<RwLock<InForce>>,
}

impl Service {
    /// Loads the packs of the program and those published since, and keeps their texts for replay.
    pub(crate) async fn start(
        config: Config,
        store: Store,
        world: World,
        tasks: Tasks,
    ) -> Result<Self, Error> {
        let base = embedded().as_ref().map_err(|problems| {
            for problem in problems {
                tracing::error!(%problem, "a rule pack of the program is refused");
            }
            Error::PackRefused(problems.clone())
        })?;
        let now = world.clock.now();
        let in_force = InForce {
            catalogue: Arc::new(base.clone()),
            publications: Arc::default(),
            read_at: now,
        };
        let service = Self {
            config,
            store,
            world,
            tasks,
            in_force: Arc::new(RwLock::new(in_force)),
        };
        service.keep(base).await?;
        service.refresh(now).await?;
        Ok(service)
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.world.clock.now()
    }

    pub(crate) fn matrix_parallel(&self) -> usize {
        self.config.matrix_parallel.max(1)
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// The packs of the markets asked for, in the order asked; `*` stands for every destination.
    pub(crate) fn select(
        catalogue: &Catalogue,
        markets: &[String],
    ) -> Result<Vec<Arc<Pack>>, Error> {
        let mut packs = Vec::new();
        for market in markets {
            if market == EVERY {
                packs.extend(
                    catalogue
                        .iter()
                        .filter(|pack| !pack.layer && pack.market.len() == 2)
                        .cloned(),
                );
            } else {
                packs.push(known(catalogue, market)?.clone());
            }
        }
        Ok(packs)
    }

    /// Judges one vehicle for several markets.
    pub(crate) async fn evaluate(
        &self,
        caller: &Caller,
        question: Question,
    ) -> Result<Vec<Answered>, Error> {
        let catalogue = self.catalogue().await?;
        let mut packs = Self::select(&catalogue, &question.markets)?;
        for digest in &question.pins {
            let pinned = self.pack_of(digest).await?;
            for pack in packs.iter_mut().filter(|pack| pack.market == pinned.market) {
                *pack = pinned.clone();
            }
        }
        let mut answers = Vec::with_capacity(packs.len());
        for pack in &packs {
            answers.push(Answer::of(pack, &question.facts, question.advice));
            // Advice takes many evaluations; other calls of this process get their turn between markets.
            tokio::task::yield_now().await;
        }
        if question.by_ease {
            answers.sort_by_key(ease);
        }
        self.record(caller, answers, question.record).await
    }

    /// Judges one vehicle for several packs without advice, for a matrix; the caller records whole batches.
    pub(crate) fn judge(packs: &[Arc<Pack>], facts: &Facts) -> Vec<Answer> {
        packs
            .iter()
            .map(|pack| Answer::of(pack, facts, false))
            .collect()
    }

    /// Outcomes alone, on the evaluator's fast path: one row a vehicle, one answer a pack.
    pub(crate) fn judge_briefly(packs: &[Arc<Pack>], vehicles: &[Facts]) -> Vec<Vec<BriefAnswer>> {
        let mut rows: Vec<Vec<BriefAnswer>> = vehicles
            .iter()
            .map(|_| Vec::with_capacity(packs.len()))
            .collect();
        for pack in packs {
            for (row, facts) in rows.iter_mut().zip(vehicles) {
                row.push(BriefAnswer::of(pack, facts));
            }
        }
        rows
    }

    /// Records answers as decisions, in one commit that outlives the caller.
    pub(crate) async fn record(
        &self,
        caller: &Caller,
        answers: Vec<Answer>,
        record: bool,
    ) -> Result<Vec<Answered>, Error> {
        if !record {
            return Ok(answers
                .into_iter()
                .map(|answer| Answered {
                    answer,
                    recorded: None,
                })
                .collect());
        }
        let at = self.now();
        let decisions: Vec<Decision> = answers
            .iter()
            .map(|answer| Decision {
                id: answer.decision(),
                record: answer.record.clone(),
                answer_digest: answer.digest.clone(),
                decided_at: at,
            })
            .collect();
        let (store, tenant) = (self.store.clone(), caller.tenant.clone());
        let ids: Vec<String> = decisions
            .iter()
            .map(|decision| decision.id.clone())
            .collect();
        let instants = self
            .tasks
            .shield(async move { store.record(&tenant, &decisions).await })
            .await?;
        let recorded = ids.into_iter().zip(instants).map(Some);
        Ok(answers
            .into_iter()
            .zip(recorded)
            .map(|(answer, recorded)| Answered { answer, recorded })
            .collect())
    }

    /// Makes a recorded decision again from its inputs.
    pub(crate) async fn replay(&self, caller: &Caller, id: &str) -> Result<Replayed, Error> {
        let found = self.store.find_decision(&caller.tenant, id).await?;
        let decision = found.ok_or_else(|| Error::DecisionUnknown {
            decision: id.to_owned(),
        })?;
        let pack = self.pack_of(&decision.record.digest).await?;
        let verdict = decision
            .record
            .replay(&pack)
            .map_err(|_| Error::EngineGone {
                engine: decision.record.engine.clone(),
            })?;
        let digest = hex_digest(&verdict.to_bytes());
        let answer = Answer {
            pack,
            verdict,
            advice: None,
            record: decision.record.clone(),
            digest,
        };
        let recorded = Some((decision.id.clone(), decision.decided_at));
        Ok(Replayed {
            answered: Answered { answer, recorded },
            decision,
        })
    }

    /// One market.
    pub(crate) async fn market(&self, market: &str) -> Result<MarketView, Error> {
        Ok(self.view(known(&*self.catalogue().await?, market)?))
    }

    fn view(&self, pack: &Arc<Pack>) -> MarketView {
        let now = self.now();
        let publications = self.publications();
        let scheduled = publications.iter().find(|publication| {
            publication.market == pack.market && publication.state(now) == State::Scheduled
        });
        MarketView {
            pack: pack.clone(),
            scheduled: scheduled.cloned(),
        }
    }

    /// A market's pack with its source text and how it was published; an empty digest means the one in force.
    pub(crate) async fn pack(
        &self,
        market: &str,
        digest: &str,
    ) -> Result<(Arc<Pack>, String, Option<Publication>), Error> {
        let in_force = known(&*self.catalogue().await?, market)?.clone();
        let pack = if digest.is_empty() {
            in_force
        } else {
            self.pack_of(digest).await?
        };
        let unknown = || Error::PackUnknown {
            digest: pack.digest.clone(),
        };
        if pack.market != market {
            return Err(unknown());
        }
        let text = self
            .store
            .find_pack(&pack.digest)
            .await?
            .ok_or_else(unknown)?
            .yaml;
        let publication = self
            .publications()
            .iter()
            .find(|publication| publication.digest == pack.digest)
            .cloned();
        Ok((pack, text, publication))
    }
}

fn known<'a>(catalogue: &'a Catalogue, market: &str) -> Result<&'a Arc<Pack>, Error> {
    catalogue.find(market).ok_or_else(|| Error::MarketUnknown {
        market: market.to_owned(),
        nearest: catalogue.nearest(market),
    })
}
