//! The report: what was asked for, what was answered, what was found, and whether all is well.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use chrono::TimeDelta;
use hdrhistogram::Histogram;
use serde::Serialize;

use super::census::{Finding, Findings};
use super::plan::Plan;
use super::readback::Found;
use super::send::{Outcome, Sending, histogram, record};

/// How many findings of one kind are printed; `--json` has them all.
const PRINTED: usize = 20;

/// Clocks of two machines differ by less than this, most of the time.
const NOTABLE_CLOCK_DIFFERENCE: TimeDelta = TimeDelta::milliseconds(50);

/// All that a run has to say.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Whether all was answered 202, and found once, right and in its place.
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
    /// Records of the plan.
    pub(super) planned: usize,
    /// Records that were sent, once or more.
    pub(super) sent: usize,
    /// Records that were due while too many requests were in flight.
    pub(super) held_back: usize,
    /// Whether it was stopped before its end.
    pub(super) stopped: bool,
    /// Records answered 202.
    pub(super) promised: usize,
    /// Records whose first try was not answered 202.
    pub(super) first_tries_failed: u64,
    /// Tries after the first.
    pub(super) retries: u64,
    /// All tries, by status or by the reason why there was no answer.
    pub(super) answers: BTreeMap<String, u64>,
    /// The first explanation that came with each status other than success.
    pub(super) explanations: BTreeMap<String, String>,
    pub(super) asked_per_minute: f64,
    pub(super) sent_per_minute: f64,
    pub(super) promised_per_minute: f64,
    /// From the due time to the 202, retries included.
    pub(super) latency: Option<Percentiles>,
    /// From the due time to the first try: the sender's own delay, contained in the latency.
    pub(super) lag: Option<Percentiles>,
}

/// What the read-back saw.
#[derive(Debug, Serialize)]
pub(super) struct ReadingReport {
    pub(super) seconds: f64,
    /// Whether it was cut short.
    pub(super) stopped: bool,
    /// Records stored, whether promised or not.
    pub(super) stored: usize,
    /// Those of them that never were answered 202: sent, and kept all the same.
    pub(super) stored_without_promise: usize,
    /// Documents compared with what was sent.
    pub(super) compared: usize,
    /// Those of them that hold no original text.
    pub(super) without_original: usize,
    /// From the 202 to `processed_at`, or to the moment a pass saw the record.
    pub(super) time_to_stored: Option<Percentiles>,
    /// How many of these times end with `processed_at`.
    pub(super) times_by_processed_at: u64,
    /// How many end with the moment a pass saw the record, since the listing had no time.
    pub(super) times_by_sight: u64,
    /// How far the server's clock is ahead of this one, at least; times to stored are off by it.
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

/// What a run was, apart from its results.
pub(super) struct Run<'a> {
    pub(super) target: &'a str,
    pub(super) plan: &'a Plan,
    pub(super) reading_took: Duration,
    pub(super) reading_stopped: bool,
}

impl Report {
    /// Puts together what was seen on both ways.
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

#[expect(clippy::cast_precision_loss, reason = "a histogram has three digits")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "a rate is read by people")]
fn per_minute(number: usize, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { number as f64 * 60.0 / time.as_secs_f64() }
}

impl Findings {
    /// Every kind of finding with the name it has in print.
    fn kinds(&self) -> [(&'static str, &[Finding]); 8] {
        [
            ("not answered 202", &self.refused),
            ("missing", &self.missing),
            ("doubled", &self.doubled),
            ("wrong place", &self.misplaced),
            ("wrong content", &self.wrong_content),
            ("unexpected", &self.unexpected),
            ("in quarantine", &self.quarantined),
            ("not readable", &self.unreadable),
        ]
    }

    /// Whether nothing is wrong.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.kinds().iter().all(|(_, findings)| findings.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenants = self.tenants.len();
        writeln!(
            f,
            "Flood {} of {} ({tenants} tenants, seed {})",
            self.run, self.target, self.seed
        )?;
        write!(f, "\n{}{}\n", self.sending, self.reading)?;
        for (name, findings) in self.findings.kinds() {
            print_findings(f, name, findings)?;
        }
        writeln!(f, "\n{}", self.verdict())
    }
}

impl Report {
    fn verdict(&self) -> String {
        let SendingReport { sent, planned, .. } = self.sending;
        let stopped = match self.sending.stopped {
            true => format!("Stopped early, {sent} of {planned} sent. "),
            false => String::new(),
        };
        if self.ok {
            let well = "every record was answered 202 and found once, right and in its place";
            return format!("{stopped}All is well: {well}.");
        }
        format!("{stopped}Something is wrong: {}.", self.wrongs().join(", "))
    }

    fn wrongs(&self) -> Vec<String> {
        let kinds = self.findings.kinds().into_iter();
        let found = kinds.filter(|(_, all)| !all.is_empty());
        let mut wrongs: Vec<_> = found.map(|(name, all)| format!("{} {name}", all.len())).collect();
        if self.sending.held_back > 0 {
            let number = self.sending.held_back;
            wrongs.push(format!("{number} held back (raise --connections)"));
        }
        if self.sending.sent == 0 {
            wrongs.push("nothing was sent".to_owned());
        }
        wrongs
    }
}

impl fmt::Display for SendingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stopped = if self.stopped { ", stopped early" } else { "" };
        line(f, "sent", format!("{} of {}{stopped}", self.sent, self.planned))?;
        line(f, "held back", format!("{} due while too many were in flight", self.held_back))?;
        line(f, "answered 202", format!("{} records", self.promised))?;
        let tries =
            format!("{} first tries failed, {} retries", self.first_tries_failed, self.retries);
        line(f, "retried", tries)?;
        for (answer, number) in &self.answers {
            let why = self.explanations.get(answer).map_or("", String::as_str);
            line(f, "answer", format!("{number} × {} {}", printable(answer), printable(why)))?;
        }
        let (asked, sent) = (self.asked_per_minute, self.sent_per_minute);
        let promised = self.promised_per_minute;
        line(
            f,
            "a minute",
            format!("{asked:.0} asked for, {sent:.0} sent, {promised:.0} answered 202"),
        )?;
        line(f, "latency", distribution(self.latency, "due time to 202, with retries"))?;
        line(f, "sender late", distribution(self.lag, "due time to first try, part of the latency"))
    }
}

impl fmt::Display for ReadingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stopped = if self.stopped { ", cut short" } else { "" };
        line(
            f,
            "stored",
            format!("{} records, read back in {:.1} s{stopped}", self.stored, self.seconds),
        )?;
        if self.stored_without_promise > 0 {
            line(
                f,
                "",
                format!("{} of them were never answered 202", self.stored_without_promise),
            )?;
        }
        line(f, "to stored", distribution(self.time_to_stored, &self.how_timed()))?;
        if self.clock_difference_ms.abs() >= NOTABLE_CLOCK_DIFFERENCE.num_milliseconds() {
            let difference = self.clock_difference_ms;
            line(
                f,
                "",
                format!("the server's clock differs by {difference} ms, and these times with it"),
            )?;
        }
        line(f, "compared", self.how_compared())
    }
}

impl ReadingReport {
    fn how_timed(&self) -> String {
        match (self.times_by_processed_at, self.times_by_sight) {
            (_, 0) => "202 to processed_at".to_owned(),
            (0, _) => "202 to the moment it was seen".to_owned(),
            (said, seen) => {
                format!("202 to processed_at for {said}, to the moment it was seen for {seen}")
            }
        }
    }

    fn how_compared(&self) -> String {
        let sample = if self.compared < self.stored { " (a random sample)" } else { "" };
        let without = match self.without_original {
            0 => String::new(),
            number => format!("; {number} hold no original text, only their source was compared"),
        };
        format!("{} of {} stored documents{sample}{without}", self.compared, self.stored)
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, value: impl AsRef<str>) -> fmt::Result {
    writeln!(f, "{name:<18}{}", value.as_ref().trim_end())
}

fn distribution(percentiles: Option<Percentiles>, what: &str) -> String {
    let Some(p) = percentiles else {
        return "nothing to measure".to_owned();
    };
    let [p50, p90, p95, p99, max] = [p.p50_ms, p.p90_ms, p.p95_ms, p.p99_ms, p.max_ms].map(time);
    format!("p50 {p50}  p90 {p90}  p95 {p95}  p99 {p99}  max {max}  ({what})")
}

fn time(millis: f64) -> String {
    match millis {
        short if short < 10.0 => format!("{short:.2} ms"),
        middle if middle < 1_000.0 => format!("{middle:.0} ms"),
        long => format!("{:.2} s", long / 1_000.0),
    }
}

fn print_findings(f: &mut fmt::Formatter<'_>, name: &str, findings: &[Finding]) -> fmt::Result {
    line(f, name, findings.len().to_string())?;
    for finding in findings.iter().take(PRINTED) {
        let Finding { tenant, log_id, detail } = finding;
        writeln!(f, "    {} {}: {}", printable(tenant), printable(log_id), printable(detail))?;
    }
    match findings.len().saturating_sub(PRINTED) {
        0 => Ok(()),
        more => writeln!(f, "    and {more} more (--json lists all)"),
    }
}

/// A server's words on a terminal: no control character of theirs is obeyed.
fn printable(text: &str) -> String {
    let escaped = |c: char| {
        if c.is_control() { c.escape_default().to_string() } else { c.into() }
    };
    text.chars().map(escaped).collect()
}
