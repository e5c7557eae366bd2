//! Limits the messages in flight to Pub/Sub, since the client's own queue is not limited.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::broker::Message;
use crate::budget;

/// Most messages in flight.
const MAX_MESSAGES: usize = 10_000;

/// Most bytes in flight: 64 MiB.
const MAX_BYTES: usize = 64 << 20;

/// Why a publish is refused.
const FULL: &str = "too many messages are in flight to Pub/Sub";

/// Admits messages while there is room: first come, first served, so that small requests do not
/// starve a large one.
#[derive(Debug)]
pub(super) struct Admission {
    messages: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    wait: Duration,
}

/// The room of admitted messages, until this is dropped.
#[derive(Debug)]
pub(super) struct Admitted {
    _messages: OwnedSemaphorePermit,
    _bytes: OwnedSemaphorePermit,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            messages: Arc::new(Semaphore::new(MAX_MESSAGES)),
            bytes: Arc::new(Semaphore::new(MAX_BYTES)),
            wait: budget::ADMISSION,
        }
    }
}

impl Admission {
    /// Waits until there is room for all of `messages`, or gives up and returns the reason. A
    /// request larger than a limit takes all the room, so it is sent alone.
    pub(super) async fn admit(&self, messages: &[Message]) -> Result<Admitted, &'static str> {
        let bytes: usize = messages.iter().map(Message::size).sum();
        let room = async {
            Some(Admitted {
                _messages: take(&self.messages, messages.len(), MAX_MESSAGES).await?,
                _bytes: take(&self.bytes, bytes, MAX_BYTES).await?,
            })
        };
        timeout(self.wait, room).await.ok().flatten().ok_or(FULL)
    }

    /// Waits until no message is in flight.
    pub(super) async fn empty(&self) {
        drop(take(&self.messages, MAX_MESSAGES, MAX_MESSAGES).await);
    }
}

async fn take(room: &Arc<Semaphore>, wanted: usize, all: usize) -> Option<OwnedSemaphorePermit> {
    let permits = u32::try_from(wanted.min(all)).ok()?;
    Arc::clone(room).acquire_many_owned(permits).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(count: usize, bytes: usize) -> Vec<Message> {
        let message = Message { data: vec![0; bytes], ..Message::default() };
        vec![message; count]
    }

    #[tokio::test]
    async fn messages_over_a_limit_are_refused_until_there_is_room() {
        let admission = Admission { wait: Duration::from_millis(1), ..Admission::default() };
        for too_many in [messages(MAX_MESSAGES, 0), messages(1, MAX_BYTES)] {
            let all = admission.admit(&too_many).await.expect("empty");
            let more = admission.admit(&messages(1, 1)).await;
            assert_eq!(more.expect_err("full"), FULL);
            drop(all);
            admission.admit(&messages(1, 1)).await.expect("room again");
        }
        assert_eq!(admission.messages.available_permits(), MAX_MESSAGES);
    }

    #[tokio::test]
    async fn a_request_larger_than_the_limits_is_admitted_alone() {
        let admission = Admission::default();
        let large = messages(MAX_MESSAGES + 1, MAX_BYTES / MAX_MESSAGES + 1);
        let admitted = admission.admit(&large).await.expect("alone");
        assert_eq!(admission.messages.available_permits(), 0);
        let empty = tokio::time::timeout(Duration::from_millis(1), admission.empty());
        empty.await.expect_err("a request is in flight");
        drop(admitted);
        admission.empty().await;
    }
}
