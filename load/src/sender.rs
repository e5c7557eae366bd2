//! Sends each event until the server accepts it.

use common::backoff::Backoff;
use reqwest::Client;
use serde_json::Value;
use thiserror::Error;
use tokio::time::sleep;

use crate::answer::Answer;
use crate::http::NobodyThere;
use crate::retry_wait;
use crate::setup::SetupError;

/// Sends events to one deployment.
pub(crate) struct Sender {
    pub(crate) client: Client,
    /// The server's base URL, without a trailing slash.
    pub(crate) base: String,
    /// How many requests are sent at the same time.
    pub(crate) at_once: usize,
    /// How often an event is sent at most.
    pub(crate) most_tries: u32,
    /// How long to wait between the tries of one event.
    pub(crate) backoff: Backoff,
}

/// The server did not accept an event.
#[derive(Debug, Error)]
#[error("an event was answered {answer}, on try {tries}")]
pub(crate) struct NotTaken {
    pub(crate) answer: String,
    tries: u32,
    /// Whether the same event may be accepted later.
    pub(crate) is_passing: bool,
}

impl Sender {
    /// Checks that a server answers.
    pub(crate) async fn probe(&self) -> Result<(), SetupError> {
        let health = self.client.get(format!("{}/health", self.base)).send().await;
        health.map(drop).map_err(|error| NobodyThere::new(self.base.clone(), &error).into())
    }

    /// Sends an event until the server accepts it, and returns it then.
    pub(crate) async fn send(&self, event: Value) -> Result<Value, NotTaken> {
        let mut tries = 1;
        loop {
            let request = self.client.post(format!("{}/event", self.base)).json(&event);
            let answer = Answer::of(request.send().await).await;
            if answer.is_promise() {
                return Ok(event);
            }
            if !answer.is_passing() || tries >= self.most_tries {
                let is_passing = answer.is_passing();
                return Err(NotTaken { answer: answer.describe(), tries, is_passing });
            }
            sleep(retry_wait::wait(self.backoff, tries, answer.retry_after())).await;
            tries += 1;
        }
    }
}
