//! The envelope in which a push subscription wraps a message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use common::broker::{Attributes, Message};
use serde::Deserialize;
use thiserror::Error;

/// One push: a message and how often it was delivered.
#[derive(Debug, PartialEq, Eq)]
pub struct Push {
    /// The message.
    pub message: Message,
    /// Deliveries before this one; 0 where the subscription does not count them.
    pub attempts: u32,
}

/// Why a body is no push.
#[derive(Debug, Error)]
pub enum PushError {
    /// It is not the JSON of an envelope.
    #[error("the body is no push envelope")]
    Envelope(#[from] serde_json::Error),
    /// The data are not Base64.
    #[error("the message's data are no Base64")]
    Data(#[from] base64::DecodeError),
}

/// Pub/Sub writes some names in two casings; either will do.
#[derive(Deserialize)]
struct Envelope {
    message: Wrapped,
    #[serde(default, alias = "delivery_attempt", rename = "deliveryAttempt")]
    delivery_attempt: Option<u32>,
}

#[derive(Deserialize)]
struct Wrapped {
    /// Missing where a message has only attributes.
    #[serde(default)]
    data: String,
    #[serde(default)]
    attributes: Option<Attributes>,
}

impl Push {
    /// Reads the body of a push.
    pub fn parse(body: &[u8]) -> Result<Self, PushError> {
        let Envelope { message, delivery_attempt } = serde_json::from_slice(body)?;
        let data = BASE64.decode(&message.data)?;
        let attributes = message.attributes.unwrap_or_default();
        let attempts = delivery_attempt.unwrap_or(1).saturating_sub(1);
        Ok(Self { message: Message { data, attributes }, attempts })
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
    fn the_other_casing_and_missing_counts_will_do() {
        let push = |body: &str| Push::parse(body.as_bytes()).expect("a push").attempts;
        assert_eq!(push(r#"{"message":{"data":"","attributes":null},"delivery_attempt":2}"#), 1);
        assert_eq!(push(r#"{"message":{"attributes":{}}}"#), 0);
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for body in ["", "[]", "{}", r#"{"message":{"data":"%"}}"#, r#"{"message":{"data":1}}"#] {
            assert!(Push::parse(body.as_bytes()).is_err(), "{body}");
        }
    }
}
