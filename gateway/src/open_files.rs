//! The files that the process may have open: each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the process needs besides its connections: databases, the archive, its own connections.
const OTHERS: u64 = 512;

/// Allows the process as many open files as the system permits it. Returns how many connections may be
/// open: `wanted`, or as many as there is room for.
pub(crate) fn room_for(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let room = usize::try_from(most.saturating_sub(OTHERS).max(most / 2)).unwrap_or(usize::MAX);
    if room < wanted {
        tracing::warn!(wanted, room, "the limit of open files allows fewer connections");
    }
    wanted.min(room)
}
