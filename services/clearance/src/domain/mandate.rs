//! The exporter's mandate to an agent: who may prepare for whom, to what extent and how long. Filing stays
//! with the exporter of record (谁出口谁申领).

use serde::{Deserialize, Serialize};
use time::Date;

use super::document::{Document, DocumentKind, IssuerKind};

/// What a mandate covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Scope {
    /// Opening cases and attaching documents.
    Prepare,
}

/// What a mandate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mandate {
    /// Unified social credit code of the exporter that gives it.
    pub exporter: String,
    /// Unified social credit code of the agent that holds it.
    pub agent: String,
    /// What it covers.
    pub scopes: Vec<Scope>,
    /// First day on which it holds.
    pub from: Option<Date>,
    /// Last day on which it holds.
    pub until: Option<Date>,
}

/// Everything that keeps a paper from empowering this agent to prepare for this exporter on a day.
pub fn objections(paper: &Document, exporter: &str, agent: &str, day: Date) -> Vec<String> {
    let mut wrong = Vec::new();
    if paper.kind != DocumentKind::Mandate {
        wrong.push(format!("{} is no mandate", paper.code));
        return wrong;
    }
    if !paper.sealed {
        wrong.push("the mandate bears no seal of the exporter".to_owned());
    }
    if paper.issuer_kind != IssuerKind::Exporter {
        wrong.push("the mandate is not issued by the exporter".to_owned());
    }
    let Some(says) = &paper.statements.mandate else {
        wrong
            .push("the mandate does not say whom it empowers, to what and for how long".to_owned());
        return wrong;
    };
    if says.exporter != exporter {
        wrong.push(format!(
            "the mandate is given by {}, the exporter of record is {exporter}",
            says.exporter
        ));
    }
    if says.agent != agent {
        wrong.push(format!("the mandate empowers {}, not {agent}", says.agent));
    }
    if !says.scopes.contains(&Scope::Prepare) {
        wrong.push("the mandate does not cover preparing a case".to_owned());
    }
    let Some(until) = says.until else {
        wrong.push("the mandate names no last day".to_owned());
        return wrong;
    };
    if says.from.is_some_and(|from| day < from) || day > until || !paper.valid_on(day) {
        wrong.push(format!(
            "the mandate does not hold on {day}; it ends on {until}"
        ));
    }
    wrong
}

/// What keeps an agent from preparing with these papers; the newest mandate speaks.
pub fn missing<'a>(
    papers: impl Iterator<Item = &'a Document>,
    exporter: &str,
    agent: Option<&str>,
    day: Date,
) -> Vec<String> {
    let Some(agent) = agent else {
        return vec![
            "the agent's token names no organisation that a mandate could name".to_owned(),
        ];
    };
    match papers
        .filter(|paper| paper.counts() && paper.kind == DocumentKind::Mandate)
        .last()
    {
        Some(paper) => objections(paper, exporter, agent, day),
        None => vec![format!(
            "no mandate of the exporter {exporter} names the agent {agent}"
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::Statements;
    use time::OffsetDateTime;
    use time::macros::date;
    use uuid::Uuid;

    const DAY: Date = date!(2026 - 03 - 02);

    fn paper() -> Document {
        Document {
            id: Uuid::nil(),
            kind: DocumentKind::Mandate,
            code: "exporter-mandate".to_owned(),
            number: String::new(),
            issuer: "某某".to_owned(),
            issuer_kind: IssuerKind::Exporter,
            issued: Some(date!(2026 - 01 - 05)),
            valid_until: None,
            sha256: "0".repeat(64),
            media_type: String::new(),
            size_bytes: 1,
            sealed: true,
            statements: Statements {
                mandate: Some(Mandate {
                    exporter: "E".to_owned(),
                    agent: "A".to_owned(),
                    scopes: vec![Scope::Prepare],
                    from: Some(date!(2026 - 01 - 05)),
                    until: Some(DAY),
                }),
                ..Statements::default()
            },
            attached_at: OffsetDateTime::UNIX_EPOCH,
            attached_by: String::new(),
            replaced_by: None,
        }
    }

    fn wrong(change: impl FnOnce(&mut Document)) -> Vec<String> {
        let mut paper = paper();
        change(&mut paper);
        objections(&paper, "E", "A", DAY)
    }

    #[test]
    fn a_sealed_mandate_that_names_both_and_holds_today_does() {
        assert!(wrong(|_| {}).is_empty());
        assert!(missing([paper()].iter(), "E", Some("A"), DAY).is_empty());
    }

    #[test]
    fn everything_that_a_mandate_must_say_is_checked() {
        type Change = fn(&mut Document);
        let table: [(Change, &str); 8] = [
            (|p| p.kind = DocumentKind::Contract, "no mandate"),
            (|p| p.sealed = false, "no seal"),
            (|p| p.issuer_kind = IssuerKind::Dealer, "not issued by"),
            (|p| p.statements.mandate = None, "whom it empowers"),
            (|p| says(p).exporter = "X".into(), "given by X"),
            (|p| says(p).agent = "X".into(), "empowers X"),
            (|p| says(p).scopes.clear(), "does not cover"),
            (
                |p| says(p).until = Some(date!(2026 - 03 - 01)),
                "does not hold",
            ),
        ];
        for (change, part) in table {
            let wrong = wrong(change);
            assert!(
                wrong.len() == 1 && wrong[0].contains(part),
                "{part}: {wrong:?}"
            );
        }
        let all = wrong(|p| {
            p.sealed = false;
            says(p).agent = "X".into();
            says(p).from = Some(date!(2026 - 03 - 03));
        });
        assert_eq!(all.len(), 3, "{all:?}");
        assert_eq!(missing([].iter(), "E", Some("A"), DAY).len(), 1);
        assert_eq!(missing([paper()].iter(), "E", None, DAY).len(), 1);
    }

    fn says(paper: &mut Document) -> &mut Mandate {
        paper.statements.mandate.as_mut().unwrap()
    }
}
