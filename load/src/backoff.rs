//! Growing pauses between tries, with chance in them so that many who wait do not come back at
//! once.

use std::time::Duration;

use rand::Rng as _;

/// How pauses grow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// The first pause.
    pub(crate) first: Duration,
    /// The longest that growing leads to.
    pub(crate) longest: Duration,
}

/// Longest pause that a server can ask for: beyond it, one more try is the better guess.
const MOST_RETRY_AFTER: Duration = Duration::from_secs(60);

impl Pace {
    /// The pause after so many tries, and not less than the server asked for.
    pub(crate) fn pause(&self, tries: u32, asked_for: Option<Duration>) -> Duration {
        let doubled = self.first.saturating_mul(1 << tries.saturating_sub(1).min(20));
        let asked_for = asked_for.unwrap_or_default().min(MOST_RETRY_AFTER);
        doubled.min(self.longest).max(asked_for).mul_f64(rand::rng().random_range(1.0..1.25))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { first: Duration::from_millis(100), longest: Duration::from_secs(1) };

    #[test]
    fn pauses_double_up_to_the_longest() {
        for (tries, least) in [(1, 100), (2, 200), (3, 400), (9, 1_000), (u32::MAX, 1_000)] {
            let pause = PACE.pause(tries, None);
            let least = Duration::from_millis(least);
            assert!(pause >= least && pause < least.mul_f64(1.26), "{tries}: {pause:?}");
        }
    }

    #[test]
    fn a_servers_wish_is_honoured_within_reason() {
        assert!(PACE.pause(1, Some(Duration::from_secs(7))) >= Duration::from_secs(7));
        assert!(PACE.pause(1, Some(Duration::from_hours(9))) < Duration::from_secs(76));
    }
}
