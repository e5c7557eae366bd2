//! Sends events through the front door, each until it is taken.

use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use indicatif::ProgressBar;
use reqwest::Client;
use serde_json::Value;
use thiserror::Error;
use tokio::time::sleep;

use super::summary::Tally;
use crate::answer::{Answer, transport_error};
use crate::backoff::Pace;
use crate::http::NobodyThere;

/// What it takes to send events.
pub(super) struct Sender {
    pub(super) client: Client,
    /// The server's base URL, without a slash at its end.
    pub(super) base: String,
    /// Requests under way at once.
    pub(super) at_once: usize,
    /// How often an event is sent at most.
    pub(super) most_tries: u32,
    /// The pauses between the tries of one event.
    pub(super) pace: Pace,
}

/// An event was not taken.
#[derive(Debug, Error)]
#[error("an event was answered {answer}, at try {tries}")]
pub(super) struct NotTaken {
    answer: String,
    tries: u32,
}

impl Sender {
    /// Finds out whether there is a server.
    pub(super) async fn probe(&self) -> Result<(), NobodyThere> {
        let health = self.client.get(format!("{}/health", self.base)).send().await;
        let nobody =
            |error| NobodyThere { target: self.base.clone(), why: transport_error(&error) };
        health.map(drop).map_err(nobody)
    }

    /// Sends all `events`, and counts them on the bar.
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
            sleep(self.pace.pause(tries, answer.retry_after())).await;
            tries += 1;
        }
    }
}
