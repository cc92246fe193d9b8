//! Markets, rules, packs and publications: domain → proto.

use std::collections::BTreeSet;
use std::sync::Arc;

use tongguan_api::destinations::v1 as pb;
use tongguan_rules::{Pack, Rule};

use super::answer::{day, effect, instant, pack_ref, source, status, text};
use crate::domain::{Change, Impact, PackProblem, Publication, State};
use crate::service::MarketView;
use crate::service::publishing::Checked;

pub(crate) fn market(view: &MarketView, now: time::OffsetDateTime) -> pb::Market {
    let pack = &view.pack;
    let documents: BTreeSet<&String> = pack
        .rules
        .iter()
        .flat_map(|rule| {
            rule.needs
                .iter()
                .chain(rule.cure.iter().flat_map(|cure| &cure.documents))
        })
        .collect();
    let facts: BTreeSet<&'static str> = pack.rules.iter().flat_map(Rule::facts).collect();
    pb::Market {
        market: pack.market.clone(),
        name: Some(text(&pack.name)),
        layers: pack
            .layers
            .iter()
            .map(|layer| layer.market.clone())
            .collect(),
        layer: pack.layer,
        pack: Some(pack_ref(pack)),
        rules: count(pack.rules.len()),
        referred_rules: count(pack.not_expressible()),
        documents: documents.into_iter().cloned().collect(),
        facts: facts.into_iter().map(str::to_owned).collect(),
        scheduled: view
            .scheduled
            .as_ref()
            .map(|scheduled| publication(scheduled, now)),
    }
}

pub(crate) fn rules(pack: &Pack, page: &[Rule], next_page_token: String) -> pb::ListRulesResponse {
    pb::ListRulesResponse {
        rules: page.iter().map(|listed| rule(pack, listed)).collect(),
        next_page_token,
        pack: Some(pack_ref(pack)),
    }
}

fn rule(pack: &Pack, rule: &Rule) -> pb::Rule {
    let written = |part: &Option<String>| part.clone().unwrap_or_default();
    // An exemption that must be shown and a transition are both "unless" to a reader of the list.
    let unless = [&rule.unless, &rule.exempt]
        .into_iter()
        .flatten()
        .cloned()
        .collect::<Vec<_>>()
        .join(" || ");
    pb::Rule {
        rule: rule.id.clone(),
        market: rule.from.clone(),
        category: rule.category.clone(),
        status: status(rule.status).into(),
        effective_from: rule.effective.from.as_deref().and_then(day),
        effective_to: rule.effective.to.as_deref().and_then(day),
        decided_by: rule.effective.decided_by.to_owned(),
        applies: written(&rule.applies),
        unless,
        require: written(&rule.require),
        otherwise: effect(rule.otherwise).into(),
        documents: rule.needs.clone(),
        text: Some(text(&rule.text)),
        source: Some(source(rule)),
        cure_who: rule
            .cure
            .as_ref()
            .map_or_else(|| "none".to_owned(), |cure| cure.who.clone()),
        facts: rule.facts().map(str::to_owned).collect(),
        examples: count(examples(pack, &rule.id)),
    }
}

/// Worked examples of a rule, counted in the pack's own content; a layer's examples stand in the layer.
fn examples(pack: &Pack, id: &str) -> usize {
    let rules = pack.content()["rules"].as_array();
    let rule = rules.into_iter().flatten().find(|rule| rule["id"] == id);
    rule.and_then(|rule| rule["examples"].as_array())
        .map_or(0, Vec::len)
}

pub(crate) fn pack(
    found: (Arc<Pack>, String, Option<Publication>),
    now: time::OffsetDateTime,
) -> pb::Pack {
    let (pack, yaml, published) = found;
    let layer = |layer: &tongguan_rules::LayerRef| pb::PackRef {
        market: layer.market.clone(),
        version: layer.version.to_string(),
        digest: layer.digest.clone(),
    };
    pb::Pack {
        pack: Some(pack_ref(&pack)),
        yaml,
        layers: pack.layers.iter().map(layer).collect(),
        publication: published
            .as_ref()
            .map(|published| publication(published, now)),
    }
}

pub(crate) fn checked(checked: &Checked) -> pb::ValidatePackResponse {
    pb::ValidatePackResponse {
        valid: checked.problems.is_empty(),
        problems: checked.problems.iter().map(problem).collect(),
        pack: checked.pack.as_deref().map(pack_ref),
        rules: checked
            .pack
            .as_ref()
            .map_or(0, |pack| count(pack.rules.len())),
        examples: count(checked.examples),
        examples_failed: count(
            checked
                .problems
                .iter()
                .filter(|found| found.problem.path.contains(".examples["))
                .count(),
        ),
    }
}

fn problem(found: &PackProblem) -> pb::PackProblem {
    let path = &found.problem.path;
    pb::PackProblem {
        line: u32::try_from(found.problem.line).unwrap_or(u32::MAX),
        column: u32::try_from(found.problem.column).unwrap_or(u32::MAX),
        rule: path
            .strip_prefix("rules.")
            .and_then(|rest| rest.split('.').next())
            .unwrap_or_default()
            .to_owned(),
        message: format!("{}: {path}: {}", found.market, found.problem.message),
    }
}

pub(crate) fn publication(publication: &Publication, now: time::OffsetDateTime) -> pb::Publication {
    pb::Publication {
        publication: publication.id.to_string(),
        pack: Some(pb::PackRef {
            market: publication.market.clone(),
            version: publication.version.clone(),
            digest: publication.digest.clone(),
        }),
        state: match publication.state(now) {
            State::Proposed => pb::PublicationState::Proposed,
            State::Scheduled => pb::PublicationState::Scheduled,
            State::InForce => pb::PublicationState::InForce,
        }
        .into(),
        proposed_by: publication.proposed_by.clone(),
        confirmed_by: publication.confirmed_by.clone(),
        effective_time: Some(instant(publication.effective_at)),
        emergency: publication.emergency,
        reason: publication.reason.clone(),
        impact_report: publication.impact_report.clone(),
        create_time: Some(instant(publication.created_at)),
    }
}

pub(crate) fn impact(report: Impact, refused: Vec<pb::MatrixRow>) -> pb::ImpactReport {
    pb::ImpactReport {
        impact_report: report.id(),
        before: report.before.map(version),
        after: Some(version(report.after)),
        vehicles: report.vehicles,
        changes: report.changes.into_iter().map(changed).collect(),
        counts: report
            .counts
            .into_iter()
            .map(|(before, after, vehicles)| pb::OutcomeCount {
                before: outcome(&before),
                after: outcome(&after),
                vehicles,
            })
            .collect(),
        rules_added: report.added,
        rules_removed: report.removed,
        rules_changed: report.changed,
        refused,
    }
}

fn changed(change: Change) -> pb::OutcomeChange {
    pb::OutcomeChange {
        key: change.key,
        before: outcome(&change.before),
        after: outcome(&change.after),
        rules: change.rules,
    }
}

fn version(version: crate::domain::Version) -> pb::PackRef {
    pb::PackRef {
        market: version.market,
        version: version.number,
        digest: version.digest,
    }
}

fn outcome(word: &str) -> i32 {
    pb::Outcome::from_str_name(&format!("OUTCOME_{word}"))
        .unwrap_or_default()
        .into()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
