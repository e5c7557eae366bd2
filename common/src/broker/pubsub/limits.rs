//! Pub/Sub's limits for a message: <https://cloud.google.com/pubsub/quotas#resource_limits>.

use thiserror::Error;

use crate::broker::Message;

/// Most bytes of data and attributes: 9 MiB, so that a request with one message is below 10 MB.
const MAX_BYTES: usize = 9 << 20;

const MAX_ATTRIBUTES: usize = 100;
const MAX_NAME_BYTES: usize = 256;
const MAX_VALUE_BYTES: usize = 1_024;

/// Why Pub/Sub would refuse a message.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum Limit {
    #[error("a message must have data or attributes")]
    Empty,
    #[error("a message is {0} bytes long; the limit is {MAX_BYTES}")]
    Bytes(usize),
    #[error("a message has {0} attributes; the limit is {MAX_ATTRIBUTES}")]
    Attributes(usize),
    #[error(
        "an attribute's name must be 1 to {MAX_NAME_BYTES} bytes long and must not begin with goog"
    )]
    Name,
    #[error("an attribute's value must be at most {MAX_VALUE_BYTES} bytes long")]
    Value,
}

/// Checks that Pub/Sub would take `message`.
pub(super) fn check(message: &Message) -> Result<(), Limit> {
    let attributes = &message.attributes;
    if message.data.is_empty() && attributes.is_empty() {
        return Err(Limit::Empty);
    }
    if message.size() > MAX_BYTES {
        return Err(Limit::Bytes(message.size()));
    }
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(Limit::Attributes(attributes.len()));
    }
    attributes.iter().try_for_each(|(name, value)| attribute(name, value))
}

fn attribute(name: &str, value: &str) -> Result<(), Limit> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.starts_with("goog") {
        return Err(Limit::Name);
    }
    if value.len() > MAX_VALUE_BYTES {
        return Err(Limit::Value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(data: usize, attributes: impl IntoIterator<Item = (String, String)>) -> Message {
        Message { data: vec![0; data], attributes: attributes.into_iter().collect() }
    }

    fn one(name: &str, value: &str) -> [(String, String); 1] {
        [(name.to_owned(), value.to_owned())]
    }

    fn many(count: usize) -> Vec<(String, String)> {
        (0..count).map(|n| (n.to_string(), String::new())).collect()
    }

    #[test]
    fn messages_at_the_limits_are_accepted() {
        for passing in [
            message(1, []),
            message(0, one("v", "1")),
            message(MAX_BYTES, []),
            message(1, one(&"n".repeat(MAX_NAME_BYTES), "")),
            message(1, one("v", &"x".repeat(MAX_VALUE_BYTES))),
            message(1, many(MAX_ATTRIBUTES)),
        ] {
            assert_eq!(check(&passing), Ok(()));
        }
    }

    #[test]
    fn messages_over_a_limit_are_refused_with_the_reason() {
        let cases = [
            (message(0, []), Limit::Empty),
            (message(MAX_BYTES + 1, []), Limit::Bytes(MAX_BYTES + 1)),
            (message(1, many(101)), Limit::Attributes(101)),
            (message(1, one("", "x")), Limit::Name),
            (message(1, one("googx", "x")), Limit::Name),
            (message(1, one(&"n".repeat(257), "")), Limit::Name),
            (message(1, one("v", &"x".repeat(1_025))), Limit::Value),
        ];
        for (refused, reason) in cases {
            assert_eq!(check(&refused), Err(reason));
        }
    }
}
