//! Explains a reading that does not fit, at the least cost, with alternatives.

use time::Date;

use super::chain::{allowed_km, days, follows};
use super::{Explanation, Kind};

/// What an unexplained reading costs: more than a rollback, so that a rollback is preferred where it lasts.
pub(super) const UNEXPLAINED: f64 = 5.0;
/// What one turning back of the meter costs, however many readings it explains.
pub(super) const ROLLBACK: f64 = 3.0;

/// Where a reading stands between its neighbours on the chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) date: Date,
    pub(super) km: u32,
    pub(super) before: Option<(Date, u32)>,
    pub(super) after: Option<(Date, u32)>,
}

impl Place {
    /// Whether the vehicle can have shown `km` on that day.
    pub(super) fn takes(&self, km: u32) -> bool {
        let here = (self.date, km);
        self.before.is_none_or(|before| follows(before, here))
            && self.after.is_none_or(|after| follows(here, after))
    }

    /// Takes `km` give or take the tolerance that careless copying deserves.
    pub(super) fn nearly_takes(&self, km: u32) -> bool {
        let low = self
            .before
            .map_or(0, |(_, km)| km.saturating_sub(super::tolerance(km)));
        let high = match (self.before, self.after) {
            (_, Some((_, km))) => km + super::tolerance(km),
            (Some((date, km)), None) => km + allowed_km(days(date, self.date)),
            (None, None) => u32::MAX,
        };
        // A jump that is too fast both ways is no rounding.
        let pace = self.before.is_none_or(|(date, from)| {
            km.saturating_sub(from) <= allowed_km(days(date, self.date)) + super::tolerance(from)
        });
        low <= km && km <= high && pace
    }

    /// What the vehicle would have shown at an even pace.
    fn expected(&self) -> f64 {
        match (self.before, self.after) {
            (Some((from, low)), Some((to, high))) => {
                let span = f64::from(days(from, to).max(1));
                f64::from(low)
                    + f64::from(high.saturating_sub(low)) * f64::from(days(from, self.date)) / span
            }
            (Some((_, km)), None) | (None, Some((_, km))) => f64::from(km),
            (None, None) => f64::from(self.km),
        }
    }
}

/// Every slip that makes the reading fit, the likeliest first; empty where none does.
pub(super) fn slips(place: &Place, others: &[u32]) -> Vec<Explanation> {
    let mut found = Found {
        place,
        expected: place.expected(),
        list: Vec::new(),
    };
    let km = place.km;
    found.try_one(
        Kind::WanKm,
        0.8,
        (1..=150)
            .contains(&km)
            .then(|| nearest(km * 10_000, km * 10_000 + 9_999, place)),
    );
    found.try_one(Kind::DigitAdded, 1.0, (km >= 10).then_some(km / 10));
    found.try_one(
        Kind::DigitLost,
        1.0,
        Some(nearest(
            km.saturating_mul(10),
            km.saturating_mul(10).saturating_add(9),
            place,
        )),
    );
    if others.contains(&km) {
        found.list.push(Explanation {
            kind: Kind::Copied,
            would_be_km: None,
            cost: 1.1,
        });
    }
    let digits = Digits::of(km);
    for at in 0..digits.len {
        found.try_one(Kind::DigitAdded, 1.3, Some(digits.without(at)));
        if at + 1 < digits.len {
            found.try_one(Kind::DigitsSwapped, 1.5, Some(digits.swapped(at)));
        }
        for digit in 0..10 {
            // A wrong leading digit changes the order of magnitude and is noticed more often.
            found.try_one(
                Kind::DigitChanged,
                if at == 0 { 2.2 } else { 2.0 },
                Some(digits.with(at, digit)),
            );
        }
    }
    for at in 0..=digits.len {
        for digit in 0..10 {
            found.try_one(Kind::DigitLost, 1.6, Some(digits.inserted(at, digit)));
        }
    }
    // Meters in miles are rare in China, and many a rollback happens to be near the ratio.
    found.try_one(
        Kind::MilesAsKm,
        2.4,
        Some((u64::from(km) * 1_609_344 / 1_000_000) as u32),
    );
    found.try_one(
        Kind::KmAsMiles,
        2.4,
        Some((u64::from(km) * 1_000_000 / 1_609_344) as u32),
    );
    let mut list = found.list;
    list.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    list
}

/// The value of a range that lies nearest to where the reading should be.
fn nearest(low: u32, high: u32, place: &Place) -> u32 {
    (place.expected() as u32).clamp(low, high)
}

struct Found<'a> {
    place: &'a Place,
    expected: f64,
    list: Vec<Explanation>,
}

impl Found<'_> {
    /// Notes a slip if the value it gives fits; of one kind the cheapest stays, then the one nearest to an even pace.
    fn try_one(&mut self, kind: Kind, cost: f64, value: Option<u32>) {
        let Some(value) = value.filter(|value| *value != self.place.km && self.place.takes(*value))
        else {
            return;
        };
        let far = |value: Option<u32>| {
            value.map_or(f64::MAX, |value| (f64::from(value) - self.expected).abs())
        };
        let new = Explanation {
            kind,
            would_be_km: Some(value),
            cost,
        };
        match self.list.iter_mut().find(|known| known.kind == kind) {
            None => self.list.push(new),
            Some(known) => {
                let better = cost < known.cost
                    || (cost <= known.cost && far(Some(value)) < far(known.would_be_km));
                if better {
                    *known = new;
                }
            }
        }
    }
}

/// The decimal digits of a number of at most eight, edited without allocation.
struct Digits {
    all: [u8; 10],
    len: usize,
}

impl Digits {
    fn of(mut number: u32) -> Self {
        let mut all = [0_u8; 10];
        let mut len = 0;
        while len == 0 || number > 0 {
            all[len] = (number % 10) as u8;
            number /= 10;
            len += 1;
        }
        all[..len].reverse();
        Self { all, len }
    }

    fn number(digits: impl Iterator<Item = u8>) -> u32 {
        digits.fold(0_u32, |number, digit| {
            number.saturating_mul(10).saturating_add(u32::from(digit))
        })
    }

    fn without(&self, at: usize) -> u32 {
        let kept = self.all[..self.len]
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != at);
        Self::number(kept.map(|(_, digit)| *digit))
    }

    fn swapped(&self, at: usize) -> u32 {
        let mut all = self.all;
        all.swap(at, at + 1);
        Self::number(all[..self.len].iter().copied())
    }

    fn with(&self, at: usize, digit: u8) -> u32 {
        let mut all = self.all;
        all[at] = digit;
        Self::number(all[..self.len].iter().copied())
    }

    fn inserted(&self, at: usize, digit: u8) -> u32 {
        let (front, back) = self.all[..self.len].split_at(at);
        Self::number(
            front
                .iter()
                .copied()
                .chain([digit])
                .chain(back.iter().copied()),
        )
    }
}
