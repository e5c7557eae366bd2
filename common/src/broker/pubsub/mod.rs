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
use google_cloud_auth::credentials::anonymous;
use google_cloud_gax::backoff_policy::BackoffPolicy;
use google_cloud_gax::retry_policy::RetryPolicyExt as _;
use google_cloud_gax::retry_state::RetryState;
use google_cloud_pubsub::client::BasePublisher;
use google_cloud_pubsub::retry_policy::RetryableErrors;
use tokio::sync::oneshot;
use tokio::time::timeout;

use self::admission::Admission;
use self::batches::{Batches, Job};
use self::error::{Incomplete, refused, unavailable};
use self::probe::Probe;
use self::publishers::Publishers;
use super::{Broker, Message, PublishError};
use crate::backoff::Backoff;
use crate::budget;
use crate::google_address::GoogleAddress;

/// Short waits, for several attempts within [`budget::RETRIES`]. After three attempts, the client's
/// own waits would exceed that.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));

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
        let base = base(address).await.map_err(refused)?;
        let publishers = Arc::new(Publishers::new(base, topic.clone()));
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

async fn base(
    address: &GoogleAddress,
) -> Result<BasePublisher, google_cloud_gax::client_builder::Error> {
    let mut builder = BasePublisher::builder()
        .with_endpoint(address.url())
        .with_retry_policy(RetryableErrors.with_time_limit(budget::RETRIES))
        .with_backoff_policy(BACKOFF);
    if address.is_emulator() {
        builder = builder.with_credentials(anonymous::Builder::new().build());
    }
    builder.build().await
}

impl BackoffPolicy for Backoff {
    fn on_failure(&self, state: &RetryState) -> Duration {
        self.wait_after(state.attempt_count)
    }
}

fn each(count: usize, error: impl Fn() -> PublishError) -> Vec<Result<(), PublishError>> {
    (0..count).map(|_| Err(error())).collect()
}
