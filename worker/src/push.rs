//! The envelope in which a push subscription wraps a message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use common::broker::{Attributes, Message};
use serde::Deserialize;
use thiserror::Error;

/// One push: a message, and how often it was delivered before.
#[derive(Debug, PartialEq, Eq)]
pub struct Push {
    /// The message.
    pub message: Message,
    /// Deliveries before this one; 0 if the subscription does not count them.
    pub attempts: u32,
}

/// Why a body is not a push.
#[derive(Debug, Error)]
pub enum PushError {
    /// The body is not a JSON envelope.
    #[error("the push is not a JSON envelope")]
    Envelope(#[from] serde_json::Error),
    /// The data is not Base64.
    #[error("the data of the push is not Base64")]
    Data {
        /// The message, with its data still encoded.
        message: Message,
        /// What is wrong with the data.
        source: base64::DecodeError,
    },
}

impl PushError {
    /// The message to quarantine: as much of it as could be read, or else the whole body as its
    /// data.
    pub fn into_message(self, body: &[u8]) -> Message {
        match self {
            Self::Data { message, .. } => message,
            Self::Envelope(_) => Message { data: body.to_vec(), ..Message::default() },
        }
    }
}

/// Pub/Sub writes some names in snake case, camel case or both; each is accepted.
#[derive(Deserialize)]
struct Envelope {
    message: Wrapped,
    delivery_attempt: Option<u32>,
    #[serde(rename = "deliveryAttempt")]
    delivery_attempt_in_camel_case: Option<u32>,
}

#[derive(Deserialize)]
struct Wrapped {
    /// Missing if the message has only attributes.
    data: Option<String>,
    attributes: Option<Attributes>,
}

/// The attribute in which Pub/Sub says how many deliveries failed before the dead letter.
const SOURCE_DELIVERIES: &str = "CloudPubSubDeadLetterSourceDeliveryCount";

impl Push {
    /// How many deliveries failed before this message became a dead letter: at least one.
    pub fn failed_deliveries(&self) -> u32 {
        let count = self.message.attributes.get(SOURCE_DELIVERIES);
        count.and_then(|count| count.parse().ok()).unwrap_or(self.attempts).max(1)
    }

    /// Reads the body of a push.
    pub fn parse(body: &[u8]) -> Result<Self, PushError> {
        let envelope: Envelope = serde_json::from_slice(body)?;
        let (data, attributes) = (envelope.message.data, envelope.message.attributes);
        let (data, attributes) = (data.unwrap_or_default(), attributes.unwrap_or_default());
        let attempt = envelope.delivery_attempt.or(envelope.delivery_attempt_in_camel_case);
        let attempts = attempt.unwrap_or(1).saturating_sub(1);
        match BASE64.decode(&data) {
            Ok(data) => Ok(Self { message: Message { data, attributes }, attempts }),
            Err(source) => {
                let message = Message { data: data.into_bytes(), attributes };
                Err(PushError::Data { message, source })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_unwrapped() {
        let body = br#"{"message":{"data":"aGVsbG8=","attributes":{"v":"1"},"messageId":"7",
            "message_id":"7","publishTime":"2025-05-01T00:00:00Z","publish_time":"x"},
            "subscription":"projects/p/subscriptions/s","deliveryAttempt":3}"#;
        let attributes = [("v".to_owned(), "1".to_owned())].into();
        let message = Message { data: b"hello".to_vec(), attributes };
        assert_eq!(Push::parse(body).expect("a push"), Push { message, attempts: 2 });
    }

    #[test]
    fn either_casing_and_a_missing_count_are_accepted() {
        let push = |body: &str| Push::parse(body.as_bytes()).expect("a push").attempts;
        assert_eq!(push(r#"{"message":{"data":"","attributes":null},"delivery_attempt":2}"#), 1);
        assert_eq!(push(r#"{"message":{},"delivery_attempt":2,"deliveryAttempt":2}"#), 1);
        assert_eq!(push(r#"{"message":{"data":null,"attributes":{}}}"#), 0);
    }

    #[test]
    fn a_dead_letter_says_how_many_deliveries_failed() {
        let failed = |count: &str| {
            let attributes = format!(r#""attributes":{{"{SOURCE_DELIVERIES}":"{count}"}}"#);
            let body = format!(r#"{{"message":{{{attributes}}},"deliveryAttempt":3}}"#);
            Push::parse(body.as_bytes()).expect("a push").failed_deliveries()
        };
        assert_eq!(failed("100"), 100);
        for odd in ["", "many", "-1", "99999999999"] {
            assert_eq!(failed(odd), 2, "{odd}");
        }
        assert_eq!(Push::parse(br#"{"message":{}}"#).expect("a push").failed_deliveries(), 1);
    }

    #[test]
    fn the_readable_part_of_a_bad_push_is_kept() {
        let kept = |body: &str| match Push::parse(body.as_bytes()) {
            Err(error) => error.into_message(body.as_bytes()),
            Ok(push) => panic!("{push:?}"),
        };
        let attributes = [("tenant_id".to_owned(), "acme".to_owned())].into();
        let body = r#"{"message":{"data":"%","attributes":{"tenant_id":"acme"}}}"#;
        assert_eq!(kept(body), Message { data: b"%".to_vec(), attributes });
        assert_eq!(kept("[]"), Message { data: b"[]".to_vec(), ..Message::default() });
    }

    #[test]
    fn a_body_that_is_not_an_envelope_is_refused() {
        for body in ["", "[]", "{}", r#"{"message":{"data":"%"}}"#, r#"{"message":{"data":1}}"#] {
            assert!(Push::parse(body.as_bytes()).is_err(), "{body}");
        }
    }
}
