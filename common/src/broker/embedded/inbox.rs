//! Publishing to the queue from a process that does not serve it.

use std::path::Path;

use async_trait::async_trait;

use super::disk_room::{DiskRoom, MIN_FREE_BYTES};
use super::error::QueueError;
use super::publish::each;
use super::schedule::Flow;
use super::table::{FOREIGN, SCHEMA, insert};
use crate::broker::{Attributes, Broker, Message, PublishError};
use crate::data_folder::QUEUE;
use crate::sqlite::{Database, SqliteError};

/// Publishes messages to a queue, whether or not a process serves it. That process adopts them
/// within a second ([`EmbeddedQueue::adopt`](super::EmbeddedQueue::adopt)), or when it starts.
pub struct Inbox {
    database: Database,
    room: DiskRoom,
    flow: fn(&Attributes) -> Flow,
}

impl Inbox {
    /// Opens the queue in `folder`, and creates the queue (not the folder) if it is missing.
    pub fn open(folder: &Path, flow: fn(&Attributes) -> Flow) -> Result<Self, QueueError> {
        let database = Database::open(&folder.join(QUEUE), SCHEMA).map_err(QueueError)?;
        Ok(Self { database, room: DiskRoom::new(folder.to_owned(), MIN_FREE_BYTES), flow })
    }

    async fn publish_all(&self, messages: Vec<Message>) -> Result<(), PublishError> {
        self.room.check()?;
        let flow = self.flow;
        let insert_all = self.database.write(move |db| -> Result<(), SqliteError> {
            messages.iter().try_for_each(|m| insert(db, &flow(&m.attributes), m, FOREIGN).map(drop))
        });
        insert_all.await.map_err(|error| PublishError::Unavailable(error.into()))
    }
}

#[async_trait]
impl Broker for Inbox {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        let count = messages.len();
        let published = self.publish_all(messages).await;
        each(count, &published)
    }

    async fn probe(&self) -> Result<(), PublishError> {
        self.room.check()
    }

    async fn flush(&self) {}
}
