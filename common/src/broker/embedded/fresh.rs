//! Messages that were published a moment ago, kept in memory until they are leased. A message that is
//! not here is read from the file.

use std::collections::HashMap;

use crate::broker::Message;

/// Most bytes of messages that are kept. A backlog beyond that waits only on disk.
const MAX_BYTES: usize = 16 << 20;

/// Fresh messages by their number in the queue.
#[derive(Default)]
pub(super) struct Fresh {
    messages: HashMap<i64, Message>,
    bytes: usize,
}

impl Fresh {
    /// Keeps the messages for which there is room.
    pub(super) fn add(&mut self, messages: impl Iterator<Item = (i64, Message)>) {
        for (id, message) in messages {
            let size = message.size();
            if self.bytes + size <= MAX_BYTES {
                self.bytes += size;
                self.messages.insert(id, message);
            }
        }
    }

    /// Takes the message out, if it is here.
    pub(super) fn take(&mut self, id: i64) -> Option<Message> {
        let message = self.messages.remove(&id)?;
        self.bytes -= message.size();
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_handed_out_once() {
        let message = || Message { data: vec![0; MAX_BYTES / 4], ..Message::default() };
        let mut fresh = Fresh::default();
        fresh.add((1..=6).map(|id| (id, message())));
        let taken: Vec<bool> = (1..=6).map(|id| fresh.take(id).is_some()).collect();
        assert_eq!(taken, [true, true, true, true, false, false]);
        fresh.add([(7, message())].into_iter());
        assert_eq!(fresh.take(7), Some(message()));
        assert_eq!((fresh.take(7), fresh.bytes), (None, 0));
    }
}
