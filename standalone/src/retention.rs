//! Removes documents whose retention has ended, in small transactions between those of the writers.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use common::broker::embedded::EmbeddedQueue;
use common::program::chain;
use common::store::embedded::EmbeddedStore;
use tokio::time::sleep;

/// How often it looks for expired documents.
const EVERY: Duration = Duration::from_secs(10);
/// The pause between two removals while messages wait for the same disk.
const PAUSE: Duration = Duration::from_millis(500);
/// Most documents of each kind in one transaction, which takes some milliseconds.
const MOST: usize = 200;

/// Removes what has expired until the process ends.
pub(crate) async fn run(store: Arc<EmbeddedStore>, queue: Arc<EmbeddedQueue>) {
    loop {
        match store.remove_expired(Utc::now(), MOST).await {
            Ok(0) => sleep(EVERY).await,
            Ok(count) => {
                tracing::debug!(count, "removed expired documents");
                if queue.backlog() > 0 {
                    sleep(PAUSE).await;
                }
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "cannot remove expired documents");
                sleep(EVERY).await;
            }
        }
    }
}
