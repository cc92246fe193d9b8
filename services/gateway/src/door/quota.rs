//! What each tenant has left of its quotas, and what is said of it with every answer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::{NoOpMiddleware, StateInformationMiddleware};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota as Rate, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue};
use time::OffsetDateTime;
use tongguan_access::Caller;
use tongguan_vocabulary::Clock;

use super::catalogue::Method;
use crate::config::{Quota, Quotas};

/// The kinds of methods, each with a bucket of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Customs,
    Read,
    Write,
    Bulk,
    Anonymous,
}

impl Class {
    const ALL: [Self; 5] = [
        Self::Customs,
        Self::Read,
        Self::Write,
        Self::Bulk,
        Self::Anonymous,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Customs => "customs",
            Self::Read => "read",
            Self::Write => "write",
            Self::Bulk => "bulk",
            Self::Anonymous => "anonymous",
        }
    }

    /// The kind of a method; of a path that leads nowhere, the kind of a read.
    pub(crate) fn of(method: Option<&Method>, caller: Option<&Caller>) -> Self {
        let Some(method) = method.filter(|_| caller.is_some()) else {
            return if caller.is_some() {
                Self::Read
            } else {
                Self::Anonymous
            };
        };
        let many = ["Batch", "Start", "Import", "Simulate"];
        let checks = method.service_name == "ExportClearance"
            && (method.name.starts_with("Verify") || method.name == "CheckCertificate");
        if checks || method.scope == "clearance.customs" {
            Self::Customs
        } else if method.streams
            || method.fed
            || many.iter().any(|word| method.name.starts_with(word))
        {
            Self::Bulk
        } else if method.reads {
            Self::Read
        } else {
            Self::Write
        }
    }
}

/// Time since the door was built. Should the machine's clock go back, buckets fill a little later.
#[derive(Clone)]
struct Ticks {
    clock: Clock,
    began: OffsetDateTime,
}

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        (self.clock.now() - self.began)
            .try_into()
            .unwrap_or_default()
    }
}

type Buckets = RateLimiter<String, HashMapStateStore<String>, Ticks, StateInformationMiddleware>;

/// The buckets of every tenant and network.
pub(crate) struct Meters {
    common: Vec<Option<Meter>>,
    raised: HashMap<String, Vec<Option<Meter>>>,
    clock: Ticks,
}

struct Meter {
    quota: Quota,
    buckets: Buckets,
}

/// What is left of a quota after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) class: Class,
    quota: Quota,
    calls: u32,
    /// How long until the next call may come; zero where it may come at once.
    pub(crate) wait: Duration,
}

/// Buckets that are kept before full ones are forgotten.
const KEPT: usize = 50_000;

impl Meters {
    pub(crate) fn new(quotas: &Quotas, clock: Clock) -> Self {
        let began = clock.now();
        let clock = Ticks { clock, began };
        let set = |times: u32| -> Vec<Option<Meter>> {
            let of = |class| match class {
                Class::Customs => quotas.customs,
                Class::Read => quotas.read,
                Class::Write => quotas.write,
                Class::Bulk => quotas.bulk,
                Class::Anonymous => quotas.anonymous,
            };
            Class::ALL
                .into_iter()
                .map(|class| Meter::new(of(class), times, &clock))
                .collect()
        };
        let raised = quotas
            .raised
            .iter()
            .map(|raised| (raised.tenant.to_string(), set(raised.times)))
            .collect();
        Self {
            common: set(1),
            raised,
            clock,
        }
    }

    /// Takes a call out of its bucket: what is left, or that nothing is; `None` where the kind has no quota.
    pub(crate) fn spend(
        &self,
        class: Class,
        caller: Option<&Caller>,
        network: Option<IpAddr>,
    ) -> Option<Result<Left, Left>> {
        let key = match caller {
            Some(caller) => caller.tenant.to_string(),
            None => network.map(place).unwrap_or_default(),
        };
        let set = caller
            .and_then(|_| self.raised.get(&key))
            .unwrap_or(&self.common);
        let meter = set.get(class as usize)?.as_ref()?;
        if meter.buckets.len() > KEPT {
            meter.buckets.retain_recent();
        }
        let left = |calls, wait| Left {
            class,
            quota: meter.quota,
            calls,
            wait,
        };
        Some(match meter.buckets.check_key(&key) {
            Ok(state) => Ok(left(state.remaining_burst_capacity(), Duration::ZERO)),
            Err(early) => Err(left(0, early.wait_time_from(self.clock.now()))),
        })
    }
}

impl Meter {
    fn new(quota: Quota, times: u32, clock: &Ticks) -> Option<Self> {
        let per_second = NonZeroU32::new(quota.per_second.saturating_mul(times))?;
        let burst = NonZeroU32::new(quota.burst.saturating_mul(times))?;
        let rate = Rate::per_second(per_second).allow_burst(burst);
        let plain: RateLimiter<_, _, _, NoOpMiddleware<Duration>> =
            RateLimiter::new(rate, HashMapStateStore::default(), clock.clone());
        let buckets = plain.with_middleware();
        let quota = Quota {
            per_second: per_second.get(),
            burst: burst.get(),
        };
        Some(Self { quota, buckets })
    }
}

impl Left {
    /// `RateLimit` and `RateLimit-Policy` (the IETF draft of that name, version 10): what is left, seconds until the
    /// bucket is full, and the bucket itself.
    pub(crate) fn say(&self, headers: &mut HeaderMap) {
        let Quota { per_second, burst } = self.quota;
        let class = self.class.name();
        let full = (burst - self.calls.min(burst)).div_ceil(per_second);
        let texts = [
            (
                "ratelimit-policy",
                format!(
                    "\"{class}\";q={burst};w={}",
                    burst.div_ceil(per_second).max(1)
                ),
            ),
            (
                "ratelimit",
                format!("\"{class}\";r={};t={full}", self.calls),
            ),
        ];
        for (name, text) in texts {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// What a client without a token is told apart by: an IPv4 address, or the /64 that every IPv6 customer has at least.
fn place(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => format!("@{v4}"),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("@{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Raised;
    use crate::door::catalogue::catalogue;

    fn caller(tenant: &str) -> Caller {
        Caller::new(tenant.parse().unwrap(), "li.wei")
    }

    fn small() -> Quotas {
        Quotas {
            read: Quota {
                per_second: 2,
                burst: 4,
            },
            anonymous: Quota {
                per_second: 1,
                burst: 1,
            },
            bulk: Quota::default(),
            raised: vec![Raised::try_from("large=10".to_owned()).unwrap()],
            ..Quotas::default()
        }
    }

    #[test]
    fn a_tenant_has_its_burst_then_its_rate_and_no_other_pays_for_it() {
        let clock = Clock::fixed(OffsetDateTime::UNIX_EPOCH);
        let meters = Meters::new(&small(), clock.clone());
        let (acme, other) = (caller("acme"), caller("other"));
        let spend = |caller| meters.spend(Class::Read, Some(caller), None).unwrap();
        let left: Vec<u32> = (0..4).map(|_| spend(&acme).unwrap().calls).collect();
        assert_eq!(left, [3, 2, 1, 0]);
        let refused = spend(&acme).unwrap_err();
        assert_eq!(refused.wait, Duration::from_millis(500));
        assert!(spend(&other).is_ok());

        clock.advance(time::Duration::milliseconds(499));
        assert!(spend(&acme).is_err());
        clock.advance(time::Duration::milliseconds(1));
        assert!(spend(&acme).is_ok());
        assert!(spend(&acme).is_err());
        clock.advance(time::Duration::minutes(1));
        assert_eq!((0..9).filter(|_| spend(&acme).is_ok()).count(), 4);
    }

    #[test]
    fn a_raised_tenant_has_more_and_an_empty_quota_is_none() {
        let clock = Clock::fixed(OffsetDateTime::UNIX_EPOCH);
        let meters = Meters::new(&small(), clock);
        let large = caller("large");
        let spend = || meters.spend(Class::Read, Some(&large), None).unwrap();
        assert_eq!((0..99).filter(|_| spend().is_ok()).count(), 40);
        assert_eq!(meters.spend(Class::Bulk, Some(&large), None), None);
    }

    #[test]
    fn callers_without_a_token_share_what_their_network_has() {
        let clock = Clock::fixed(OffsetDateTime::UNIX_EPOCH);
        let meters = Meters::new(&small(), clock.clone());
        let spend = |address: &str| {
            meters
                .spend(Class::Anonymous, None, Some(address.parse().unwrap()))
                .unwrap()
        };
        assert!(spend("2001:db8:0:1::1").is_ok());
        assert!(spend("2001:db8:0:1:ffff::2").is_err());
        assert!(spend("2001:db8:0:2::1").is_ok());
        assert!(spend("192.0.2.1").is_ok() && spend("::ffff:192.0.2.1").is_err());
    }

    #[test]
    fn what_is_left_is_said_as_the_draft_writes_it() {
        let clock = Clock::fixed(OffsetDateTime::UNIX_EPOCH);
        let meters = Meters::new(&small(), clock.clone());
        let mut headers = HeaderMap::new();
        let left = meters.spend(Class::Read, Some(&caller("acme")), None);
        left.unwrap().unwrap().say(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"read\";q=4;w=2");
        assert_eq!(headers["ratelimit"], "\"read\";r=3;t=1");
    }

    #[test]
    fn every_method_has_a_kind() {
        let acme = caller("acme");
        let kind = |service: &str, name: &str| {
            let path = format!("/tongguan.{service}/{name}");
            let method = catalogue().rpc(&path);
            assert!(method.is_some(), "{path}");
            Class::of(method, Some(&acme))
        };
        let clearance = "clearance.v1.ExportClearance";
        let registry = "registry.v1.VehicleRegistry";
        assert_eq!(kind(clearance, "VerifyCertificate"), Class::Customs);
        assert_eq!(kind(clearance, "ConsumeCertificate"), Class::Customs);
        assert_eq!(kind(registry, "GetVehicle"), Class::Read);
        assert_eq!(kind(registry, "RegisterVehicle"), Class::Write);
        assert_eq!(kind(registry, "BatchGetVehicles"), Class::Bulk);
        assert_eq!(kind(registry, "ImportVehicles"), Class::Bulk);
        assert_eq!(kind(registry, "WatchVehicles"), Class::Bulk);
        assert_eq!(Class::of(None, Some(&acme)), Class::Read);
        assert_eq!(Class::of(None, None), Class::Anonymous);
    }
}
