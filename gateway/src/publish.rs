//! Publishes the messages of a request: either all of them are durable, or the error says how to
//! retry.

use std::sync::LazyLock;

use common::broker::{Message, PublishError};
use common::budget;
use common::metrics::{IntCounter, PUBLISHED, begin_at_zero};
use common::program::chain;
use common::record::Record;

use crate::problem::Problem;
use crate::state::Gateway;

/// Messages that are durable; at hand, since nearly all are.
static ALL_WELL: LazyLock<IntCounter> =
    LazyLock::new(|| PUBLISHED.with_label_values(&["published"]));

/// Publishes `records`, and returns when each is durable. If a tenant sends too fast, none is
/// published.
pub(crate) async fn publish(gateway: &Gateway, records: Vec<Record>) -> Result<(), Problem> {
    gateway.rates.take(&records)?;
    let results = tokio::time::timeout(budget::PUBLISH, publish_in_turn(gateway, records)).await;
    let Ok(results) = results else {
        PUBLISHED.with_label_values(&["timed-out"]).inc();
        return Err(Problem::unavailable("The broker did not answer in time. Try again."));
    };
    let results = results?;
    let mut problem = None;
    let published = results.iter().filter(|result| result.is_ok()).count();
    ALL_WELL.inc_by(published as u64);
    for result in results {
        if let Err(error) = result {
            PUBLISHED.with_label_values(&[outcome(&error)]).inc();
            tracing::error!(error = chain(&error), "a message was not published");
            problem = Some(refusal(&error));
        }
    }
    problem.map_or(Ok(()), Err)
}

/// Waits until it is the tenant's turn, and holds the turn until the broker has answered.
async fn publish_in_turn(
    gateway: &Gateway,
    records: Vec<Record>,
) -> Result<Vec<Result<(), PublishError>>, Problem> {
    let _turn = gateway.turns.wait_for(&records).await?;
    let mut messages = Vec::with_capacity(records.len());
    for mut record in records {
        record.digest = gateway.digests.of(record.digest).await?;
        messages.push(Message::from(record));
    }
    Ok(gateway.broker.publish(messages).await)
}

/// Begins the series of all outcomes.
pub(crate) fn begin_counters() {
    begin_at_zero(&PUBLISHED, &[&["published", "unavailable", "full", "refused", "timed-out"]]);
}

fn outcome(error: &PublishError) -> &'static str {
    match error {
        PublishError::Unavailable(_) => "unavailable",
        PublishError::Full(_) => "full",
        PublishError::Refused(_) => "refused",
    }
}

fn refusal(error: &PublishError) -> Problem {
    match error {
        PublishError::Unavailable(_) => {
            Problem::unavailable("The broker cannot be reached. Try again.")
        }
        PublishError::Full(why) => {
            Problem::unavailable(format!("The broker is full: {why}. Try again."))
        }
        // The gateway wrote the message, so the deployment is at fault, not the client.
        PublishError::Refused(_) => Problem::unavailable(
            "The broker refused the message. Tell the operator: the deployment needs a fix.",
        ),
    }
}
