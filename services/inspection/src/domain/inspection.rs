//! A stored report and the few steps it can take: withdrawn, superseded, put under review.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::assess::{Assessment, Verdict};
use super::identity::Difference;
use super::report::Report;
use super::signature::Signature;

/// Where an inspection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It counts.
    Current,
    /// Withdrawn by the body.
    Withdrawn,
    /// Replaced by a corrected report.
    Superseded,
}

impl State {
    /// The word in tables and events.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
        }
    }

    /// Reads the word of [`State::as_str`].
    pub(crate) fn named(text: &str) -> Option<Self> {
        let all = [Self::Current, Self::Withdrawn, Self::Superseded];
        all.into_iter().find(|state| state.as_str() == text)
    }

    /// The steps that are legal from here.
    pub(crate) fn legal(self) -> Vec<String> {
        match self {
            Self::Current => vec!["withdraw".to_owned(), "supersede".to_owned()],
            Self::Withdrawn | Self::Superseded => Vec::new(),
        }
    }
}

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// Stable code.
    pub(crate) code: String,
    /// One sentence.
    pub(crate) message: String,
}

impl Notice {
    /// A notice.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

/// A stored report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Inspection {
    /// Identity; nil for a dry run.
    pub(crate) id: Uuid,
    /// As submitted.
    pub(crate) report: Report,
    /// Where it stands.
    pub(crate) state: State,
    /// What it came to.
    pub(crate) verdict: Verdict,
    /// Every item.
    pub(crate) assessment: Assessment,
    /// Recorded differences from the registry.
    pub(crate) differences: Vec<Difference>,
    /// Things to look at.
    pub(crate) notices: Vec<Notice>,
    /// SHA-256 of the canonical report: what a certificate pins.
    pub(crate) report_sha256: String,
    /// The body's signature over it.
    #[serde(default)]
    pub(crate) signature: Option<Signature>,
    /// Hashes of the report's evidence whose bytes are stored here.
    pub(crate) stored: Vec<String>,
    /// Accreditation numbers that covered the test.
    pub(crate) accreditations: Vec<String>,
    /// The one it replaces.
    pub supersedes: Option<Uuid>,
    /// The one that replaced it.
    pub superseded_by: Option<Uuid>,
    /// Why it was withdrawn or superseded.
    pub(crate) reason: String,
    /// Whether a later suspension covers the test date.
    pub(crate) under_review: bool,
    /// Rising by one with each change.
    pub(crate) version: i64,
    /// When it was stored.
    pub(crate) created_at: OffsetDateTime,
    /// When it last changed.
    pub(crate) updated_at: OffsetDateTime,
}

/// The step is not legal from where the inspection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotCurrent(pub State);

impl Inspection {
    /// The body takes the report back.
    pub(crate) fn withdraw(&mut self, reason: &str, at: OffsetDateTime) -> Result<(), NotCurrent> {
        self.leave(State::Withdrawn, reason, at)
    }

    /// A corrected report takes its place.
    pub(crate) fn supersede(
        &mut self,
        by: Uuid,
        reason: &str,
        at: OffsetDateTime,
    ) -> Result<(), NotCurrent> {
        self.leave(State::Superseded, reason, at)?;
        self.superseded_by = Some(by);
        Ok(())
    }

    fn leave(&mut self, state: State, reason: &str, at: OffsetDateTime) -> Result<(), NotCurrent> {
        if self.state != State::Current {
            return Err(NotCurrent(self.state));
        }
        self.state = state;
        reason.clone_into(&mut self.reason);
        self.version += 1;
        self.updated_at = at;
        Ok(())
    }
}

/// How the body's own conclusion relates to the computed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Both say the same, or the body was silent.
    Agrees,
    /// The body is stricter where judgement is free: a person looks.
    Stricter,
    /// They contradict each other.
    Contradicts,
}

/// Compares the claimed with the computed verdict.
///
/// Warnings are of limits nobody confirmed and referrals are open by definition, so a body may
/// conclude failure on either. A pass over a computed failure, and a failure over a clean pass, contradict.
pub(crate) fn claim(claimed: Option<Verdict>, computed: Verdict) -> Claim {
    match (claimed, computed) {
        (None, _) | (Some(Verdict::Failed), Verdict::Failed) => Claim::Agrees,
        (Some(_), Verdict::Failed) | (Some(Verdict::Failed), Verdict::Passed) => Claim::Contradicts,
        (Some(Verdict::Failed), _)
        | (Some(Verdict::Referred), Verdict::Passed | Verdict::PassedWithWarnings) => {
            Claim::Stricter
        }
        (Some(_), _) => Claim::Agrees,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_never_makes_a_verdict_better() {
        use Verdict::{Failed, Passed, PassedWithWarnings, Referred};
        let table = [
            (Some(Passed), Failed, Claim::Contradicts),
            (Some(Referred), Failed, Claim::Contradicts),
            (Some(Failed), Failed, Claim::Agrees),
            (Some(Failed), Passed, Claim::Contradicts),
            (Some(Failed), PassedWithWarnings, Claim::Stricter),
            (Some(Failed), Referred, Claim::Stricter),
            (Some(Passed), Referred, Claim::Agrees),
            (Some(Passed), PassedWithWarnings, Claim::Agrees),
            (Some(Referred), Passed, Claim::Stricter),
            (None, Failed, Claim::Agrees),
        ];
        for (claimed, computed, expected) in table {
            assert_eq!(
                claim(claimed, computed),
                expected,
                "{claimed:?} against {computed:?}"
            );
        }
    }
}
