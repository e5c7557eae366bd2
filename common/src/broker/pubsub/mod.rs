//! The broker on Pub/Sub: one topic, batches that follow the load, and limits on messages in flight.

mod admission;
mod batches;
mod error;
mod limits;
mod probe;
mod publishers;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;
use tokio::time::timeout;

use self::admission::Admission;
use self::batches::{Batches, Job};
use self::error::{Incomplete, refused, unavailable};
use self::probe::Probe;
use self::publishers::Publishers;
use super::{Broker, Message, PublishError};
use crate::budget;
use crate::google_address::GoogleAddress;

/// The longest time that a flush may take.
const FLUSH_LIMIT: Duration = Duration::from_millis(1_500);

/// A topic of Pub/Sub, or of its emulator.
///
/// The first call connects: if the broker is down when a service starts, calls fail, but the
/// service does not. The connection repairs itself.
#[derive(Debug)]
pub struct PubsubBroker {
    batches: Batches,
    admission: Admission,
    probe: Probe,
}

impl PubsubBroker {
    /// The topic `topic` of `project` at `address`.
    ///
    /// Does not connect yet. Fails if there are no credentials. The publishers run in the tokio
    /// runtime of the caller.
    pub async fn connect(
        project: &str,
        topic: &str,
        address: &GoogleAddress,
    ) -> Result<Self, PublishError> {
        let topic = format!("projects/{project}/topics/{topic}");
        let publishers = Publishers::new(address.clone(), topic.clone()).await.map_err(refused)?;
        let publishers = Arc::new(publishers);
        let send = move |batch, turn| {
            let publishers = Arc::clone(&publishers);
            async move { publishers.send(batch, turn).await }
        };
        Ok(Self {
            batches: Batches::new(send),
            admission: Admission::default(),
            probe: Probe::connect(topic, address).await.map_err(refused)?,
        })
    }
}

#[async_trait]
impl Broker for PubsubBroker {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        let count = messages.len();
        let admitted = match self.admission.admit(&messages).await {
            Ok(admitted) => admitted,
            Err(full) => return each(count, || PublishError::Full(full)),
        };
        let (done, results) = oneshot::channel();
        self.batches.add(Job { messages, admitted, done });
        match timeout(budget::SEND, results).await {
            Ok(Ok(results)) => results,
            Ok(Err(stopped)) => each(count, || unavailable(Incomplete(stopped.to_string()))),
            Err(elapsed) => each(count, || unavailable(Incomplete(elapsed.to_string()))),
        }
    }

    /// On Google Cloud, asks whether this account may publish to the topic, which needs no further
    /// permission. The emulator has no permissions, so there it asks whether the topic exists.
    async fn probe(&self) -> Result<(), PublishError> {
        self.probe.ask().await
    }

    async fn flush(&self) {
        if timeout(FLUSH_LIMIT, self.admission.empty()).await.is_err() {
            tracing::warn!("Pub/Sub has not confirmed all messages after {FLUSH_LIMIT:?}");
        }
    }
}

fn each(count: usize, error: impl Fn() -> PublishError) -> Vec<Result<(), PublishError>> {
    (0..count).map(|_| Err(error())).collect()
}
