//! The types of expressions while they are checked.

use crate::emission::Stage;
use crate::schema::{Fact, Kind};

use super::code::NumRef;

/// The type of an integer expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Ty {
    Int,
    /// In thousandths.
    Number,
    Date,
    Code(&'static [&'static str]),
    Country,
    Text,
}

impl Ty {
    pub(super) fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Int(..) => Some(Self::Int),
            Kind::Number(..) => Some(Self::Number),
            Kind::Date => Some(Self::Date),
            Kind::Code(words) => Some(Self::Code(words)),
            Kind::Country => Some(Self::Country),
            Kind::Text => Some(Self::Text),
            Kind::Flag | Kind::Set(_) | Kind::Stage(_) => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Int => "whole number",
            Self::Number => "number",
            Self::Date => "date",
            Self::Code(_) => "code",
            Self::Country => "country",
            Self::Text => "text",
        }
    }

    pub(super) fn is_numeric(self) -> bool {
        matches!(self, Self::Int | Self::Number)
    }
}

/// What a value expression turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Num(NumRef, Ty),
    Literal(String),
    Set(Fact),
    Documents,
    /// `vehicle.emission_standard`, in whichever family it is compared.
    AnyStage,
    StageFact(Fact),
    Stage(Stage),
}

impl Value {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Num(_, ty) => ty.name(),
            Self::Literal(_) => "string",
            Self::Set(_) => "set of codes",
            Self::Documents => "set of documents",
            Self::AnyStage | Self::StageFact(_) | Self::Stage(_) => "stage",
        }
    }
}
