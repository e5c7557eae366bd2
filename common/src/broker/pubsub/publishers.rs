//! The client's publishers. Each sends one batch at a time, so that a request that hangs delays no
//! other batch.
//!
//! The client does not notice that a connection has died, as when a router on the way has forgotten it.
//! Every request would fail until the system gives the connection up, which takes a quarter of an hour. So
//! when Pub/Sub does not answer a whole batch, the batches after it go over a new connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use google_cloud_auth::credentials::anonymous;
use google_cloud_gax::backoff_policy::BackoffPolicy;
use google_cloud_gax::client_builder::Error as BuilderError;
use google_cloud_gax::retry_policy::RetryPolicyExt as _;
use google_cloud_gax::retry_state::RetryState;
use google_cloud_pubsub::client::{BasePublisher, Publisher};
use google_cloud_pubsub::model;
use google_cloud_pubsub::publisher::PublishFuture;
use google_cloud_pubsub::retry_policy::RetryableErrors;

use super::batches::{Job, Results, Turn};
use super::error::{failed, refused};
use super::limits;
use crate::backoff::Backoff;
use crate::broker::{Message, PublishError};
use crate::budget;
use crate::google_address::GoogleAddress;

/// Short waits, for several attempts within [`budget::RETRIES`]. After three attempts, the client's
/// own waits would exceed that.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));

/// The client's own batches are as large as Pub/Sub accepts, since our flush sends each batch. If
/// it did not, the delay would.
const BATCH: u32 = 1_000;
const DELAY: Duration = Duration::from_millis(10);

/// Publishers to a topic, on the newest connection.
#[derive(Debug)]
pub(super) struct Publishers {
    address: GoogleAddress,
    topic: String,
    newest: Mutex<Arc<Connection>>,
    /// Held while a new connection is made, so that all batches without an answer share one.
    replacing: tokio::sync::Mutex<()>,
}

/// Publishers on one connection: as many as there have been batches in flight.
#[derive(Debug)]
struct Connection {
    base: BasePublisher,
    idle: Mutex<Vec<Publisher>>,
}

impl Publishers {
    /// Does not connect yet.
    pub(super) async fn new(address: GoogleAddress, topic: String) -> Result<Self, BuilderError> {
        let newest = Mutex::new(Connection::to(&address).await?);
        Ok(Self { address, topic, newest, replacing: tokio::sync::Mutex::default() })
    }

    /// Publishes a batch and tells each job its results. The turn ends when the answer arrives.
    pub(super) async fn send(&self, batch: Vec<Job>, turn: Turn) {
        let connection = Arc::clone(&lock(&self.newest));
        let publisher = connection.take(&self.topic);
        let pending: Vec<_> = batch
            .into_iter()
            .map(|Job { messages, admitted, done }| {
                let messages = messages.into_iter().map(|message| publish(&publisher, message));
                (messages.collect::<Vec<_>>(), admitted, done)
            })
            .collect();
        publisher.flush().await;
        drop(turn);
        lock(&connection.idle).push(publisher);
        let mut is_answered = false;
        for (messages, admitted, done) in pending {
            let results = results(messages).await;
            is_answered |= results.iter().any(is_answer);
            drop(admitted);
            // The caller may have gone away.
            drop(done.send(results));
        }
        if !is_answered {
            self.replace(&connection).await;
        }
    }

    /// Replaces the connection, unless another batch has done so already.
    async fn replace(&self, connection: &Arc<Connection>) {
        let _replacing = self.replacing.lock().await;
        if !Arc::ptr_eq(&lock(&self.newest), connection) {
            return;
        }
        match Connection::to(&self.address).await {
            Ok(fresh) => *lock(&self.newest) = fresh,
            Err(error) => {
                tracing::warn!(%error, "cannot replace the connection to Pub/Sub; keeping it")
            }
        }
    }
}

impl Connection {
    async fn to(address: &GoogleAddress) -> Result<Arc<Self>, BuilderError> {
        Ok(Arc::new(Self { base: base(address).await?, idle: Mutex::default() }))
    }

    fn take(&self, topic: &str) -> Publisher {
        let idle = lock(&self.idle).pop();
        idle.unwrap_or_else(|| {
            let publisher = self.base.publisher(topic);
            publisher.set_message_count_threshold(BATCH).set_delay_threshold(DELAY).build()
        })
    }
}

async fn base(address: &GoogleAddress) -> Result<BasePublisher, BuilderError> {
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

/// Whether the result shows that Pub/Sub can be reached.
fn is_answer(result: &Result<(), PublishError>) -> bool {
    !matches!(result, Err(PublishError::Unavailable(_)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Passes `message` to `publisher`, unless Pub/Sub would refuse it: that would fail the whole batch.
fn publish(publisher: &Publisher, message: Message) -> Result<PublishFuture, PublishError> {
    limits::check(&message).map_err(refused)?;
    let message = model::Message::new().set_data(message.data).set_attributes(message.attributes);
    Ok(publisher.publish(message))
}

async fn results(messages: Vec<Result<PublishFuture, PublishError>>) -> Results {
    let mut results = Vec::with_capacity(messages.len());
    for message in messages {
        results.push(match message {
            Ok(published) => published.await.map(drop).map_err(failed),
            Err(refused) => Err(refused),
        });
    }
    results
}
