//! The functions of the language: their names, and how each is typed and compiled.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};

use super::check::Checker;
use super::code::{Count, Num, NumRef, Part, Step};
use super::types::{Ty, Value};
use crate::emission::Stage;
use crate::slot::text_id;

/// Functions that give a value.
pub(super) const VALUES: &[&str] = &[
    "date",
    "years",
    "months",
    "days",
    "calendar_years",
    "fiscal_years",
    "model_year_age",
    "start_of_year",
    "end_of_year",
    "start_of_month",
    "end_of_month",
    "year",
    "month",
    "plus_years",
    "plus_months",
    "plus_days",
    "earliest",
    "latest",
    "min",
    "max",
    "stage",
    "issued",
    "expires",
];

/// Functions that give a truth value.
pub(super) const PREDICATES: &[&str] = &["any_of", "all_of", "none_of", "is_empty"];

impl Checker<'_> {
    /// Compiles a call to one of [`VALUES`].
    pub(super) fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Value> {
        let args = call.args.as_slice();
        let wanted = match call.func_name.as_str() {
            "date" | "start_of_year" | "end_of_year" | "start_of_month" | "end_of_month"
            | "year" | "month" | "stage" | "issued" | "expires" => 1,
            "fiscal_years" => 3,
            _ => 2,
        };
        if args.len() != wanted || call.target.is_some() {
            return self.fault(
                node,
                format!(
                    "{}() takes {wanted} argument{}",
                    call.func_name,
                    if wanted == 1 { "" } else { "s" }
                ),
            );
        }
        match call.func_name.as_str() {
            "date" => self.date_literal(&args[0]),
            "stage" => self.stage_literal(&args[0]),
            "issued" | "expires" => {
                let id = self.document(&args[0])?;
                Some(self.emit(
                    if call.func_name == "issued" {
                        Num::Issued(id)
                    } else {
                        Num::Expires(id)
                    },
                    Ty::Date,
                ))
            }
            "years" => self.between(Count::Years, args, Ty::Number),
            "months" => self.between(Count::Months, args, Ty::Number),
            "days" => self.between(Count::Days, args, Ty::Int),
            "calendar_years" => self.between(Count::CalendarYears, args, Ty::Int),
            "fiscal_years" => {
                let start = self.int_literal(&args[2], 1, 12);
                let start = u8::try_from(start?).unwrap_or(1);
                self.between(Count::FiscalYears(start), args, Ty::Int)
            }
            "model_year_age" => {
                let (year, day) = (
                    self.typed(&args[0], Ty::Int),
                    self.typed(&args[1], Ty::Date),
                );
                let now = self.push(Num::Part(Part::Year, day?));
                Some(self.emit(Num::Sub(now, year?), Ty::Int))
            }
            "year" => self.part(Part::Year, &args[0], Ty::Int),
            "month" => {
                let day = self.typed(&args[0], Ty::Date)?;
                Some(self.emit(Num::Month(day), Ty::Int))
            }
            "start_of_year" => self.part(Part::StartOfYear, &args[0], Ty::Date),
            "end_of_year" => self.part(Part::EndOfYear, &args[0], Ty::Date),
            "start_of_month" => self.part(Part::StartOfMonth, &args[0], Ty::Date),
            "end_of_month" => self.part(Part::EndOfMonth, &args[0], Ty::Date),
            "plus_years" => self.shift(Step::Months, 12, args),
            "plus_months" => self.shift(Step::Months, 1, args),
            "plus_days" => self.shift(Step::Days, 1, args),
            "earliest" => self.pair(Num::Min, args, |ty| ty == Ty::Date),
            "latest" => self.pair(Num::Max, args, |ty| ty == Ty::Date),
            "min" => self.pair(Num::Min, args, Ty::is_numeric),
            "max" => self.pair(Num::Max, args, Ty::is_numeric),
            other => {
                let names = VALUES.iter().chain(PREDICATES).copied();
                let hint = crate::nearest::hint(crate::nearest::nearest(other, names).as_deref());
                self.fault(node, format!("there is no function {other}(){hint}"))
            }
        }
    }

    fn date_literal(&mut self, arg: &IdedExpr) -> Option<Value> {
        let text = self.string_literal(arg)?;
        match text.parse::<tongguan_vocabulary::PartialDate>() {
            Ok(date) => match date.exact() {
                Some(day) => Some(self.emit(
                    Num::Const(crate::day::from_date(day), crate::day::from_date(day)),
                    Ty::Date,
                )),
                None => self.fault(
                    arg,
                    "a date in a rule is written to the day, such as date(\"2025-12-31\")",
                ),
            },
            Err(error) => self.fault(arg, error.to_string()),
        }
    }

    fn stage_literal(&mut self, arg: &IdedExpr) -> Option<Value> {
        let text = self.string_literal(arg)?;
        match Stage::parse(&text) {
            Ok(stage) => Some(Value::Stage(stage)),
            Err(error) => self.fault(arg, error.to_string()),
        }
    }

    /// A document code the pack knows, as its id.
    pub(super) fn document(&mut self, arg: &IdedExpr) -> Option<i64> {
        let code = self.string_literal(arg)?;
        if let Some(fault) = self.scope.unknown_document(&code) {
            return self.fault(arg, fault);
        }
        self.found.documents.insert(code.clone());
        Some(text_id(&code))
    }

    fn between(&mut self, count: Count, args: &[IdedExpr], ty: Ty) -> Option<Value> {
        let (from, to) = (
            self.typed(&args[0], Ty::Date),
            self.typed(&args[1], Ty::Date),
        );
        Some(self.emit(Num::Between(count, from?, to?), ty))
    }

    fn part(&mut self, part: Part, arg: &IdedExpr, ty: Ty) -> Option<Value> {
        let day = self.typed(arg, Ty::Date)?;
        Some(self.emit(Num::Part(part, day), ty))
    }

    fn shift(&mut self, step: Step, unit: i64, args: &[IdedExpr]) -> Option<Value> {
        let (day, by) = (
            self.typed(&args[0], Ty::Date),
            self.int_literal(&args[1], -5_000, 5_000),
        );
        Some(self.emit(Num::Shift(step, day?, by? * unit), Ty::Date))
    }

    fn pair(
        &mut self,
        make: fn(NumRef, NumRef) -> Num,
        args: &[IdedExpr],
        fits: fn(Ty) -> bool,
    ) -> Option<Value> {
        let (left, right) = (self.value(&args[0]), self.value(&args[1]));
        let (left, right, ty) = self.unify(&args[0], left?, &args[1], right?)?;
        if !fits(ty) {
            return self.fault(&args[0], format!("a {} does not fit here", ty.name()));
        }
        Some(self.emit(make(left, right), ty))
    }

    pub(super) fn string_literal(&mut self, arg: &IdedExpr) -> Option<String> {
        match &arg.expr {
            Expr::Literal(LiteralValue::String(text)) => Some(text.inner().to_owned()),
            _ => self.fault(arg, "a string literal is needed here"),
        }
    }

    pub(super) fn int_literal(&mut self, arg: &IdedExpr, min: i64, max: i64) -> Option<i64> {
        let value = match &arg.expr {
            Expr::Literal(LiteralValue::Int(int)) => Some(*int.inner()),
            Expr::Call(call) if call.func_name == "-_" => {
                match call.args.first().map(|arg| &arg.expr) {
                    Some(Expr::Literal(LiteralValue::Int(int))) => int.inner().checked_neg(),
                    _ => None,
                }
            }
            _ => None,
        };
        match value {
            Some(value) if (min..=max).contains(&value) => Some(value),
            _ => self.fault(
                arg,
                format!("a whole number from {min} to {max} is needed here"),
            ),
        }
    }
}
