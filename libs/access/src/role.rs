//! The roles people and systems play, and the scopes each brings.
//!
//! To add a role: add a variant, its name and its row of scopes here. A scope is `service.verb` as
//! the methods of `proto/` name it; `*` stands for any service or any verb.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a caller is to the export of a used car.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A filed used-car exporter, the only one who may apply for a licence (谁出口谁申领).
    Exporter,
    /// A marketplace or forwarder that prepares cases for an exporter.
    MarketplaceAgent,
    /// An accredited inspection body.
    InspectionBody,
    /// An officer of the commerce authority who decides cases and licences.
    LicenceOfficer,
    /// An officer at the border who checks, reserves and consumes certificates.
    CustomsOfficer,
    /// An editor of rule packs.
    RuleEditor,
    /// An auditor: reads everything, changes nothing.
    Auditor,
    /// An operator of the installation.
    Operator,
    /// A system that reads readiness and hears of events.
    Integrator,
}

/// The text names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a role (one of exporter, marketplace_agent, inspection_body, licence_officer, customs_officer, rule_editor, auditor, operator, integrator)"
)]
pub struct RoleError(pub String);

impl Role {
    /// Every role.
    pub const ALL: [Self; 9] = [
        Self::Exporter,
        Self::MarketplaceAgent,
        Self::InspectionBody,
        Self::LicenceOfficer,
        Self::CustomsOfficer,
        Self::RuleEditor,
        Self::Auditor,
        Self::Operator,
        Self::Integrator,
    ];

    /// The name in tokens, such as `licence_officer`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exporter => "exporter",
            Self::MarketplaceAgent => "marketplace_agent",
            Self::InspectionBody => "inspection_body",
            Self::LicenceOfficer => "licence_officer",
            Self::CustomsOfficer => "customs_officer",
            Self::RuleEditor => "rule_editor",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Integrator => "integrator",
        }
    }

    /// The scopes the role brings.
    pub const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Exporter => &[
                "*.read",
                "registry.write",
                "registry.personal",
                "maintenance.write",
                "clearance.write",
                "clearance.submit",
                "gateway.write",
                "sandbox.write",
            ],
            Self::MarketplaceAgent => &[
                "*.read",
                "registry.write",
                "maintenance.write",
                "clearance.write",
                "gateway.write",
                "sandbox.write",
            ],
            Self::InspectionBody => &[
                "registry.read",
                "inspection.read",
                "inspection.write",
                "gateway.read",
            ],
            Self::LicenceOfficer => &[
                "*.read",
                "registry.personal",
                "inspection.supervise",
                "clearance.decide",
                "clearance.licence",
                "clearance.override",
            ],
            Self::CustomsOfficer => &["*.read", "clearance.customs", "clearance.override"],
            Self::RuleEditor => &[
                "*.read",
                "destinations.write",
                "destinations.publish",
                "destinations.simulate",
            ],
            Self::Auditor => &["*.read", "*.audit"],
            Self::Operator => &["*.*"],
            Self::Integrator => &[
                "registry.read",
                "destinations.read",
                "gateway.read",
                "gateway.write",
                "sandbox.write",
            ],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.replace('-', "_");
        let found = Self::ALL.into_iter().find(|role| role.as_str() == name);
        found.ok_or_else(|| RoleError(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_reads_back_from_its_name() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(role.as_str().replace('_', "-").parse(), Ok(role));
        }
        assert!("root".parse::<Role>().is_err());
    }
}
