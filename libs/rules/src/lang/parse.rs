//! Parses one expression with the `cel` crate, behind limits that keep any text harmless.
//!
//! The limits are checked on the token stream before the parser runs, because a recursive parser
//! must not see a thousand nested brackets at all.

use cel::common::ast::{IdedExpr, SourceInfo};
use cel::parser::PrattParser;
use cel::parser::pratt_parser::{Lexer, TokenKind};

/// Longest expression in bytes.
pub const MAX_BYTES: usize = 8_192;
/// Most tokens in one expression.
pub const MAX_TOKENS: usize = 1_024;
/// Deepest nesting of brackets, and longest run of prefix operators, conditionals or field selections.
pub const MAX_NESTING: usize = 24;

/// A fault inside one expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Byte offset into the expression.
    pub(crate) offset: usize,
    pub(crate) message: String,
}

impl Fault {
    fn at(offset: usize, message: impl Into<String>) -> Self {
        Self {
            offset,
            message: message.into(),
        }
    }
}

/// Parses `source`, or lists what is wrong with it.
pub(crate) fn parse(source: &str) -> Result<IdedExpr, Vec<Fault>> {
    guard(source).map_err(|fault| vec![fault])?;
    PrattParser::new()
        .max_recursion_depth(2 * MAX_NESTING as u16)
        .parse(source)
        .map_err(|errors| {
            errors
                .errors
                .iter()
                .map(|error| Fault::at(offset_of(source, error.pos), error.msg.clone()))
                .collect()
        })
}

/// Where each node of [`parse`]'s tree stands in `source`.
///
/// The fast parser hands out positions only together with an error, so one is provoked behind the
/// expression; called only once a fault is known, and with the node numbers of the same parser.
pub(crate) fn positions(source: &str) -> impl Fn(u64) -> usize {
    let broken = format!("{source}\n)");
    let info = PrattParser::new().parse(&broken).err().and_then(|errors| {
        errors
            .errors
            .into_iter()
            .find_map(|error| error.source_info)
    });
    move |id| {
        let offset = |info: &std::sync::Arc<SourceInfo>| info.offset_for(id);
        info.as_ref()
            .and_then(offset)
            .map_or(0, |(start, _)| start as usize)
    }
}

fn guard(source: &str) -> Result<(), Fault> {
    if source.len() > MAX_BYTES {
        return Err(Fault::at(
            0,
            format!(
                "an expression has at most {MAX_BYTES} bytes; this has {}",
                source.len()
            ),
        ));
    }
    let (mut lexer, mut tokens, mut open) = (Lexer::new(source), 0, 0_usize);
    let (mut prefix, mut selects, mut conditions) = (0, 0, 0);
    loop {
        let token = lexer.lex();
        match token.kind {
            TokenKind::TokEnd => return Ok(()),
            TokenKind::TokError => {
                let message = lexer.get_error().map_or_else(
                    || "not a CEL token".to_owned(),
                    |error| error.message.clone(),
                );
                return Err(Fault::at(token.start, message));
            }
            TokenKind::TokWhitespace | TokenKind::TokComment => continue,
            TokenKind::TokLeftParen | TokenKind::TokLeftBracket | TokenKind::TokLeftBrace => {
                open += 1;
            }
            TokenKind::TokRightParen | TokenKind::TokRightBracket | TokenKind::TokRightBrace => {
                open = open.saturating_sub(1);
            }
            TokenKind::TokQuestion => conditions += 1,
            _ => {}
        }
        let is_prefix = matches!(token.kind, TokenKind::TokExclamation | TokenKind::TokMinus);
        prefix = if is_prefix { prefix + 1 } else { 0 };
        selects = match token.kind {
            TokenKind::TokDot => selects + 1,
            TokenKind::TokIdent => selects,
            _ => 0,
        };
        tokens += 1;
        if tokens > MAX_TOKENS {
            return Err(Fault::at(
                token.start,
                format!("an expression has at most {MAX_TOKENS} tokens"),
            ));
        }
        if [open, prefix, selects, conditions]
            .into_iter()
            .any(|count| count > MAX_NESTING)
        {
            return Err(Fault::at(
                token.start,
                format!("nested deeper than {MAX_NESTING} levels"),
            ));
        }
    }
}

/// Turns the parser's line and column (from 1, in bytes) into an offset; 0 where it has none.
fn offset_of(source: &str, (line, column): (isize, isize)) -> usize {
    let before: usize = source
        .split_inclusive('\n')
        .take(usize::try_from(line - 1).unwrap_or(0))
        .map(str::len)
        .sum();
    (before + usize::try_from(column - 1).unwrap_or(0)).min(source.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_levels_are_refused_without_touching_the_stack() {
        let deep = [
            format!("{}true{}", "(".repeat(1_000), ")".repeat(1_000)),
            format!("{}true", "!".repeat(1_000)),
            format!("{}1 == 1", "-".repeat(1_000)),
            format!("a{}", ".a".repeat(1_000)),
            format!("{}true", "true ? true : ".repeat(250)),
            format!("{}{}", "[".repeat(1_000), "]".repeat(1_000)),
            format!("true{}", " && true".repeat(1_000)),
            "1+".repeat(4_000),
        ];
        for source in deep {
            assert!(parse(&source).is_err(), "{}", &source[..20]);
        }
    }

    #[test]
    fn nodes_know_where_they_stand() {
        let source = "true &&\n  seats > 3";
        let tree = parse(source).unwrap();
        let cel::common::ast::Expr::Call(and) = &tree.expr else {
            panic!("{tree:?}")
        };
        assert_eq!(positions(source)(and.args[1].id), source.find('>').unwrap());
    }

    #[test]
    fn a_syntax_error_says_where() {
        let source = "vehicle.seats >\n   && true";
        let faults = parse(source).unwrap_err();
        assert_eq!(faults[0].offset, source.find("&&").unwrap(), "{faults:?}");
    }
}
