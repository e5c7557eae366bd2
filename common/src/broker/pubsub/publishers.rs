//! The client's publishers. Each sends one batch at a time, so that a request that hangs delays no
//! other batch.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use google_cloud_pubsub::client::{BasePublisher, Publisher};
use google_cloud_pubsub::model;
use google_cloud_pubsub::publisher::PublishFuture;

use super::batches::{Job, Results, Turn};
use super::error::{failed, refused};
use super::limits;
use crate::broker::{Message, PublishError};

/// The client's own batches are as large as Pub/Sub accepts, since our flush sends each batch. If
/// it did not, the delay would.
const BATCH: u32 = 1_000;
const DELAY: Duration = Duration::from_millis(10);

/// Publishers on one connection: as many as there have been batches in flight.
#[derive(Debug)]
pub(super) struct Publishers {
    base: BasePublisher,
    topic: String,
    idle: Mutex<Vec<Publisher>>,
}

impl Publishers {
    pub(super) fn new(base: BasePublisher, topic: String) -> Self {
        Self { base, topic, idle: Mutex::default() }
    }

    /// Publishes a batch and tells each job its results. The turn ends when the answer arrives.
    pub(super) async fn send(&self, batch: Vec<Job>, turn: Turn) {
        let publisher = self.take();
        let pending: Vec<_> = batch
            .into_iter()
            .map(|Job { messages, admitted, done }| {
                let messages = messages.into_iter().map(|message| publish(&publisher, message));
                (messages.collect::<Vec<_>>(), admitted, done)
            })
            .collect();
        publisher.flush().await;
        drop(turn);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(publisher);
        for (messages, admitted, done) in pending {
            let results = results(messages).await;
            drop(admitted);
            // The caller may have gone away.
            drop(done.send(results));
        }
    }

    fn take(&self) -> Publisher {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| {
            let publisher = self.base.publisher(&self.topic);
            publisher.set_message_count_threshold(BATCH).set_delay_threshold(DELAY).build()
        })
    }
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
