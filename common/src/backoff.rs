//! The backoff policy of everything that retries: exponential, with jitter.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

/// How long to wait between tries.
///
/// The bound on the wait doubles with each failure, from `first` up to `longest`. Each wait is
/// chosen at random between half of its bound and all of it, so that callers that failed together
/// do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

/// Failures after which the wait of any policy has reached its bound.
const MOST_DOUBLINGS: u32 = 64;

impl Backoff {
    /// Waits at most `first` after one failure, and never more than `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// The longest wait.
    pub const fn longest(self) -> Duration {
        self.longest
    }

    /// The waits after the first failure, the second, and so on. They do not end.
    pub fn waits(self) -> Waits {
        Waits { policy: self, steps: self.steps() }
    }

    /// The wait after the last of `failures` in a row, for callers that keep only their number.
    pub fn wait_after(self, failures: u32) -> Duration {
        let earlier = failures.saturating_sub(1).min(MOST_DOUBLINGS);
        self.steps().nth(earlier as usize).unwrap_or(self.longest)
    }

    /// `backon` adds up to as much again to each step, so its steps are half of the bounds.
    fn steps(self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.first / 2)
            .with_max_delay(self.longest / 2)
            .without_max_times()
            .with_jitter()
            .build()
    }
}

/// The waits of one series of failures.
#[derive(Debug)]
pub struct Waits {
    policy: Backoff,
    steps: ExponentialBackoff,
}

impl Waits {
    /// The wait after one more failure.
    pub fn next_wait(&mut self) -> Duration {
        self.steps.next().unwrap_or(self.policy.longest)
    }

    /// Starts again with the first wait, after a success.
    pub fn reset(&mut self) {
        self.steps = self.policy.steps();
    }
}

impl Iterator for Waits {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(self.next_wait())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
    const BOUNDS: [u64; 6] = [100, 200, 400, 800, 1_000, 1_000];

    fn assert_within(wait: Duration, bound: u64) {
        let bound = Duration::from_millis(bound);
        assert!(bound / 2 <= wait && wait <= bound, "{wait:?} is not within {bound:?}");
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        POLICY.waits().zip(BOUNDS).for_each(|(wait, bound)| assert_within(wait, bound));
        (1..).zip(BOUNDS).for_each(|(n, bound)| assert_within(POLICY.wait_after(n), bound));
        assert_within(POLICY.wait_after(u32::MAX), 1_000);
        assert_within(POLICY.wait_after(0), 100);
    }

    #[test]
    fn waits_are_not_the_same_for_everyone() {
        let waits: Vec<_> = (0..20).map(|_| POLICY.wait_after(1)).collect();
        assert!(waits.iter().any(|wait| *wait != waits[0]), "{waits:?}");
    }

    #[test]
    fn a_reset_starts_with_the_first_wait() {
        let mut waits = POLICY.waits();
        waits.by_ref().take(5).for_each(drop);
        waits.reset();
        assert_within(waits.next_wait(), 100);
    }
}
