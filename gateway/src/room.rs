//! Room in memory for bodies: a number of bytes that all of them share.
//!
//! A body may hold as many bytes as are still free. So one large body may have half of the room, two a
//! third each, and so on. The last sixteenth is for small bodies: however many large ones there are, a
//! small one finds room.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// A body of no more than this is small, in bytes.
pub(crate) const SMALL_BYTES: usize = 64 << 10;
/// The part of the room that is for small bodies.
const FOR_SMALL: usize = 16;

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

    /// An empty share, for a large body or one of an unknown length.
    pub(crate) fn share(&self) -> Share {
        Share { room: self.clone(), held: 0, is_small: false }
    }

    /// An empty share, for a body that says that it is small.
    pub(crate) fn small_share(&self) -> Share {
        Share { room: self.clone(), held: 0, is_small: true }
    }

    fn free(&self) -> MutexGuard<'_, usize> {
        self.0.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one body holds. Dropping it frees the bytes.
pub(crate) struct Share {
    room: Room,
    held: usize,
    is_small: bool,
}

impl Share {
    /// Takes `more` bytes now, or none of them.
    pub(crate) fn take(&mut self, more: usize) -> Result<(), NoRoom> {
        let after = self.held + more;
        let is_small = self.is_small && after <= SMALL_BYTES;
        let for_small = if is_small { 0 } else { self.room.0.all / FOR_SMALL };
        let mut free = self.room.free();
        if after + for_small > free.saturating_sub(more) {
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
        let all = self.room.0.all;
        ((all - all / FOR_SMALL) / 2).saturating_sub(self.held)
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

    const MIB: usize = 1 << 20;

    /// Shares of so many bodies that take all they can, one after the other.
    fn greedy(room: &Room, count: usize) -> Vec<Share> {
        let mut shares: Vec<_> = (0..count).map(|_| room.share()).collect();
        for share in &mut shares {
            while share.take(1_000).is_ok() {}
        }
        shares
    }

    #[test]
    fn one_body_may_have_half_of_the_room_that_is_not_for_small_ones() {
        let room = Room::new(160 * MIB);
        assert_eq!(greedy(&room, 1)[0].held / MIB, 75 - 1);
        assert_eq!(room.share().most_more(), 75 * MIB);
    }

    #[test]
    fn however_many_large_bodies_there_are_small_ones_find_room() {
        let room = Room::new(160 * MIB);
        let _large = greedy(&room, 200);
        assert_eq!(room.share().take(SMALL_BYTES), Err(NoRoom));
        let mut small: Vec<_> = (0..100).map(|_| room.small_share()).collect();
        for share in &mut small {
            share.take(SMALL_BYTES).expect("there is room for a small one");
            assert_eq!(share.take(1), Err(NoRoom), "it said that it is small");
        }
    }

    #[test]
    fn bytes_are_free_again_when_their_body_is_gone() {
        let room = Room::new(100);
        let mut share = room.share();
        share.take(40).expect("room");
        drop(share);
        room.share().take(40).expect("room again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_waits_for_room_until_its_time_is_over() {
        let room = Room::new(100);
        let (mut first, mut second) = (room.share(), room.share());
        first.take(40).expect("room");
        let soon = Instant::now() + Duration::from_secs(1);
        assert_eq!(second.wait_for(40, soon).await, Err(NoRoom));
        let later = Instant::now() + Duration::from_secs(1);
        let freeing = async { drop(first) };
        let (waited, ()) = futures::join!(second.wait_for(40, later), freeing);
        assert_eq!(waited, Ok(()));
    }
}
