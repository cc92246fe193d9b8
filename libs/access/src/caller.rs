//! Who sent a request, as the guard left it there.

use std::sync::Arc;

use tongguan_vocabulary::Tenant;
use tonic::{Request, Status};

use crate::{Refusal, Role};

/// Who is asking, from a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose data the caller works on.
    pub tenant: Tenant,
    /// The caller's name at its issuer, such as `li.wei` or `service:clearance`.
    pub subject: String,
    /// The unified social credit code of the organisation the caller acts for.
    pub organisation: Option<String>,
    /// The roles the token names.
    pub roles: Vec<Role>,
    /// What the caller may do: the scopes of its roles and of the token.
    pub scopes: Scopes,
    /// Whether the subject is a natural person, as two-person steps need.
    pub person: bool,
    /// Who acts, where the subject lets another act for it (RFC 8693, `act`); [`Caller::actor`] names whoever does.
    pub delegate: Option<Delegate>,
    /// The country the caller is in (ISO 3166-1 alpha-2), as its issuer says: what it is shown may leave China.
    pub region: Option<String>,
}

/// Who acts for the subject of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegate {
    /// The actor's name at the issuer.
    pub subject: String,
    /// The unified social credit code of the actor's own organisation.
    pub organisation: Option<String>,
}

impl Caller {
    /// A caller without roles, scopes or an organisation.
    pub fn new(tenant: Tenant, subject: impl Into<String>) -> Self {
        Self {
            tenant,
            subject: subject.into(),
            organisation: None,
            roles: Vec::new(),
            scopes: Scopes::default(),
            person: false,
            delegate: None,
            region: None,
        }
    }

    /// The name of whoever acts: the delegate's, or the subject's own.
    pub fn actor(&self) -> &str {
        self.delegate
            .as_ref()
            .map_or(&self.subject, |delegate| &delegate.subject)
    }

    /// Whether the token names this role.
    pub fn has_role(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// A set of scopes such as `registry.read`; `*` stands for any service or any verb.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Whether one of the scopes covers the one needed.
    pub fn allows(&self, needed: &str) -> bool {
        self.0.iter().any(|held| covers(held, needed))
    }

    /// The same without whatever would cover one of these; a wildcard that covers one is dropped whole.
    #[must_use]
    pub fn without(self, denied: &[&str]) -> Self {
        let kept = self.0.into_iter();
        Self(
            kept.filter(|held| !denied.iter().any(|needed| covers(held, needed)))
                .collect(),
        )
    }

    /// The scopes as held, wildcards included.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl<T: Into<String>> FromIterator<T> for Scopes {
    fn from_iter<I: IntoIterator<Item = T>>(scopes: I) -> Self {
        Self(scopes.into_iter().map(Into::into).collect())
    }
}

fn covers(held: &str, needed: &str) -> bool {
    let (Some((held_service, held_verb)), Some((service, verb))) =
        (held.split_once('.'), needed.split_once('.'))
    else {
        return false;
    };
    (held_service == "*" || held_service == service) && (held_verb == "*" || held_verb == verb)
}

/// The caller of a request that came through a guard; `UNAUTHENTICATED` where none is known, as on
/// public methods.
pub fn caller<T>(request: &Request<T>) -> Result<Caller, Status> {
    let found = request.extensions().get::<Arc<Caller>>();
    found
        .map(|caller| Caller::clone(caller))
        .ok_or_else(|| Refusal::NoToken.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_segment_and_nothing_else_does() {
        let table = [
            ("registry.read", "registry.read", true),
            ("registry.read", "registry.write", false),
            ("registry.*", "registry.write", true),
            ("*.read", "clearance.read", true),
            ("*.read", "clearance.write", false),
            ("*.*", "anything.at_all", true),
            ("*", "registry.read", false),
            ("registry", "registry.read", false),
            ("registry.read", "public", false),
            ("registry.re", "registry.read", false),
            ("", "", false),
        ];
        for (held, needed, expected) in table {
            assert_eq!(
                [held].into_iter().collect::<Scopes>().allows(needed),
                expected,
                "{held} for {needed}"
            );
        }
    }
}
