//! The report as people read it.

use std::fmt;

use super::findings::Finding;
use super::report::{Percentiles, ReadingReport, Report, SendingReport};
use crate::count::count;

/// How many findings of one kind are printed; `--json` prints all.
const PRINTED: usize = 20;

/// The clocks of two machines usually differ by less, in milliseconds.
const NOTABLE_CLOCK_DIFFERENCE_MS: i64 = 50;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, target, seed, .. } = self;
        let tenants = count(self.tenants.len(), "tenant", "tenants");
        writeln!(f, "Flood {run} of {target} ({tenants}, seed {seed})")?;
        write!(f, "\n{}{}\n", self.sending, self.reading)?;
        for (name, findings) in self.findings.kinds() {
            print_findings(f, name, findings)?;
        }
        writeln!(f, "\n{}", self.verdict())
    }
}

impl Report {
    fn verdict(&self) -> String {
        let SendingReport { sent, planned, stopped, .. } = self.sending;
        let stopped = match stopped {
            true => format!("Stopped early, {sent} of {planned} sent. "),
            false => String::new(),
        };
        if self.ok {
            let well = "every record was answered 202 and found once, unchanged, in its own tenant";
            return format!("{stopped}All is well: {well}.");
        }
        format!("{stopped}Something is wrong: {}.", self.wrongs().join(", "))
    }
}

impl fmt::Display for SendingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stopped = if self.stopped { ", stopped early" } else { "" };
        line(f, "sent", format!("{} of {}{stopped}", self.sent, self.planned))?;
        line(f, "held back", format!("{} due while too many were in flight", self.held_back))?;
        line(f, "answered 202", count(self.promised, "record", "records"))?;
        let failed = count(self.first_tries_failed, "first try", "first tries");
        let retries = count(self.retries, "retry", "retries");
        line(f, "retried", format!("{failed} failed, {retries}"))?;
        for (answer, number) in &self.answers {
            let why = self.explanations.get(answer).map_or("", String::as_str);
            line(f, "answer", format!("{number} × {} {}", printable(answer), printable(why)))?;
        }
        let (asked, sent) = (self.asked_per_minute, self.sent_per_minute);
        let promised = self.promised_per_minute;
        line(
            f,
            "per minute",
            format!("{asked:.0} asked for, {sent:.0} sent, {promised:.0} answered 202"),
        )?;
        line(f, "latency", distribution(self.latency, "due time to 202, with retries"))?;
        line(f, "sender late", distribution(self.lag, "due time to first try, part of the latency"))
    }
}

impl fmt::Display for ReadingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stopped = if self.stopped { ", cut short" } else { "" };
        let stored = count(self.stored, "record", "records");
        line(f, "stored", format!("{stored}, read back in {:.1} s{stopped}", self.seconds))?;
        if self.stored_without_promise > 0 {
            let unpromised = self.stored_without_promise;
            line(f, "", format!("{unpromised} of them never answered 202"))?;
        }
        line(f, "to stored", distribution(self.time_to_stored, &self.how_timed()))?;
        if self.clock_difference_ms.abs() >= NOTABLE_CLOCK_DIFFERENCE_MS {
            let difference = self.clock_difference_ms;
            let told = "the server's clock, and so these times, are off by";
            line(f, "", format!("{told} {difference} ms"))?;
        }
        line(f, "compared", self.how_compared())
    }
}

impl ReadingReport {
    fn how_timed(&self) -> String {
        match (self.times_by_processed_at, self.times_by_sight) {
            (_, 0) => "202 to processed_at".to_owned(),
            (0, _) => "202 to when it was first seen".to_owned(),
            (said, seen) => {
                format!("202 to processed_at for {said}, to when it was first seen for {seen}")
            }
        }
    }

    fn how_compared(&self) -> String {
        let sample = if self.compared < self.stored { " (a random sample)" } else { "" };
        let without = match self.without_original {
            0 => String::new(),
            number => format!("; {number} without original text, only their source was compared"),
        };
        let stored = count(self.stored, "stored document", "stored documents");
        format!("{} of {stored}{sample}{without}", self.compared)
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

/// Text from a server, with its control characters escaped: it must not steer the terminal.
fn printable(text: &str) -> String {
    let escaped = |c: char| {
        if c.is_control() { c.escape_default().to_string() } else { c.into() }
    };
    text.chars().map(escaped).collect()
}
