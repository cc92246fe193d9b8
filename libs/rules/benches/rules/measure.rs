//! How the contenders are measured: in turn, least of many rounds, printed as ratios to the first.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Keeps the compiler from leaving the work out.
pub(crate) fn keep<T>(value: T) {
    black_box(&value);
}

/// A contender: its name, and one call.
pub(crate) type Contender<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// The least nanoseconds of one call of each over fifteen rounds, taken in turn, so that a busy
/// machine disturbs all alike.
pub(crate) fn measure(contenders: &mut [Contender<'_>]) -> Vec<f64> {
    let mut least = vec![f64::MAX; contenders.len()];
    for _ in 0..15 {
        for ((_, call), least) in contenders.iter_mut().zip(&mut least) {
            let (start, mut calls) = (Instant::now(), 0_u32);
            while start.elapsed() < Duration::from_millis(10) {
                // Reading the clock costs as much as a closure, so it is read every hundred calls.
                for _ in 0..100 {
                    call();
                }
                calls += 100;
            }
            *least = least.min(start.elapsed().as_nanos() as f64 / f64::from(calls));
        }
    }
    least
}

/// Prints one line a contender: nanoseconds, and how many times the first.
pub(crate) fn print(contenders: &[Contender<'_>], nanos: &[f64]) {
    println!("12 rules, one car, nanoseconds a call");
    for ((name, _), each) in contenders.iter().zip(nanos) {
        println!("{name:<28}{each:>10.0}   ×{:.1}", each / nanos[0]);
    }
}
