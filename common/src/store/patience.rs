//! Retries of calls to the store that fail for a passing reason.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::port::StoreError;
use crate::backoff::Backoff;
use crate::program::chain;

/// How long a call is retried in place. After that the message goes back to the broker, which has a
/// back-off of its own.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The waits between the tries of one call.
pub const BACKOFF: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));

/// Calls `attempt` until its result is anything but a passing fault, for at most [`PATIENCE`].
pub async fn patiently<T, F: Future<Output = Result<T, StoreError>>>(
    attempt: impl FnMut() -> F,
) -> Result<T, StoreError> {
    patiently_until(Instant::now() + PATIENCE, attempt).await
}

/// Calls `attempt` at least once, and until its result is anything but a passing fault or `until` is past.
pub async fn patiently_until<T, F: Future<Output = Result<T, StoreError>>>(
    until: Instant,
    mut attempt: impl FnMut() -> F,
) -> Result<T, StoreError> {
    let mut waits = BACKOFF.waits();
    loop {
        let (result, wait) = (attempt().await, waits.next_wait());
        match result {
            Err(error) if error.is_passing() && Instant::now() + wait < until => {
                tracing::debug!(error = chain(&error), "the store is busy; trying again");
                sleep(wait).await;
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
    async fn a_passing_fault_is_retried_until_it_passes() {
        let mut calls = 0;
        let result = patiently(|| {
            calls += 1;
            ready(if calls < 4 { Err(StoreError::Passing("busy".into())) } else { Ok(calls) })
        });
        assert!(matches!(result.await, Ok(4)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fault_that_lasts_is_returned_after_half_a_minute() {
        let began = Instant::now();
        let result: Result<(), _> =
            patiently(|| ready(Err(StoreError::Passing("busy".into())))).await;
        assert!(matches!(result, Err(StoreError::Passing(_))));
        assert!(began.elapsed() > PATIENCE - BACKOFF.longest() && began.elapsed() <= PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn another_error_is_returned_at_once() {
        let began = Instant::now();
        let result: Result<(), _> = patiently(|| ready(Err(StoreError::AlreadyExists))).await;
        assert!(matches!(result, Err(StoreError::AlreadyExists)));
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
