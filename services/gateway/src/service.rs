//! The use cases: what is known of a car's way out, composed within one deadline.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{self, Stream};
use time::OffsetDateTime;
use tongguan_access::Caller;
use tongguan_rpc::PeerError;
use tongguan_vocabulary::{Tenant, World, evidence};

use crate::domain::{
    Contradiction, Facts, Forced, Instead, Market, Readiness, Source, SourceState, State, forced,
    instead, learn_all,
};
use crate::peers::{Desk, History, Listing, Verdict};
use crate::{Config, Error};

/// The answer with the rules' full verdicts as they came.
pub(crate) type Ready = Readiness<<Verdict as Whole>::Whole>;

/// Names the full verdict without naming its wire type.
pub(crate) trait Whole {
    type Whole;
}

impl<V> Whole for crate::domain::Verdict<V> {
    type Whole = V;
}

/// The gateway's own use cases. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Service {
    desk: Desk,
    world: World,
    wait: Duration,
    parallel: usize,
}

/// What has been learnt of a car so far.
struct Learnt {
    facts: Facts,
    /// What the facts rest on, as the decision would gather it.
    gathered: evidence::Gathered,
    sources: Vec<SourceState>,
    contradictions: Vec<Contradiction>,
    now: OffsetDateTime,
}

impl Service {
    pub(crate) fn new(config: &Config, desk: Desk, world: World) -> Self {
        Self {
            desk,
            world,
            wait: Duration::from_millis(config.readiness_wait_ms),
            parallel: config.readiness_parallel.max(1),
        }
    }

    /// Asks everybody within one deadline: two fifths of the time for our registers, then the maintenance
    /// records with what the registry knows, and always three tenths for the rules.
    pub(crate) async fn check(
        &self,
        tenant: &Tenant,
        listing: Listing,
        markets: &[String],
        wait: Option<Duration>,
        all_rules: bool,
    ) -> Result<Ready, Error> {
        let asked = wait.unwrap_or(self.wait);
        // A little is kept back, so that the answer leaves before the caller's own deadline.
        let total = tongguan_rpc::remaining().map_or(asked, |left| asked.min(left.mul_f64(0.95)));
        let instead = instead(tenant, listing.vin);
        match instead {
            Some(Instead::QuotaExceeded) => {
                return Err(Error::QuotaExceeded {
                    class: "read",
                    wait: Duration::from_secs(1),
                });
            }
            Some(Instead::Unavailable) => {
                let peer = Source::Registry.name();
                return Err(PeerError::Unavailable { peer }.into());
            }
            Some(Instead::Slow) => tokio::time::sleep(total.mul_f64(0.4)).await,
            Some(Instead::Outcome(_) | Instead::Case) | None => {}
        }
        let mut learnt = Learnt {
            facts: listing.facts.clone(),
            gathered: evidence::Gathered::default(),
            sources: Vec::new(),
            contradictions: Vec::new(),
            now: self.world.clock.now(),
        };
        // Four clients' futures together are large; boxed, they do not ride in every frame above.
        Box::pin(self.look_up(tenant, &listing, total, &mut learnt)).await;
        if let Some(vin) = listing.vin {
            let told = learn_all(&mut learnt.facts, vin, &learnt.gathered);
            learnt.contradictions.extend(told);
        }
        let assumptions = self.assume(&mut learnt.facts);

        let verdicts = match forced(tenant, listing.vin, Source::Destinations) {
            Some(_) => down(markets.len() + 1),
            None => {
                self.desk
                    .judge(
                        tenant,
                        &learnt.facts,
                        markets,
                        all_rules,
                        total.mul_f64(0.3),
                    )
                    .await
            }
        };
        let mut judged = Vec::with_capacity(verdicts.len());
        for verdict in verdicts {
            match verdict {
                Ok(verdict) => judged.push(Some(verdict)),
                Err(error) if error.is_outage() => judged.push(None),
                Err(error) => return Err(Error::of_rules(error)),
            }
        }
        let state = if judged.iter().all(Option::is_some) {
            SourceState::fresh(Source::Destinations, State::Answered, learnt.now)
        } else {
            SourceState::bare(
                Source::Destinations,
                State::Unreachable,
                "the rules did not answer in time; nothing is decided",
            )
        };
        learnt.sources.push(state);
        let mut judged = judged.into_iter();
        let china = judged.next().flatten();
        let markets = markets
            .iter()
            .zip(judged)
            .map(|(market, own)| {
                let market = Market::of(market.clone(), own, china.as_ref());
                match instead {
                    Some(Instead::Outcome(outcome)) => Market { outcome, ..market },
                    _ => market,
                }
            })
            .collect();
        Ok(Readiness {
            key: listing.key,
            vin: listing.vin,
            china: china.map(|verdict| verdict.whole),
            markets,
            sources: learnt.sources,
            contradictions: learnt.contradictions,
            assumptions,
            checked: learnt.now,
        })
    }

    /// Checks many cars, some at the same time; answers in the order of the rows.
    pub(crate) fn check_all(
        &self,
        tenant: Tenant,
        listings: Vec<(String, Result<Listing, Error>)>,
        markets: Vec<String>,
        wait: Option<Duration>,
    ) -> impl Stream<Item = (usize, String, Result<Ready, Error>)> + Send + 'static {
        let service = self.clone();
        let parallel = self.parallel;
        let answers =
            stream::iter(listings.into_iter().enumerate()).map(move |(row, (key, listing))| {
                let (service, tenant, markets) = (service.clone(), tenant.clone(), markets.clone());
                async move {
                    let answer = match listing {
                        Ok(listing) => service.check(&tenant, listing, &markets, wait, false).await,
                        Err(error) => Err(error),
                    };
                    (row, key, answer)
                }
            });
        answers.buffered(parallel)
    }

    async fn look_up(
        &self,
        tenant: &Tenant,
        listing: &Listing,
        total: Duration,
        learnt: &mut Learnt,
    ) {
        let Some(vin) = listing.vin else {
            for source in [Source::Registry, Source::Inspection, Source::Maintenance] {
                learnt.sources.push(SourceState::bare(
                    source,
                    State::NotAsked,
                    "the listing has no VIN",
                ));
            }
            return;
        };
        let first = total.mul_f64(0.4);
        let (vehicle, inspected) = tokio::join!(
            unless(
                forced(tenant, listing.vin, Source::Registry),
                Source::Registry,
                self.desk.vehicle(tenant, vin, first)
            ),
            unless(
                forced(tenant, listing.vin, Source::Inspection),
                Source::Inspection,
                self.desk.inspection(tenant, vin, first)
            )
        );
        learnt.gathered.vehicle = learnt.register(Source::Registry, vehicle);
        learnt.gathered.inspection = learnt.register(Source::Inspection, inspected);
        if listing.consent.is_none() {
            let why = "a look-up needs a consent; the listing has none";
            learnt
                .sources
                .push(SourceState::bare(Source::Maintenance, State::NotAsked, why));
            return;
        }
        let gathered = learnt.gathered.clone();
        let ask = self
            .desk
            .history(tenant, listing, &gathered, total.mul_f64(0.3));
        let force = forced(tenant, listing.vin, Source::Maintenance);
        let ask = Box::pin(async { ask.await.map(Some) });
        let history = unless(force, Source::Maintenance, ask).await;
        learnt.history(history.map(|found| found.unwrap_or_else(History::none)));
    }

    /// A licence is applied for on some day: without one, today's. Said in the answer.
    fn assume(&self, facts: &mut Facts) -> Vec<String> {
        let mut assumptions = Vec::new();
        let today = self.world.clock.today_in_china().to_string();
        for (name, value, why) in [
            ("trip.application_date", today.as_str(), "today in China"),
            (
                "trip.dispatch_country",
                "CN",
                "the suite is about export from China",
            ),
        ] {
            if !facts.contains_key(name) {
                facts.insert(name.to_owned(), value.into());
                assumptions.push(format!("{name} = {value} ({why})"));
            }
        }
        assumptions
    }
}

impl Learnt {
    /// Takes up what a register of ours answered.
    fn register<T>(&mut self, source: Source, answer: Result<Option<T>, PeerError>) -> Option<T> {
        let (state, found) = match answer {
            Ok(Some(found)) => (
                SourceState::fresh(source, State::Answered, self.now),
                Some(found),
            ),
            Ok(None) => (SourceState::fresh(source, State::NoRecord, self.now), None),
            Err(error) => (failed(source, &error), None),
        };
        self.sources.push(state);
        found
    }

    fn history(&mut self, answer: Result<History, PeerError>) {
        let state = match answer {
            Ok(history) if history.down && history.fetched.is_none() => SourceState::bare(
                Source::Maintenance,
                State::Unreachable,
                "the national record system did not answer; nothing is known",
            ),
            Ok(history) => {
                let state = if history.evidence.outcome == "no_record" {
                    State::NoRecord
                } else {
                    State::Answered
                };
                let state = SourceState {
                    as_of: history.fetched,
                    age: history.fetched.map(|fetched| self.now - fetched),
                    simulated: history.evidence.simulated,
                    ..SourceState::bare(
                        Source::Maintenance,
                        state,
                        format!("outcome: {}", history.evidence.outcome),
                    )
                };
                self.gathered.maintenance = Some(history.evidence);
                state
            }
            Err(error) => failed(Source::Maintenance, &error),
        };
        self.sources.push(state);
    }
}

/// What a peer answers, unless a magic VIN of the sandbox forces something else.
async fn unless<T>(
    force: Option<Forced>,
    source: Source,
    ask: impl Future<Output = Result<Option<T>, PeerError>>,
) -> Result<Option<T>, PeerError> {
    match force {
        Some(Forced::Down) => Err(PeerError::Unavailable {
            peer: source.name(),
        }),
        Some(Forced::Blank) => Ok(None),
        None => ask.await,
    }
}

/// As many answers of rules that cannot be reached.
fn down(count: usize) -> Vec<Result<Verdict, PeerError>> {
    let peer = Source::Destinations.name();
    (0..count)
        .map(|_| Err(PeerError::Unavailable { peer }))
        .collect()
}

fn failed(source: Source, error: &PeerError) -> SourceState {
    let state = if error.is_outage() {
        State::Unreachable
    } else {
        State::Refused
    };
    SourceState::bare(source, state, error.to_string())
}

/// Refuses callers whose tenant is no sandbox.
pub(crate) fn sandbox_only(caller: &Caller) -> Result<(), Error> {
    if caller.tenant.is_sandbox() {
        Ok(())
    } else {
        Err(Error::NotASandbox)
    }
}
