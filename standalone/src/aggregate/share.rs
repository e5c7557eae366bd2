//! Shares of the records, so that a recount's memory does not grow with the archive.

/// How much of the archive is in one share, in bytes. A message takes about as much memory while its share
/// is recounted.
const SHARE_BYTES: u64 = 256 << 20;

/// One of several equal shares of all records, by their hashes. Each is recounted on its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    number: u64,
    of: u64,
}

impl Share {
    /// The shares of an archive of this length.
    pub(super) fn all(bytes: u64) -> impl Iterator<Item = Self> {
        Self::of(bytes.div_ceil(SHARE_BYTES).max(1))
    }

    pub(super) fn of(of: u64) -> impl Iterator<Item = Self> {
        (0..of).map(move |number| Self { number, of })
    }

    /// Whether the record with this hash is in it.
    pub(super) fn has(self, record: u128) -> bool {
        record % u128::from(self.of) == u128::from(self.number)
    }

    /// Whether it is the first share. Whatever belongs to no record is counted with that one.
    pub(super) fn is_first(self) -> bool {
        self.number == 0
    }
}
