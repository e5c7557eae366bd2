//! Sends events through the front door, each until it is taken.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use indicatif::ProgressBar;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use thiserror::Error;

use crate::backoff::Pace;

/// Tries of one event at most.
const TRIES: u32 = 20;
const PACE: Pace = Pace { first: Duration::from_millis(100), longest: Duration::from_secs(5) };

/// Why an event was not taken.
#[derive(Debug, Error)]
pub(crate) enum SendError {
    #[error(
        "nothing answers at {0}. Start a server with `cargo run`, or name another one by --target"
    )]
    NobodyThere(String, #[source] reqwest::Error),
    #[error("{status} for an event: {detail}")]
    Refused { status: StatusCode, detail: String },
    #[error("an event was not taken in {TRIES} tries")]
    GivenUp,
}

/// Finds out whether there is a server at `target`, a base URL.
pub(super) async fn probe(client: &Client, target: &str) -> Result<(), SendError> {
    let health = client.get(format!("{target}/health")).send().await;
    health.map(drop).map_err(|error| SendError::NobodyThere(target.to_owned(), error))
}

/// Sends all `events` to `target`, `at_once` at a time.
pub(super) async fn send_all(
    client: &Client,
    target: &str,
    events: &[Value],
    at_once: usize,
    bar: &ProgressBar,
) -> Result<(), SendError> {
    let send = async |event: &Value| {
        send(client, target, event).await?;
        bar.inc(1);
        Ok(())
    };
    stream::iter(events).map(send).buffer_unordered(at_once).try_collect().await
}

async fn send(client: &Client, target: &str, event: &Value) -> Result<(), SendError> {
    for tries in 1..=TRIES {
        let sent = client.post(format!("{target}/event")).json(event).send().await;
        let asked_for = match sent {
            Ok(answer) if answer.status() == StatusCode::ACCEPTED => return Ok(()),
            Ok(answer) if !is_passing(answer.status()) => return Err(refused(answer).await),
            Ok(answer) => retry_after(&answer),
            Err(_) => None,
        };
        tokio::time::sleep(PACE.pause(tries, asked_for)).await;
    }
    Err(SendError::GivenUp)
}

fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

fn retry_after(answer: &Response) -> Option<Duration> {
    let seconds = answer.headers().get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

async fn refused(answer: Response) -> SendError {
    let status = answer.status();
    let problem: Value = answer.json().await.unwrap_or_default();
    let detail = problem["detail"].as_str().unwrap_or("no reason is given").to_owned();
    SendError::Refused { status, detail }
}
