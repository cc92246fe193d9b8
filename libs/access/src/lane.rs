//! How urgent a caller is: who waits for whom when there is more to do than can be done.

use crate::{Caller, Role};

/// Who is served first. It follows from a verified token alone: a client can not name itself urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Readiness badges of listings, and everybody without a token.
    Badge,
    /// Those who prepare, inspect and clear a vehicle, and the services among themselves.
    Clearance,
    /// Officers, with a vehicle before them at a border or a case on the desk.
    Officer,
}

impl Lane {
    /// Every lane, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Officer, Self::Clearance, Self::Badge];

    /// The lane of a caller; nobody's is the last.
    pub fn of(caller: Option<&Caller>) -> Self {
        let Some(caller) = caller else {
            return Self::Badge;
        };
        let officer = |role| matches!(role, Role::CustomsOfficer | Role::LicenceOfficer);
        if caller.roles.iter().copied().any(officer) {
            Self::Officer
        } else if !caller.roles.is_empty()
            && caller.roles.iter().all(|role| *role == Role::Integrator)
        {
            Self::Badge
        } else {
            Self::Clearance
        }
    }

    /// Its name in metrics and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Badge => "badge",
            Self::Clearance => "clearance",
            Self::Officer => "officer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn officers_come_first_and_whoever_only_reads_badges_last() {
        let caller = |roles: &[Role]| Caller {
            roles: roles.to_vec(),
            ..Caller::new("acme".parse().unwrap(), "somebody")
        };
        for (roles, lane) in [
            (&[Role::CustomsOfficer][..], Lane::Officer),
            (&[Role::Integrator, Role::LicenceOfficer], Lane::Officer),
            (&[Role::Exporter], Lane::Clearance),
            (&[Role::Integrator, Role::Exporter], Lane::Clearance),
            (&[], Lane::Clearance),
            (&[Role::Integrator], Lane::Badge),
        ] {
            assert_eq!(Lane::of(Some(&caller(roles))), lane, "{roles:?}");
        }
        assert_eq!(Lane::of(None), Lane::Badge);
    }
}
