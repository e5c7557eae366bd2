//! Sends each event until the server accepts it.

use common::backoff::Backoff;
use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use indicatif::ProgressBar;
use reqwest::Client;
use serde_json::Value;
use thiserror::Error;
use tokio::time::sleep;

use super::summary::Tally;
use crate::answer::Answer;
use crate::http::NobodyThere;
use crate::pace;
use crate::setup::SetupError;

/// Sends events to one deployment.
pub(super) struct Sender {
    pub(super) client: Client,
    /// The server's base URL, without a trailing slash.
    pub(super) base: String,
    /// How many requests are sent at the same time.
    pub(super) at_once: usize,
    /// How often an event is sent at most.
    pub(super) most_tries: u32,
    /// How long to wait between the tries of one event.
    pub(super) backoff: Backoff,
}

/// The server did not accept an event.
#[derive(Debug, Error)]
#[error("an event was answered {answer}, on try {tries}")]
pub(super) struct NotTaken {
    answer: String,
    tries: u32,
}

impl Sender {
    /// Checks that a server answers.
    pub(super) async fn probe(&self) -> Result<(), SetupError> {
        let health = self.client.get(format!("{}/health", self.base)).send().await;
        health.map(drop).map_err(|error| NobodyThere::new(self.base.clone(), &error).into())
    }

    /// Sends all `events`, and advances the bar for each one that is accepted.
    pub(super) async fn send_all(
        &self,
        events: impl Iterator<Item = Value>,
        bar: &ProgressBar,
    ) -> Result<Tally, NotTaken> {
        stream::iter(events)
            .map(|event| self.send(event))
            .buffer_unordered(self.at_once)
            .inspect_ok(|_| bar.inc(1))
            .try_fold(Tally::default(), |tally, event| future::ok(tally.with(&event)))
            .await
    }

    async fn send(&self, event: Value) -> Result<Value, NotTaken> {
        let mut tries = 1;
        loop {
            let request = self.client.post(format!("{}/event", self.base)).json(&event);
            let answer = Answer::of(request.send().await).await;
            if answer.is_promise() {
                return Ok(event);
            }
            if !answer.is_passing() || tries >= self.most_tries {
                return Err(NotTaken { answer: answer.describe(), tries });
            }
            sleep(pace::wait(self.backoff, tries, answer.retry_after())).await;
            tries += 1;
        }
    }
}
