//! What would make a vehicle eligible: the fewest documents, changes or days, from what the rules name.

use serde::Serialize;

use crate::day;
use crate::decide::{Outcome, decide};
use crate::facts::{Document, Facts};
use crate::pack::{Bilingual, Pack, Rule};
use crate::schema::Fact;
use crate::ship_by::{HORIZON_DAYS, moved};
use crate::slot::Slot;

/// Most steps tried together, besides the papers every way needs.
const MOST_STEPS: usize = 3;
/// Most ways returned.
const MOST_WAYS: usize = 8;
/// Most candidate steps combined.
const MOST_CANDIDATES: usize = 16;

/// One way to a better outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Way {
    /// The outcome it leads to.
    pub outcome: Outcome,
    /// What has to be done.
    pub steps: Vec<WayStep>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WayStep {
    /// `document`, `change` or `date`.
    pub kind: &'static str,
    /// The document code, or the fact to change.
    pub what: String,
    /// The value to change the fact to.
    pub to: Option<serde_json::Value>,
    /// Its name, or how the rule says to do it.
    pub text: Option<Bilingual>,
    /// Who can do it.
    pub who: String,
    /// By which step or date of the trip.
    pub by: Option<String>,
    /// The rule that names it; empty for a date.
    pub rule: String,
}

#[derive(Clone)]
enum Action {
    Document(String),
    Set(Fact, Slot),
}

struct Candidate {
    action: Action,
    step: WayStep,
}

/// The smallest sets of changed facts, added documents or moved dates that lead to the best outcome
/// within reach; empty where nothing the rules name makes it better.
pub fn ways_to_eligible(pack: &Pack, facts: &Facts) -> Vec<Way> {
    let now = decide(pack.program(), facts).outcome;
    if now == Outcome::Permitted {
        return Vec::new();
    }
    let papers = papers(pack, facts);
    let cures = cures(pack, facts);
    let mut best: Vec<Way> = Vec::new();
    for size in 0..=MOST_STEPS.min(cures.len()) {
        for chosen in choices(cures.len(), size) {
            let picked: Vec<&Candidate> = chosen.iter().map(|index| &cures[*index]).collect();
            let way = complete(pack, facts, &picked, &papers);
            keep(&mut best, way, now);
        }
        if best
            .first()
            .is_some_and(|way| way.outcome == Outcome::Permitted)
        {
            break;
        }
    }
    best.extend(another_day(
        pack,
        facts,
        now,
        best.first().map(|way| way.outcome),
    ));
    best.truncate(MOST_WAYS);
    best
}

/// Applies the picked cures and every paper, then drops the papers that make no difference.
fn complete(pack: &Pack, facts: &Facts, picked: &[&Candidate], papers: &[Candidate]) -> Way {
    let mut base = facts.clone();
    for candidate in picked {
        apply(&mut base, &candidate.action);
    }
    let with = |skip: &[usize]| {
        let mut facts = base.clone();
        let used = papers
            .iter()
            .enumerate()
            .filter(|(index, _)| !skip.contains(index));
        used.for_each(|(_, paper)| apply(&mut facts, &paper.action));
        decide(pack.program(), &facts).outcome
    };
    let outcome = with(&[]);
    let mut skip = Vec::new();
    for index in 0..papers.len() {
        skip.push(index);
        if with(&skip) != outcome {
            skip.pop();
        }
    }
    let needed = papers
        .iter()
        .enumerate()
        .filter(|(index, _)| !skip.contains(index))
        .map(|(_, paper)| paper);
    Way {
        outcome,
        steps: picked
            .iter()
            .copied()
            .chain(needed)
            .map(|candidate| candidate.step.clone())
            .collect(),
    }
}

/// Keeps the ways with the best outcome and, among those, the fewest steps.
fn keep(best: &mut Vec<Way>, way: Way, now: Outcome) {
    if way.outcome >= now {
        return;
    }
    let rank = |way: &Way| (way.outcome, way.steps.len());
    let steps = |way: &Way| {
        let steps = way.steps.iter();
        let mut steps: Vec<String> = steps
            .map(|step| format!("{} {:?}", step.what, step.to))
            .collect();
        steps.sort_unstable();
        steps
    };
    if best.iter().any(|known| steps(known) == steps(&way)) {
        return;
    }
    match best.first().map(rank) {
        Some(known) if rank(&way) > known => {}
        Some(known) if rank(&way) == known => best.push(way),
        _ => *best = vec![way],
    }
}

fn apply(facts: &mut Facts, action: &Action) {
    match action {
        Action::Document(code) => facts.add_document(Document::new(code)),
        Action::Set(fact, slot) => facts.put(*fact, *slot),
    }
}

/// Every document that some rule needs and that is not there; of several that would each do, the first.
fn papers(pack: &Pack, facts: &Facts) -> Vec<Candidate> {
    let mut papers: Vec<Candidate> = Vec::new();
    let there = |code: &String| {
        facts
            .documents()
            .iter()
            .any(|document| *document.code == **code)
    };
    for rule in &pack.rules {
        let open = rule.groups.iter().filter(|group| !group.iter().any(there));
        let asked = rule
            .needs
            .iter()
            .chain(open.filter_map(|group| group.first()));
        for code in asked {
            let listed = papers.iter().any(|paper| paper.step.what == *code);
            if !listed && !there(code) {
                papers.push(paper(pack, rule, code));
            }
        }
    }
    papers
}

fn paper(pack: &Pack, rule: &Rule, code: &str) -> Candidate {
    let document = pack.document(code);
    Candidate {
        action: Action::Document(code.to_owned()),
        step: WayStep {
            kind: "document",
            what: code.to_owned(),
            to: None,
            text: document.map(|document| document.name.clone()),
            who: document
                .map_or("importer", |document| document.who.as_str())
                .to_owned(),
            by: document.map(|document| document.when.clone()),
            rule: rule.id.clone(),
        },
    }
}

/// The cures of every rule that stands in the way.
fn cures(pack: &Pack, facts: &Facts) -> Vec<Candidate> {
    let decision = decide(pack.program(), facts);
    let standing = decision.violated | decision.unknown | decision.undetermined;
    let mut cures = Vec::new();
    for (_, rule) in pack
        .rules
        .iter()
        .enumerate()
        .filter(|(index, _)| standing >> index & 1 == 1)
    {
        let Some(cure) = &rule.cure else { continue };
        cures.extend(cure.documents.iter().map(|code| paper(pack, rule, code)));
        cures.extend(cure.change.iter().map(|change| {
            Candidate {
                action: Action::Set(change.set.0, change.set.1),
                step: WayStep {
                    kind: "change",
                    what: change.fact.to_owned(),
                    to: Some(change.to.clone()),
                    text: cure
                        .text
                        .clone()
                        .or_else(|| stated(change.set.0, change.set.1)),
                    who: cure.who.clone(),
                    by: cure.by.map(str::to_owned),
                    rule: rule.id.clone(),
                },
            }
        }));
    }
    cures.truncate(MOST_CANDIDATES);
    cures
}

/// A fact with the value it is to have, in words.
fn stated(fact: Fact, slot: Slot) -> Option<Bilingual> {
    let mut facts = Facts::new();
    facts.put(fact, slot);
    let said = facts.said(fact)?;
    Some(Bilingual {
        en: format!("{}: {}", fact.def().en, said.en),
        zh: format!("{}：{}", fact.def().zh, said.zh),
    })
}

/// The nearest day, later or earlier, on which the same plan comes out better.
fn another_day(pack: &Pack, facts: &Facts, now: Outcome, reached: Option<Outcome>) -> Option<Way> {
    let over = pack.measured_at;
    let slot = facts.slot(over);
    if !slot.is_exact() {
        return None;
    }
    // Not before the pack's own day: nobody can ship in the past.
    let back = day::days(pack.as_of, slot.lo).clamp(0, HORIZON_DAYS);
    let days = (1..=HORIZON_DAYS)
        .flat_map(|step| [step, -step])
        .filter(|days| -days <= back);
    for days in days {
        let outcome = decide(pack.program(), &moved(facts, over, days)).outcome;
        if outcome < now && reached.is_none_or(|reached| outcome <= reached) {
            let to = day::show(Slot::exact(day::plus_days(slot.lo, days)));
            let step = WayStep {
                kind: "date",
                what: over.name().to_owned(),
                text: stated(over, Slot::exact(day::plus_days(slot.lo, days))),
                to: Some(to.into()),
                who: "exporter".to_owned(),
                by: None,
                rule: String::new(),
            };
            return Some(Way {
                outcome,
                steps: vec![step],
            });
        }
    }
    None
}

/// Every choice of `size` out of `count`.
fn choices(count: usize, size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for last in size - 1..count {
        all.extend(choices(last, size - 1).into_iter().map(|mut chosen| {
            chosen.push(last);
            chosen
        }));
    }
    all
}
