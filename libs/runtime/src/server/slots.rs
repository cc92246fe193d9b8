//! How many connections may be open, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts open connections.
#[derive(Clone)]
pub(super) struct Slots(Arc<Inner>);

struct Inner {
    most: usize,
    most_per_address: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One open connection; dropping it frees the place.
pub(super) struct Slot {
    slots: Slots,
    address: IpAddr,
}

impl Slots {
    pub(super) fn new(most: usize, most_per_address: usize) -> Self {
        Self(Arc::new(Inner {
            most,
            most_per_address,
            open: Mutex::default(),
        }))
    }

    /// A place for a connection from `address`, unless there is none.
    pub(super) fn take(&self, address: IpAddr) -> Option<Slot> {
        let address = network(address);
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let held = open.by_address.get(&address).copied().unwrap_or(0);
        let crowded = self.0.most_per_address != 0 && held >= self.0.most_per_address;
        if crowded || open.all >= self.0.most {
            return None;
        }
        open.all += 1;
        open.by_address.insert(address, held + 1);
        Some(Slot {
            slots: self.clone(),
            address,
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self
            .slots
            .0
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        if let Some(held) = open.by_address.get_mut(&self.address) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

/// What one client can be told apart by: an IPv4 address, or the /64 that every IPv6 customer gets at least.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let mut octets = v6.octets();
            octets[8..].fill(0);
            IpAddr::from(octets)
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_every_place_and_places_come_back() {
        let slots = Slots::new(3, 2);
        let (a, b): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let held = [slots.take(a), slots.take(a)];
        assert!(held.iter().all(Option::is_some));
        assert!(slots.take(a).is_none(), "two from one address");
        let other = slots.take(b);
        assert!(other.is_some());
        assert!(
            slots.take("10.0.0.3".parse().unwrap()).is_none(),
            "three in all"
        );
        drop(held);
        assert!(slots.take(a).is_some());
    }

    #[test]
    fn one_ipv6_customer_is_one_address() {
        let slots = Slots::new(9, 1);
        let held = slots.take("2001:db8:0:1::1".parse().unwrap());
        assert!(held.is_some());
        assert!(
            slots
                .take("2001:db8:0:1:ffff::2".parse().unwrap())
                .is_none()
        );
        assert!(slots.take("2001:db8:0:2::1".parse().unwrap()).is_some());
        let mapped = slots.take("::ffff:10.0.0.1".parse().unwrap());
        assert!(mapped.is_some());
        assert!(
            slots.take("10.0.0.1".parse().unwrap()).is_none(),
            "the same client over IPv6"
        );
    }
}
