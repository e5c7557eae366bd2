//! The embedded queue keeps its promises across restarts, failures and a full disk.
#![cfg(feature = "embedded")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::broker::embedded::{
    Archivable, EmbeddedBroker, EmbeddedQueue, Flow, Inbox, Lane, Lease, MIN_FREE_BYTES, Peek,
    QueueOptions, Unarchived,
};
use common::broker::{Broker, Message, PublishError};
use tempfile::TempDir;

const OPTIONS: QueueOptions = QueueOptions {
    ack_deadline: Duration::from_secs(600),
    min_free_bytes: MIN_FREE_BYTES,
    longest_wait: Duration::MAX,
    flow: |attributes| Flow { lane: Lane::Fast, tenant: attributes["tenant"].clone() },
};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn open(folder: &Path, options: QueueOptions) -> Arc<EmbeddedQueue> {
    EmbeddedQueue::open(folder, options).expect("a queue")
}

fn message(tenant: &str, text: &str) -> Message {
    let attributes = [("tenant".to_owned(), tenant.to_owned())].into();
    Message { data: text.into(), attributes }
}

async fn publish(queue: &Arc<EmbeddedQueue>, messages: Vec<Message>) {
    for result in EmbeddedBroker(Arc::clone(queue)).publish(messages).await {
        result.expect("published");
    }
}

async fn lease(queue: &EmbeddedQueue) -> Lease {
    queue.lease(Lane::Fast, 1).await.expect("a lease").remove(0)
}

/// What the archive gets of all that it has not taken yet.
async fn to_archive(queue: &EmbeddedQueue, most: usize, bytes: usize) -> Vec<Archivable> {
    queue.to_archive(Unarchived::default(), most, bytes).await.expect("messages")
}

fn text(lease: &Lease) -> &str {
    std::str::from_utf8(&lease.message.data).expect("a text")
}

#[tokio::test]
async fn a_restart_redelivers_leased_messages_and_counts_no_attempt() {
    let folder = folder();
    let queue = open(folder.path(), OPTIONS);
    publish(&queue, vec![message("a", "1"), message("a", "2")]).await;
    let done = lease(&queue).await;
    queue.acknowledge(&done).await.expect("acknowledged");
    let lost = lease(&queue).await;
    drop(queue);

    let queue = open(folder.path(), OPTIONS);
    assert_eq!(queue.backlog(), 1);
    let again = lease(&queue).await;
    assert_eq!((text(&again), again.attempts), (text(&lost), 0));
}

#[tokio::test]
async fn failures_are_counted_across_restarts() {
    let folder = folder();
    for attempts in 0..3 {
        let queue = open(folder.path(), OPTIONS);
        if attempts == 0 {
            publish(&queue, vec![message("a", "1")]).await;
        }
        let lease = lease(&queue).await;
        assert_eq!(lease.attempts, attempts);
        queue.fail(&lease).await.expect("counted");
    }
}

#[tokio::test]
async fn a_failed_message_is_delivered_again_after_a_back_off() {
    let folder = folder();
    let queue = open(folder.path(), OPTIONS);
    publish(&queue, vec![message("a", "1")]).await;
    let began = std::time::Instant::now();
    queue.fail(&lease(&queue).await).await.expect("counted");
    let again = lease(&queue).await;
    assert_eq!((text(&again), again.attempts), ("1", 1));
    assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_expired_lease_is_delivered_again_and_counted() {
    let folder = folder();
    let options = QueueOptions { ack_deadline: Duration::from_millis(50), ..OPTIONS };
    let queue = open(folder.path(), options);
    publish(&queue, vec![message("a", "1")]).await;
    let slow = lease(&queue).await;
    let again = lease(&queue).await;
    assert_eq!(again.attempts, 1);
    queue.acknowledge(&slow).await.expect("a late acknowledgement counts");
    assert_eq!(queue.backlog(), 0);
    drop(queue);
    assert_eq!(open(folder.path(), OPTIONS).backlog(), 0);
}

#[tokio::test]
async fn a_released_message_is_due_at_once() {
    let folder = folder();
    let queue = open(folder.path(), OPTIONS);
    publish(&queue, vec![message("a", "1")]).await;
    let released = lease(&queue).await;
    queue.release(&released);
    assert_eq!(lease(&queue).await.attempts, 0);
}

#[tokio::test]
async fn a_message_stays_until_both_subscriptions_are_done_with_it() {
    let folder = folder();
    let queue = open(folder.path(), OPTIONS);
    publish(&queue, vec![message("a", "1"), message("b", "2")]).await;
    let worked = lease(&queue).await;
    queue.acknowledge(&worked).await.expect("acknowledged");
    let waiting = to_archive(&queue, 10, 1 << 20).await;
    let archived: Vec<_> = waiting.iter().map(|it| it.message.clone()).collect();
    assert_eq!(archived, [message("a", "1"), message("b", "2")]);

    let ids = waiting.iter().map(|it| it.id).collect();
    queue.archived(ids).await.expect("archived");
    assert!(to_archive(&queue, 10, 1 << 20).await.is_empty());
    assert_eq!(text(&lease(&queue).await), "2", "archiving a message does not end its work");
}

#[tokio::test]
async fn with_a_nearly_full_disk_the_queue_refuses_messages_but_still_delivers() {
    let folder = folder();
    publish(&open(folder.path(), OPTIONS), vec![message("a", "1")]).await;
    let queue = open(folder.path(), QueueOptions { min_free_bytes: u64::MAX, ..OPTIONS });
    let broker = EmbeddedBroker(Arc::clone(&queue));
    let results = broker.publish(vec![message("a", "2"), message("a", "3")]).await;
    assert_eq!(results.len(), 2);
    assert!(results.iter().all(|result| matches!(result, Err(PublishError::Full(_)))));
    assert!(matches!(broker.probe().await, Err(PublishError::Full(_))));
    let only = lease(&queue).await;
    queue.acknowledge(&only).await.expect("acknowledged");
    assert_eq!((text(&only), queue.backlog()), ("1", 0));
}

#[tokio::test]
async fn a_tenant_that_sends_more_than_is_counted_is_refused_until_its_messages_are() {
    let folder = folder();
    let queue = open(folder.path(), QueueOptions { longest_wait: Duration::ZERO, ..OPTIONS });
    let broker = EmbeddedBroker(Arc::clone(&queue));
    publish(&queue, vec![message("a", "1")]).await;
    let began = Instant::now();
    let mut published = 1;
    while broker.publish(vec![message("a", "2")]).await.remove(0).is_ok() {
        published += 1;
        assert!(began.elapsed() < Duration::from_secs(60), "it waits, and is never refused");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let more = broker.publish(vec![message("a", "3")]).await.remove(0);
    assert!(matches!(more, Err(PublishError::Full(_))), "{more:?}");
    publish(&queue, vec![message("b", "1")]).await;
    assert!(broker.probe().await.is_ok(), "the queue itself is well");

    for lease in queue.lease(Lane::Fast, published + 1).await.expect("leases") {
        queue.acknowledge(&lease).await.expect("acknowledged");
    }
    assert_eq!(queue.backlog(), 0, "what was refused is not in the queue");
    publish(&queue, vec![message("a", "3")]).await;
}

#[tokio::test]
async fn a_message_is_delivered_even_if_its_publisher_hangs_up() {
    let folder = folder();
    let queue = open(folder.path(), OPTIONS);
    let broker = EmbeddedBroker(Arc::clone(&queue));
    // Polled once, so that the messages are being written when the request is dropped.
    let mut publish = broker.publish(vec![message("a", "1")]);
    assert!(futures::poll!(&mut publish).is_pending());
    drop(publish);
    assert_eq!(text(&lease(&queue).await), "1");
}

#[tokio::test]
async fn messages_from_another_process_are_delivered_once_while_the_queue_is_served() {
    let folder = folder();
    let queue = open(folder.path(), OPTIONS);
    publish(&queue, vec![message("a", "own")]).await;
    let inbox = Inbox::open(folder.path(), OPTIONS.flow).expect("an inbox");
    let put_in = inbox.publish(vec![message("a", "1"), message("b", "2")]).await;
    put_in.into_iter().for_each(|result| result.expect("published"));
    assert_eq!(queue.backlog(), 1, "the queue has not looked yet");

    assert_eq!(queue.adopt().await.expect("adopted"), 2);
    assert_eq!(queue.adopt().await.expect("nothing"), 0);
    assert_eq!(queue.backlog(), 3);
    let leases = queue.lease(Lane::Fast, 10).await.expect("leases");
    let mut texts: Vec<&str> = leases.iter().map(text).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["1", "2", "own"]);
}

#[tokio::test]
async fn messages_published_while_nothing_served_the_queue_are_adopted_at_the_start() {
    let folder = folder();
    let inbox = Inbox::open(folder.path(), OPTIONS.flow).expect("an inbox");
    inbox.publish(vec![message("a", "1")]).await.remove(0).expect("published");
    drop(inbox);
    let queue = open(folder.path(), OPTIONS);
    assert_eq!(queue.adopt().await.expect("adopted"), 1);
    assert_eq!(text(&lease(&queue).await), "1");
}

#[tokio::test]
async fn the_archive_gets_no_more_bytes_at_once_than_it_asked_for() {
    let folder = folder();
    let queue = open(folder.path(), OPTIONS);
    publish(&queue, (0..10).map(|n| message("a", &n.to_string())).collect()).await;
    let size = message("a", "0").size();
    assert_eq!(to_archive(&queue, 10, 3 * size).await.len(), 3);
    assert_eq!(to_archive(&queue, 2, 1 << 20).await.len(), 2);
    assert_eq!(to_archive(&queue, 10, 1).await.len(), 1, "a large one comes alone");
}

#[tokio::test]
async fn the_archive_can_read_one_tenant_and_from_any_message_on() {
    let folder = folder();
    let queue = open(folder.path(), OPTIONS);
    let messages = ["a", "b", "a", "b"].iter().zip(1..).map(|(t, n)| message(t, &n.to_string()));
    publish(&queue, messages.collect()).await;
    let ids = async |after: i64, tenant: Option<&str>| -> Vec<i64> {
        let which = Unarchived { after, tenant: tenant.map(str::to_owned) };
        let found = queue.to_archive(which, 10, 1 << 20).await.expect("messages");
        found.iter().map(|it| it.id).collect()
    };
    assert_eq!(ids(2, None).await, [3, 4]);
    assert_eq!(ids(0, Some("b")).await, [2, 4]);
    assert_eq!(ids(2, Some("b")).await, [4]);
    queue.archived(vec![4]).await.expect("archived");
    assert_eq!(ids(2, Some("b")).await, [0; 0]);
}

#[tokio::test]
async fn a_damaged_row_stops_only_itself() {
    let folder = folder();
    let queue = open(folder.path(), OPTIONS);
    publish(&queue, (1..=4).map(|n| message("a", &n.to_string())).collect()).await;
    drop(queue);
    let db = rusqlite::Connection::open(folder.path().join("queue.db")).expect("a database");
    let damage = "UPDATE messages SET attributes = '{\"tenant\":' WHERE id = 1;
        UPDATE messages SET attributes = x'ff', data = 5, attempts = 'x', tenant = x'ff' WHERE id = 3;";
    db.execute_batch(damage).expect("damaged");
    drop(db);

    let queue = open(folder.path(), OPTIONS);
    let leases = queue.lease(Lane::Fast, 4).await.expect("leases");
    let mut messages: Vec<_> = leases.iter().map(|lease| lease.message.clone()).collect();
    messages.sort_by(|a, b| a.data.cmp(&b.data));
    let unreadable = |data: &str| Message { data: data.into(), ..Message::default() };
    let expected = [unreadable(""), unreadable("1"), message("a", "2"), message("a", "4")];
    assert_eq!(messages, expected);
    assert_eq!(to_archive(&queue, 10, 1 << 20).await.len(), 4);
}

#[tokio::test]
async fn another_process_can_see_what_is_in_work() {
    let folder = folder();
    let queue = open(folder.path(), OPTIONS);
    publish(&queue, vec![message("a", "1"), message("a", "2")]).await;
    let done = lease(&queue).await;
    queue.acknowledge(&done).await.expect("acknowledged");
    let peek = Peek::open(folder.path()).expect("a look");
    let in_work = peek.in_work().expect("what is in work");
    assert!(!in_work.may_have(1) && in_work.may_have(2));
    assert!(in_work.may_have(3), "it would have come later");
    assert_eq!(peek.to_archive().expect("messages").len(), 2);
}

/// The numbers of the secrets that can be read in the files of the folder.
fn readable(folder: &Path) -> BTreeSet<usize> {
    let files = std::fs::read_dir(folder).expect("a folder");
    let number = |bytes: &[u8]| {
        let digits = bytes.strip_prefix(b"<secret ")?.split(|byte| *byte == b'>').next()?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    let numbers = files.flat_map(|file| {
        let bytes = std::fs::read(file.expect("a file").path()).expect("its bytes");
        bytes.windows(12).filter_map(number).collect::<Vec<_>>()
    });
    numbers.collect()
}

#[tokio::test]
async fn a_finished_text_can_no_longer_be_read_in_the_files_of_the_open_queue() {
    const COUNT: usize = 600;
    let folder = folder();
    let queue = open(folder.path(), OPTIONS);
    // From small rows that share a page to rows of many pages, and enough to split pages.
    let times = |n: usize| [1, 30, 300, 3_000][n % 4];
    let secret = |n: usize| message("a", &format!("<secret {n}>").repeat(times(n)));
    publish(&queue, (0..COUNT).map(secret).collect()).await;
    assert_eq!(readable(folder.path()).len(), COUNT);

    let leases = queue.lease(Lane::Fast, COUNT).await.expect("leases");
    let (kept, finished) = leases.split_first().expect("all of them");
    for lease in finished {
        queue.acknowledge(lease).await.expect("acknowledged");
    }
    let ids = to_archive(&queue, COUNT, usize::MAX).await.iter().map(|it| it.id).collect();
    queue.archived(ids).await.expect("archived");

    let began = std::time::Instant::now();
    while readable(folder.path()) != BTreeSet::from([0]) {
        let left = readable(folder.path()).len();
        assert!(began.elapsed() < Duration::from_secs(20), "{left} texts can still be read");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(text(kept), "<secret 0>");
}
