//! What every processor needs: the store, the committer, the settings, and the signal to stop.

use std::sync::Arc;

use common::store::DocumentStore;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::committer::Committer;
use crate::settings::WorkerSettings;

/// What every processor needs.
pub(crate) struct Context {
    pub(crate) store: Arc<dyn DocumentStore>,
    pub(crate) committer: Committer,
    pub(crate) settings: WorkerSettings,
    /// Cancelled when the worker stops: unfinished texts are then given back.
    pub(crate) stopping: CancellationToken,
    /// The texts whose parts may be read at once.
    pub(crate) completions: Semaphore,
    /// The bytes of batches of access-log entries that may be in work at once.
    pub(crate) batches: Semaphore,
}

/// Most texts whose parts are read at once: each may take some 16 MB.
const COMPLETIONS: usize = 4;
/// Most bytes of batches in work: their counts may take fifty times as much.
pub(crate) const BATCH_BYTES: usize = 2 << 20;

impl Context {
    /// Starts a committer for `store`. Must be called inside a tokio runtime.
    pub(crate) fn new(store: Arc<dyn DocumentStore>, settings: WorkerSettings) -> Self {
        let limits = settings.commit_limits(store.commit_limits());
        let committer = Committer::start(Arc::clone(&store), limits);
        let (stopping, completions) = (CancellationToken::new(), Semaphore::new(COMPLETIONS));
        let batches = Semaphore::new(BATCH_BYTES);
        Self { store, committer, settings, stopping, completions, batches }
    }

    /// The shard of spread counts that a unit built now adds to. Nearly all units of one commit
    /// add to the same shard, and the next commit to the next one: so the more shards there are,
    /// the less often each document is written.
    pub(crate) fn shard(&self) -> u32 {
        self.committer.turn() % self.settings.rollup_shards.max(1)
    }
}
