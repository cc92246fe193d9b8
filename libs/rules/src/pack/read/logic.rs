//! The clauses of a rule that are expressions, compiled one by one.

use super::parts::place;
use super::rules::RuleReader;
use crate::lang::check::{self, Compiled};
use crate::lang::eval::FactSet;
use crate::yaml::{Fields, Node, Report, Tree};

/// One compiled expression with its source.
pub(super) struct Clause {
    pub(super) compiled: Compiled,
    pub(super) source: String,
}

/// All expressions of one rule.
#[derive(Default)]
pub(super) struct Logic {
    pub(super) applies: Option<Clause>,
    pub(super) unless: Option<Clause>,
    pub(super) exempt: Option<Clause>,
    pub(super) require: Option<Clause>,
    pub(super) alternatives: Vec<Clause>,
}

impl Logic {
    /// Every fact that any of the expressions reads.
    pub(super) fn reads(&self) -> FactSet {
        let mut reads = FactSet::default();
        self.clauses()
            .for_each(|clause| reads.extend(clause.compiled.reads.facts));
        reads
    }

    /// Every fact that a transition or an exemption reads.
    pub(super) fn exemptions(&self) -> FactSet {
        let mut reads = FactSet::default();
        for clause in [&self.unless, &self.exempt].into_iter().flatten() {
            reads.extend(clause.compiled.reads.facts);
        }
        reads
    }

    /// Every document that any of the expressions names.
    pub(super) fn documents(&self) -> Vec<String> {
        let mut documents: Vec<String> = self
            .clauses()
            .flat_map(|clause| clause.compiled.reads.documents.iter().cloned())
            .collect();
        documents.sort_unstable();
        documents.dedup();
        documents
    }

    /// The documents the requirement can be met with, each group by any one of it.
    pub(super) fn groups(&self) -> Vec<Vec<String>> {
        self.require
            .as_ref()
            .map_or_else(Vec::new, |clause| clause.compiled.reads.groups.clone())
    }

    fn clauses(&self) -> impl Iterator<Item = &Clause> {
        [&self.applies, &self.unless, &self.exempt, &self.require]
            .into_iter()
            .flatten()
            .chain(&self.alternatives)
    }
}

impl RuleReader<'_> {
    pub(super) fn logic(&mut self, fields: &Fields<'_>, report: &mut Report) -> Logic {
        let mut clause = |key: &str| {
            fields
                .get(key)
                .and_then(|node| self.expression(&fields.at(key), node, report))
        };
        let (applies, unless, exempt, require) = (
            clause("applies"),
            clause("unless"),
            clause("exempt"),
            clause("require"),
        );
        let path = fields.at("alternatives");
        let alternatives = fields
            .list("alternatives")
            .iter()
            .filter_map(|node| self.expression(&path, node, report))
            .collect();
        Logic {
            applies,
            unless,
            exempt,
            require,
            alternatives,
        }
    }

    fn expression(&mut self, path: &str, node: &Node, report: &mut Report) -> Option<Clause> {
        let source = match &node.tree {
            Tree::Bool(flag) => flag.to_string(),
            Tree::Text(text) => text.trim().to_owned(),
            _ => {
                report.add(path, node, "an expression is needed here");
                return None;
            }
        };
        match check::compile(&source, self.scope, &mut self.code) {
            Ok(compiled) => Some(Clause { compiled, source }),
            Err(faults) => {
                for fault in faults {
                    let (line, column) = place(self.text, node, &source, fault.offset);
                    report.problems.push(crate::Problem {
                        path: path.to_owned(),
                        line,
                        column,
                        message: fault.message,
                    });
                }
                None
            }
        }
    }
}
