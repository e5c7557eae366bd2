//! Sends each batch when it is due, and again until it is answered 202.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::backoff::Backoff;
use futures::{StreamExt as _, future, stream};
use indicatif::ProgressBar;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use tokio::time::{Instant, sleep, sleep_until};

use super::scenario::{Batch, Name, Scenario};
use crate::answer::Answer;
use crate::retry_wait;

/// Sends the requests of a scenario.
pub(super) struct Sender<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) client: &'a Client,
    /// The base URL, without a trailing slash.
    pub(super) base: &'a str,
    /// How long the requests are spread over.
    pub(super) duration: Duration,
    pub(super) backoff: Backoff,
    /// When to give up on requests that get no answer.
    pub(super) deadline: Instant,
    /// How many tries followed a first one.
    pub(super) tries_again: AtomicU64,
}

/// What became of all requests.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sending {
    pub(super) requests: usize,
    pub(super) tries_again: u64,
    /// The last answers of those that were not answered 202, each once.
    pub(super) refused: Vec<String>,
}

impl Sender<'_> {
    /// Sends everything, evenly over the time. A request that is late does not delay the others.
    pub(super) async fn send_all(&self, bar: &ProgressBar) -> Sending {
        let began = Instant::now();
        let requests = &self.scenario.requests;
        let step = self.duration / u32::try_from(requests.len()).unwrap_or(u32::MAX).max(1);
        let mut refused: Vec<_> = stream::iter((0..).zip(requests))
            .map(|(n, batch)| self.deliver(began + step * n, &self.scenario.batches[*batch]))
            .buffer_unordered(requests.len())
            .inspect(|_| bar.inc(1))
            .filter_map(future::ready)
            .collect()
            .await;
        refused.sort();
        refused.dedup();
        let tries_again = self.tries_again.load(Ordering::Relaxed);
        Sending { requests: requests.len(), tries_again, refused }
    }

    /// Returns the last answer if it is not a 202.
    async fn deliver(&self, due: Instant, batch: &Batch) -> Option<String> {
        sleep_until(due).await;
        for tries in 1.. {
            let answer = self.post(batch).await;
            let wait = retry_wait::wait(self.backoff, tries, answer.retry_after());
            if answer.is_promise() {
                return None;
            }
            if !answer.is_passing() || Instant::now() + wait > self.deadline {
                return Some(answer.describe());
            }
            sleep(wait).await;
            self.tries_again.fetch_add(1, Ordering::Relaxed);
        }
        None
    }

    async fn post(&self, batch: &Batch) -> Answer {
        let dedup = if batch.name == Name::Content { "?dedup=content" } else { "" };
        let mut request = self
            .client
            .post(format!("{}/logs{dedup}", self.base))
            .header("X-Customer-ID", &self.scenario.customers[batch.customer])
            .header(CONTENT_TYPE, batch.format.content_type())
            .body(batch.body());
        if let Name::Key(key) = &batch.name {
            request = request.header("Idempotency-Key", key);
        }
        Answer::of(request.send().await).await
    }
}
