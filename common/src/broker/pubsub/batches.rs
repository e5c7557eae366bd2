//! Gathers messages into batches. While fewer than [`AWAITED`] answers are awaited, a message is
//! sent at once; otherwise, whatever arrives before the next answer is one batch. So no message
//! waits for another that may not come, and batches grow with the load.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use super::admission::Admitted;
use crate::broker::{Message, PublishError};

/// Batches whose answers are awaited while the next one gathers. With more, batches are smaller, and
/// each costs the processor time of a request; with one, a message waits for two answers.
const AWAITED: usize = 2;

/// The longest wait of a message for the answer to other messages: if Pub/Sub is slow, or a request
/// hangs, more batches are sent meanwhile.
const LONGEST_WAIT: Duration = Duration::from_millis(5);

/// Most messages in a batch, which is Pub/Sub's limit for a request. Only the messages of a single
/// request may be more, and the client splits them.
const MAX_MESSAGES: usize = 1_000;

/// The result of each message, by position.
pub(super) type Results = Vec<Result<(), PublishError>>;

/// The messages of a request.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) messages: Vec<Message>,
    /// Their room: if the caller goes away, the client still holds the messages, so they must still
    /// count.
    pub(super) admitted: Admitted,
    pub(super) done: oneshot::Sender<Results>,
}

/// One of the answers that are awaited; none for a batch that did not wait for its turn.
pub(super) type Turn = Option<OwnedSemaphorePermit>;

/// Takes jobs for the next batches.
#[derive(Clone, Debug)]
pub(super) struct Batches(UnboundedSender<Job>);

impl Batches {
    /// Passes each batch to `send`, in a task of its own. The limit is the room of the jobs.
    pub(super) fn new<S, F>(send: S) -> Self
    where
        S: Fn(Vec<Job>, Turn) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, jobs) = unbounded_channel();
        tokio::spawn(gather(jobs, send));
        Self(sender)
    }

    /// Adds a job. If the runtime is stopping, its sender is dropped.
    pub(super) fn add(&self, job: Job) {
        // The caller notices that the sender of its results is gone.
        drop(self.0.send(job));
    }
}

async fn gather<S, F>(mut jobs: UnboundedReceiver<Job>, send: S)
where
    S: Fn(Vec<Job>, Turn) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let turns = Arc::new(Semaphore::new(AWAITED));
    let mut next = None;
    while let Some(first) = first(&mut next, &mut jobs).await {
        let turn = timeout(LONGEST_WAIT, Arc::clone(&turns).acquire_owned()).await;
        let mut count = first.messages.len();
        let mut batch = vec![first];
        while let Ok(job) = jobs.try_recv() {
            count += job.messages.len();
            if count > MAX_MESSAGES {
                next = Some(job);
                break;
            }
            batch.push(job);
        }
        tokio::spawn(send(batch, turn.ok().and_then(Result::ok)));
    }
}

/// The job that was too large for the batch before, or the one that comes next.
async fn first(left: &mut Option<Job>, jobs: &mut UnboundedReceiver<Job>) -> Option<Job> {
    match left.take() {
        Some(job) => Some(job),
        None => jobs.recv().await,
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;
    use tokio::time::Instant;

    use super::super::admission::Admission;
    use super::*;

    /// Batches that are sent, with their turns, and never answered by themselves.
    type Sent = mpsc::UnboundedReceiver<(Vec<Job>, Turn)>;

    fn batches() -> (Batches, Sent) {
        let (sender, sent) = mpsc::unbounded_channel();
        let batches = Batches::new(move |jobs, turn| {
            drop(sender.send((jobs, turn)));
            async {}
        });
        (batches, sent)
    }

    async fn add(batches: &Batches, messages: usize) {
        let messages = vec![Message::default(); messages];
        let admitted = Admission::default().admit(&messages).await.expect("room");
        batches.add(Job { messages, admitted, done: oneshot::channel().0 });
    }

    async fn sizes(sent: &mut Sent) -> (usize, Turn) {
        let (jobs, turn) = sent.recv().await.expect("a batch");
        (jobs.iter().map(|job| job.messages.len()).sum(), turn)
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_comes_alone_is_sent_at_once() {
        let (batches, mut sent) = batches();
        let began = Instant::now();
        for _ in 0..3 {
            add(&batches, 1).await;
            let (size, turn) = sizes(&mut sent).await;
            assert!(size == 1 && turn.is_some());
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_while_answers_are_awaited_is_one_batch() {
        let (batches, mut sent) = batches();
        let began = Instant::now();
        let mut awaited = Vec::new();
        for _ in 0..AWAITED {
            add(&batches, 1).await;
            awaited.push(sizes(&mut sent).await);
        }
        for _ in 0..100 {
            add(&batches, 2).await;
        }
        tokio::task::yield_now().await;
        assert!(sent.is_empty());
        drop(awaited.pop());
        assert_eq!(sizes(&mut sent).await.0, 200);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_hang_delay_others_by_a_few_milliseconds() {
        let (batches, mut sent) = batches();
        let began = Instant::now();
        let mut hanging = Vec::new();
        for _ in 0..AWAITED {
            add(&batches, 1).await;
            hanging.push(sizes(&mut sent).await);
        }
        for round in 1..=3 {
            add(&batches, 1).await;
            add(&batches, 1).await;
            let (size, turn) = sizes(&mut sent).await;
            assert!(size == 2 && turn.is_none());
            let longest = LONGEST_WAIT + Duration::from_millis(1);
            assert!(began.elapsed() <= longest * round, "{:?}", began.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_is_no_larger_than_a_request_may_be() {
        let (batches, mut sent) = batches();
        let mut awaited = Vec::new();
        for _ in 0..AWAITED {
            add(&batches, 1).await;
            awaited.push(sizes(&mut sent).await);
        }
        for messages in [999, 1, 1, 1_500, 1] {
            add(&batches, messages).await;
        }
        drop(awaited);
        let mut all = Vec::new();
        while all.iter().sum::<usize>() < 2_502 {
            all.push(sizes(&mut sent).await.0);
        }
        assert_eq!(all, [1_000, 1, 1_500, 1]);
    }
}
