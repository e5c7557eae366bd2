//! The port to the broker, which stores messages durably and delivers them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use thiserror::Error;

#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "gcp")]
pub mod pubsub;

/// The error of a library, as the cause of an error of a port.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The attributes of a message: short texts by name.
pub type Attributes = BTreeMap<String, String>;

/// A message: bytes and attributes, which mean nothing to the broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The payload.
    pub data: Vec<u8>,
    /// The attributes, which subscriptions can filter on.
    pub attributes: Attributes,
}

impl Message {
    /// The size of data and attributes in bytes, which counts against the limits on messages in
    /// flight.
    pub fn size(&self) -> usize {
        let labels: usize = self.attributes.iter().map(|(k, v)| k.len() + v.len()).sum();
        self.data.len() + labels
    }
}

/// Publishes messages.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Publishes `messages` and returns one result for each, by position. `Ok` means that the
    /// message is durable and will be delivered at least once. After an error it may or may not be;
    /// publishing it again is safe, since each record takes effect only once. Ends within
    /// [`ADAPTER`](crate::budget::ADAPTER), even if the broker is down.
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>>;

    /// Checks that the broker would take a message, without publishing one.
    async fn probe(&self) -> Result<(), PublishError>;

    /// Sends messages that are still buffered. Takes at most 1.5 s.
    async fn flush(&self);
}

/// Why a message may not be durable.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The broker did not answer, or refused for now. The message may have been published. Passing:
    /// publish it again later.
    #[error("the broker cannot be reached")]
    Unavailable(#[source] Cause),
    /// Too much is in flight, or the disk is nearly full. The message was not published. Passing:
    /// publish it again later.
    #[error("the broker is full: {0}")]
    Full(&'static str),
    /// The broker refused the message or the topic. The message was not published. Permanent,
    /// until the message or the deployment changes.
    #[error("the broker refused the message")]
    Refused(#[source] Cause),
}
