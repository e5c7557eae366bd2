//! Room in memory for bodies: a number of bytes that all of them share.
//!
//! A body may hold as many bytes as are still free. So one large body may have half of the room, two a
//! third each, and so on. However many large ones there are, a small one finds room.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// Other bodies hold so many bytes that there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("other bodies hold so many bytes that there is no room")]
pub(crate) struct NoRoom;

/// The bytes that all bodies share.
#[derive(Clone)]
pub(crate) struct Room(Arc<Shared>);

struct Shared {
    all: usize,
    free: Mutex<usize>,
    freed: Notify,
}

impl Room {
    /// A room of this many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Shared { all: bytes, free: Mutex::new(bytes), freed: Notify::new() }))
    }

    /// A share of the room, which is empty.
    pub(crate) fn share(&self) -> Share {
        Share { room: self.clone(), held: 0 }
    }

    fn free(&self) -> MutexGuard<'_, usize> {
        self.0.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one body holds. Dropping it frees the bytes.
pub(crate) struct Share {
    room: Room,
    held: usize,
}

impl Share {
    /// Takes `more` bytes now, or none of them.
    pub(crate) fn take(&mut self, more: usize) -> Result<(), NoRoom> {
        let mut free = self.room.free();
        if self.held + more > free.saturating_sub(more) {
            return Err(NoRoom);
        }
        *free -= more;
        self.held += more;
        Ok(())
    }

    /// Takes `more` bytes, and waits until there is room for them, at most `until` then.
    pub(crate) async fn wait_for(&mut self, more: usize, until: Instant) -> Result<(), NoRoom> {
        let room = self.room.clone();
        loop {
            let mut freed = std::pin::pin!(room.0.freed.notified());
            freed.as_mut().enable();
            if self.take(more).is_ok() {
                return Ok(());
            }
            timeout_at(until, freed).await.map_err(|_| NoRoom)?;
        }
    }

    /// How much more a share may take that has the room to itself.
    pub(crate) fn most_more(&self) -> usize {
        (self.room.0.all / 2).saturating_sub(self.held)
    }

    /// Gives `bytes` back.
    pub(crate) fn give_back(&mut self, bytes: usize) {
        let bytes = bytes.min(self.held);
        self.held -= bytes;
        *self.room.free() += bytes;
        self.room.0.freed.notify_waiters();
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back(self.held);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// How many bytes a share can take, one at a time.
    fn fill(share: &mut Share) -> usize {
        (0..).take_while(|_| share.take(1).is_ok()).count()
    }

    #[test]
    fn one_body_may_have_half_of_the_room() {
        assert_eq!(fill(&mut Room::new(1_000).share()), 500);
    }

    #[test]
    fn however_many_large_bodies_there_are_a_small_one_finds_room() {
        let room = Room::new(1_000_000);
        let mut many: Vec<_> = (0..150).map(|_| room.share()).collect();
        for share in &mut many {
            fill(share);
        }
        assert_eq!(room.share().take(500_000), Err(NoRoom));
        room.share().take(100).expect("there is room for a small one");
    }

    #[test]
    fn bytes_are_free_again_when_their_body_is_gone() {
        let room = Room::new(100);
        let mut share = room.share();
        share.take(50).expect("half");
        drop(share);
        room.share().take(50).expect("half again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_waits_for_room_until_its_time_is_over() {
        let room = Room::new(100);
        let (mut first, mut second) = (room.share(), room.share());
        first.take(50).expect("half");
        let soon = Instant::now() + Duration::from_secs(1);
        assert_eq!(second.wait_for(50, soon).await, Err(NoRoom));
        let later = Instant::now() + Duration::from_secs(1);
        let freeing = async { drop(first) };
        let (waited, ()) = futures::join!(second.wait_for(50, later), freeing);
        assert_eq!(waited, Ok(()));
    }
}
