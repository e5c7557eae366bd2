//! The broker on Pub/Sub: one topic, batch sizes that follow the load, and limits on messages in
//! flight.

mod admission;
mod error;
mod limits;
mod probe;

use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all, ready};
use google_cloud_auth::credentials::anonymous;
use google_cloud_gax::backoff_policy::BackoffPolicy;
use google_cloud_gax::retry_policy::RetryPolicyExt as _;
use google_cloud_gax::retry_state::RetryState;
use google_cloud_pubsub::client::{BasePublisher, Publisher};
use google_cloud_pubsub::model;
use google_cloud_pubsub::retry_policy::RetryableErrors;
use tokio::time::timeout;

use self::admission::Admission;
use self::error::{Incomplete, failed, refused, unavailable};
use self::probe::Probe;
use super::{Broker, Message, PublishError};
use crate::backoff::Backoff;
use crate::budget;

/// The largest batches, in messages, of one publisher each. A batch of one is sent at once.
const BATCHES: [u32; 5] = [1, 4, 16, 64, 256];

/// Longest that a message waits until its batch is full.
const BATCH_DELAY: Duration = Duration::from_millis(1);

/// Short waits, for several attempts within [`budget::RETRIES`]. The client's own waits are longer
/// than that after three.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));

/// Longest that a flush takes.
const FLUSH_LIMIT: Duration = Duration::from_millis(1_500);

/// A topic of Pub/Sub, or of its emulator.
///
/// The first call connects: if the broker is down when a service starts, calls fail, but the
/// service does not. The connection repairs itself.
#[derive(Debug)]
pub struct PubsubBroker {
    publishers: Vec<Publisher>,
    admission: Admission,
    probe: Probe,
}

impl PubsubBroker {
    /// The topic `topic` of `project`: on the emulator at `emulator_host` (`host:port`) if given,
    /// or else on Google Cloud with the application default credentials.
    ///
    /// Does not connect yet. Fails if there are no credentials. The publishers run in the tokio
    /// runtime of the caller.
    pub async fn connect(
        project: &str,
        topic: &str,
        emulator_host: Option<&str>,
    ) -> Result<Self, PublishError> {
        let topic = format!("projects/{project}/topics/{topic}");
        let base = base(emulator_host).await.map_err(refused)?;
        Ok(Self {
            publishers: BATCHES.map(|messages| publisher(&base, &topic, messages)).into(),
            admission: Admission::default(),
            probe: Probe::connect(topic, emulator_host).await.map_err(refused)?,
        })
    }

    /// The publisher with the largest batches that the messages in flight would fill. A few
    /// messages hardly wait that way, and many need few requests. Compared with smaller shares of the
    /// messages in flight (a half, a quarter, …), this gave the highest rate and the lowest latency
    /// with 8, 64 and 512 callers, and was no worse with one.
    fn publisher(&self) -> &Publisher {
        let in_flight = self.admission.in_flight();
        let fitting = BATCHES.iter().rposition(|size| *size as usize <= in_flight).unwrap_or(0);
        &self.publishers[fitting]
    }
}

#[async_trait]
impl Broker for PubsubBroker {
    /// Waits for the messages in a task of its own, which holds their admission. If the caller goes
    /// away or time is up, the client still has them, so they must still count.
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        let count = messages.len();
        let admitted = match self.admission.admit(&messages).await {
            Ok(admitted) => admitted,
            Err(full) => return each(count, || PublishError::Full(full)),
        };
        let publisher = self.publisher();
        let pending: Vec<_> =
            messages.into_iter().map(|message| send(publisher, message)).collect();
        let sent = tokio::spawn(async move {
            let results = join_all(pending).await;
            drop(admitted);
            results
        });
        match timeout(budget::SEND, sent).await {
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
        let flushed = join_all(self.publishers.iter().map(Publisher::flush));
        if timeout(FLUSH_LIMIT, flushed).await.is_err() {
            tracing::warn!("Pub/Sub has not confirmed all messages after {FLUSH_LIMIT:?}");
        }
    }
}

async fn base(
    emulator_host: Option<&str>,
) -> Result<BasePublisher, google_cloud_gax::client_builder::Error> {
    let builder = BasePublisher::builder()
        .with_retry_policy(RetryableErrors.with_time_limit(budget::RETRIES))
        .with_backoff_policy(BACKOFF);
    let builder = match emulator_host {
        Some(host) => builder
            .with_endpoint(format!("http://{host}"))
            .with_credentials(anonymous::Builder::new().build()),
        None => builder,
    };
    builder.build().await
}

impl BackoffPolicy for Backoff {
    fn on_failure(&self, state: &RetryState) -> Duration {
        self.wait_after(state.attempt_count)
    }
}

fn publisher(base: &BasePublisher, topic: &str, messages: u32) -> Publisher {
    base.publisher(topic)
        .set_message_count_threshold(messages)
        .set_delay_threshold(BATCH_DELAY)
        .build()
}

/// Passes `message` to `publisher`, unless Pub/Sub would refuse it: that would fail the whole
/// batch.
fn send(publisher: &Publisher, message: Message) -> BoxFuture<'static, Result<(), PublishError>> {
    if let Err(limit) = limits::check(&message) {
        return ready(Err(refused(limit))).boxed();
    }
    let message = model::Message::new().set_data(message.data).set_attributes(message.attributes);
    let published = publisher.publish(message);
    async move { published.await.map(drop).map_err(failed) }.boxed()
}

fn each(count: usize, error: impl Fn() -> PublishError) -> Vec<Result<(), PublishError>> {
    (0..count).map(|_| Err(error())).collect()
}
