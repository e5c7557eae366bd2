//! The embedded adapters keep the contracts of their ports.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::broker::embedded::{
    EmbeddedBroker, EmbeddedQueue, Flow, Lane, MIN_FREE_BYTES, QueueOptions,
};
use common::broker::{Broker, Message};
use common::store::DocumentStore;
use common::store::embedded::EmbeddedStore;
use contract::broker::Deliveries;

contract::broker_contract!(queue, super::queue_and_its_work);
contract::store_contract!(store, super::store_in_a_new_folder);

async fn queue_and_its_work() -> (Box<dyn Broker>, Box<dyn Deliveries>, Box<dyn Any>) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = QueueOptions {
        min_free_bytes: MIN_FREE_BYTES,
        ..QueueOptions::unbounded(Duration::from_secs(600), |_| Flow {
            lane: Lane::Fast,
            tenant: String::new(),
        })
    };
    let queue = EmbeddedQueue::open(folder.path(), options).expect("a queue");
    (Box::new(EmbeddedBroker(Arc::clone(&queue))), Box::new(Leased(queue)), Box::new(folder))
}

struct Leased(Arc<EmbeddedQueue>);

#[async_trait]
impl Deliveries for Leased {
    async fn next(&mut self) -> Message {
        let lease = self.0.lease(Lane::Fast, 1).await.expect("a lease").remove(0);
        self.0.acknowledge(&lease).await.expect("acknowledged");
        lease.message
    }
}

async fn store_in_a_new_folder() -> (Box<dyn DocumentStore>, Box<dyn Any>) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    (Box::new(store), Box::new(folder))
}
