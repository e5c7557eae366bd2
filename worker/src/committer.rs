//! Group commit: the units of work of concurrent messages become one atomic commit.
//!
//! A unit is a gate, which is the record's own document, with everything that counts the record.
//! The commit creates the gate, so a duplicate fails as a whole and changes nothing. Commits that
//! share no document run at once, as many as the store accepts; units that arrive meanwhile are
//! prepared for the next ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use common::store::{CommitLimits, DocumentStore};
use tokio::sync::{Semaphore, mpsc, oneshot};

use self::rivals::{Answer, Waiting};
use self::task::Task;
pub use self::unit::{CommitError, Unit};

mod attempt;
mod check;
mod documents;
mod group;
mod job;
mod lane;
mod lanes;
mod merged;
mod pace;
mod recent;
mod rivals;
mod task;
mod unit;

/// Units that can wait for a commit; further senders wait until there is room.
pub const WAITING: usize = 4_096;

/// Hands units to the task that commits them.
#[derive(Clone)]
pub struct Committer {
    units: mpsc::UnboundedSender<Waiting>,
    room: Arc<Semaphore>,
    turn: Arc<AtomicU32>,
}

impl Committer {
    /// Starts a committer for `store`, within these limits. It ends when the last handle is dropped
    /// and all units are answered.
    pub fn start(store: Arc<dyn DocumentStore>, limits: CommitLimits) -> Self {
        let (units, queue) = mpsc::unbounded_channel();
        let turn = Arc::<AtomicU32>::default();
        tokio::spawn(Task::new(store, limits, Arc::clone(&turn)).run(queue));
        Self { units, room: Arc::new(Semaphore::new(WAITING)), turn }
    }

    /// A number that goes up with the commits, at most once in the interval between writes of a
    /// document; it wraps around.
    pub fn turn(&self) -> u32 {
        self.turn.load(Ordering::Relaxed)
    }

    /// Commits `unit` together with others. Returns when that commit is done.
    pub async fn commit(&self, unit: Unit) -> Answer {
        let room = Arc::clone(&self.room).acquire_owned().await;
        let room = room.map_err(|_| CommitError::Stopped)?;
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { unit, answer, room: Some(room) };
        self.units.send(waiting).map_err(|_| CommitError::Stopped)?;
        answered.await.map_err(|_| CommitError::Stopped)?
    }
}
