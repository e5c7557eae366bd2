//! Publishes messages again, with a mark that keeps them out of the archive, and with retries.

use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use common::backoff::Backoff;
use common::broker::{Broker, Message, PublishError};
use common::message::attribute;

/// How many messages are published at once: few, because an embedded server waits for their
/// transaction.
pub(crate) const AT_ONCE: usize = 200;
/// How often to try each message.
const TRIES: u32 = 10;
/// How long to wait between two tries.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(2));

/// The mark of messages that are published again: the time.
pub(crate) fn mark() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The message with the mark.
pub(crate) fn marked(mut message: Message, mark: &str) -> Message {
    message.attributes.insert(attribute::REPLAY.to_owned(), mark.to_owned());
    message
}

/// Publishes `messages`, and tries again those that the broker cannot take now. One result per
/// message, by position.
pub(crate) async fn publish(
    broker: &dyn Broker,
    messages: &[Message],
) -> Vec<Result<(), PublishError>> {
    let mut results = broker.publish(messages.to_vec()).await;
    for tries in 1..TRIES {
        let failed: Vec<usize> = (0..results.len()).filter(|n| is_passing(&results[*n])).collect();
        if failed.is_empty() {
            break;
        }
        tokio::time::sleep(BACKOFF.wait_after(tries)).await;
        let again = failed.iter().map(|n| messages[*n].clone()).collect();
        for (n, result) in failed.into_iter().zip(broker.publish(again).await) {
            results[n] = result;
        }
    }
    results
}

fn is_passing(result: &Result<(), PublishError>) -> bool {
    matches!(result, Err(PublishError::Unavailable(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_published_again_is_marked() {
        assert_eq!(marked(Message::default(), "now").attributes["replay"], "now");
    }
}
