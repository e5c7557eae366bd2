//! Publishing a request's messages: all of them durable, or an error that says how to try again.

use std::time::Duration;

use common::broker::{Message, PublishError};
use common::metrics::PUBLISHED;
use common::record::Record;

use crate::app::Gateway;
use crate::problem::Problem;

/// A 202 or a 503 within 10 s, whatever the broker does.
const TIMEOUT: Duration = Duration::from_millis(9_500);

/// Publishes `records`. Returns when each is durable.
pub(crate) async fn publish(gateway: &Gateway, records: Vec<Record>) -> Result<(), Problem> {
    let messages: Vec<_> = records.into_iter().map(Message::from).collect();
    let results = tokio::time::timeout(TIMEOUT, gateway.broker.publish(messages)).await;
    let Ok(results) = results else {
        PUBLISHED.with_label_values(&["timed-out"]).inc();
        return Err(Problem::unavailable("The broker did not answer in time. Try again."));
    };
    let mut problem = None;
    for result in results {
        PUBLISHED.with_label_values(&[outcome(&result)]).inc();
        if let Err(error) = result {
            tracing::error!(%error, cause = ?std::error::Error::source(&error), "not published");
            problem = Some(refusal(&error));
        }
    }
    problem.map_or(Ok(()), Err)
}

fn outcome(result: &Result<(), PublishError>) -> &'static str {
    match result {
        Ok(()) => "published",
        Err(PublishError::Unavailable(_)) => "unavailable",
        Err(PublishError::Full(_)) => "full",
        Err(PublishError::Refused(_)) => "refused",
    }
}

fn refusal(error: &PublishError) -> Problem {
    match error {
        PublishError::Unavailable(_) => {
            Problem::unavailable("The broker cannot be reached. Try again.")
        }
        PublishError::Full(why) => Problem::unavailable(format!("Not now: {why}. Try again.")),
        // The message is the gateway's own work, so the deployment is at fault, not the client.
        PublishError::Refused(_) => {
            Problem::unavailable("The broker refused the message. The operator has to look.")
        }
    }
}
