//! The packs in force together: which market has which, and what each stands on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tongguan_rules::{Layers, Pack, Problem, nearest};

/// What is wrong with one of several packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackProblem {
    /// The market whose pack it is.
    pub market: String,
    /// What and where.
    pub problem: Problem,
}

impl fmt::Display for PackProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.market, self.problem)
    }
}

/// One pack per market, layers included, all compiled against each other.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    packs: BTreeMap<String, Arc<Pack>>,
    texts: BTreeMap<String, Arc<str>>,
}

impl Catalogue {
    /// Compiles one text per market, layers first; what did not change since `before` is taken over.
    pub fn compile(
        texts: &BTreeMap<String, Arc<str>>,
        before: Option<&Self>,
    ) -> Result<Self, Vec<PackProblem>> {
        let mut packs: BTreeMap<String, Arc<Pack>> = BTreeMap::new();
        let mut problems = Vec::new();
        let (layers, markets): (Vec<_>, Vec<_>) =
            texts.iter().partition(|(_, text)| is_layer(text));
        for (market, text) in layers {
            let known = before.and_then(|before| before.unchanged(market, text, &packs));
            let loaded = known.map_or_else(|| Pack::load(text, &packs).map(Arc::new), Ok);
            match loaded {
                Ok(pack) => {
                    packs.insert(market.clone(), pack);
                }
                Err(found) => problems.extend(found.into_iter().map(of(market))),
            }
        }
        let (mut fresh, mut known) = (Vec::new(), Vec::new());
        for (market, text) in markets {
            match before.and_then(|before| before.unchanged(market, text, &packs)) {
                Some(pack) => known.push((market.clone(), pack)),
                None => fresh.push((market, text)),
            }
        }
        for (market, loaded) in load(&fresh, &packs) {
            match loaded {
                Ok(pack) => known.push((market.clone(), Arc::new(pack))),
                Err(found) => problems.extend(found.into_iter().map(of(market))),
            }
        }
        packs.extend(known);
        if problems.is_empty() {
            Ok(Self {
                packs,
                texts: texts.clone(),
            })
        } else {
            Err(problems)
        }
    }

    fn unchanged(
        &self,
        market: &str,
        text: &Arc<str>,
        layers: &BTreeMap<String, Arc<Pack>>,
    ) -> Option<Arc<Pack>> {
        let pack = self.packs.get(market)?;
        let same_text = self.texts.get(market) == Some(text);
        let same_layers = pack.layers.iter().all(|layer| {
            layers
                .get(&layer.market)
                .is_some_and(|now| now.digest == layer.digest)
        });
        (same_text && same_layers).then(|| pack.clone())
    }

    /// The catalogue with one pack's text replaced: refuses the text whole, also where a pack that stands on it breaks.
    pub fn with(&self, text: &str) -> Result<(Arc<Pack>, Self), Vec<PackProblem>> {
        let market = market_of(text);
        let mut texts = self.texts.clone();
        texts.insert(market.clone(), Arc::from(text));
        let next = Self::compile(&texts, Some(self))?;
        match next.packs.get(&market) {
            Some(pack) => Ok((pack.clone(), next)),
            // Only reached where the text declares its market in a form `market_of` does not see.
            None => Err(vec![PackProblem {
                market,
                problem: whole("its market is not on a line of its own: `market: KE`"),
            }]),
        }
    }

    /// The pack in force for a market.
    pub fn find(&self, market: &str) -> Option<&Arc<Pack>> {
        self.packs.get(market)
    }

    /// Every pack, by market code.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Pack>> {
        self.packs.values()
    }

    /// The source text of every pack, by market code.
    pub fn texts(&self) -> &BTreeMap<String, Arc<str>> {
        &self.texts
    }

    /// The codes nearest to one that does not exist, nearest first; a market's name finds its code.
    pub fn nearest(&self, asked: &str) -> Vec<String> {
        let named = |pack: &&Arc<Pack>| {
            pack.name.en.eq_ignore_ascii_case(asked.trim()) || pack.name.zh == asked.trim()
        };
        let mut codes: Vec<String> = self
            .packs
            .values()
            .filter(named)
            .map(|pack| pack.market.clone())
            .collect();
        let folded = asked.trim().to_ascii_uppercase();
        while codes.len() < 3 {
            let rest = self
                .packs
                .keys()
                .map(String::as_str)
                .filter(|code| !codes.iter().any(|known| known == code));
            let Some(code) = nearest(&folded, rest) else {
                break;
            };
            codes.push(code);
        }
        codes
    }

    /// The layers as the rule language looks them up.
    pub fn layers(&self) -> &dyn Layers {
        &self.packs
    }
}

fn of(market: &str) -> impl Fn(Problem) -> PackProblem {
    move |problem| PackProblem {
        market: market.to_owned(),
        problem,
    }
}

/// A text by its market, and what became of it.
type Loaded<'a> = (&'a String, Result<Pack, Vec<Problem>>);

/// Loads texts that stand on `layers` alone, on every core where they are many: all packs at once are
/// what a start waits for.
fn load<'a>(
    texts: &[(&'a String, &Arc<str>)],
    layers: &BTreeMap<String, Arc<Pack>>,
) -> Vec<Loaded<'a>> {
    const WORTH_A_THREAD: usize = 8;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut loaded = Vec::new();
        // Packs differ ten times in length, so each thread takes the next one instead of a fixed share.
        while let Some((market, text)) = texts.get(next.fetch_add(1, Ordering::Relaxed)) {
            loaded.push((*market, Pack::load(text, layers)));
        }
        loaded
    };
    let mut loaded = std::thread::scope(|scope| {
        let helpers = (cores - 1).min(texts.len() / WORTH_A_THREAD);
        let helpers: Vec<_> = (0..helpers).map(|_| scope.spawn(work)).collect();
        let mut loaded = work();
        for helper in helpers {
            match helper.join() {
                Ok(more) => loaded.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        loaded
    });
    loaded.sort_by_key(|(market, _)| *market);
    loaded
}

/// The market a pack's text declares; empty where it declares none.
pub(crate) fn market_of(text: &str) -> String {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("market:"))
        .unwrap_or_default();
    line.split('#')
        .next()
        .unwrap_or_default()
        .trim()
        .trim_matches(['"', '\''])
        .to_owned()
}

/// Layers are compiled before the packs that extend them.
fn is_layer(text: &str) -> bool {
    text.lines().any(|line| {
        line.strip_prefix("kind:")
            .is_some_and(|kind| kind.trim().starts_with("layer"))
    })
}

fn whole(message: &str) -> Problem {
    Problem {
        path: String::new(),
        line: 0,
        column: 0,
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, String)]) -> BTreeMap<String, Arc<str>> {
        pairs
            .iter()
            .map(|(market, text)| ((*market).to_owned(), Arc::from(text.as_str())))
            .collect()
    }

    fn pack(market: &str, head: &str) -> String {
        format!(
            "market: {market}\nname: {{ en: Land of {market}, zh: 地 }}\n{head}version: 2026.1.1\nas_of: 2026-01-01\n\
             measured_at: trip.arrival\nrules:\n  - id: {market}-1\n    category: other\n    require: true\n    \
             otherwise: warn\n    text: {{ en: a rule, zh: 规则 }}\n    source: {{ title: a page, confidence: high }}\n"
        )
    }

    #[test]
    fn layers_are_compiled_before_what_extends_them() {
        let all = texts(&[
            ("AA", pack("AA", "extends: [ZZ]\n")),
            ("ZZ", pack("ZZ", "kind: layer\n")),
        ]);
        let catalogue = Catalogue::compile(&all, None).unwrap();
        assert_eq!(catalogue.find("AA").unwrap().rules.len(), 2);
    }

    #[test]
    fn a_changed_layer_changes_the_digest_of_what_stands_on_it() {
        let all = texts(&[
            ("AA", pack("AA", "extends: [ZZ]\n")),
            ("BB", pack("BB", "")),
            ("ZZ", pack("ZZ", "kind: layer\n")),
        ]);
        let before = Catalogue::compile(&all, None).unwrap();
        let (_, after) = before
            .with(&pack("ZZ", "kind: layer\n").replace("2026.1.1", "2026.1.2"))
            .unwrap();
        let digest = |catalogue: &Catalogue, market| catalogue.find(market).unwrap().digest.clone();
        assert_ne!(digest(&before, "AA"), digest(&after, "AA"));
        assert_eq!(digest(&before, "BB"), digest(&after, "BB"));
    }

    #[test]
    fn every_broken_pack_is_named() {
        let all = texts(&[
            ("AA", pack("AA", "extends: [XX]\n")),
            ("BB", pack("BB", "kind: city\n")),
        ]);
        let problems = Catalogue::compile(&all, None).unwrap_err();
        let markets: Vec<&str> = problems.iter().map(|found| found.market.as_str()).collect();
        assert_eq!(markets, ["AA", "BB"]);
    }

    #[test]
    fn a_markets_name_finds_its_code() {
        let all = texts(&[("KE", pack("KE", "")), ("NG", pack("NG", ""))]);
        let catalogue = Catalogue::compile(&all, None).unwrap();
        assert_eq!(catalogue.nearest("land of ng")[0], "NG");
        assert_eq!(catalogue.nearest("ke")[0], "KE");
    }
}
