//! How long to wait before a request is sent again.

use std::time::Duration;

use common::backoff::Backoff;

/// The longest wait that a server can ask for. Beyond it, one more try is the better guess.
const MOST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// The wait after this many failed tries. It comes on top of what the server asked for, so that
/// clients that were told the same time do not come back together.
pub(crate) fn wait(backoff: Backoff, tries: u32, asked_for: Option<Duration>) -> Duration {
    asked_for.unwrap_or_default().min(MOST_RETRY_AFTER) + backoff.wait_after(tries)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));

    #[test]
    fn a_server_gets_the_time_it_asks_for_within_reason() {
        assert!(wait(BACKOFF, 1, Some(Duration::from_secs(7))) >= Duration::from_secs(7));
        assert!(wait(BACKOFF, 9, Some(Duration::from_hours(9))) <= Duration::from_secs(61));
        assert!(wait(BACKOFF, 1, None) <= Duration::from_millis(100));
    }
}
