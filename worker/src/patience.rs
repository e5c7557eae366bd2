//! Patience with passing faults: the same call again, after a while, for a while.

use std::time::Duration;

use common::store::StoreError;
use tokio::time::{Instant, sleep};

/// How long a passing fault is waited for in place. Beyond it the message is given back, and the
/// broker's own back-off goes on.
pub const PATIENCE: Duration = Duration::from_secs(30);
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Calls `attempt` until it gives something else than a passing fault, or [`PATIENCE`] is over.
pub async fn patiently<T, F: Future<Output = Result<T, StoreError>>>(
    mut attempt: impl FnMut() -> F,
) -> Result<T, StoreError> {
    let until = Instant::now() + PATIENCE;
    let mut wait = FIRST_WAIT;
    loop {
        match attempt().await {
            Err(StoreError::Passing(cause)) if Instant::now() + wait < until => {
                tracing::debug!(%cause, "the store is busy; trying again");
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_fault_that_passes_is_not_seen() {
        let mut calls = 0;
        let result = patiently(|| {
            calls += 1;
            ready(if calls < 4 { Err(StoreError::Passing("busy".into())) } else { Ok(calls) })
        });
        assert!(matches!(result.await, Ok(4)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fault_that_stays_is_returned_after_half_a_minute() {
        let began = Instant::now();
        let result: Result<(), _> =
            patiently(|| ready(Err(StoreError::Passing("busy".into())))).await;
        assert!(matches!(result, Err(StoreError::Passing(_))));
        assert!(began.elapsed() > PATIENCE - LONGEST_WAIT && began.elapsed() <= PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn another_error_is_returned_at_once() {
        let began = Instant::now();
        let result: Result<(), _> = patiently(|| ready(Err(StoreError::AlreadyExists))).await;
        assert!(matches!(result, Err(StoreError::AlreadyExists)));
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
