//! Types an expression against the fact schema and compiles it; lists every fault, not only the first.

use std::collections::BTreeSet;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators as op};

use super::code::{Code, Num, NumRef, Op};
use super::eval::FactSet;
use super::functions::{PREDICATES, VALUES};
use super::names::{dotted, is_predicate};
use super::parse::{self, Fault, MAX_NESTING};
use super::types::{Ty, Value};
use crate::nearest::{hint, nearest};
use crate::schema::{FACTS, Fact, Kind};

/// What an expression may refer to besides the facts.
pub(crate) trait Scope {
    /// The fault of naming this document, if the pack does not know it.
    fn unknown_document(&self, code: &str) -> Option<String>;
    /// The market, where it is one country, as the value of `trip.destination`.
    fn destination(&self) -> Option<i64>;
    /// From which stages of other families a stage of this family may be concluded.
    fn deemed(&self, family: crate::Family) -> Vec<super::code::Deemed>;
}

/// What a compiled expression reads.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Reads {
    pub(crate) facts: FactSet,
    pub(crate) documents: BTreeSet<String>,
    /// Documents asked for, each group met by any one of it.
    pub(crate) groups: Vec<Vec<String>>,
}

/// A compiled predicate: its place in the code, and what it reads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compiled {
    pub(crate) place: u32,
    pub(crate) reads: Reads,
    /// Whether it is the constant `true` or `false`.
    pub(crate) constant: Option<bool>,
}

/// Parses, checks and compiles one predicate into `code`.
pub(crate) fn compile(
    source: &str,
    scope: &dyn Scope,
    code: &mut Code,
) -> Result<Compiled, Vec<Fault>> {
    let tree = parse::parse(source)?;
    let mut checker = Checker {
        scope,
        code,
        found: Reads::default(),
        faults: Vec::new(),
        depth: 0,
    };
    let ops = checker.predicate(&tree);
    if let (Some(ops), true) = (ops, checker.faults.is_empty()) {
        let constant = if let [Op::Const(value)] = ops[..] {
            Some(value)
        } else {
            None
        };
        let reads = checker.found;
        let place = code.ops.len() as u32;
        code.ops.extend(ops);
        return Ok(Compiled {
            place,
            reads,
            constant,
        });
    }
    let position = parse::positions(source);
    let faults = checker.faults.into_iter().map(|(node, message)| Fault {
        offset: position(node),
        message,
    });
    Err(faults.collect())
}

pub(super) struct Checker<'a> {
    pub(super) scope: &'a dyn Scope,
    pub(super) code: &'a mut Code,
    pub(super) found: Reads,
    faults: Vec<(u64, String)>,
    depth: usize,
}

impl Checker<'_> {
    /// Notes a fault at `node`; a dotted name stands where its first part does.
    pub(super) fn fault<T>(&mut self, node: &IdedExpr, message: impl Into<String>) -> Option<T> {
        let mut first = node;
        while let Expr::Select(select) = &first.expr {
            first = &select.operand;
        }
        self.faults.push((first.id, message.into()));
        None
    }

    pub(super) fn push(&mut self, num: Num) -> NumRef {
        self.code.nums.push(num);
        self.code.nums.len() as NumRef - 1
    }

    pub(super) fn emit(&mut self, num: Num, ty: Ty) -> Value {
        Value::Num(self.push(num), ty)
    }

    /// Runs `inner` one level deeper, unless that is too deep.
    fn deeper<T>(
        &mut self,
        node: &IdedExpr,
        inner: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        if self.depth >= 2 * MAX_NESTING {
            return self.fault(
                node,
                format!("nested deeper than {} levels", 2 * MAX_NESTING),
            );
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Compiles an expression that must be a truth value.
    pub(super) fn predicate(&mut self, node: &IdedExpr) -> Option<Vec<Op>> {
        self.deeper(node, |checker| match &node.expr {
            Expr::Literal(LiteralValue::Boolean(value)) => Some(vec![Op::Const(*value.inner())]),
            Expr::Ident(_) | Expr::Select(_) => checker.flag(node),
            Expr::Call(call) => checker.predicate_call(node, call),
            Expr::Comprehension(_) => checker.fault(node, "loops (all, exists, map, filter) are not part of the rule language; use any_of, all_of, none_of"),
            _ => checker.fault(node, "a truth value is needed here"),
        })
    }

    fn predicate_call(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Vec<Op>> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (op::LOGICAL_AND, _) => self.chain(node, op::LOGICAL_AND, Op::And),
            (op::LOGICAL_OR, _) => self.chain(node, op::LOGICAL_OR, Op::Or),
            (op::LOGICAL_NOT, [inner]) => {
                let inner = self.predicate(inner)?;
                Some([vec![Op::Not], inner].concat())
            }
            (op::CONDITIONAL, [condition, then, other]) => {
                let parts = (
                    self.predicate(condition),
                    self.predicate(then),
                    self.predicate(other),
                );
                let (condition, then, other) = (parts.0?, parts.1?, parts.2?);
                let middle = 1 + condition.len() + then.len();
                let choose = vec![Op::Choose(middle as u32, (middle + other.len()) as u32)];
                Some([choose, condition, then, other].concat())
            }
            (name @ (op::EQUALS | op::NOT_EQUALS), [left, right])
                if is_predicate(left) || is_predicate(right) =>
            {
                let (left, right) = (self.predicate(left), self.predicate(right));
                Some([vec![Op::Same(name == op::EQUALS)], left?, right?].concat())
            }
            (name, [left, right]) if super::relations::relation(name).is_some() => {
                self.comparison(node, name, left, right)
            }
            (op::IN, [item, list]) => self.membership(item, list),
            (name, _) if PREDICATES.contains(&name) => self.set_call(node, call),
            (name, _) if VALUES.contains(&name) => {
                self.fault(node, format!("{name}() is not a truth value"))
            }
            (name, _) if name.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                let names = VALUES.iter().chain(PREDICATES).copied();
                self.fault(
                    node,
                    format!(
                        "there is no function {name}(){}",
                        hint(nearest(name, names).as_deref())
                    ),
                )
            }
            _ => self.fault(node, "a truth value is needed here"),
        }
    }

    /// `a && b && …` as one flat run, however the parser nested it.
    fn chain(&mut self, node: &IdedExpr, name: &str, make: fn(u32) -> Op) -> Option<Vec<Op>> {
        let (mut operands, mut stack) = (Vec::new(), vec![node]);
        while let Some(next) = stack.pop() {
            match &next.expr {
                Expr::Call(call) if call.func_name == name => stack.extend(call.args.iter().rev()),
                _ => operands.push(next),
            }
        }
        let compiled: Vec<Option<Vec<Op>>> = operands
            .into_iter()
            .map(|operand| self.predicate(operand))
            .collect();
        let body: Vec<Op> = compiled.into_iter().collect::<Option<Vec<_>>>()?.concat();
        Some([vec![make(body.len() as u32 + 1)], body].concat())
    }

    fn flag(&mut self, node: &IdedExpr) -> Option<Vec<Op>> {
        let fact = self.fact(node)?;
        match fact.kind() {
            Kind::Flag => Some(vec![Op::Within(fact, 1, 1)]),
            kind => self.fault(
                node,
                format!(
                    "{} is of type {}, not a truth value",
                    fact.name(),
                    kind.name()
                ),
            ),
        }
    }

    /// The fact a dotted name stands for, noted as read.
    fn fact(&mut self, node: &IdedExpr) -> Option<Fact> {
        let Some(name) = dotted(node) else {
            return self.fault(node, "only facts have parts; has() is not part of the language, because unknown is not a value");
        };
        let Some(fact) = Fact::named(&name) else {
            let names = FACTS
                .iter()
                .map(|def| def.name)
                .chain(["documents", "vehicle.emission_standard"]);
            return self.fault(
                node,
                format!(
                    "unknown fact {name}{}",
                    hint(nearest(&name, names).as_deref())
                ),
            );
        };
        self.found.facts.insert(fact);
        Some(fact)
    }

    /// Compiles an expression that must be a value of some type.
    pub(super) fn value(&mut self, node: &IdedExpr) -> Option<Value> {
        self.deeper(node, |checker| match &node.expr {
            Expr::Literal(literal) => checker.literal(node, literal),
            Expr::Ident(name) if name == "documents" => Some(Value::Documents),
            Expr::Select(_) if dotted(node).as_deref() == Some("vehicle.emission_standard") => {
                Some(Value::AnyStage)
            }
            Expr::Ident(_) | Expr::Select(_) => {
                // A market that is one country answers this itself, without reading a fact.
                let own = checker
                    .scope
                    .destination()
                    .filter(|_| dotted(node).as_deref() == Some(Fact::Destination.name()));
                if let Some(market) = own {
                    return Some(checker.emit(Num::Const(market, market), Ty::Country));
                }
                let fact = checker.fact(node)?;
                match (fact.kind(), Ty::of(fact.kind())) {
                    (_, Some(ty)) => Some(checker.emit(Num::Fact(fact), ty)),
                    (Kind::Set(_), _) => Some(Value::Set(fact)),
                    (Kind::Stage(_), _) => Some(Value::StageFact(fact)),
                    (kind, _) => checker.fault(
                        node,
                        format!(
                            "{} is of type {}, not a value to compare",
                            fact.name(),
                            kind.name()
                        ),
                    ),
                }
            }
            Expr::Call(call) => checker.value_call(node, call),
            Expr::List(_) => checker.fault(
                node,
                "a list stands only to the right of `in` or in any_of, all_of, none_of",
            ),
            _ => checker.fault(node, "not part of the rule language"),
        })
    }

    fn literal(&mut self, node: &IdedExpr, literal: &LiteralValue) -> Option<Value> {
        match literal {
            LiteralValue::Int(int) => Some(self.constant(*int.inner(), Ty::Int)),
            LiteralValue::UInt(int) => match i64::try_from(*int.inner()) {
                Ok(int) => Some(self.constant(int, Ty::Int)),
                Err(_) => self.fault(node, "too large a number"),
            },
            LiteralValue::Double(double) => {
                let thousandths = *double.inner() * 1_000.0;
                if thousandths.abs() < 1e15 && (thousandths - thousandths.round()).abs() < 1e-6 {
                    Some(self.constant(thousandths.round() as i64, Ty::Number))
                } else {
                    self.fault(node, "a number has at most three decimals")
                }
            }
            LiteralValue::String(text) => Some(Value::Literal(text.inner().to_owned())),
            LiteralValue::Boolean(_) => {
                self.fault(node, "a truth value cannot be compared with this")
            }
            LiteralValue::Null => self.fault(
                node,
                "null is not a value: an unknown fact makes the rule unknown",
            ),
            LiteralValue::Bytes(_) => self.fault(node, "bytes are not part of the rule language"),
        }
    }

    fn constant(&mut self, value: i64, ty: Ty) -> Value {
        self.emit(Num::Const(value, value), ty)
    }

    fn value_call(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Value> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (op::ADD, [left, right]) => self.arithmetic(left, right, Num::Add),
            (op::SUBSTRACT, [left, right]) => self.arithmetic(left, right, Num::Sub),
            (op::MULTIPLY, [left, right]) => {
                let (a, b) = (self.value(left), self.value(right));
                match (a?, b?) {
                    (Value::Num(a, ty), Value::Num(b, Ty::Int))
                    | (Value::Num(b, Ty::Int), Value::Num(a, ty))
                        if ty.is_numeric() =>
                    {
                        Some(self.emit(Num::Mul(a, b), ty))
                    }
                    _ => self.fault(node, "only a number and a whole number can be multiplied"),
                }
            }
            (op::NEGATE, [inner]) => match self.value(inner)? {
                Value::Num(num, ty) if ty.is_numeric() => Some(self.emit(Num::Scale(num, -1), ty)),
                other => self.fault(node, format!("a {} has no negative", other.name())),
            },
            (op::CONDITIONAL, [condition, then, other]) => {
                let (ops, a, b) = (
                    self.predicate(condition),
                    self.value(then),
                    self.value(other),
                );
                let (a, b, ty) = self.unify(then, a?, other, b?)?;
                let place = self.code.ops.len() as u32;
                self.code.ops.extend(ops?);
                Some(self.emit(Num::Choose(place, a, b), ty))
            }
            (op::DIVIDE | op::MODULO, _) => self.fault(
                node,
                "division is not part of the rule language: it has no answer at zero",
            ),
            (name, _)
                if name.starts_with(|c: char| c.is_ascii_alphabetic())
                    && !PREDICATES.contains(&name) =>
            {
                self.call(node, call)
            }
            _ => self.fault(node, "a value is needed here, not a truth value"),
        }
    }

    fn arithmetic(
        &mut self,
        left: &IdedExpr,
        right: &IdedExpr,
        make: fn(NumRef, NumRef) -> Num,
    ) -> Option<Value> {
        let (a, b) = (self.value(left), self.value(right));
        let (a, b, ty) = self.unify(left, a?, right, b?)?;
        if !ty.is_numeric() {
            return self.fault(
                left,
                format!(
                    "a {} has no + or -; use plus_days, plus_months, plus_years, days",
                    ty.name()
                ),
            );
        }
        Some(self.emit(make(a, b), ty))
    }

    /// An integer expression of exactly this type.
    pub(super) fn typed(&mut self, node: &IdedExpr, wanted: Ty) -> Option<NumRef> {
        match self.value(node)? {
            Value::Num(num, ty) if ty == wanted => Some(num),
            Value::Literal(_) if wanted == Ty::Date => {
                self.fault(node, "a date is written date(\"2025-12-31\")")
            }
            other => self.fault(
                node,
                format!("a {} is needed here, not a {}", wanted.name(), other.name()),
            ),
        }
    }
}
