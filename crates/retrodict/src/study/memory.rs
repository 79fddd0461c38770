//! How much memory the computer has.

use std::fs;

/// What is assumed where the system does not say: a small laptop.
const ASSUMED: u64 = 8 << 30;

/// The computer's memory in bytes.
pub(super) fn total() -> u64 {
    fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| parse(&text))
        .unwrap_or(ASSUMED)
}

fn parse(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kernel_s_words_are_understood() {
        assert_eq!(
            super::parse("MemTotal:  2048 kB\nMemFree: 1 kB\n"),
            Some(2 << 20)
        );
        assert_eq!(super::parse("nothing"), None);
        assert!(super::total() > 1 << 27);
    }
}
