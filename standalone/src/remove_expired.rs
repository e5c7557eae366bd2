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

#[cfg(test)]
mod tests {
    use common::broker::embedded::QueueOptions;
    use common::message;
    use common::path::{Collection, CollectionPath};
    use common::store::{DocumentStore as _, Query, Write, fields};
    use common::tenant::TenantId;

    use super::*;

    #[tokio::test]
    async fn all_that_has_expired_is_removed_in_several_transactions() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(EmbeddedStore::open(folder.path()).expect("a store"));
        let options = QueueOptions::unbounded(EVERY, message::flow);
        let queue = EmbeddedQueue::open(folder.path(), options).expect("a queue");
        let tenant = TenantId::parse("acme").expect("a tenant");
        let quarantine = CollectionPath::of(&tenant, Collection::Quarantine);
        let expired = |n: usize| Write::Create {
            path: quarantine.hashed(&[n.to_string()]),
            fields: fields([("expire_at", Utc::now().into())]),
        };
        store.commit((0..=2 * MOST).map(expired).collect()).await.expect("stored");
        let removing = tokio::spawn(run(Arc::clone(&store), queue));
        let gone = async {
            let all = Query::all(quarantine);
            while !store.query(&all).await.expect("an answer").is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(6 * EVERY, gone).await.expect("removed");
        removing.abort();
    }
}
