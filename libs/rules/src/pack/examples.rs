//! Examples: each rule's own tests, run at load and on demand.

use super::Pack;
use super::RuleCode;
use crate::decide::{Because, Judgement, Value, judge};
use crate::facts::Facts;
use crate::lang::eval::Run;
use crate::problem::Problem;
use crate::verdict::Expected;

/// One example of one rule.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    /// Place of its rule in the pack.
    pub(crate) rule: usize,
    pub(crate) facts: Facts,
    pub(crate) expect: Expected,
    pub(crate) line: u64,
    pub(crate) column: u64,
}

/// What running a pack's examples showed.
#[derive(Debug, Clone, Default)]
pub struct ExampleReport {
    /// How many examples were run.
    pub run: usize,
    /// Those that failed.
    pub failures: Vec<ExampleFailure>,
    /// Ids of the market's own rules with fewer than three examples, where three make sense.
    pub thin: Vec<String>,
}

/// An example that did not come out as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleFailure {
    /// The rule.
    pub rule: String,
    /// Which of its examples, from 1.
    pub number: usize,
    /// What was expected.
    pub expected: &'static str,
    /// What came out.
    pub found: String,
    /// Line in the YAML text.
    pub line: u64,
    /// Column in the YAML text.
    pub column: u64,
}

impl ExampleFailure {
    /// The failure as a problem of the pack.
    pub fn into_problem(self) -> Problem {
        Problem {
            path: format!("rules.{}.examples[{}]", self.rule, self.number),
            line: self.line,
            column: self.column,
            message: format!("expected {}, found {}", self.expected, self.found),
        }
    }
}

impl Pack {
    /// Runs every example of the market's own rules.
    pub fn run_examples(&self) -> ExampleReport {
        let mut report = ExampleReport::default();
        let mut counts = vec![0_usize; self.rules.len()];
        for example in &self.examples {
            report.run += 1;
            counts[example.rule] += 1;
            let judgement = judge(
                &self.program,
                &self.program.rules[example.rule],
                &example.facts,
            );
            let fits = self
                .readings(example, judgement)
                .any(|found| match example.expect {
                    Expected::NotApplicable => matches!(
                        found.because,
                        Because::NotApplicable | Because::Exempt | Because::NotLive
                    ),
                    Expected::Value(value) => value == found.value || value == found.raw,
                });
            if !fits {
                let missing: Vec<&str> = judgement.missing.iter().map(crate::Fact::name).collect();
                let wanted = if judgement.value == Value::Unknown {
                    format!(" for want of {}", missing.join(", "))
                } else {
                    String::new()
                };
                report.failures.push(ExampleFailure {
                    rule: self.rules[example.rule].id.clone(),
                    number: counts[example.rule],
                    expected: Expected::WORDS
                        .iter()
                        .find(|(_, expected)| *expected == example.expect)
                        .map_or("", |(word, _)| word),
                    found: format!("{:?} ({:?}){wanted}", judgement.value, judgement.because)
                        .to_lowercase(),
                    line: example.line,
                    column: example.column,
                });
            }
        }
        let own = self.rules.iter().zip(&counts).zip(&self.program.rules);
        let thin = own.filter(|((rule, count), code)| {
            let fixed = rule.constant || !code.live || !code.expressible;
            rule.from == self.market && **count < if fixed { 0 } else { 3 }
        });
        report.thin = thin.map(|((rule, _), _)| rule.id.clone()).collect();
        report
    }

    /// The judgement of an example; and, where only its scope is left open, that of the rule within
    /// its scope, because an example is about its rule.
    fn readings(&self, example: &Example, judgement: Judgement) -> impl Iterator<Item = Judgement> {
        let code = &self.program.rules[example.rule];
        let open = code.applies.is_some_and(|place| {
            Run::new(&self.program.code, &example.facts)
                .predicate(place)
                .is_unknown()
        });
        let within = (judgement.value == Value::Unknown && open).then(|| {
            let inside = RuleCode {
                applies: None,
                ..code.clone()
            };
            judge(&self.program, &inside, &example.facts)
        });
        [Some(judgement), within].into_iter().flatten()
    }
}
