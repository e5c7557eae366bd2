//! A power cut, made of a trace: the real program runs under `strace`, and the data folder is built again
//! as a disk would hold it if the power had failed at some line of the trace.
//!
//! `kill -9` shows less: the system keeps what a killed program wrote. What a disk holds is
//!
//! - of each file, everything whose write had ended when the last completed `fsync` or `fdatasync` of that
//!   file began;
//! - of what was written later, any part: nothing, everything, the first writes with the next one torn
//!   between two sectors, or any mix, in which each sector or page is as it was at some time since then.
//!   So later writes may be there while earlier ones are missing, and zeros stand where a file is longer
//!   than what was written to it;
//! - of each folder, the names that an `fsync` of the folder came after, and then the next few changes in
//!   their order. An `fsync` of a file does not keep its name.
//!
//! The last two are less than ext4, XFS and Btrfs promise: their journals keep the order of all names, and
//! the `fsync` of a new file keeps its name too. Three things are assumed. The data folder itself is on
//! the disk. A change of a folder's names is done or not done, never half. A sector of 512 bytes is written
//! or not. SQLite's `-shm` files are left out: it makes them anew.

mod answers;
mod books;
mod call;
mod disk;
mod error;
mod escape;
mod folder;
mod history;
mod load;
mod reader;
mod recording;
mod survivors;
mod trace;

pub use self::answers::Answer;
pub use self::books::{Books, Found};
pub use self::disk::Disk;
pub use self::error::TraceError;
pub use self::load::Load;
pub use self::recording::{Recorded, Recording};
pub use self::survivors::Survivors;
pub use self::trace::{Cut, Trace};
