//! The port to the broker: messages go in, and each is durable before its result says so.

use std::collections::BTreeMap;

use async_trait::async_trait;
use thiserror::Error;

#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "gcp")]
pub mod pubsub;

/// A cause from below a port.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Attributes of a message: short texts by name.
pub type Attributes = BTreeMap<String, String>;

/// What a broker carries: bytes and attributes, whose meaning it does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The payload.
    pub data: Vec<u8>,
    /// The labels, which subscriptions may filter on.
    pub attributes: Attributes,
}

impl Message {
    /// Bytes of data and attributes, the measure of every bound in flight.
    pub fn size(&self) -> usize {
        let labels: usize = self.attributes.iter().map(|(k, v)| k.len() + v.len()).sum();
        self.data.len() + labels
    }
}

/// Publishes messages, and says of each whether it is durable.
#[async_trait]
pub trait Broker: Send + Sync {
    /// One result per message, by position. `Ok` means that the message is durable and will be
    /// delivered at least once; an error, that it may or may not be: to publish it again is safe,
    /// since effects are once. Ends within [`ADAPTER`](crate::budget::ADAPTER), also where the broker is
    /// down.
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>>;

    /// Whether the broker would take a message now; publishes nothing.
    async fn probe(&self) -> Result<(), PublishError>;

    /// Sends what is still buffered, within 1.5 s.
    async fn flush(&self);
}

/// Why a message is not known to be durable.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The broker did not answer, or said no for now. The message may have been taken. Passing:
    /// publish it again later.
    #[error("the broker cannot be reached")]
    Unavailable(#[source] Cause),
    /// Too much is in flight, or the disk is nearly full. The message was not taken. Passing:
    /// publish it again later.
    #[error("the broker is full: {0}")]
    Full(&'static str),
    /// The broker refused the message itself, or its topic. Nothing was taken. Permanent, until
    /// the message or the deployment changes.
    #[error("the broker refused the message")]
    Refused(#[source] Cause),
}
