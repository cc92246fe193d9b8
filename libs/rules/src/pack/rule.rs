//! One rule as data: what it asks, since when, on whose word, and what follows.

use std::fmt;

use serde::Serialize;

use crate::lang::eval::FactSet;
use crate::schema::Fact;
use crate::slot::Slot;

/// A text in English and Chinese.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Bilingual {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$line:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$line])* $variant,)* }

        impl $name {
            /// Every value with the word it is written as.
            pub const WORDS: &[(&str, Self)] = &[$(($word, Self::$variant),)*];

            /// The word it is written as.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }
    };
}

words! {
    /// Where a rule stands in its life.
    Status {
        /// Applied.
        InForce = "in_force",
        /// Decided but not yet applied.
        Announced = "announced",
        /// A bill or a plan.
        Draft = "draft",
        /// Stayed by a court.
        Stayed = "stayed",
        /// Suspended by the authority.
        Suspended = "suspended",
        /// Replaced by another rule.
        Superseded = "superseded",
        /// Taken back before or after it applied.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What follows when a rule is violated.
    Otherwise {
        /// The vehicle may not be imported (or exported).
        Prohibit = "prohibit",
        /// Something is still to be produced, done or inspected.
        Require = "require",
        /// Money is due.
        Levy = "levy",
        /// Importable, but not registrable for the road.
        NotRegistrable = "not_registrable",
        /// A person must decide.
        Refer = "refer",
        /// To be said, without any effect.
        Warn = "warn",
    }
}

words! {
    /// How sure the source is.
    Confidence {
        /// Official page, text of the instrument, or several agreeing reports.
        High = "high",
        /// One credible source.
        Medium = "medium",
        /// One commercial page, conflicting or superseded.
        Low = "low",
    }
}

words! {
    /// Why a rule may not prohibit by itself.
    DoubtReason {
        /// Its status is not in force.
        Status = "status",
        /// Its source is weak.
        LowConfidence = "low_confidence",
        /// Sources contradict each other.
        Conflict = "conflict",
        /// It rests on background knowledge, without a source.
        Background = "background",
    }
}

/// When a rule applies, by the date of the event that decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effective {
    /// First day, where it has one.
    pub from: Option<String>,
    /// Last day, where it has one.
    pub to: Option<String>,
    /// The event whose date decides.
    pub decided_by: &'static str,
    /// What follows the last day: `none`, `unknown`, or the id of a rule.
    pub successor: Option<String>,
}

/// Who can put a violation right, and how.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cure {
    /// Who; see [`crate::words::WHO`].
    pub who: String,
    /// By when, as a fact name.
    pub by: Option<&'static str>,
    /// Documents each of which cures the violation.
    pub documents: Vec<String>,
    /// Changes of facts each of which cures the violation.
    pub change: Vec<Change>,
    /// How, in words.
    pub text: Option<Bilingual>,
}

/// A change of one fact that somebody can bring about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The fact to change.
    pub fact: &'static str,
    /// The value to give it.
    pub to: serde_json::Value,
    #[serde(skip)]
    pub(crate) set: (Fact, Slot),
}

/// Where a rule comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The instrument it is based on.
    pub instrument: Option<String>,
    /// Where it was read.
    pub title: Option<String>,
    /// Its address.
    pub url: Option<String>,
    /// The day it was read.
    pub read: Option<String>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Contradictions with other sources, in words.
    pub conflicts: Vec<String>,
    /// What was assumed in reading it.
    pub assumed: Vec<String>,
}

/// One rule of a pack.
#[derive(Debug, Clone, Serialize)]
pub struct Rule {
    /// Its id, unique in the pack.
    pub id: String,
    /// The pack it comes from: the market itself or one of its layers.
    pub from: String,
    /// age, ban, condition, document, emissions, equipment, fee, inspection, mileage, other or steering.
    pub category: String,
    /// Where it stands in its life.
    pub status: Status,
    /// When it applies.
    pub effective: Effective,
    /// What it concerns, as written.
    pub applies: Option<String>,
    /// Transition or grandfathering under which it does not apply, if shown, as written.
    pub unless: Option<String>,
    /// Exemption that must be shown, as written.
    pub exempt: Option<String>,
    /// What it asks, as written; `None` where only documents are asked, or where it is not expressible.
    pub require: Option<String>,
    /// Other readings of `require`, as written.
    pub alternatives: Vec<String>,
    /// What follows when it is violated.
    pub otherwise: Otherwise,
    /// What a levy is paid in place of: `ban` or `certificate`.
    pub instead_of: Option<String>,
    /// Codes of documents that must be there where the rule applies.
    pub needs: Vec<String>,
    /// The rule in our own words.
    pub text: Bilingual,
    /// Who can put a violation right.
    pub cure: Option<Cure>,
    /// Where it comes from.
    pub source: Source,
    /// Why it may not prohibit by itself, where it may not.
    pub doubts: Vec<DoubtReason>,
    /// Why the language cannot express it, where it cannot.
    pub not_expressible: Option<String>,
    /// Layer rules it replaces.
    pub overrides: Vec<String>,
    /// Whether `require` is the constant `true` or `false`.
    #[serde(skip)]
    pub(crate) constant: bool,
    /// Documents that its expressions name.
    #[serde(skip)]
    pub(crate) names: Vec<String>,
    /// Documents that `require` can be met with, each group by any one of it.
    #[serde(skip)]
    pub(crate) groups: Vec<Vec<String>>,
    #[serde(skip)]
    pub(crate) reads: FactSet,
    #[serde(skip)]
    pub(crate) exempt_reads: FactSet,
}

impl Rule {
    /// The names of the facts it reads, in schema order.
    pub fn facts(&self) -> impl Iterator<Item = &'static str> {
        self.reads.iter().map(Fact::name)
    }
}
