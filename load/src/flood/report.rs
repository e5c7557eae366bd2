//! The report: what was planned, answered and found, and whether all is well.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::findings::Findings;
use super::plan::Plan;
use super::readback::Found;
use super::send::{Outcome, Sending, histogram, record};

/// The results of a run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Whether every record was answered 202 and found once, unchanged, in its own tenant.
    pub(super) ok: bool,
    pub(super) target: String,
    pub(super) run: String,
    pub(super) seed: u64,
    pub(super) tenants: Vec<String>,
    pub(super) sending: SendingReport,
    pub(super) reading: ReadingReport,
    pub(super) findings: Findings,
}

/// What the sender saw.
#[derive(Debug, Serialize)]
pub(super) struct SendingReport {
    /// Records in the plan.
    pub(super) planned: usize,
    /// Records that were sent at least once.
    pub(super) sent: usize,
    /// Records that were not sent because too many requests were in flight when they were due.
    pub(super) held_back: usize,
    /// Whether sending was stopped early.
    pub(super) stopped: bool,
    /// Records answered 202.
    pub(super) promised: usize,
    /// Records whose first try was not answered 202.
    pub(super) first_tries_failed: u64,
    /// Tries after the first.
    pub(super) retries: u64,
    /// All tries, by status or by why there was no answer.
    pub(super) answers: BTreeMap<String, u64>,
    /// The first explanation that came with each failing status.
    pub(super) explanations: BTreeMap<String, String>,
    pub(super) asked_per_minute: f64,
    pub(super) sent_per_minute: f64,
    pub(super) promised_per_minute: f64,
    /// From the due time to the 202, retries included.
    pub(super) latency: Option<Percentiles>,
    /// From the due time to the first try: the sender's own delay, which the latency includes.
    pub(super) lag: Option<Percentiles>,
}

/// What the read-back saw.
#[derive(Debug, Serialize)]
pub(super) struct ReadingReport {
    pub(super) seconds: f64,
    /// Whether reading back was stopped early.
    pub(super) stopped: bool,
    /// Records stored, whether they were answered 202 or not.
    pub(super) stored: usize,
    /// How many of them were never answered 202.
    pub(super) stored_without_promise: usize,
    /// Documents compared with what was sent.
    pub(super) compared: usize,
    /// How many of them have no original text.
    pub(super) without_original: usize,
    /// From the 202 to `processed_at`, or to when a pass first saw the record.
    pub(super) time_to_stored: Option<Percentiles>,
    /// How many of these times end at `processed_at`.
    pub(super) times_by_processed_at: u64,
    /// How many end when a pass first saw the record, because the listing had no time.
    pub(super) times_by_sight: u64,
    /// How far the server's clock is ahead of this one, at least, in milliseconds; the times to
    /// stored are off by as much.
    pub(super) clock_difference_ms: i64,
}

/// A distribution, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Percentiles {
    pub(super) count: u64,
    pub(super) p50_ms: f64,
    pub(super) p90_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

/// What a run was.
pub(super) struct Run<'a> {
    pub(super) target: &'a str,
    pub(super) plan: &'a Plan,
    pub(super) reading_took: Duration,
    pub(super) reading_stopped: bool,
}

impl Report {
    /// Combines what was seen while sending and while reading back.
    pub(super) fn new(run: &Run<'_>, sending: &Sending, found: &Found<'_>) -> Self {
        let mut report = Self {
            ok: false,
            target: run.target.to_owned(),
            run: run.plan.run.clone(),
            seed: run.plan.seed,
            tenants: (0..run.plan.tenants).map(|n| run.plan.tenant(n)).collect(),
            sending: SendingReport::new(run.plan, sending),
            reading: ReadingReport::new(run, found),
            findings: found.census.findings(),
        };
        report.ok = report.wrongs().is_empty();
        report
    }

    /// Everything that keeps the run from being a success.
    pub(super) fn wrongs(&self) -> Vec<String> {
        let kinds = self.findings.kinds().into_iter();
        let found = kinds.filter(|(_, all)| !all.is_empty());
        let mut wrongs: Vec<_> = found.map(|(name, all)| format!("{} {name}", all.len())).collect();
        if self.sending.held_back > 0 {
            wrongs.push(format!("{} held back (raise --connections)", self.sending.held_back));
        }
        if self.sending.sent == 0 {
            wrongs.push("nothing was sent".to_owned());
        }
        wrongs
    }
}

impl SendingReport {
    fn new(plan: &Plan, sending: &Sending) -> Self {
        let count =
            |which: fn(&Outcome) -> bool| sending.outcomes.iter().filter(|o| which(o)).count();
        let unsent = count(|o| matches!(o, Outcome::NotDue | Outcome::HeldBack));
        let (sent, promised) =
            (plan.records - unsent, count(|o| matches!(o, Outcome::Promised { .. })));
        Self {
            planned: plan.records,
            sent,
            held_back: count(|o| matches!(o, Outcome::HeldBack)),
            stopped: sending.stopped,
            promised,
            first_tries_failed: sending.first_tries_failed,
            retries: sending.retries,
            answers: sending.answers.clone(),
            explanations: sending.explanations.clone(),
            asked_per_minute: per_minute(1, plan.interval),
            sent_per_minute: per_minute(sent, sending.sent_in),
            promised_per_minute: per_minute(promised, sending.promised_in),
            latency: Percentiles::of(&sending.latency),
            lag: Percentiles::of(&sending.lag),
        }
    }
}

impl ReadingReport {
    fn new(run: &Run<'_>, found: &Found<'_>) -> Self {
        let mut times = histogram();
        let (mut by_processed_at, mut by_sight) = (0, 0);
        for (passed, said_so) in found.census.times_to_stored() {
            record(&mut times, passed.to_std().unwrap_or_default());
            *(if said_so { &mut by_processed_at } else { &mut by_sight }) += 1;
        }
        Self {
            seconds: run.reading_took.as_secs_f64(),
            stopped: run.reading_stopped,
            stored: found.census.stored().len(),
            stored_without_promise: found.census.stored_without_promise(),
            compared: found.compared,
            without_original: found.without_original,
            time_to_stored: Percentiles::of(&times),
            times_by_processed_at: by_processed_at,
            times_by_sight: by_sight,
            clock_difference_ms: found.census.clock_difference().num_milliseconds(),
        }
    }
}

impl Percentiles {
    fn of(micros: &Histogram<u64>) -> Option<Self> {
        let at = |quantile| millis(micros.value_at_quantile(quantile));
        (!micros.is_empty()).then(|| Self {
            count: micros.len(),
            p50_ms: at(0.50),
            p90_ms: at(0.90),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: millis(micros.max()),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "the histogram keeps three digits")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "a rate is for people")]
fn per_minute(number: usize, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { number as f64 * 60.0 / time.as_secs_f64() }
}
