//! How packs come into force: checked, simulated, signed by two people, announced ahead.

use std::sync::Arc;

use time::Duration;
use tongguan_access::Caller;
use tongguan_rules::{Facts, Pack, Problem, Version};
use tongguan_storage::Once;

use super::Service;
use super::in_force::stored;
use crate::domain::{Catalogue, Impact, PackProblem, Proposal, Publication, Trial};
use crate::error::Error;

/// What checking a pack showed.
pub(crate) struct Checked {
    pub(crate) pack: Option<Arc<Pack>>,
    pub(crate) problems: Vec<PackProblem>,
    pub(crate) examples: usize,
}

impl Service {
    /// Checks a pack against the layers in force, runs its examples, changes nothing.
    pub(crate) async fn validate(&self, yaml: &str) -> Result<Checked, Error> {
        Ok(match check(&*self.catalogue().await?, yaml) {
            Ok((pack, _)) => Checked {
                examples: pack.run_examples().run,
                pack: Some(pack),
                problems: Vec::new(),
            },
            Err(problems) => Checked {
                pack: None,
                problems,
                examples: 0,
            },
        })
    }

    /// Runs a pack in the shadow of the one in force, and keeps the report.
    pub(crate) async fn simulate(
        &self,
        caller: &Caller,
        yaml: &str,
        trials: Vec<Trial>,
    ) -> Result<Impact, Error> {
        let catalogue = self.catalogue().await?;
        let (after, _) = check(&catalogue, yaml).map_err(Error::PackRefused)?;
        let trials = if trials.is_empty() {
            self.recorded(caller, &after.market).await?
        } else {
            trials
        };
        let impact = Impact::of(
            catalogue.find(&after.market).map(|pack| &**pack),
            &after,
            &trials,
        );
        self.store
            .keep_report(&caller.tenant, &impact, self.now())
            .await?;
        Ok(impact)
    }

    /// The tenant's latest decisions about a market as vehicles to try.
    async fn recorded(&self, caller: &Caller, market: &str) -> Result<Vec<Trial>, Error> {
        let decisions = self
            .store
            .latest_decisions(&caller.tenant, market, self.config.simulation_sample)
            .await?;
        // Facts of an older schema that no longer read are left out: they would not be evaluated today either.
        let trial = |decision: crate::store::Decision| {
            Some(Trial {
                facts: Facts::from_json(&decision.record.facts).ok()?,
                key: decision.id,
            })
        };
        Ok(decisions.into_iter().filter_map(trial).collect())
    }

    /// Proposes a pack, or confirms what another person proposed.
    pub(crate) async fn publish(
        &self,
        caller: &Caller,
        request_id: &str,
        proposal: Proposal,
        validate_only: bool,
    ) -> Result<Publication, Error> {
        let catalogue = self.catalogue().await?;
        let (pack, next) = check(&catalogue, &proposal.yaml).map_err(Error::PackRefused)?;
        self.rises(&catalogue, &pack)?;
        let report = self
            .store
            .report_digest(&caller.tenant, &proposal.impact_report)
            .await?;
        if report.as_deref() != Some(pack.digest.as_str()) {
            return Err(Error::ImpactReportMissing {
                digest: pack.digest.clone(),
            });
        }
        let now = self.now();
        let (earliest, effective_at) =
            proposal.times(now, Duration::hours(i64::from(self.config.notice_hours)));
        if effective_at < earliest {
            return Err(Error::NoticeTooShort { earliest });
        }
        let later = |publication: &&Publication| {
            publication.market == pack.market && publication.digest != pack.digest
        };
        if self
            .publications()
            .iter()
            .filter(later)
            .any(|publication| publication.effective_at > effective_at)
        {
            return Err(Error::EffectiveNotRising {
                market: pack.market.clone(),
                given: pack.version.to_string(),
            });
        }
        let publication = Publication {
            id: self.world.ids.next(),
            market: pack.market.clone(),
            version: pack.version.to_string(),
            digest: pack.digest.clone(),
            yaml: proposal.yaml.clone(),
            proposed_by: caller.subject.clone(),
            confirmed_by: String::new(),
            effective_at,
            emergency: proposal.emergency,
            reason: proposal.reason.clone(),
            impact_report: proposal.impact_report.clone(),
            created_at: now,
        };
        if validate_only {
            return Ok(publication);
        }
        // Plain data with string keys always serialises.
        let canonical = serde_json::to_vec(&(&caller.subject, &proposal)).unwrap_or_default();
        let once = Once::new(&caller.tenant, "PublishPack", request_id, &canonical, now);
        let (store, tenant, event, text) = (
            self.store.clone(),
            caller.tenant.clone(),
            self.world.ids.next(),
            stored(&pack, &next),
        );
        let signed = self
            .tasks
            .shield(async move { store.sign(&tenant, &once, &publication, &text, event).await })
            .await?;
        if signed.emergency && !signed.confirmed_by.is_empty() {
            tracing::warn!(
                market = signed.market,
                version = signed.version,
                reason = signed.reason,
                "a rule pack takes effect through the emergency lane"
            );
        }
        self.refresh(now).await?;
        Ok(signed)
    }

    /// The version must come after the one in force and after every confirmed one.
    fn rises(&self, catalogue: &Catalogue, pack: &Pack) -> Result<(), Error> {
        let publications = self.publications();
        let on_the_way = publications.iter().filter(|other| {
            other.market == pack.market
                && other.digest != pack.digest
                && !other.confirmed_by.is_empty()
        });
        let confirmed = on_the_way.filter_map(|other| other.version.parse::<Version>().ok());
        let standing = catalogue
            .find(&pack.market)
            .filter(|standing| standing.digest != pack.digest)
            .map(|standing| standing.version.clone());
        match confirmed.chain(standing).max() {
            Some(now) if pack.version <= now => Err(Error::VersionNotRising {
                market: pack.market.clone(),
                now: now.to_string(),
                given: pack.version.to_string(),
            }),
            _ => Ok(()),
        }
    }
}

/// Loads a pack against what is in force; besides the language's own problems, every rule needs its examples.
fn check(catalogue: &Catalogue, yaml: &str) -> Result<(Arc<Pack>, Catalogue), Vec<PackProblem>> {
    let (pack, next) = catalogue.with(yaml)?;
    let thin = pack.run_examples().thin;
    if thin.is_empty() {
        return Ok((pack, next));
    }
    let problem = |rule: String| {
        let (line, column) = place(yaml, &rule);
        PackProblem {
            market: pack.market.clone(),
            problem: Problem {
                path: format!("rules.{rule}.examples"),
                line,
                column,
                message: "at least three examples are needed".to_owned(),
            },
        }
    };
    Err(thin.into_iter().map(problem).collect())
}

/// Where a rule begins in its pack's text: the line with its id, and the column of the id.
fn place(yaml: &str, rule: &str) -> (u64, u64) {
    let found = yaml.lines().zip(1..).find_map(|(line, number)| {
        let key = line.trim_start().trim_start_matches("- ").trim_start();
        let id = key.strip_prefix("id:")?.trim_start();
        let rest = id.trim_start_matches(['"', '\'']).strip_prefix(rule)?;
        let ends = rest
            .chars()
            .next()
            .is_none_or(|next| !(next.is_alphanumeric() || next == '-'));
        ends.then_some((number, (line.len() - id.len() + 1) as u64))
    });
    found.unwrap_or((0, 0))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_rule_is_found_by_its_id() {
        let yaml = "market: KE\nrules:\n  - id: KE-AGE-10\n  - category: age\n    id: \"KE-AGE-1\" # the limit\n";
        assert_eq!(place(yaml, "KE-AGE-10"), (3, 9));
        assert_eq!(place(yaml, "KE-AGE-1"), (5, 9));
        assert_eq!(place(yaml, "KE-AGE-2"), (0, 0));
    }
}
