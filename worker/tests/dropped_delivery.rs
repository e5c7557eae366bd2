//! A delivery whose request is dropped. Alone in its program, since the program has one gauge.

mod faulty;
mod texts;

use std::time::Duration;

use common::metrics::TEXTS_IN_WORK;
use tokio::time::timeout;
use worker::Disposition;

use crate::faulty::{FaultyStore, log, logs};
use crate::texts::{message, worker};

#[tokio::test(start_paused = true)]
async fn a_delivery_dropped_in_work_changes_nothing_and_lowers_the_gauge_again() {
    let store = FaultyStore::new();
    let worker = worker(&store);
    let message = message("1", &"x".repeat(4_000));
    let mut delivery = Box::pin(worker.deliver(&message, 0));
    timeout(Duration::from_secs(199), &mut delivery).await.expect_err("200 s of work");
    assert_eq!(TEXTS_IN_WORK.get(), 1);
    drop(delivery);
    assert_eq!(TEXTS_IN_WORK.get(), 0);
    assert!(store.commits().is_empty() && store.all(logs()).await.is_empty());

    assert_eq!(worker.deliver(&message, 1).await, Disposition::Acknowledge);
    assert!(store.find(log("1")).await.is_some());
    assert_eq!(TEXTS_IN_WORK.get(), 0);
}
