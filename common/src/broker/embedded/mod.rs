//! The embedded broker: a durable queue in one SQLite file, with two subscriptions.
//!
//! `work` delivers each message to the processors: at least once, under a lease, with backoff after
//! a failure. `archive` reads the same messages in order of arrival. A message is deleted when both
//! are done with it.

mod acknowledgements;
mod disk_room;
mod error;
mod fresh;
mod inbox;
mod peek;
mod publish;
mod queue;
mod schedule;
mod table;

pub use self::disk_room::MIN_FREE_BYTES;
pub use self::error::QueueError;
pub use self::inbox::Inbox;
pub use self::peek::{InWork, Peek};

pub use self::queue::{EmbeddedBroker, EmbeddedQueue, Lease, QueueOptions};
pub use self::schedule::{Flow, Lane};
pub use self::table::{Archivable, Unarchived};
