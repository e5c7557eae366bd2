//! Publishing messages again: marked, so that the archive does not take them twice, and with
//! patience.

use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use common::broker::{Broker, Message, PublishError};
use common::message::attribute;

/// Messages published at once: few, since embedded the server waits for their transaction.
pub(crate) const AT_ONCE: usize = 200;
/// Tries of one message.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// The mark of what is published again: when that was.
pub(crate) fn mark() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// `message` with its mark.
pub(crate) fn marked(mut message: Message, mark: &str) -> Message {
    message.attributes.insert(attribute::REPLAY.to_owned(), mark.to_owned());
    message
}

/// Publishes `messages`, several times where the broker does not answer. One result per message,
/// by position.
pub(crate) async fn publish(
    broker: &dyn Broker,
    messages: &[Message],
) -> Vec<Result<(), PublishError>> {
    let mut results = broker.publish(messages.to_vec()).await;
    for _ in 1..TRIES {
        let failed: Vec<usize> = (0..results.len()).filter(|n| is_passing(&results[*n])).collect();
        if failed.is_empty() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
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
    fn what_is_published_again_is_marked() {
        assert_eq!(marked(Message::default(), "now").attributes["replay"], "now");
    }
}
