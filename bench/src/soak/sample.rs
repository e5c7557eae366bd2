//! What a server takes at one moment.

use std::fmt;
use std::fs;
use std::time::Duration;

use crate::error::BenchError;
use crate::process::Process;
use crate::spillway::Spillway;
use crate::usage::field;

/// One look at a server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    /// The time since the load began.
    pub(crate) at: Duration,
    /// The bytes of memory that it has.
    pub(crate) memory: u64,
    /// Its open descriptors.
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
    /// The messages in its queue.
    pub(crate) queue: u64,
}

impl Sample {
    pub(crate) async fn of(
        process: &Process,
        spillway: &Spillway,
        at: Duration,
    ) -> Result<Self, BenchError> {
        let pid = process.pid();
        let gone = || BenchError::Failed("spillway".to_owned(), "it has ended".to_owned());
        Ok(Self {
            at,
            memory: field(pid, "status", "VmRSS:").ok_or_else(gone)? << 10,
            descriptors: fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64,
            threads: field(pid, "status", "Threads:").ok_or_else(gone)?,
            queue: spillway.backlog().await?,
        })
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory, descriptors, threads, queue, .. } = self;
        let mib = memory >> 20;
        write!(f, "{mib} MiB, {descriptors} descriptors, {threads} threads, {queue} in the queue")
    }
}
