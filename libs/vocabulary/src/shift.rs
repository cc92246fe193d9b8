//! How far a sandbox's clock is ahead: carried by the thread while it works for that sandbox.
//!
//! Every service gets one [`Clock`](crate::Clock) for all tenants. Where a call comes from a sandbox whose clock was
//! moved, the layer before the handler polls it inside [`Shift::around`], and every clock read there is that much
//! ahead. Nothing else changes hands: a handler can not tell.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use time::Duration;

thread_local! {
    static PRESENT: Cell<Shift> = const { Cell::new(Shift::NONE) };
}

/// How far a clock is ahead; never behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Shift(i64);

impl Shift {
    /// No shift at all: the machine's time.
    pub const NONE: Self = Self(0);

    /// Ahead by `microseconds`; what is negative is none.
    pub const fn of_micros(microseconds: i64) -> Self {
        Self(if microseconds < 0 { 0 } else { microseconds })
    }

    /// In microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// As a duration.
    pub const fn duration(self) -> Duration {
        Duration::microseconds(self.0)
    }

    /// The shift this thread works under now.
    pub fn present() -> Self {
        PRESENT.get()
    }

    /// Runs `work` with every clock this much ahead.
    pub fn during<R>(self, work: impl FnOnce() -> R) -> R {
        /// Puts the former shift back even where `work` panics.
        struct Back(Shift);
        impl Drop for Back {
            fn drop(&mut self) {
                PRESENT.set(self.0);
            }
        }
        let _back = Back(PRESENT.replace(self));
        work()
    }

    /// Polls `work` with every clock this much ahead.
    pub fn around<F: Future>(self, work: F) -> Shifted<F> {
        Shifted {
            shift: self,
            work: Box::pin(work),
        }
    }
}

/// A future under a [`Shift`].
pub struct Shifted<F> {
    shift: Shift,
    work: Pin<Box<F>>,
}

impl<F: Future> Future for Shifted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let shift = self.shift;
        shift.during(|| self.work.as_mut().poll(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    #[test]
    fn a_shift_moves_every_clock_inside_and_none_outside() {
        let noon = time::macros::datetime!(2026-03-02 04:00 UTC);
        let clock = Clock::fixed(noon);
        let ahead = Shift::of_micros(Duration::days(181).whole_microseconds() as i64);
        ahead.during(|| {
            assert_eq!(clock.now(), noon + Duration::days(181));
            assert_eq!(clock.steady().now(), noon, "what must not move does not");
            Shift::NONE.during(|| assert_eq!(clock.now(), noon));
            assert_eq!(clock.now(), noon + Duration::days(181));
        });
        assert_eq!(clock.now(), noon);
        assert_eq!(Shift::of_micros(-5), Shift::NONE);
    }

    #[test]
    fn a_future_is_polled_under_its_shift() {
        let clock = Clock::fixed(time::OffsetDateTime::UNIX_EPOCH);
        let reading = clock.clone();
        let mut work = Shift::of_micros(7).around(async move { reading.now() });
        let mut context = Context::from_waker(std::task::Waker::noop());
        let Poll::Ready(seen) = Pin::new(&mut work).poll(&mut context) else {
            unreachable!("it waits for nothing")
        };
        assert_eq!(seen - clock.now(), Duration::microseconds(7));
    }
}
