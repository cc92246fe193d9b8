//! What the form of an expression tells before it is typed.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators as op};

use super::functions::PREDICATES;
use super::relations::relation;
use crate::schema::{Fact, Kind};

/// `a.b.c` as text.
pub(super) fn dotted(node: &IdedExpr) -> Option<String> {
    let (mut parts, mut at) = (Vec::new(), node);
    loop {
        match &at.expr {
            Expr::Ident(name) => {
                parts.push(name.as_str());
                parts.reverse();
                return Some(parts.join("."));
            }
            Expr::Select(select) if !select.test => {
                parts.push(select.field.as_str());
                at = &select.operand;
            }
            _ => return None,
        }
    }
}

/// Whether an expression is a truth value by its form.
pub(super) fn is_predicate(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => true,
        Expr::Ident(_) | Expr::Select(_) => dotted(node)
            .and_then(|name| Fact::named(&name))
            .is_some_and(|fact| fact.kind() == Kind::Flag),
        Expr::Call(call) => match call.func_name.as_str() {
            op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT | op::IN => true,
            op::CONDITIONAL => call.args.get(1).is_some_and(is_predicate),
            name => relation(name).is_some() || PREDICATES.contains(&name),
        },
        _ => false,
    }
}
