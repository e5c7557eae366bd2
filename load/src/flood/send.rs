//! The open-loop sender: each record is sent when it is due, even if earlier ones are unanswered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use common::backoff::Backoff;
use hdrhistogram::Histogram;
use indicatif::ProgressBar;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::plan::{Format, Plan};
use crate::answer::Answer;
use crate::count::count;
use crate::retry_wait;

/// Posts the records of a plan.
pub(super) struct Sender {
    pub(super) plan: Arc<Plan>,
    pub(super) client: reqwest::Client,
    /// The server's base URL, without a trailing slash.
    pub(super) base: String,
    /// One permit for each request that may be in flight.
    pub(super) in_flight: Arc<Semaphore>,
    /// How often a record is tried at most.
    pub(super) most_tries: u32,
    /// How long to wait between the tries of one record.
    pub(super) backoff: Backoff,
    /// Once this is cancelled, nothing new is sent.
    pub(super) stop: CancellationToken,
}

/// What became of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Never sent: the run was stopped before it was due.
    NotDue,
    /// Never sent: too many requests were in flight when it was due.
    HeldBack,
    /// Sent but never answered 202; the server may have it or not.
    Refused { last_answer: String },
    /// Answered 202.
    Promised { sent_at: DateTime<Utc>, accepted_at: DateTime<Utc> },
}

/// What became of all records.
pub(super) struct Sending {
    /// One outcome for each record in the plan.
    pub(super) outcomes: Vec<Outcome>,
    /// All tries, by status or by why there was no answer.
    pub(super) answers: BTreeMap<String, u64>,
    /// The first explanation that came with each failing status.
    pub(super) explanations: BTreeMap<String, String>,
    /// How many records were not answered 202 on the first try.
    pub(super) first_tries_failed: u64,
    /// How many tries followed a first one.
    pub(super) retries: u64,
    /// Microseconds from a record's due time to its 202, retries included.
    pub(super) latency: Histogram<u64>,
    /// Microseconds from a record's due time to its first try: the sender's own delay.
    pub(super) lag: Histogram<u64>,
    /// From the start to the last first try, plus one interval.
    pub(super) sent_in: Duration,
    /// From the start to the last 202, plus one interval.
    pub(super) promised_in: Duration,
    /// Whether it was stopped early.
    pub(super) stopped: bool,
}

/// One record with all its tries.
struct Delivery {
    index: usize,
    outcome: Outcome,
    answers: Vec<Answer>,
    lag: Duration,
    latency: Duration,
}

/// Sends the whole plan, or the part of it that is due before the sender is stopped.
pub(super) async fn send(sender: Arc<Sender>, bar: &ProgressBar) -> Sending {
    let (deliveries, mut arrived) = mpsc::unbounded_channel();
    let mut sending = Sending::new(&sender.plan);
    let start = Instant::now();
    let all_sent = keep_the_schedule(Arc::clone(&sender), start, deliveries);
    let all_arrived = async {
        while let Some(delivery) = arrived.recv().await {
            let due = sender.plan.due(delivery.index);
            sending.add(delivery, due, sender.plan.interval);
            sending.show(bar);
        }
    };
    tokio::join!(all_sent, all_arrived);
    sending.stopped = sender.stop.is_cancelled();
    sending
}

/// Starts each delivery when it is due. The channel closes after the last delivery.
async fn keep_the_schedule(
    sender: Arc<Sender>,
    start: Instant,
    deliveries: mpsc::UnboundedSender<Delivery>,
) {
    for index in 0..sender.plan.records {
        let due = start + sender.plan.due(index);
        tokio::select! {
            biased;
            () = sender.stop.cancelled() => return,
            () = sleep_until(due) => {}
        }
        let deliveries = deliveries.clone();
        match Arc::clone(&sender.in_flight).try_acquire_owned() {
            Ok(permit) => {
                let delivery = deliver(Arc::clone(&sender), index, due, permit);
                tokio::spawn(async move { deliveries.send(delivery.await) });
            }
            // The receiver outlives this function, so this cannot fail.
            Err(_) => drop(deliveries.send(Delivery::held_back(index))),
        }
    }
}

/// Posts one record until it is promised, refused for good or given up.
async fn deliver(
    sender: Arc<Sender>,
    index: usize,
    due: Instant,
    permit: OwnedSemaphorePermit,
) -> Delivery {
    let (lag, sent_at) = (due.elapsed(), Utc::now());
    let mut answers = vec![sender.post(index, permit).await];
    while sender.tries_again(&answers).await {
        let permit = Arc::clone(&sender.in_flight).acquire_owned().await;
        // The semaphore is never closed.
        let Ok(permit) = permit else { break };
        answers.push(sender.post(index, permit).await);
    }
    let latency = due.elapsed();
    Delivery { index, outcome: outcome(&answers, sent_at), answers, lag, latency }
}

fn outcome(answers: &[Answer], sent_at: DateTime<Utc>) -> Outcome {
    match answers.last() {
        Some(answer) if answer.is_promise() => {
            Outcome::Promised { sent_at, accepted_at: Utc::now() }
        }
        other => Outcome::Refused { last_answer: other.map(Answer::describe).unwrap_or_default() },
    }
}

impl Sender {
    /// Posts a record once, and returns the permit with the answer.
    async fn post(&self, index: usize, permit: OwnedSemaphorePermit) -> Answer {
        let record = self.plan.record(index);
        let request = self.client.post(format!("{}/ingest", self.base));
        let request = match record.format {
            Format::Json => request.json(&json!({
                "tenant_id": record.tenant,
                "log_id": record.log_id,
                "text": record.text,
            })),
            Format::Text => request
                .header(CONTENT_TYPE, "text/plain; charset=utf-8")
                .header("X-Tenant-ID", record.tenant)
                .header("X-Log-ID", record.log_id)
                .body(record.text),
        };
        let answer = Answer::of(request.send().await).await;
        drop(permit);
        answer
    }

    /// Waits as long as the last answer asks for, and says whether to try again.
    async fn tries_again(&self, answers: &[Answer]) -> bool {
        let tries = u32::try_from(answers.len()).unwrap_or(u32::MAX);
        let Some(last) = answers.last().filter(|a| a.is_passing()) else {
            return false;
        };
        if tries >= self.most_tries {
            return false;
        }
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = sleep(retry_wait::wait(self.backoff, tries, last.retry_after())) => true,
        }
    }
}

impl Delivery {
    fn held_back(index: usize) -> Self {
        Self {
            index,
            outcome: Outcome::HeldBack,
            answers: Vec::new(),
            lag: Duration::ZERO,
            latency: Duration::ZERO,
        }
    }
}

impl Sending {
    fn new(plan: &Plan) -> Self {
        Self {
            outcomes: vec![Outcome::NotDue; plan.records],
            answers: BTreeMap::new(),
            explanations: BTreeMap::new(),
            first_tries_failed: 0,
            retries: 0,
            latency: histogram(),
            lag: histogram(),
            sent_in: Duration::ZERO,
            promised_in: Duration::ZERO,
            stopped: false,
        }
    }

    /// How many records were answered 202.
    pub(super) fn promised(&self) -> usize {
        let promised = |o: &&Outcome| matches!(o, Outcome::Promised { .. });
        self.outcomes.iter().filter(promised).count()
    }

    fn add(&mut self, delivery: Delivery, due: Duration, interval: Duration) {
        for answer in &delivery.answers {
            *self.answers.entry(answer.label()).or_default() += 1;
            self.explain(answer);
        }
        let Some(first) = delivery.answers.first() else {
            self.outcomes[delivery.index] = delivery.outcome;
            return;
        };
        self.first_tries_failed += u64::from(!first.is_promise());
        self.retries += delivery.answers.len() as u64 - 1;
        record(&mut self.lag, delivery.lag);
        self.sent_in = self.sent_in.max(due + delivery.lag + interval);
        if matches!(delivery.outcome, Outcome::Promised { .. }) {
            record(&mut self.latency, delivery.latency);
            self.promised_in = self.promised_in.max(due + delivery.latency + interval);
        }
        self.outcomes[delivery.index] = delivery.outcome;
    }

    fn explain(&mut self, answer: &Answer) {
        if let Answer::Status { detail, .. } = answer
            && !detail.is_empty()
        {
            self.explanations.entry(answer.label()).or_insert_with(|| detail.clone());
        }
    }

    /// Shows on the bar how many records are finished, and how many first tries failed.
    fn show(&self, bar: &ProgressBar) {
        bar.inc(1);
        let failed = self.first_tries_failed;
        if failed > 0 {
            let failed = count(failed, "first try", "first tries");
            bar.set_message(format!("{failed} failed"));
        }
    }
}

/// A histogram with three digits and no upper limit.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("a histogram can keep three digits")
}

/// Adds a duration, in whole microseconds.
pub(super) fn record(histogram: &mut Histogram<u64>, duration: Duration) {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    // `saturating_record` would cut to the present range instead of growing.
    let _ = histogram.record(micros);
}
