//! What this process has used so far, as Linux counts it.

use std::fs;
use std::time::Duration;

/// Ticks a second of `/proc/<pid>/stat`: `USER_HZ`, which is 100 on every architecture Linux runs our builds on (proc(5)).
const TICKS: u64 = 100;

/// What a process has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU, all threads, user and system.
    pub cpu: Duration,
    /// The most memory it ever had resident, bytes.
    pub peak_memory: u64,
}

/// What this process has used; nothing where the system does not say.
pub fn now() -> Option<Usage> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    read(&stat, &status)
}

fn read(stat: &str, status: &str) -> Option<Usage> {
    // The second field is the program's name in parentheses and may hold spaces; user and system time are 14 and 15.
    let fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().ok())
        .sum::<Option<u64>>()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(Usage {
        cpu: Duration::from_millis(ticks * 1_000 / TICKS),
        peak_memory: kib << 10,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 4 0 100 200 300";
        let usage = read(stat, "Name:\tx\nVmHWM:\t  2048 kB\n").unwrap();
        assert_eq!(usage.cpu, Duration::from_secs(3));
        assert_eq!(usage.peak_memory, 2 << 20);
        assert_eq!(read("garbage", ""), None);
    }
}
