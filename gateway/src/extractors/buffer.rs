//! Bytes of a body, with a limit and a share of the room in memory.

use std::io;

use tokio::time::Instant;

use crate::room::{NoRoom, Share};

/// A body, or what has arrived of it.
pub(crate) struct Buffer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) share: Share,
    /// The most bytes that it may have.
    pub(crate) limit: usize,
}

impl Buffer {
    /// An empty buffer.
    pub(crate) fn new(share: Share, limit: usize) -> Self {
        Self { bytes: Vec::new(), share, limit }
    }

    /// Whether this many more bytes are within the limit.
    pub(crate) fn fits(&self, more: usize) -> bool {
        self.bytes.len() + more <= self.limit
    }

    /// Appends a chunk that fits; waits for room `until` then at most.
    pub(crate) async fn wait_and_push(
        &mut self,
        chunk: &[u8],
        until: Instant,
    ) -> Result<(), NoRoom> {
        let growth = self.growth(chunk.len());
        self.share.wait_for(growth, until).await?;
        self.push(chunk, growth);
        Ok(())
    }

    /// By how much the capacity grows for `more` bytes: it doubles, so that few copies are made.
    fn growth(&self, more: usize) -> usize {
        let (needed, capacity) = (self.bytes.len() + more, self.bytes.capacity());
        if needed <= capacity {
            return 0;
        }
        needed.max((2 * capacity).min(self.limit)) - capacity
    }

    fn push(&mut self, chunk: &[u8], growth: usize) {
        if growth > 0 {
            let unused = self.bytes.capacity() - self.bytes.len();
            self.bytes.reserve_exact(unused + growth);
        }
        self.bytes.extend_from_slice(chunk);
    }
}

/// Takes one byte more than the limit, so that the caller can tell that the body is larger. Fails
/// with [`io::ErrorKind::OutOfMemory`] if other bodies leave no room.
impl io::Write for Buffer {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        let chunk = &chunk[..chunk.len().min((self.limit + 1).saturating_sub(self.bytes.len()))];
        let growth = self.growth(chunk.len());
        let taken = self.share.take(growth);
        taken.map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error))?;
        self.push(chunk, growth);
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
