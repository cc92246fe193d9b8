//! How much a tenant may ask for: one bucket of calls for each kind of method.

use serde::{Deserialize, Serialize};
use tongguan_vocabulary::Tenant;

/// Quotas of one process, for each tenant and kind of method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    /// What customs officers do: check, reserve, consume, verify.
    pub customs: Quota,
    /// Reads.
    pub read: Quota,
    /// Writes.
    pub write: Quota,
    /// Batches, jobs and streams, each of which is work for many calls.
    pub bulk: Quota,
    /// Calls without a token, for each network (IPv4 address, IPv6 /64) instead of a tenant.
    pub anonymous: Quota,
    /// Tenants with a multiple of these quotas, such as `acme=10`.
    pub raised: Vec<Raised>,
}

/// A bucket of calls that fills again while it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// Calls a second in the long run.
    pub per_second: u32,
    /// Calls at once after a pause; 0 is no quota at all.
    pub burst: u32,
}

/// A tenant with a multiple of the quotas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Raised {
    /// Whose.
    pub tenant: Tenant,
    /// How many times as much, 1 to 1000.
    pub times: u32,
}

/// The text is not `tenant=times`.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a tenant and a number of times from 1 to 1000, such as acme=10")]
pub struct RaisedError(String);

impl TryFrom<String> for Raised {
    type Error = RaisedError;

    fn try_from(text: String) -> Result<Self, RaisedError> {
        let read = || {
            let (tenant, times) = text.split_once('=')?;
            let times = times.trim().parse().ok()?;
            let tenant = tenant.trim().parse().ok()?;
            (1..=1_000)
                .contains(&times)
                .then_some(Self { tenant, times })
        };
        read().ok_or_else(|| RaisedError(text.clone()))
    }
}

impl From<Raised> for String {
    fn from(raised: Raised) -> Self {
        format!("{}={}", raised.tenant, raised.times)
    }
}

impl Default for Quotas {
    /// About what one process can serve: a tenant may have all of an idle one. Among the callers of a busy one the
    /// adaptive limit divides.
    fn default() -> Self {
        let quota = |per_second| Quota {
            per_second,
            burst: per_second * 2,
        };
        Self {
            customs: quota(20_000),
            read: quota(20_000),
            write: quota(10_000),
            bulk: quota(500),
            anonymous: quota(1_000),
            raised: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raised_tenant_is_written_with_its_times() {
        let raised = Raised::try_from("acme=10".to_owned()).unwrap();
        assert_eq!((raised.tenant.as_str(), raised.times), ("acme", 10));
        assert_eq!(String::from(raised), "acme=10");
        for wrong in ["", "acme", "acme=", "acme=0", "acme=1001", "ACME=2", "=3"] {
            assert!(Raised::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
