//! Comparisons, membership and set predicates: how each pair of types is compiled.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators as op};

use super::check::Checker;
use super::code::{Num, NumRef, Op, Relation, Share};
use super::types::{Ty, Value};
use crate::emission::Stage;
use crate::facts::stage_fact;
use crate::nearest::{hint, nearest};
use crate::schema::{Fact, Kind};
use crate::slot::text_id;

/// The comparison an operator name stands for.
pub(super) fn relation(name: &str) -> Option<Relation> {
    Some(match name {
        op::EQUALS => Relation::Eq,
        op::NOT_EQUALS => Relation::Ne,
        op::LESS => Relation::Lt,
        op::LESS_EQUALS => Relation::Le,
        op::GREATER => Relation::Gt,
        op::GREATER_EQUALS => Relation::Ge,
        _ => return None,
    })
}

/// A test, or its negation.
fn negated(outside: bool, test: Op) -> Vec<Op> {
    if outside {
        vec![Op::Not, test]
    } else {
        vec![test]
    }
}

impl Checker<'_> {
    pub(super) fn comparison(
        &mut self,
        node: &IdedExpr,
        name: &str,
        left: &IdedExpr,
        right: &IdedExpr,
    ) -> Option<Vec<Op>> {
        let relation = relation(name)?;
        let (a, b) = (self.value(left), self.value(right));
        match (a?, b?) {
            (stages @ (Value::AnyStage | Value::StageFact(_)), Value::Stage(stage)) => {
                self.stage(node, relation, &stages, stage)
            }
            (Value::Stage(stage), stages @ (Value::AnyStage | Value::StageFact(_))) => {
                self.stage(node, relation.flipped(), &stages, stage)
            }
            (Value::AnyStage | Value::StageFact(_), Value::Literal(_)) => {
                self.fault(right, "a stage is written stage(\"euro.5\")")
            }
            (a, b) => {
                let (a, b, ty) = self.unify(left, a, right, b)?;
                let ordered = matches!(ty, Ty::Int | Ty::Number | Ty::Date);
                if !ordered && !matches!(relation, Relation::Eq | Relation::Ne) {
                    return self.fault(
                        node,
                        format!("a {} has no order; use == or `in`", ty.name()),
                    );
                }
                Some(self.compare_op(relation, a, b))
            }
        }
    }

    /// The tightest ops for a comparison.
    fn compare_op(&self, relation: Relation, a: NumRef, b: NumRef) -> Vec<Op> {
        let num = |num: NumRef| &self.code.nums[num as usize];
        let constant = |num: &Num| match num {
            Num::Const(lo, hi) if lo == hi && lo.unsigned_abs() < 1 << 62 => Some(*lo),
            _ => None,
        };
        let (relation, a, b) = if constant(num(a)).is_some() {
            (relation.flipped(), b, a)
        } else {
            (relation, a, b)
        };
        let Some(value) = constant(num(b)) else {
            return vec![Op::Compare(relation, a, b)];
        };
        let (outside, lo, hi) = relation.bounds(value, value);
        let test = match num(a) {
            Num::Fact(fact) => Op::Within(*fact, lo, hi),
            Num::Between(count, from, to) => match (num(*from), num(*to)) {
                (Num::Fact(from), Num::Fact(to)) => Op::Age(*count, *from, *to, lo, hi),
                _ => return vec![Op::Compare(relation, a, b)],
            },
            _ => return vec![Op::Compare(relation, a, b)],
        };
        negated(outside, test)
    }

    fn stage(
        &mut self,
        node: &IdedExpr,
        relation: Relation,
        stages: &Value,
        stage: Stage,
    ) -> Option<Vec<Op>> {
        let fact = match stages {
            Value::StageFact(fact) if *fact == stage_fact(stage.family) => *fact,
            Value::StageFact(fact) => {
                return self.fault(node, format!("{} cannot be compared with {stage}: stages of two families have no common order", fact.name()));
            }
            _ => stage_fact(stage.family),
        };
        self.found.facts.insert(fact);
        let table = self.scope.deemed(stage.family);
        for deemed in &table {
            self.found.facts.insert(deemed.fact);
        }
        let start = self.code.deemed.len() as u32;
        self.code.deemed.extend(table);
        let end = self.code.deemed.len() as u32;
        let (outside, lo, hi) = relation.bounds(stage.lo, stage.hi);
        let narrow = |level: i64| level.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        Some(negated(
            outside,
            Op::Stage(fact, narrow(lo), narrow(hi), start, end),
        ))
    }

    /// Brings two values to one type: numbers to a common scale, strings to what they stand for.
    pub(super) fn unify(
        &mut self,
        left: &IdedExpr,
        a: Value,
        right: &IdedExpr,
        b: Value,
    ) -> Option<(NumRef, NumRef, Ty)> {
        match (a, b) {
            (Value::Num(a, Ty::Int), Value::Num(b, Ty::Number)) => {
                Some((self.thousandths(a), b, Ty::Number))
            }
            (Value::Num(a, Ty::Number), Value::Num(b, Ty::Int)) => {
                Some((a, self.thousandths(b), Ty::Number))
            }
            (Value::Num(a, ty), Value::Num(b, other)) if ty == other => Some((a, b, ty)),
            (Value::Num(a, ty), Value::Literal(text)) => {
                let value = self.text_value(right, ty, &text)?;
                Some((a, self.push(Num::Const(value, value)), ty))
            }
            (Value::Literal(text), Value::Num(b, ty)) => {
                let value = self.text_value(left, ty, &text)?;
                Some((self.push(Num::Const(value, value)), b, ty))
            }
            (a, b) => self.fault(
                right,
                format!("a {} and a {} cannot be compared", a.name(), b.name()),
            ),
        }
    }

    fn thousandths(&mut self, num: NumRef) -> NumRef {
        let scaled = match &self.code.nums[num as usize] {
            Num::Const(lo, hi) => Num::Const(lo.saturating_mul(1_000), hi.saturating_mul(1_000)),
            _ => Num::Scale(num, 1_000),
        };
        self.push(scaled)
    }

    /// The integer a string literal stands for beside a value of type `ty`.
    fn text_value(&mut self, node: &IdedExpr, ty: Ty, text: &str) -> Option<i64> {
        match ty {
            Ty::Code(words) => match words.iter().position(|word| *word == text) {
                Some(place) => Some(place as i64),
                None => self.fault(
                    node,
                    format!(
                        "{text:?} is not one of its words{}",
                        hint(nearest(text, words.iter().copied()).as_deref())
                    ),
                ),
            },
            Ty::Country if text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()) => {
                Some(text_id(text))
            }
            Ty::Country => self.fault(
                node,
                format!("{text:?} is not an ISO 3166-1 alpha-2 code in capitals"),
            ),
            Ty::Text => Some(text_id(text)),
            Ty::Date => self.fault(node, format!("a date is written date({text:?})")),
            Ty::Int | Ty::Number => self.fault(node, "a string and a number cannot be compared"),
        }
    }

    pub(super) fn membership(&mut self, item: &IdedExpr, list: &IdedExpr) -> Option<Vec<Op>> {
        let Expr::List(elements) = &list.expr else {
            return match self.value(list)? {
                Value::Set(fact) => {
                    let bits = self.set_bits(fact, std::slice::from_ref(item))?;
                    Some(vec![Op::Members(Share::All, fact, bits)])
                }
                Value::Documents => {
                    let ids = self.documents(Share::All, std::slice::from_ref(item))?;
                    Some(vec![self.documents_op(Share::All, ids)])
                }
                other => self.fault(list, format!("nothing is `in` a {}", other.name())),
            };
        };
        let Value::Num(num, ty) = self.value(item)? else {
            return self.fault(item, "only numbers, dates, codes, countries and texts can be looked up in a list; use any_of for sets");
        };
        let values: Vec<Option<i64>> = elements
            .elements
            .iter()
            .map(|element| self.element(element, ty))
            .collect();
        let mut values: Vec<i64> = values.into_iter().collect::<Option<_>>()?;
        values.sort_unstable();
        if let (Ty::Code(words), Num::Fact(fact)) = (ty, &self.code.nums[num as usize])
            && words.len() <= 64
        {
            return Some(vec![Op::OneOf(
                *fact,
                values.iter().fold(0, |bits, place| bits | 1 << place),
            )]);
        }
        let (start, end) = self.list(values);
        Some(vec![match self.code.nums[num as usize] {
            Num::Fact(fact) => Op::FactIn(fact, start, end),
            _ => Op::InList(num, start, end),
        }])
    }

    fn element(&mut self, node: &IdedExpr, ty: Ty) -> Option<i64> {
        if let Expr::Literal(LiteralValue::String(text)) = &node.expr {
            return self.text_value(node, ty, text.inner());
        }
        match self.value(node)? {
            Value::Num(num, found) => match (&self.code.nums[num as usize], ty) {
                (Num::Const(lo, hi), _) if lo == hi && found == ty => Some(*lo),
                (Num::Const(lo, hi), Ty::Number) if lo == hi && found == Ty::Int => {
                    Some(lo * 1_000)
                }
                _ => self.fault(
                    node,
                    format!("a list holds constants of one type, here {}", ty.name()),
                ),
            },
            other => self.fault(
                node,
                format!("a list of {} holds no {}", ty.name(), other.name()),
            ),
        }
    }

    fn list(&mut self, values: Vec<i64>) -> (u32, u32) {
        let start = self.code.lists.len() as u32;
        self.code.lists.extend(values);
        (start, self.code.lists.len() as u32)
    }

    /// The ids of the documents of a list, noted as asked for: any one of them, or each.
    fn documents(&mut self, share: Share, list: &[IdedExpr]) -> Option<Vec<i64>> {
        let ids: Vec<Option<i64>> = list.iter().map(|code| self.document(code)).collect();
        let ids = ids.into_iter().collect::<Option<_>>()?;
        let codes = list.iter().filter_map(|code| self.string_literal(code));
        let codes: Vec<String> = codes.collect();
        match share {
            Share::Any => self.found.groups.push(codes),
            Share::All => {
                let each = codes.into_iter().map(|code| vec![code]);
                self.found.groups.extend(each);
            }
        }
        Some(ids)
    }

    fn documents_op(&mut self, share: Share, ids: Vec<i64>) -> Op {
        let (start, end) = self.list(ids);
        Op::Documents(share, start, end)
    }

    /// `any_of`, `all_of`, `none_of` over a set or the documents, and `is_empty` over a set.
    pub(super) fn set_call(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Vec<Op>> {
        let (set, list) = match (call.func_name.as_str(), call.args.as_slice()) {
            ("is_empty", [set]) => {
                return match self.value(set)? {
                    Value::Set(fact) => Some(vec![Op::Empty(fact)]),
                    other => self.fault(
                        set,
                        format!("is_empty() takes a set, not a {}", other.name()),
                    ),
                };
            }
            ("any_of" | "all_of" | "none_of", [set, list]) => match &list.expr {
                Expr::List(list) => (set, list.elements.as_slice()),
                _ => {
                    return self.fault(list, "a list such as [\"flood\", \"fire\"] is needed here");
                }
            },
            (name, _) => return self.fault(node, format!("{name}() takes a set and a list")),
        };
        let share = if call.func_name == "all_of" {
            Share::All
        } else {
            Share::Any
        };
        let test = match self.value(set)? {
            Value::Set(fact) => Op::Members(share, fact, self.set_bits(fact, list)?),
            Value::Documents => {
                let ids = self.documents(share, list)?;
                self.documents_op(share, ids)
            }
            other => {
                return self.fault(set, format!("a set is needed here, not a {}", other.name()));
            }
        };
        Some(if call.func_name == "none_of" {
            vec![Op::Not, test]
        } else {
            vec![test]
        })
    }

    fn set_bits(&mut self, fact: Fact, items: &[IdedExpr]) -> Option<i64> {
        let Kind::Set(words) = fact.kind() else {
            return None;
        };
        let places: Vec<Option<i64>> = items
            .iter()
            .map(|item| {
                let text = self.string_literal(item)?;
                self.text_value(item, Ty::Code(words), &text)
            })
            .collect();
        places
            .into_iter()
            .try_fold(0, |bits, place| Some(bits | 1 << place?))
    }
}
